"""Check that the entries of a config.json make sense, before anything is built from it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeGuard

from rast_bench.errors import ModelError

_COUNTS = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
    "max_position_embeddings",
)
_NEEDED = ("num_hidden_layers", "num_attention_heads", "hidden_size", "vocab_size")
_FLAGS = ("attention_bias", "mlp_bias", "tie_word_embeddings", "use_cache", "use_sliding_window")
_NUMBERS = ("attention_dropout", "initializer_range", "rms_norm_eps", "rope_theta")
_IDS = ("bos_token_id", "eos_token_id", "pad_token_id")
_TEXTS = ("hidden_act", "model_type")
_TEXT_LISTS = ("architectures", "layer_types")
_DTYPE = re.compile(
    r"(torch\.)?(bfloat16|float(16|32|64)?|float8_\w+|half|double|u?int(8|16|32|64)|auto)"
)
_ROPE = ("rope_parameters", "rope_scaling")  # of transformers 5 and 4
_MAX_COUNT = 2**40  # of any count, so that libraries can compute with it

KNOWN_TYPES: Mapping[str, str] = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
"""Model types whose entries and tensor names are known, with their architecture."""

_HARMLESS = frozenset(
    {
        *(*_COUNTS, *_FLAGS, *_NUMBERS, *_IDS, *_TEXTS, *_TEXT_LISTS, *_ROPE),
        *("dtype", "torch_dtype", "max_window_layers", "sliding_window", "pretraining_tp"),
        *("quantization_config", "transformers_version", "use_mrope", "_name_or_path"),
    }
)
_TOKEN = (str | dict, "text or an object")
_OTHER_ENTRIES: Mapping[str, Sequence[tuple[str, Any, str]]] = {
    "generation_config.json": (
        *((key, int, "an integer") for key in ("max_length", "max_new_tokens", "top_k")),
        *((key, int | float, "a number") for key in ("temperature", "top_p", "min_p")),
        ("repetition_penalty", int | float, "a number"),
        ("do_sample", bool, "true or false"),
    ),
    "tokenizer_config.json": (
        *((f"{name}_token", *_TOKEN) for name in ("bos", "eos", "pad", "unk")),
        ("tokenizer_class", str, "text"),
        ("model_max_length", int | float, "a number"),
        ("chat_template", str | list | dict, "text, or templates by name"),
        ("added_tokens_decoder", dict, "an object"),
        *((f"add_{name}_token", bool, "true or false") for name in ("bos", "eos")),
    ),
}
_ACTIVATIONS = frozenset({"gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish"})
_QUANTISERS: Mapping[str, tuple[str, ...]] = {
    "aqlm": ("aqlm",),
    "auto-round": ("auto_round",),
    "awq": ("gptqmodel",),
    "bitsandbytes": ("bitsandbytes", "accelerate"),
    "compressed-tensors": ("compressed_tensors",),
    "eetq": ("eetq",),
    "fbgemm_fp8": ("fbgemm_gpu",),
    "gptq": ("optimum", "gptqmodel"),
    "hqq": ("hqq",),
    "quanto": ("optimum",),
    "quark": ("quark",),
    "torchao": ("torchao",),
    "vptq": ("vptq",),
}
"""Packages that transformers needs to load checkpoints of a quantisation method."""


def check_config_entries(name: str, path: Path, config: Mapping[str, Any]) -> None:
    """Raise ModelError for entries that no model can have.

    Missing ones are accepted if the model type is not in `KNOWN_TYPES`, and so are lists, which
    some architectures have instead of one count for all layers.
    """
    for what in _odd(config):
        raise ModelError(
            f"model {name}: {path} says {what}",
            hint="download or save the checkpoint again, or correct the file",
        )


def check_other_entries(name: str, path: Path, content: Mapping[str, Any]) -> None:
    """Raise ModelError for entries of generation_config.json and tokenizer_config.json."""
    for key, kinds, wanted in _OTHER_ENTRIES.get(path.name, ()):
        value = content.get(key)
        if value is not None and (
            not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool)
        ):
            raise ModelError(
                f"model {name}: {path} says {key}={_short(value)}, and it must be {wanted}",
                hint="download or save the checkpoint again, or correct the file",
            )


def is_plain(config: Mapping[str, Any]) -> bool:
    """Return whether every entry of a config.json was checked here, so that transformers is not
    needed.
    """
    family = config.get("model_type")
    known = isinstance(family, str) and family in KNOWN_TYPES and config.keys() <= _HARMLESS
    return known and config.get("hidden_act", "silu") in _ACTIVATIONS


def check_quantiser(name: str, path: Path, config: Mapping[str, Any]) -> None:
    """Raise ModelError if transformers lacks a package for the checkpoint's quantisation."""
    quantisation = config.get("quantization_config")
    method = quantisation.get("quant_method") if isinstance(quantisation, dict) else None
    lacking = [one for one in _QUANTISERS.get(str(method), ()) if find_spec(one) is None]
    if lacking:
        raise ModelError(
            f"model {name}: {path} says quant_method={method!r}, for which engine=transformers "
            f"needs {' and '.join(lacking)}",
            hint=f"pip install {' '.join(lacking)}, choose engine=vllm, or a checkpoint that is "
            "not quantised",
            here_only=True,
        )


