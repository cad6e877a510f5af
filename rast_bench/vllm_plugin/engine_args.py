"""From checkpoints to the arguments of a vLLM engine."""

from collections.abc import Sequence
from typing import Any

from rast_bench.compose.methods import EQUATION_3, METHODS, Method, find_method
from rast_bench.compose.positions import default_length, model_positions
from rast_bench.compose.vocabulary import check_same_vocabulary
from rast_bench.errors import EngineError, ModelError, first_line
from rast_bench.vllm_plugin.families import (
    Role,
    check_architecture,
    check_early_layers,
    warn_if_not_tried,
)
from rast_bench.vllm_plugin.sampling import checked_lambda
from rast_bench.vllm_plugin.settings import (
    ARCHITECTURE,
    OVERRIDE,
    WORKER,
    Checkpoint,
    Pair,
    RastSettings,
    distinct_checkpoints,
)
from rast_bench.vllm_plugin.supported import check_positions, check_supported_args


def rast_engine_args(
    model: str,
    pairs: Sequence[Pair] = (),
    *,
    revision: str | None = None,
    default_lambda: float = 1.0,
    shuffle_vocabulary_seed: int | None = None,
    method: str = EQUATION_3,
    draft_tokens: int = 0,
    **engine_args: Any,
) -> dict[str, Any]:
    """Return keyword arguments for `vllm.LLM` or `vllm.EngineArgs`; `LLM(**rast_engine_args(…))`.

    Reads the checkpoints' configurations and tokenizers, no weights.

    Args:
        model: M_base, a local folder or a hub id; `revision` belongs to it.
        pairs: the (S_RL, S_base) pairs of ΔR; without any the engine is M_base with the ids
            masked that the tokenizer does not know.
        default_lambda: λ of requests that specify none.
        shuffle_vocabulary_seed: permutes ΔR over the vocabulary, the null control.
        method: how the models' logits become one: a name of docs/methods.md, or `module:object`,
            which vLLM's processes must be able to import.
        draft_tokens: how many tokens the first pair's S_RL drafts, which the composition verifies
            in one pass; the S_RL of the pair does it, not another copy.
        engine_args: vLLM's own. `max_model_len` defaults to what the shortest model allows.

    Raises:
        ModelError: a checkpoint cannot be read, or does not fit M_base (tokenizer,
            quantisation).
        EngineError: RAST does not support a setting of the engine, or the method does not take
            these pairs.
        ConfigError: there is no such method.
        ValueError: λ is negative or not finite.
    """
    definition = find_method(method)
    if draft_tokens:
        engine_args["speculative_config"] = _drafts(
            model, pairs, definition, draft_tokens, engine_args
        )
    check_supported_args(engine_args, resident=bool(draft_tokens))
    _check_pairs(method, definition, pairs, shuffle_vocabulary_seed)
    main = Checkpoint(model, revision)
    found = distinct_checkpoints(main, pairs, definition.roles)
    configs = {checkpoint: _config(checkpoint, engine_args) for checkpoint in found}
    kinds: dict[tuple[str, Role], str] = {}
    for checkpoint, config in configs.items():
        role: Role = "M_base" if checkpoint == main else "S"
        check_architecture(checkpoint.path, config, config.architectures or (), role)
        kinds.setdefault((config.architectures[0], role), checkpoint.path)
    if definition.layers:
        check_early_layers(model, configs[main].architectures[0], configs[main].num_hidden_layers)
    for (architecture, role), path in kinds.items():
        warn_if_not_tried(path, architecture, role)
    _check_quantization(configs)
    known = _check_tokenizers(found, engine_args)
    check_positions(
        engine_args.get("max_model_len") or 0,
        {checkpoint.path: config for checkpoint, config in configs.items()},
    )
    lengths = [default_length(configs[main].to_dict())]
    lengths += [model_positions(config.to_dict()) for config in configs.values()]
    shortest = min((length for length in lengths if length is not None), default=None)
    settings = RastSettings(
        architectures=tuple(configs[main].architectures or ()),
        pairs=tuple(pairs),
        vocabulary=min(known, *(config.vocab_size for config in configs.values())),
        default_lambda=checked_lambda(default_lambda),
        shuffle_vocabulary_seed=shuffle_vocabulary_seed,
        method=method,
        draft_tokens=draft_tokens,
        layers=configs[main].num_hidden_layers if definition.layers else 0,
    )
    overrides = {**(engine_args.pop("hf_overrides", None) or {})}
    overrides |= {"architectures": [ARCHITECTURE], OVERRIDE: settings.to_override()}
    return {
        "model": model,
        "revision": revision,
        "worker_cls": WORKER,
        "trust_remote_code": False,
        **({} if shortest is None else {"max_model_len": shortest}),
        **{name: value for name, value in engine_args.items() if value is not None},
        "hf_overrides": overrides,
    }


