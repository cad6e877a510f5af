"""What a server needs, everything checked that can be checked before anything is loaded."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rast_bench.compose.methods import find_method
from rast_bench.config.arguments import CommandArguments
from rast_bench.config.frontend import job_of, options_of
from rast_bench.config.identity import engine_key
from rast_bench.config.paths import expanded
from rast_bench.config.schema import CellConfig
from rast_bench.config.validate import did_you_mean
from rast_bench.engines import check_engine, check_models, check_room, layer_count
from rast_bench.engines.vllm_setup import check_vllm_installed
from rast_bench.errors import ConfigError, first_line
from rast_bench.planning.cells import EngineGroup
from rast_bench.planning.checkpoints import read_checkpoint
from rast_bench.planning.settled import settled_config
from rast_bench.run.devices import devices_of
from rast_bench.serving.launch import ServerSpec, is_loopback, usable_port
from rast_bench.serving.names import (
    NAME,
    Served,
    number_text,
    settings_of,
    short_name,
    variant_name,
)
from rast_bench.vllm_plugin.sampling import LAMBDA, parameter_key

_GROUPS = ("engine", "method", "base_model", "delta")
_FLAGS = {
    "engine.name": "nothing: it is vLLM",
    "method.name": "--method",
    "base_model.name": "--name",
    "base_model.base.path": "--base",
    "delta.name": "--name",
    "delta.pairs": "--delta, with an option of several pairs or S_RL:S_base",
}
"""Keys that would make the server another one than its flags and its name say."""
_ANY_BASE, _ANY_DELTA = "tiny-l", "tiny-s"  # options whose checkpoints are replaced


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for.

    Attributes:
        base: an option of conf/base_model, a folder or a hub id.
        delta: an option of conf/delta, or `S_RL:S_base`; None for a method without small models.
        lambda_: of requests that set none; None: 1, or no λ in the method.
        draft_tokens: by S_RL; None: as the engine's settings say.
        name: of the model; None: one of base and delta.
        variants: settings that `/v1/models` lists; None: λ = 0, if the method has λ.
        keys: API keys by where they are from, the first one that is set counts.
        arguments: overrides, and folders of options.
    """

    base: str
    delta: str | None
    method: str
    lambda_: float | None
    draft_tokens: int | None
    name: str | None
    variants: Sequence[str] | None
    host: str
    port: int
    keys: Mapping[str, str | None]
    chat_template: str | None
    arguments: CommandArguments


def server_spec(wanted: Wanted) -> ServerSpec:
    """Return what to serve, everything checked that can be checked before anything is loaded.

    Raises:
        RastBenchError: what is asked for does not exist, does not fit or is not supported.
    """
    check_vllm_installed()
    api_key = _api_key(wanted)
    port = usable_port(wanted.host, wanted.port)
    _check_template(wanted.chat_template)
    cell = composed_cell(wanted)
    check_engine(cell)
    served = served_composition(wanted, cell)
    check_models(engine_key(cell))
    cell = settled(cell)
    assert cell.engine.name == "vllm"
    return ServerSpec(
        key=engine_key(cell),
        engine=cell.engine,
        served=served,
        host=wanted.host,
        port=port,
        api_key=api_key,
        chat_template=wanted.chat_template,
    )