def _odd(config: Mapping[str, Any]) -> Iterator[str]:
    yield from _odd_family(config)
    for key in _COUNTS:
        value = config.get(key)
        if value is not None and not isinstance(value, list) and not is_count(value):
            bound = " and below 2^40" if _is_huge(value) else ""
            yield f"{key}={_short(value)}, and it must be an integer above 0{bound}"
    heads, kv_heads = config.get("num_attention_heads"), config.get("num_key_value_heads")
    if is_count(heads) and is_count(kv_heads) and heads % kv_heads:
        ratio = f"num_key_value_heads={kv_heads}"
        yield f"num_attention_heads={heads}, which is not a multiple of {ratio}"
    for key in ("dtype", "torch_dtype"):
        value = config.get(key)
        if value is not None and not (isinstance(value, str) and _DTYPE.fullmatch(value)):
            yield f"{key}={_short(value)}, which is not a dtype"
    for key in _ROPE:
        if (rope := config.get(key)) is not None:
            yield from _odd_rope(key, rope)
    yield from _odd_kinds(config)
    quantisation = config.get("quantization_config")
    if quantisation is not None and not _names_method(quantisation):
        yield f"quantization_config={_short(quantisation)}, which names no quant_method"
    if "transformers_weights" in config:
        yield "transformers_weights, and weights are only read from *.safetensors"


def _odd_family(config: Mapping[str, Any]) -> Iterator[str]:
    family = config.get("model_type")
    if family is None and "model_type" in config:
        yield "model_type=None, and it must be text"
    if not isinstance(family, str) or family not in KNOWN_TYPES:
        return
    for key in _NEEDED:
        if config.get(key) is None:
            yield f"{key}=None, and it must have a value" if key in config else f"no {key}"
    named, expected = config.get("architectures"), KNOWN_TYPES[family]
    if isinstance(named, list) and expected.lower() not in map(str.lower, map(str, named)):
        yield f"architectures={_short(named)}, and the language model of {family} is {expected}"


def _odd_kinds(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield entries whose JSON type differs from that in every architecture."""
    for keys, kinds, wanted in (
        (_FLAGS, bool, "true or false"),
        (_TEXTS, str, "text"),
        (_NUMBERS, int | float, "a number"),
    ):
        for key in keys:
            value = config.get(key)
            odd = not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool)
            if value is not None and (odd or (keys is _NUMBERS and not abs(value) < _MAX_COUNT)):
                yield f"{key}={_short(value)}, and it must be {wanted}"
    for key in _TEXT_LISTS:
        value = config.get(key, [])
        if value is None and key == "layer_types":
            continue
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            yield f"{key}={_short(value)}, and it must be a list of names"
    rows = config.get("vocab_size")
    for key in _IDS:
        value = config.get(key)
        ids = value if isinstance(value, list) else [] if value is None else [value]
        for one in ids:
            if not isinstance(one, int) or isinstance(one, bool):
                yield f"{key}={_short(value)}, which is not an id"
            if key == "pad_token_id" and is_count(rows) and not -rows <= one < rows:
                yield f"{key}={_short(value)}, but the embedding has {rows} rows"
    if isinstance(window := config.get("sliding_window"), bool | str | list | dict | float):
        yield f"sliding_window={_short(window)}, and it must be an integer"


def _names_method(quantisation: Any) -> bool:
    """Return whether a method is named; old bitsandbytes configs have load_in_4bit or
    load_in_8bit.
    """
    if not isinstance(quantisation, dict):
        return False
    if "quant_method" in quantisation:
        return isinstance(quantisation["quant_method"], str)
    return "load_in_4bit" in quantisation or "load_in_8bit" in quantisation


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _is_huge(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= _MAX_COUNT


def _odd_rope(key: str, rope: Any) -> Iterator[str]:
    if not isinstance(rope, dict):
        yield f"{key}={_short(rope)}, and it must be an object"
        return
    for entry in ("rope_type", "type"):
        if not isinstance(rope.get(entry, ""), str):
            yield f"{key}.{entry}={_short(rope[entry])}, and it must be text"
    for entry in ("factor", "original_max_position_embeddings"):
        value = rope.get(entry)
        if value is not None and not _is_positive(value):
            yield f"{key}.{entry}={_short(value)}, and it must be a number above 0"


def is_count(value: Any) -> TypeGuard[int]:
    """Return whether it is an integer above 0 that does not overflow."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_COUNT


def _is_positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < _MAX_COUNT  # False for NaN
