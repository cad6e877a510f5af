"""Reject in vLLM's front ends what they would silently ignore.

Beam search queries the engine without a request's extra arguments, so it would run with the default
λ and parameters. Misplaced keys in the body of an HTTP request, and `true` for a number, are gone
by the time the engine sees the request.
"""

import logging
import sys
from functools import wraps
from importlib import import_module
from typing import Any

from rast_bench.compose.methods import EQUATION_3, Method, find_method
from rast_bench.vllm_plugin.sampling import LAMBDA, check_keys, checked_lambda, keys_of
from rast_bench.vllm_plugin.settings import OVERRIDE

_HANDLERS = (
    ("completion.serving", "OpenAIServingCompletion", "create_completion"),
    ("chat_completion.serving", "OpenAIServingChat", "create_chat_completion"),
    ("responses.serving", "OpenAIServingResponses", "create_responses"),
)
_SERVER = "vllm.entrypoints.openai"
_BEAM_SEARCH = "beam search is not supported: it would ignore a request's λ. Draw samples instead"


def check_entrypoints() -> None:
    """Extend LLM and the HTTP server, as far as this process has them."""
    if (offline := sys.modules.get("vllm.entrypoints.llm")) is not None:
        _reject_beam_search(offline.LLM)
    if "uvicorn" in sys.modules and _SERVER in sys.modules:
        for module, name, method in _HANDLERS:
            try:
                _check_bodies(getattr(import_module(f"{_SERVER}.{module}"), name), method)
            except (ImportError, AttributeError):
                logging.getLogger(__name__).warning(
                    "this vLLM has no %s.%s: its requests are only checked in the engine, which "
                    "does not see beam search or keys outside vllm_xargs",
                    name,
                    method,
                )


def _reject_beam_search(llm: Any) -> None:
    search = llm.beam_search
    if getattr(search, "checks_rast", False):
        return

    @wraps(search)
    def reject_or_search(self: Any, *args: Any, **kwargs: Any) -> Any:
        if hasattr(self.model_config.hf_config, OVERRIDE):
            raise ValueError(_BEAM_SEARCH)
        return search(self, *args, **kwargs)

    reject_or_search.checks_rast = True  # type: ignore[attr-defined]
    llm.beam_search = reject_or_search


def _check_bodies(serving: Any, method: str) -> None:
    """Extend one handler of the server: `method(request, raw_request)`."""
    handle = getattr(serving, method)
    if getattr(handle, "checks_rast", False):
        return

    @wraps(handle)
    async def check_and_handle(
        self: Any, request: Any, raw_request: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        entry = getattr(self.model_config.hf_config, OVERRIDE, None)
        if entry is not None:
            try:
                body = None if raw_request is None else await raw_request.json()
                check_body(request, body, find_method(entry.get("method", EQUATION_3)))
            except ValueError as error:
                return self.create_error_response(str(error))
        return await handle(self, request, raw_request, *args, **kwargs)

    check_and_handle.checks_rast = True  # type: ignore[attr-defined]
    setattr(serving, method, check_and_handle)


def check_body(request: Any, body: Any, method: Method) -> None:
    """Raise ValueError for what the engine would not be told.

    Args:
        request: vLLM's record of the request; its `model_extra` are the keys that it ignores.
        body: the JSON that it was made from; None if there is none.
        method: the engine's.
    """
    if getattr(request, "use_beam_search", False):
        raise ValueError(_BEAM_SEARCH)
    outside, keys = request.model_extra or {}, keys_of(method)
    for key in keys:
        if key in outside:
            raise ValueError(f'{key} belongs in vllm_xargs: {{"{key}": …}}')
    check_keys(outside, keys)
    inside = body.get("vllm_xargs") if isinstance(body, dict) else None
    if not isinstance(inside, dict):
        return
    if LAMBDA in inside:
        checked_lambda(inside[LAMBDA])  # pydantic turns true into 1
    for key in keys:
        if isinstance(inside.get(key), bool):
            raise ValueError(f"{key} must be a number, not {inside[key]!r}")
