"""Check that the models of a cell exist and fit together, from their small files alone.

Weights are not loaded: a safetensors header is enough to detect a truncated file.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.compose.positions import model_positions
from rast_bench.compose.vocabulary import check_same_vocabulary
from rast_bench.compose.windows import stated_window
from rast_bench.config.identity import EngineKey
from rast_bench.config.paths import local_model_dir
from rast_bench.engines.config_check import (
    check_config_entries,
    check_other_entries,
    check_quantiser,
    is_plain,
)
from rast_bench.engines.hub_models import model_files
from rast_bench.engines.load_errors import load_error
from rast_bench.engines.model_folder import read_json
from rast_bench.engines.tokenizer_file import read_tokenizer, tokenizer_digest
from rast_bench.engines.weight_shapes import check_shapes
from rast_bench.errors import ConfigError, ModelError
from rast_bench.known import check_known_config

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef


_TOKENIZER_FILE = "tokenizer_config.json"
_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_SAVE_AGAIN = "download the checkpoint again, or save it with save_pretrained(…) as safetensors"
_OBJECTS = (  # beside config.json
    "added_tokens.json",
    "generation_config.json",
    "special_tokens_map.json",
    _TOKENIZER_FILE,
    "vocab.json",
)


def check_models(key: EngineKey) -> None:
    """Raise ModelError unless every checkpoint is complete and all share one tokenizer.

    M_base must also name its EOS token, since nothing else would end a generation. For hub models
    only the small files are downloaded; their weights are checked when they are loaded.
    """
    main, *others = dict.fromkeys(key.roles)
    for ref in (main, *others):
        check_model(ref)
        if key.engine == "transformers":
            path = model_files(ref) / "config.json"
            check_quantiser(ref.path, path, read_json(ref.path, path))
    check_eos(main)
    for ref in others:
        check_tokenizers(main, ref)


def check_model(ref: ModelRef) -> None:
    """Raise ModelError unless configuration, tokenizer and (in a local folder) weights are
    complete.

    config.json must agree with the shapes of these weights; for a hub id, with its shipped facts.
    """
    folder = model_files(ref)
    check_configuration(ref.path, folder)
    config = read_json(ref.path, folder / "config.json")
    if not is_plain(config):
        check_with_transformers(ref, folder)
    if local_model_dir(ref) is None:
        check_known_config(ref, config)
        return
    tensors: dict[str, tuple[str, Sequence[int]]] = {}
    for path in weight_files(ref.path, folder):
        tensors |= check_weights(ref.path, path)
    check_index(ref.path, folder, tensors)
    check_shapes(ref.path, folder / "config.json", config, tensors)


def read_configuration(ref: ModelRef) -> Mapping[str, Any]:
    """Return the config.json of a checkpoint. Raise ModelError if it cannot be read."""
    return read_json(ref.path, model_files(ref) / "config.json")


def check_room(
    key: EngineKey,
    max_tokens: int,
    max_model_len: int | None = None,
    prompt_tokens: int = 1,
    configuration: Callable[[ModelRef], Mapping[str, Any]] = read_configuration,
    bounded: bool = False,
) -> None:
    """Raise ConfigError if a prompt of this many tokens leaves no room for `max_tokens`.

    Args:
        max_model_len: the engine's own limit; None if it has none.
        prompt_tokens: of the longest prompt; 1 if unknown.
        configuration: returns a checkpoint's config.json.
        bounded: whether `prompt_tokens` is an upper bound from the prompt's characters.
    """
    needed = prompt_tokens + max_tokens
    size = f"{'bounded by ' if bounded else ''}{prompt_tokens} tokens"
    prompt = "a prompt" if prompt_tokens == 1 else f"the longest prompt, {size},"
    if max_model_len is not None and needed > max_model_len:
        raise ConfigError(
            f"decoding.max_tokens={max_tokens} leaves no room for {prompt} in "
            f"engine.max_model_len={max_model_len}",
            hint=f"both need {needed}: set engine.max_model_len to that, or leave it out",
        )
    for ref in dict.fromkeys(key.roles):
        positions = model_positions(configuration(ref))
        if positions is None:
            continue
        if needed > positions:
            room = positions - prompt_tokens
            raise ConfigError(
                f"decoding.max_tokens={max_tokens}: model {ref.path} has {positions} positions"
                + (f", and {prompt} comes on top" if prompt_tokens > 1 else ""),
                hint=f"prompt and new tokens must fit: set decoding.max_tokens to at most {room}"
                if room > 0
                else "the prompt alone is too long: choose another prompt, or models for longer "
                "texts",
            )
        if key.engine == "transformers":
            _check_window(ref, configuration(ref), needed)
        if max_model_len is not None and max_model_len > positions:
            raise ConfigError(
                f"engine.max_model_len={max_model_len}: model {ref.path} has {positions} positions",
                hint=f"set it to at most {positions}, or leave it out",
            )


def _check_window(ref: ModelRef, config: Mapping[str, Any], needed: int) -> None:
    """Raise ConfigError if prompt and new tokens may exceed a sliding window.

    engine=transformers attends to all of a text, which is the same within the window.
    """
    window = stated_window(config)
    if window is not None and needed > window:
        raise ConfigError(
            f"model {ref.path} has a sliding window of {window} tokens, which engine=transformers "
            f"lacks, and prompt and new tokens need {needed}",
            hint="choose engine=vllm, or a decoding.max_tokens with which both fit the window",
        )


def check_configuration(name: str, folder: Path) -> None:
    """Raise ModelError unless config.json and tokenizer.json exist, make sense and fit together."""
    config = read_json(name, folder / "config.json")
    vocab_size = config.get("vocab_size")
    if vocab_size is None:
        raise ModelError(
            f"model {name}: {folder / 'config.json'} has no vocab_size",
            hint="only causal language models in Hugging Face format can be used",
        )
    check_config_entries(name, folder / "config.json", config)
    for file in _OBJECTS:
        if (folder / file).is_file():
            check_other_entries(name, folder / file, read_json(name, folder / file))
    tokens = token_ids(folder)
    if not tokens:
        raise ModelError(
            f"model {name}: no tokenizer.json with a vocabulary in {folder}",
            hint="save the tokenizer beside the weights with save_pretrained(…)",
        )
    if (digest := tokenizer_digest(folder)) is not None:
        read_tokenizer(name, folder / "tokenizer.json", digest)
    if len(set(tokens.values())) < len(tokens):
        raise ModelError(
            f"model {name}: {folder / 'tokenizer.json'} has the same id for two tokens",
            hint="save the tokenizer beside the weights with save_pretrained(…)",
        )
    if max(tokens.values()) >= vocab_size:
        raise ModelError(
            f"model {name}: its tokenizer has id {max(tokens.values())}, its embedding only "
            f"{vocab_size} rows",
            hint="this tokenizer belongs to another checkpoint",
        )


def check_with_transformers(ref: ModelRef, folder: Path) -> None:
    """Raise ModelError if transformers cannot read config.json or lacks the model_type.

    transformers takes seconds to import, so only unusual configurations are checked (`is_plain`).
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        activation = getattr(config, "hidden_act", None)
        if isinstance(activation, str):
            from transformers.activations import ACT2FN

            if activation not in ACT2FN:
                raise ValueError(f"there is no hidden_act {activation!r}")
    except Exception as error:  # an unusual config.json may raise anything
        raise load_error(ref, f"model {ref.path}", error) from error


