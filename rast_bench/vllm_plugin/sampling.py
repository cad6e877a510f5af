"""λ and the method's parameters of a request: how they are given, and how the engine reads them."""

import math
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from rast_bench.compose.limits import MAX_FACTOR
from rast_bench.compose.methods import EQUATION_3, METHODS, Method, Parameter

if TYPE_CHECKING:
    from vllm import SamplingParams

LAMBDA = "rast_lambda"
"""The key in `SamplingParams.extra_args`, and in `vllm_xargs` of an HTTP request."""

PROMPT_TOKENS = "rast_prompt_tokens"
"""How many tokens come before the response; all of the prompt, unless a request that scores a given
response says otherwise. Not for equation 3, which does not read it."""

_ALIKE = 0.6  # similarity above which another key counts as misspelt
_NAMES_ALIKE = 0.75  # to the name of a parameter: vLLM has keys of its own, truncate_prompt_tokens
_NONE: Any = object()


def parameter_key(name: str) -> str:
    """Return the key of a method's parameter, which stands beside λ's."""
    return f"rast_{name}"


def rast_sampling_params(
    lambda_: float = _NONE, *, parameters: Mapping[str, float] | None = None, **params: Any
) -> "SamplingParams":
    """Return vLLM's SamplingParams with this request's λ and its method's parameters.

    Args:
        lambda_: the engine's default if left out, as it must be for methods without λ.
        parameters: of the engine's method, by name; its defaults if left out. The engine checks
            their ranges.
        params: vLLM's own.

    Raises:
        ValueError: λ is not a number from 0 to MAX_FACTOR, or a key of `extra_args` looks like
            another spelling of a key of ours.
    """
    from vllm import SamplingParams

    own: dict[str, float] = {} if lambda_ is _NONE else {LAMBDA: checked_lambda(lambda_)}
    own |= {parameter_key(name): value for name, value in (parameters or {}).items()}
    given = params.pop("extra_args", None) or {}
    check_keys(given, (LAMBDA, PROMPT_TOKENS, *own))
    extra_args = {**given, **own}
    return SamplingParams(extra_args=extra_args or None, **params)


def request_lambda(extra_args: Mapping[str, Any] | None, default: float) -> float:
    """Return λ of a request in the engine. Raise ValueError as `checked_lambda`."""
    if not extra_args or LAMBDA not in extra_args:
        return default
    return checked_lambda(extra_args[LAMBDA])


def request_row(
    extra_args: Mapping[str, Any] | None, method: Method, prompt_tokens: int
) -> tuple[float, ...]:
    """Return what a request says besides λ: the tokens before its response, then the parameters.

    Raises:
        ValueError: a value is not a number in its range.
    """
    given = extra_args or {}
    first = Parameter(PROMPT_TOKENS, prompt_tokens, 0, prompt_tokens, "tokens", whole=True)
    own = (checked_parameter(given, parameter_key(one.name), one) for one in method.parameters)
    return (checked_parameter(given, PROMPT_TOKENS, first), *own)


def checked_parameter(given: Mapping[str, Any], key: str, parameter: Parameter) -> float:
    """Return the parameter, or its default. Raise ValueError unless it is, or spells, a number in
    its range.
    """
    value = given.get(key, parameter.default)
    number = _number(value)
    if not parameter.allows(number):
        raise ValueError(f"{key} must be {parameter.range}, not {value!r}")
    return number


def checked_lambda(value: Any) -> float:
    """Return λ. Raise ValueError unless the value is, or spells, a number from 0 to MAX_FACTOR."""
    number = _number(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"λ must be a finite number ≥ 0, not {value!r}")
    if number > MAX_FACTOR:
        raise ValueError(f"λ must be at most {MAX_FACTOR:,.0f}, not {value!r}")
    return number


def _number(value: Any) -> float:
    """Return what the value is or spells; NaN if it is no number, truth values among them."""
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return math.nan
    except OverflowError:
        return math.inf


def keys_of(method: Method) -> tuple[str, ...]:
    """Return the keys that a request may have."""
    if method is METHODS[EQUATION_3]:
        return (LAMBDA,)
    own = tuple(parameter_key(one.name) for one in method.parameters)
    return (*((LAMBDA,) if method.uses_lambda else ()), *own, PROMPT_TOKENS)


def check_keys(keys: Iterable[str], known: Iterable[str] = (LAMBDA,)) -> None:
    """Raise ValueError for a key that resembles one of ours without being it: it would be
    ignored.
    """
    known = tuple(known)
    for key in keys:
        if key not in known and _is_meant_for_us(key.lower(), known):
            best = max(known, key=lambda one: _likeness(key.lower(), one))
            raise ValueError(f"{key} is not a key of a request: did you mean {best}?")


def _is_meant_for_us(key: str, known: Iterable[str]) -> bool:
    """Return whether a key starts as ours do, or is nearly λ's or the name of a parameter."""
    names = [one.removeprefix("rast_") for one in known]
    return (
        key.startswith("rast")
        or key == "λ"
        or _likeness(key, LAMBDA) >= _ALIKE
        or any(_likeness(key, name) >= _NAMES_ALIKE for name in names)
    )


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