def composed_cell(wanted: Wanted) -> CellConfig:
    """Return a cell with the models, the method and the engine; its data set is not used.

    Raises:
        ConfigError: an option, a key or a value is not valid.
    """
    given = wanted.arguments
    for word in given.overrides:
        key = word.partition("=")[0].lstrip("+~")
        if key == "engine.draft_tokens" and wanted.draft_tokens is not None:
            raise ConfigError(f"--draft-tokens and {word} set the same", hint="leave one out")
        group, dot, _ = key.partition(".")
        if key in _FLAGS:
            raise ConfigError(f"serve takes no {word}", hint=f"instead of {key}: {_FLAGS[key]}")
        if group not in _GROUPS or not dot:
            raise ConfigError(
                f"serve takes no {word}",
                hint=f"beside flags it takes keys of {', '.join(_GROUPS)}: engine.dtype=bfloat16",
            )
    if wanted.method in ("base", "rl"):
        raise ConfigError(
            f"--method {wanted.method} is one model, not a composition",
            hint="`vllm serve` serves one model; requests with λ = 0 are answered by M_base",
        )
    options = options_of(given)
    _check_delta_is_read(wanted)
    base, pair, delta = _base(wanted.base, options.names("base_model")), None, "none"
    if wanted.delta is not None:
        delta = wanted.delta
        if delta not in options.names("delta") or delta == "none":
            delta, pair = _ANY_DELTA, _pair(delta, options.names("delta"))
    own = ":" in wanted.method
    words = [
        "engine=vllm",
        *(("method=rast", f"method.name={wanted.method}") if own else (f"method={wanted.method}",)),
        f"base_model={wanted.base if base is None else _ANY_BASE}",
        f"delta={delta}",
        *([] if wanted.lambda_ is None else [f"decoding.lambda={wanted.lambda_}"]),
        *([] if wanted.draft_tokens is None else [f"engine.draft_tokens={wanted.draft_tokens}"]),
        *given.overrides,
    ]
    (cell,) = job_of(CommandArguments(tuple(words), config_dir=given.config_dir)).cells
    if cell.weight is None and wanted.lambda_ is not None:
        raise ConfigError(f"--lambda: method {wanted.method} has no λ", hint="leave it out")
    if cell.engine.draft_tokens and not engine_key(cell).draft_tokens:
        name = "engine.draft_tokens" if wanted.draft_tokens is None else "--draft-tokens"
        raise ConfigError(
            f"{name}: method {wanted.method} does not read S_RL, which drafts",
            hint="leave it out",
        )
    return with_models(cell, base, pair)


def _check_delta_is_read(wanted: Wanted) -> None:
    """Raise ConfigError for a ΔR that the method would not read, or that is missing."""
    if find_method(wanted.method).roles:
        if wanted.delta is None:
            raise ConfigError(
                f"--delta is missing: method {wanted.method} reads small models",
                hint="name an option, or S_RL:S_base, each a folder or a hub id",
            )
        return
    of_delta = (
        word for word in wanted.arguments.overrides if word.lstrip("+~").startswith("delta")
    )
    given = "--delta" if wanted.delta is not None else next(of_delta, None)
    if given is not None:
        raise ConfigError(
            f"{given}: method {wanted.method} reads no small model", hint="leave it out"
        )


def with_models(cell: CellConfig, base: str | None, pair: tuple[str, str] | None) -> CellConfig:
    """Return the cell with folders or hub ids in the place of an option's; None keeps them."""
    changes: dict[str, object] = {}
    if base is not None:
        model = cell.base_model
        ref = model.base.model_copy(update={"path": base})
        changes["base_model"] = model.model_copy(update={"name": base, "base": ref, "rl": None})
    if pair is not None:
        (one,) = cell.delta.pairs
        roles = {
            role: getattr(one, role).model_copy(update={"path": path})
            for role, path in zip(("rl", "base"), pair, strict=True)
        }
        pairs = (one.model_copy(update=roles),)
        changes["delta"] = cell.delta.model_copy(update={"name": pair[0], "pairs": pairs})
    return cell.model_copy(update=changes)


def served_composition(wanted: Wanted, cell: CellConfig) -> Served:
    """Return the names and settings of the composition.

    Raises:
        ConfigError: a name or a variant cannot be used.
    """
    name = wanted.name
    if name is None:
        other = cell.delta.name if cell.steered else cell.method.name
        name = f"{short_name(cell.base_model.name)}+{short_name(other)}"
    if NAME.fullmatch(name) is None:
        raise ConfigError(
            f"--name {name}: letters, digits and . _ / + : - only", hint="as in --name my-model"
        )
    method = engine_key(cell).method
    layers = layer_count(cell) if find_method(method).layers else 0
    definition = find_method(method, layers)
    defaults = {parameter_key(key): value for key, value in cell.method.parameters.items()}
    if cell.weight is not None:
        defaults = {LAMBDA: cell.weight, **defaults}
    first, value = next(iter(defaults.items()), (LAMBDA, 0.5))
    example = f"{first.removeprefix('rast_')}={number_text(value)}"
    variants = []
    for text in wanted.variants or (["lambda=0"] if cell.weight is not None else []):
        try:
            variants.append(variant_name(name, settings_of(text, definition)))
        except ValueError as error:
            raise ConfigError(
                f"--variant {text}: {error}", hint=f"as in --variant {example}"
            ) from None
    return Served(name, method, defaults, tuple(dict.fromkeys(variants)), layers)


