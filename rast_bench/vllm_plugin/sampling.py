"""λ of a request: how it is given, and how the engine reads it."""

import math
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from rast_bench.compose.limits import MAX_FACTOR

if TYPE_CHECKING:
    from vllm import SamplingParams

LAMBDA = "rast_lambda"
"""The key in `SamplingParams.extra_args`, and in `vllm_xargs` of an HTTP request."""


_ALIKE = 0.6  # similarity from which another key is taken for a misspelt one


def rast_sampling_params(lambda_: float, **params: Any) -> "SamplingParams":
    """vLLM's SamplingParams with this request's λ. `params` are vLLM's own.

    Raises ValueError unless λ is a number from 0 to MAX_FACTOR, and for keys of `extra_args`
    that look like another spelling of it.
    """
    from vllm import SamplingParams

    extra_args = {**(params.pop("extra_args", None) or {}), LAMBDA: checked_lambda(lambda_)}
    check_spelling(extra_args)
    return SamplingParams(extra_args=extra_args, **params)


def request_lambda(extra_args: Mapping[str, Any] | None, default: float) -> float:
    """λ of a request in the engine. Raises ValueError as `checked_lambda` does."""
    if not extra_args or LAMBDA not in extra_args:
        return default
    return checked_lambda(extra_args[LAMBDA])


def checked_lambda(value: Any) -> float:
    """Raises ValueError unless the value is a number from 0 to MAX_FACTOR, or text for one."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    except OverflowError:
        number = math.inf
    if isinstance(value, bool) or not (math.isfinite(number) and number >= 0):
        raise ValueError(f"λ must be a finite number ≥ 0, not {value!r}")
    if number > MAX_FACTOR:
        raise ValueError(f"λ must be at most {MAX_FACTOR:,.0f}, not {value!r}")
    return number


def check_spelling(keys: Iterable[str]) -> None:
    """Raise ValueError for a key that looks like λ's without being it: it would be ignored."""
    for key in keys:
        if key != LAMBDA and _looks_like_lambda(key.lower()):
            raise ValueError(f"{key} is no key of a request: did you mean {LAMBDA}?")


def _looks_like_lambda(key: str) -> bool:
    alike = SequenceMatcher(None, key, LAMBDA).ratio() >= _ALIKE
    return key.startswith("rast") or key == "λ" or alike
