"""Pydantic's findings as one clear line: the key, its value, what is wrong, what to do next."""

import difflib
import json
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rast_bench.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)

_SHOWN_CHARACTERS = 60

_KEY_HINTS = {
    "decoding.temperature": "τ > 0 divides the logits; for the argmax choose decoding=greedy",
    "decoding.lambda": "λ ≥ 0 scales ΔR in eq. 3: 0 is the base model, 1 the paper's choice",
    "decoding.n": "n ≥ 1 samples are drawn for every problem",
    "decoding.top_p": "0 < top_p ≤ 1; 1 keeps every token",
}


def validated(model: type[Model], data: Mapping[str, Any], *, place: str = "") -> Model:
    """`data` as a `model`. `place` opens the message, as in `experiment demo, row x`.

    Raises ConfigError that names the first faulty key with its value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _config_error(model, error, place) from None


def _config_error(model: type[BaseModel], error: ValidationError, place: str) -> ConfigError:
    # A misspelt key also leaves its right spelling missing or at its default: name it first.
    details = sorted(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    message, hint = _line(model, details[0])
    if len(details) > 1:
        message += f" (and {len(details) - 1} more)"
    return ConfigError(f"{place}: {message}" if place else message, hint=hint)


def _line(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str | None]:
    key = ".".join(str(part) for part in detail["loc"])
    hint = detail.get("ctx", {}).get("hint") or _KEY_HINTS.get(key)
    if detail["type"] == "extra_forbidden":
        known = known_keys(model, detail["loc"][:-1])
        return f"there is no key {key!r}", did_you_mean(str(detail["loc"][-1]), known)
    if detail["type"] == "missing":
        return f"{key} is missing", hint
    reason = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not isinstance(detail["input"], str | int | float | bool | None):
        return (f"{key}: {reason}" if key else reason), hint
    return f"{key}={shown(detail['input'])}: {reason}", hint


def shown(value: Any) -> str:
    """A value as Hydra writes it, cut to a readable length."""
    text = json.dumps(value) if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def did_you_mean(word: str, known: Iterable[str], what: str = "keys") -> str:
    """A hint: the closest names if any is close, and all that there are."""
    names = sorted(known)
    listing = f"the {what} here are {', '.join(names)}" if names else f"there are no {what} here"
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}? {listing}" if close else listing


def known_keys(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """The keys that `model` allows at `path` (list positions are skipped), as a user writes them.

    Empty where the path leads to no model.
    """
    current: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or current is None:
            continue
        current = next(
            (
                _inner_model(field.annotation)
                for name, field in current.model_fields.items()
                if part in (name, field.alias)
            ),
            None,
        )
    if current is None:
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The pydantic model inside `X`, `X | None`, `tuple[X, ...]` or `Annotated[X, …]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple, Annotated):
        for argument in get_args(annotation):
            if (found := _inner_model(argument)) is not None:
                return found
    return None
