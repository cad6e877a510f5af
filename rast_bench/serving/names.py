"""What clients may call a served composition, and the settings that a name stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rast_bench.compose.methods import Method, find_method
from rast_bench.vllm_plugin.sampling import (
    LAMBDA,
    checked_lambda,
    checked_parameter,
    keys_of,
    parameter_key,
)

SEPARATOR = "@"
NAME = re.compile(r"[A-Za-z0-9][\w./+:-]*", re.ASCII)
"""What a composition may be called: what a URL, a shell and a metric's label take as it is."""


@dataclass(frozen=True)
class Served:
    """One composition as clients see it.

    Attributes:
        name: of the model, with the server's own settings.
        method: as in `rast_engine_args`.
        defaults: λ and the parameters of requests that leave them out, by key of `vllm_xargs`.
        variants: names beside `name` that `/v1/models` lists; others of their kind work too.
        layers: of M_base, if the method reads the early ones.
    """

    name: str
    method: str
    defaults: Mapping[str, float]
    variants: tuple[str, ...] = ()
    layers: int = 0

    @property
    def definition(self) -> Method:
        """The method, with the ranges of its parameters for this M_base."""
        return find_method(self.method, self.layers)

    @property
    def listed(self) -> tuple[str, ...]:
        return (self.name, *self.variants)

    def is_named(self, model: str) -> bool:
        """Return whether a request's `model` means this composition."""
        return model == self.name or model.startswith(self.name + SEPARATOR)

    def settings_of(self, model: str) -> dict[str, float]:
        """Return what a name of this composition sets, by key of `vllm_xargs`.

        Raises:
            ValueError: a setting is unknown, given twice, or out of range.
        """
        _, separator, text = model.partition(SEPARATOR)
        return settings_of(text, self.definition) if separator else {}


def settings_of(text: str, method: Method) -> dict[str, float]:
    """Return `lambda=0.5,beta=0.3` as values by key of `vllm_xargs`.

    Raises:
        ValueError: a setting is unknown, given twice, or out of range.
    """
    known = setting_names(method)
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (word.strip() for word in part.partition("="))
        if name not in known:
            raise ValueError(
                f"{name!r} is not a setting of {method.name}: known are {', '.join(known)}"
            )
        if parameter_key(name) in found:
            raise ValueError(f"{name} is set twice")
        found[parameter_key(name)] = checked_setting(method, name, value)
    return found


def setting_names(method: Method) -> tuple[str, ...]:
    """Return λ, if the method has it, and its parameters, as names and variants spell them."""
    own = tuple(one.name for one in method.parameters)
    return ("lambda", *own) if LAMBDA in keys_of(method) else own


def checked_setting(method: Method, name: str, value: float | str) -> float:
    """Return a setting's value. Raise ValueError unless it is a number in its range."""
    if name == "lambda":
        return checked_lambda(value)
    parameter = next(one for one in method.parameters if one.name == name)
    return checked_parameter({name: value}, name, parameter)


def variant_name(name: str, settings: Mapping[str, float]) -> str:
    """Return the name that stands for these settings, the inverse of `settings_of`."""
    words = (f"{key.removeprefix('rast_')}={number_text(value)}" for key, value in settings.items())
    return f"{name}{SEPARATOR}{','.join(words)}"


def number_text(value: float) -> str:
    """Return the shortest text that is read as this number: `0`, `0.5`."""
    return repr(float(value)).removesuffix(".0")


def short_name(model: str) -> str:
    """Return a name for an option, a folder or a hub id, its last part: `Qwen2.5-7B`."""
    word = re.sub(r"[^A-Za-z0-9._+-]", "-", model.rstrip("/").rpartition("/")[2])
    return word.lstrip("._+-") or "model"