def weight_files(name: str, folder: Path) -> list[Path]:
    """Return the safetensors files; those named by an index must all exist.

    Without an index it is model.safetensors, the only file that transformers reads then. Pickled
    weights (*.bin) are never read.

    Raises:
        ModelError: a file is missing, or there are two sets of weights.
    """
    index = folder / _INDEX
    if index.is_file():
        weight_map = read_json(name, index).get("weight_map")
        files = set(map(str, weight_map.values())) if isinstance(weight_map, dict) else set()
        if outside := [file for file in files if Path(file).name != file]:
            raise ModelError(
                f"model {name}: {index} names {outside[0]!r}, which is not a file in its folder",
                hint=_SAVE_AGAIN,
            )
        paths = [folder / file for file in sorted(files)]
    else:
        paths = sorted(folder.glob("*.safetensors"))
        if paths and folder / _WEIGHTS not in paths:
            raise ModelError(
                f"model {name}: neither {_WEIGHTS} nor {_INDEX} in {folder}", hint=_SAVE_AGAIN
            )
    missing = [path.name for path in paths if not path.is_file()]
    if not paths or missing:
        what = f"{', '.join(missing)} missing" if missing else "no *.safetensors"
        raise ModelError(f"model {name}: {what} in {folder}", hint=_SAVE_AGAIN)
    if folder / _WEIGHTS not in paths and (folder / _WEIGHTS).is_file():
        raise ModelError(
            f"model {name}: {folder} has two sets of weights, {_WEIGHTS} and those of {_INDEX}",
            hint="remove the wrong one",
        )
    return paths


def check_index(name: str, folder: Path, tensors: Mapping[str, Any]) -> None:
    """Raise ModelError unless the files contain the tensors that an index names."""
    index = folder / _INDEX
    if not index.is_file():
        return
    weight_map = read_json(name, index)["weight_map"]  # an object: `weight_files`
    if missing := sorted(weight_map.keys() - tensors.keys()):
        raise ModelError(
            f"model {name}: {index} names {len(missing)} tensors that no file has, such as "
            f"{missing[0]}",
            hint=_SAVE_AGAIN,
        )


