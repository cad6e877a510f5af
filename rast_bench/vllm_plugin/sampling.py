"""λ of a request: how it is given, and how the engine reads it."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vllm import SamplingParams

LAMBDA = "rast_lambda"
"""The key in `SamplingParams.extra_args`, and in `vllm_xargs` of an HTTP request."""


def rast_sampling_params(lambda_: float, **params: Any) -> "SamplingParams":
    """vLLM's SamplingParams with this request's λ. `params` are vLLM's own.

    Raises ValueError unless λ is finite and ≥ 0.
    """
    from vllm import SamplingParams

    extra_args = {**(params.pop("extra_args", None) or {}), LAMBDA: checked_lambda(lambda_)}
    return SamplingParams(extra_args=extra_args, **params)


def request_lambda(extra_args: Mapping[str, Any] | None, default: float) -> float:
    """λ of a request in the engine. Raises ValueError for one that is not a finite number ≥ 0."""
    if not extra_args or LAMBDA not in extra_args:
        return default
    return checked_lambda(extra_args[LAMBDA])


def checked_lambda(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not (math.isfinite(number) and number >= 0):
        raise ValueError(f"λ must be a finite number ≥ 0, not {value!r}")
    return number
