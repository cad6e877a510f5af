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


_ALIKE = 0.6  # similarity above which another key counts as misspelt


def rast_sampling_params(lambda_: float, **params: Any) -> "SamplingParams":
    """Return vLLM's SamplingParams with this request's λ. `params` are vLLM's own.

    Raises:
        ValueError: λ is not a number from 0 to MAX_FACTOR, or a key of `extra_args` looks like
            another spelling of it.
    """
    from vllm import SamplingParams

    extra_args = {**(params.pop("extra_args", None) or {}), LAMBDA: checked_lambda(lambda_)}
    check_spelling(extra_args)
    return SamplingParams(extra_args=extra_args, **params)


def request_lambda(extra_args: Mapping[str, Any] | None, default: float) -> float:
    """Return λ of a request in the engine. Raise ValueError as `checked_lambda`."""
    if not extra_args or LAMBDA not in extra_args:
        return default
    return checked_lambda(extra_args[LAMBDA])


def checked_lambda(value: Any) -> float:
    """Return λ. Raise ValueError unless the value is, or spells, a number from 0 to MAX_FACTOR."""
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
    """Raise ValueError for a key that resembles λ's without being it: it would be ignored."""
    for key in keys:
        if key != LAMBDA and _looks_like_lambda(key.lower()):
            raise ValueError(f"{key} is not a key of a request: did you mean {LAMBDA}?")


def _looks_like_lambda(key: str) -> bool:
    alike = SequenceMatcher(None, key, LAMBDA).ratio() >= _ALIKE
    return key.startswith("rast") or key == "λ" or alike
