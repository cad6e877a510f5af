"""Report pydantic's findings in one clear line: the key, its value, what is wrong, what to do."""

import difflib
import json
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rast_bench.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)

_SHOWN_CHARACTERS = 60
_SHOWN_NAMES = 8  # of more names only the closest are shown

_LOOK = "see conf/ for what the key takes and docs/limits.md for the bounds of numbers"
_KEY_HINTS = {
    "decoding.temperature": "τ > 0 divides the logits; for the argmax choose decoding=greedy",
    "decoding.lambda": "λ ≥ 0 scales ΔR in eq. 3: 0 is the base model, 1 the paper's choice",
    "decoding.n": "n ≥ 1 samples are drawn for every problem, at most 100,000",
    "decoding.top_p": "0 < top_p ≤ 1; 1 keeps every token",
    "decoding.repetition_penalty": "1 is none, DoLa's authors use 1.2; from 0.01 to 100",
}


def validated(model: type[Model], data: Mapping[str, Any], *, context: str = "") -> Model:
    """Return `data` as a `model`.

    Args:
        context: opens the message, as in `experiment demo, row x`.

    Raises:
        ConfigError: a key is not valid; the message names the first one with its value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _config_error(model, error, context) from None


def _config_error(model: type[BaseModel], error: ValidationError, context: str) -> ConfigError:
    # A misspelt key also leaves the intended one missing or at its default: name it first.
    details = sorted(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    message, hint = _line(model, details[0])
    if len(details) > 1:
        message += f" (and {len(details) - 1} more)"
    return ConfigError(f"{context}: {message}" if context else message, hint=hint)


def _line(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str]:
    key = ".".join(str(part) for part in _without_tags(model, detail["loc"]))
    hint = detail.get("ctx", {}).get("hint") or _KEY_HINTS.get(key) or _LOOK
    if detail["type"] == "extra_forbidden":
        known = known_keys(model, detail["loc"][:-1])
        return f"there is no key {key!r}", did_you_mean(str(detail["loc"][-1]), known)
    if detail["type"] == "union_tag_invalid":
        context = detail["ctx"]
        return f"{key}.name={context['tag']}: must be one of {context['expected_tags']}", hint
    if detail["type"] == "missing":
        return f"{key} is missing", hint
    reason = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not isinstance(detail["input"], str | int | float | bool | None):
        return (f"{key}: {reason}" if key else reason), hint
    return f"{key}={shown(detail['input'])}: {reason}", hint


def shown(value: Any) -> str:
    """Return a value as Hydra writes it, cut to a readable length."""
    try:
        text = json.dumps(value) if value is None or isinstance(value, bool) else str(value)
    except ValueError:  # Python writes no int of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def did_you_mean(word: str, known: Iterable[str], what: str = "keys") -> str:
    """Return a hint: the closest name, if there is one, and the names that exist.

    Of many names only the closest are shown, with the total number.
    """
    names = sorted(known)
    if not names:
        return f"there are no {what} here"
    begun = [name for name in names if word and name.lower().startswith(word.lower())]
    # difflib takes quadratic time
    close = begun or difflib.get_close_matches(word[:_SHOWN_CHARACTERS], names, n=1, cutoff=0.6)
    if len(names) <= _SHOWN_NAMES:
        listing = f"the {what} here are {', '.join(names)}"
    else:
        nearest = dict.fromkeys(
            [*begun, *difflib.get_close_matches(word[:_SHOWN_CHARACTERS], names, 8, 0.0), *names]
        )
        shown_names = sorted(list(nearest)[:_SHOWN_NAMES])
        others = len(names) - _SHOWN_NAMES
        listing = f"of {len(names)} {what} the nearest are {', '.join(shown_names)}"
        listing += f", and {others} more"
    return f"did you mean {close[0]}? {listing}" if close else listing


def known_keys(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """Return the keys that `model` allows at `path` (list positions are skipped), as a user writes
    them.

    Where one of several models may apply, as for engines, the keys of all; of one alone if the path
    goes on with its name, as pydantic's paths do. Empty if the path leads to no model.
    """
    current = [model]
    for part in path:
        if isinstance(part, int):
            continue
        chosen = _named(current, part)
        current = chosen or [inner for one in current for inner in _field_models(one, part)]
    keys = (field.alias or name for one in current for name, field in one.model_fields.items())
    return list(dict.fromkeys(keys))


def _without_tags(model: type[BaseModel], loc: Iterable[str | int]) -> Iterator[str | int]:
    """Yield a key path as users write it: pydantic inserts the name of the model that it chose."""
    current = [model]
    for part in loc:
        if isinstance(part, str):
            if chosen := _named(current, part):
                current = chosen
                continue
            current = [inner for one in current for inner in _field_models(one, part)]
        yield part


def _named(models: Sequence[type[BaseModel]], name: str) -> list[type[BaseModel]]:
    """Return the one of several models whose `name` this is."""
    if len(models) < 2:
        return []
    return [one for one in models if one.model_fields["name"].default == name]


def _field_models(model: type[BaseModel], key: str) -> list[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return _inner_models(field.annotation)
    return []


def _inner_models(annotation: Any) -> list[type[BaseModel]]:
    """Return the pydantic models inside `X`, `X | None`, `tuple[X, ...]` or `Annotated[X, …]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, tuple, Annotated):
        return [one for argument in get_args(annotation) for one in _inner_models(argument)]
    return []