def check_weights(name: str, path: Path) -> dict[str, tuple[str, Sequence[int]]]:
    """Return the (dtype, shape) of a safetensors file's tensors by name.

    Raises:
        ModelError: the header cannot be parsed, or the file's length does not match it.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            names = file.keys()
            parts = zip(names, map(file.get_slice, names), strict=True)
            tensors = {tensor: (part.get_dtype(), part.get_shape()) for tensor, part in parts}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"model {name}: {path} is broken: {error}",
            hint="download or save the checkpoint again",
        ) from None
    if not tensors:
        raise ModelError(
            f"model {name}: {path} contains no weights",
            hint="download or save the checkpoint again",
        )
    return tensors


def check_eos(main: ModelRef) -> None:
    """Raise ModelError unless generation_config.json, config.json or the tokenizer names an EOS
    token.
    """
    folder = model_files(main)
    named = {
        file: read_json(main.path, folder / file).get(entry)
        for file, entry in (
            ("generation_config.json", "eos_token_id"),
            ("config.json", "eos_token_id"),
            (_TOKENIZER_FILE, "eos_token"),
        )
        if (folder / file).is_file()
    }
    if all(value is None or value == [] for value in named.values()):
        raise ModelError(
            f"model {main.path} names no EOS token",
            hint="set eos_token_id in its generation_config.json",
        )
    for file, value in named.items():
        if value is None or file == _TOKENIZER_FILE:
            continue
        if any(type(one) is not int for one in (value if isinstance(value, list) else [value])):
            raise ModelError(
                f"model {main.path}: {folder / file} says eos_token_id={value!r}, which is not "
                "an id",
                hint="it must be an integer or a list of integers",
            )
    check_reachable_eos(main, folder, named)


def check_reachable_eos(ref: ModelRef, folder: Path, named: Mapping[str, Any]) -> None:
    """Raise ModelError if no relevant EOS token is in the vocabulary: no generation would end.

    Args:
        named: what each file says, in order of precedence.
    """
    file, value = next((file, value) for file, value in named.items() if value not in (None, []))
    if file == _TOKENIZER_FILE:
        text = value.get("content") if isinstance(value, dict) else value
        found = text in token_ids(folder)
    else:
        rows = read_json(ref.path, folder / "config.json")["vocab_size"]
        found = any(0 <= one < rows for one in (value if isinstance(value, list) else [value]))
    if not found:
        raise ModelError(
            f"model {ref.path}: {folder / file} names the EOS token {value!r}, which its "
            "vocabulary lacks",
            hint="set eos_token_id in its generation_config.json to the id of a token",
        )


def check_tokenizers(main: ModelRef, other: ModelRef) -> None:
    """Raise ModelError unless equal tokens have equal ids: eq. 3 adds logits id by id."""
    ours, theirs = (token_ids(model_files(ref)) for ref in (main, other))
    check_same_vocabulary(main.path, ours, other.path, theirs)


def checkpoint_dtype(ref: ModelRef) -> str:
    """Return the dtype that a checkpoint was saved in.

    vLLM's own `auto` would run a float32 checkpoint in half precision.

    Raises:
        ModelError: config.json cannot be read.
    """
    return config_dtype(read_json(ref.path, model_files(ref) / "config.json"))


def config_dtype(config: Mapping[str, Any]) -> str:
    """Return the dtype that a config.json names; float32 if it names none."""
    named = config.get("dtype") or config.get("torch_dtype") or "float32"
    return str(named).removeprefix("torch.")


def token_ids(folder: Path) -> Mapping[str, int]:
    """Return token to id, including added tokens, from tokenizer.json; empty if there is none."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return {}
    return _token_ids(path, path.stat().st_mtime_ns)


@cache
def _token_ids(path: Path, _mtime_ns: int) -> Mapping[str, int]:
    content = read_json(str(path.parent), path)
    try:
        vocab = content.get("model", {}).get("vocab", {})
        if isinstance(vocab, list):  # unigram models store [token, score] pairs in id order
            vocab = {entry[0]: i for i, entry in enumerate(vocab)}
        added = {token["content"]: token["id"] for token in content.get("added_tokens") or []}
        return {token: operator.index(i) for token, i in {**vocab, **added}.items()}
    except (AttributeError, KeyError, IndexError, TypeError):
        raise ModelError(
            f"model {path.parent}: {path} is not in the format of the tokenizers library",
            hint="save the tokenizer beside the weights with save_pretrained(…)",
        ) from None