def settled(cell: CellConfig) -> CellConfig:
    """Return the cell with nothing left open in the engine's settings, for this machine.

    Raises:
        ConfigError: a setting does not fit the models or the devices.
        ModelError: a checkpoint is broken.
    """
    key, config = engine_key(cell), cell.engine
    assert config.name == "vllm"
    models = [read_checkpoint(ref) for ref in dict.fromkeys(key.roles)]
    if config.max_model_len is None:
        positions = [one.positions for one in models if one is not None and one.positions]
        if not positions:
            raise ConfigError(
                "engine.max_model_len: no model says how many positions it has",
                hint="set it to the longest prompt and response",
            )
        config = config.model_copy(update={"max_model_len": min(positions)})
    check_room(key, 1, config.max_model_len)
    group = EngineGroup(key, config, (), ())
    engine = settled_config(group, models, devices_of(None), lambda _: 1)
    return cell.model_copy(update={"engine": engine})


def _base(word: str, options: Sequence[str]) -> str | None:
    """Return a folder or hub id; None for an option. Raise ConfigError if it is neither."""
    if word in options:
        return None
    if not _is_model(word):
        raise ConfigError(
            f"--base {word}: neither an option nor a folder nor a hub id",
            hint=did_you_mean(word, options, "options"),
        )
    return word


def _pair(word: str, options: Sequence[str]) -> tuple[str, str]:
    """Return S_RL and S_base, folders or hub ids. A colon of `zoo:` is part of its name."""
    names = [one for one in options if one != "none"]
    found = re.fullmatch(r"((?:zoo:)?[^:]+):((?:zoo:)?[^:]+)", word)
    if found is None:
        raise ConfigError(
            f"--delta {word}: neither an option nor S_RL:S_base",
            hint=did_you_mean(word, names, "options"),
        )
    for model in found.groups():
        if not _is_model(model):
            raise ConfigError(
                f"--delta {word}: {model} is neither a folder nor a hub id",
                hint="write S_RL:S_base, as in ./my-rl:./my-base",
            )
    return found[1], found[2]


def _is_model(word: str) -> bool:
    """Return whether it may be a folder, a `zoo:` name or a hub id. Ids without owner are rare, and
    a mistyped option looks like one.
    """
    return "/" in word or expanded(word).is_dir()


def _api_key(wanted: Wanted) -> str | None:
    """Return the key that clients must send; None if this machine alone reaches the server.

    Raises:
        ConfigError: other machines reach it and there is no key, or the key cannot be sent.
    """
    source, key = next(((n, k) for n, k in wanted.keys.items() if k is not None), ("", None))
    if key is not None and not (key and key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError(
            f"{source}: a key is made of letters, digits and signs, without spaces",
            hint="`openssl rand -hex 16` makes one",
        )
    if key is None and not is_loopback(wanted.host):
        raise ConfigError(
            f"--host {wanted.host} lets other machines in, and no key is set",
            hint="set RAST_BENCH_API_KEY in the environment (or --api-key), or leave --host out",
        )
    return key


def _check_template(template: str | None) -> None:
    """Raise ConfigError for a file that cannot be read, or whose syntax is wrong. vLLM would find
    that at the first chat.
    """
    if template is None:
        return
    if not Path(template).is_file():
        raise ConfigError(f"--chat-template: no file {template}", hint="name a Jinja template")
    try:
        text = Path(template).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"--chat-template {template} cannot be read: {first_line(error)}",
            hint="name a Jinja template in UTF-8",
        ) from error
    from jinja2 import TemplateSyntaxError
    from transformers.utils.chat_template_utils import render_jinja_template

    try:
        render_jinja_template([], chat_template=text)  # of no chat: it only compiles
    except (TemplateSyntaxError, SyntaxError, RecursionError, ValueError) as error:
        # What Jinja can read and Python cannot compile: lines are then those of Jinja's program.
        message = error.msg if isinstance(error, SyntaxError) else first_line(error)
        if isinstance(error, TemplateSyntaxError):
            message = f"line {error.lineno}: {message}"
        raise ConfigError(
            f"--chat-template {template}: {message}",
            hint="its syntax is that of the chat templates of transformers",
        ) from error