def _drafts(
    model: str,
    pairs: Sequence[Pair],
    method: Method,
    draft_tokens: int,
    engine_args: dict[str, Any],
) -> dict[str, Any]:
    """Return vLLM's speculative_config for drafts by the S_RL of the composite itself.

    It names M_base, whose vocabulary and length vLLM compares with the engine's; the worker puts
    S_RL in its place before anything is loaded (drafter.py).

    Raises:
        EngineError: there is no S_RL of its own, or another speculation is configured.
    """
    if engine_args.get("speculative_config"):
        raise EngineError(
            "draft_tokens and speculative_config are two speculations",
            hint="leave one of them out",
        )
    if "rl" not in method.roles or not pairs:
        raise EngineError(
            f"draft_tokens={draft_tokens}: no S_RL is loaded, which would draft",
            hint="leave it out, or name a pair and a method that reads S_RL",
        )
    if pairs[0].rl == model:
        raise EngineError(
            f"draft_tokens={draft_tokens}: S_RL is M_base itself, so that drafts save nothing",
            hint="leave it out",
        )
    return {
        "method": "draft_model",
        "model": model,
        "num_speculative_tokens": draft_tokens,
        "draft_sample_method": "probabilistic",
        "enforce_eager": True,  # graphs of S_RL are captured with the composite's buffers
    }


def _check_pairs(
    name: str, method: Method, pairs: Sequence[Pair], shuffle_vocabulary_seed: int | None
) -> None:
    """Raise EngineError if the method does not take these pairs."""
    if not pairs and method.roles and method is not METHODS[EQUATION_3]:
        raise EngineError(f"method={name} needs a pair of models", hint="name one in `pairs`")
    if pairs and not method.roles:
        raise EngineError(f"method={name} reads no small model", hint="leave `pairs` out")
    if method.several_pairs:
        return
    if len(pairs) > 1:
        raise EngineError(
            f"method={name} takes one pair of models, not {len(pairs)}",
            hint="leave the others out",
        )
    if shuffle_vocabulary_seed is not None:
        raise EngineError(
            f"method={name} has no ΔR whose values could be shuffled",
            hint="leave shuffle_vocabulary_seed out",
        )


def _config(checkpoint: Checkpoint, engine_args: dict[str, Any]) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(
            checkpoint.path,
            revision=checkpoint.revision,
            trust_remote_code=bool(engine_args.get("trust_remote_code")),
        )
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable("configuration", checkpoint, error) from error


def _check_tokenizers(found: Sequence[Checkpoint], engine_args: dict[str, Any]) -> int:
    """Return how many ids the shared tokenizer knows. Raise ModelError if there are several."""
    from transformers import AutoTokenizer

    vocabularies = []
    for checkpoint in found:
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                checkpoint.path,
                revision=checkpoint.revision,
                trust_remote_code=bool(engine_args.get("trust_remote_code")),
            )
        except (OSError, ValueError, KeyError) as error:
            raise _unreadable("tokenizer", checkpoint, error) from error
        vocabularies.append(tokenizer.get_vocab())
        check_same_vocabulary(found[0].path, vocabularies[0], checkpoint.path, vocabularies[-1])
    return int(max(vocabularies[0].values())) + 1


def _check_quantization(configs: dict[Checkpoint, Any]) -> None:
    """Raise ModelError for mixed quantisation: a vLLM engine has one for all models."""
    kinds = {c.path: getattr(config, "quantization_config", None) for c, config in configs.items()}
    (main, expected), *others = kinds.items()
    for path, kind in others:
        if kind != expected:
            raise ModelError(
                f"{main} is {_quantization_name(expected)} and {path} {_quantization_name(kind)}",
                hint="vLLM has one quantisation per engine: use checkpoints that share it",
            )


def _quantization_name(config: Any) -> str:
    if config is None:
        return "not quantised"
    method = config.get("quant_method") if isinstance(config, dict) else config.quant_method
    return f"quantised with {method}"


def _unreadable(what: str, checkpoint: Checkpoint, error: Exception) -> ModelError:
    return ModelError(
        f"the {what} of {checkpoint.path} cannot be read: {first_line(error)}",
        hint="check the path or the hub id, and that the hub or its cache can be reached",
    )
