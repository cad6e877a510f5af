"""Where requests enter the engine: reject what cannot be composed, keep cached blocks apart."""

from collections.abc import Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np

from rast_bench.compose.methods import EQUATION_3, METHODS, find_method
from rast_bench.vllm_plugin.entrypoints import check_entrypoints
from rast_bench.vllm_plugin.sampling import check_keys, keys_of, request_lambda, request_row
from rast_bench.vllm_plugin.settings import OVERRIDE, RastSettings

_EXCLUDING = ("allowed_token_ids", "bad_words", "min_tokens", "structured_outputs")
"""vLLM's parameters that exclude tokens whatever their logits."""


def check_at_admission() -> None:
    """Extend vLLM's InputProcessor, through which every request passes, over HTTP or not.

    vLLM has no hook there, and an error further on would end the engine with all its requests: an
    id that S's embedding lacks is an IndexError in the worker. An error raised here fails only its
    own request (HTTP 400).
    """
    from vllm.exceptions import VLLMValidationError
    from vllm.v1.engine.input_processor import InputProcessor

    start: Any = InputProcessor.__init__
    process: Any = InputProcessor.process_inputs
    if getattr(process, "checks_rast", False):  # plugins may be loaded more than once
        return

    @wraps(start)
    def start_and_check_entrypoints(self: Any, *args: Any, **kwargs: Any) -> None:
        start(self, *args, **kwargs)
        if settings_of(self.vllm_config.model_config) is not None:
            check_entrypoints()

    @wraps(process)
    def process_and_check(self: Any, *args: Any, **kwargs: Any) -> Any:
        request = process(self, *args, **kwargs)
        settings = settings_of(self.vllm_config.model_config)
        if settings is not None and request.sampling_params is not None:
            try:
                check_request(request.prompt_token_ids or (), request.sampling_params, settings)
                check_session(request, settings)
            except ValueError as error:
                raise VLLMValidationError(str(error)) from None
            request.cache_salt = cache_salt(
                request.cache_salt, request.sampling_params.extra_args, settings
            )
        return request

    process_and_check.checks_rast = True  # type: ignore[attr-defined]
    InputProcessor.__init__ = start_and_check_entrypoints
    InputProcessor.process_inputs = process_and_check


def cache_salt(
    salt: str | None, extra_args: Mapping[str, Any] | None, settings: RastSettings
) -> str | None:
    """Return the salt of a request's key-value blocks, with which only equal ones share a prefix.

    Steps in which every request has λ = 0 do not run the small models, so the blocks of such
    requests have no keys and values of theirs. Other requests must not find them.

    Args:
        salt: the request's own.
    """
    if not settings.pairs or find_method(settings.method) is not METHODS[EQUATION_3]:
        return salt
    if _is_main_alone(extra_args, settings):
        return f"0{salt or ''}"
    return None if salt is None else f"1{salt}"  # never equal to one of the line above


def check_session(request: Any, settings: RastSettings) -> None:
    """Raise ValueError for a prompt that comes in parts if one of them has λ = 0.

    Each part has parameters of its own, and a later one with λ ≠ 0 would read what the small models
    did not compute of this one.
    """
    if getattr(request, "resumable", False) and _is_main_alone(
        request.sampling_params.extra_args, settings
    ):
        raise ValueError("λ = 0 is not supported in a prompt that comes in parts (StreamingInput)")


def _is_main_alone(extra_args: Mapping[str, Any] | None, settings: RastSettings) -> bool:
    """Return whether λ is 0 for the engine, which keeps it as float32: 1e-50 is 0 there."""
    return bool(np.float32(request_lambda(extra_args, settings.default_lambda)) == 0)


def settings_of(model_config: Any) -> RastSettings | None:
    """Return the settings of an engine's model; None for engines without RAST."""
    entry = getattr(model_config.hf_config, OVERRIDE, None)
    return None if entry is None else RastSettings.from_override(entry)


def check_request(prompt: Sequence[int], params: Any, settings: RastSettings) -> None:
    """Raise ValueError for a request that would be answered wrongly or end the engine.

    Args:
        prompt: token ids.
        params: vLLM's SamplingParams.
        settings: of the engine's model.
    """
    method, vocabulary = settings.definition, settings.vocabulary
    check_keys(params.extra_args or (), keys_of(method))
    request_lambda(params.extra_args, default=0.0)
    request_row(params.extra_args, method, len(prompt))
    if method is not METHODS[EQUATION_3]:
        for name in _EXCLUDING:
            if getattr(params, name, None):
                raise ValueError(
                    f"{name} is not supported with method={settings.method}: together they may "
                    "exclude every token"
                )
    forced = getattr(params, "trace_decode_token_ids", None) or ()
    for ids in (prompt, forced):
        if len(ids) and not (min(ids) >= 0 and max(ids) < vocabulary):
            odd = next(i for i in ids if not 0 <= i < vocabulary)
            raise ValueError(
                f"token id {odd} is unknown to some model or to the tokenizer: "
                f"ids are 0 to {vocabulary - 1}"
            )
    allowed = params.allowed_token_ids
    if allowed and min(allowed) >= vocabulary:
        raise ValueError(
            f"allowed_token_ids: all of them are unknown to some model or to the tokenizer, "
            f"which leaves nothing to draw: ids are 0 to {vocabulary - 1}"
        )
