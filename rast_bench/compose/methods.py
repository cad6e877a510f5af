"""Decoding-time methods: how the next-token logits of M_base, S_RL and S_base become one.

The definitions only; `compose.combine` has the mathematics and imports PyTorch.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal

from rast_bench.errors import ConfigError
from rast_bench.importing import import_object

SmallRole = Literal["rl", "base"]
"""S_RL or S_base."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method. Requests of one batch may have different values."""

    name: str
    default: float
    low: float
    high: float
    meaning: str
    whole: bool = False
    zero_is_main: bool = False  # at 0 no small model changes a score

    @property
    def range(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def allows(self, value: float) -> bool:
        """Return whether a value is in the range; NaN is not."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


@dataclass(frozen=True)
class Method:
    """The definition of a method.

    Attributes:
        name: As in `method=NAME`.
        formula: The score of a token before the repetition penalty, τ and top-p. l_M, l_R
            and l_B are logits of M_base, S_RL and S_base, p and log p their softmax at τ = 1, and D
            is ΔR = l_R − l_B.
        source: Where the formula is from.
        function: Of a user's own method. It takes a `compose.combine.Step` and returns logits
            [rows, V] float32. Ours have theirs under their names in `compose.combine`.
        roles: The small models that it reads besides M_base; the others are not loaded.
        uses_lambda: Whether `decoding.lambda` is part of the formula.
        several_pairs: Whether ΔR may be a weighted sum of several pairs.
        layers: Whether it reads M_base's logits after every layer.
        words: Whether it reads which ids are behaviour words.
        gated: Whether its small models change the scores of some steps only; of which,
            `compose.combine.open_rows` says. None of a user's own.
        parameters: Besides λ.
    """

    name: str
    formula: str
    source: str
    function: Callable[[Any], Any] | None = None
    roles: tuple[SmallRole, ...] = ("rl", "base")
    uses_lambda: bool = True
    several_pairs: bool = True
    layers: bool = False
    words: bool = False
    gated: bool = False
    parameters: tuple[Parameter, ...] = ()

    @property
    def defaults(self) -> dict[str, float]:
        return {one.name: one.default for one in self.parameters}


EQUATION_3 = "rast"

_ALPHA = Parameter("alpha", 0.1, 0.0, 1.0, "plausibility, relative to the best token")
_WEIGHT = Parameter("weight", 0.5, 0.0, 1.0, "share of S_RL", zero_is_main=True)

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        one.name: one
        for one in (
            Method(
                EQUATION_3,
                "l_M + λ D",
                "RAST, equation 3; at λ = 1 also proxy tuning (Liu et al. 2024)",
            ),
            Method(
                "dexperts",
                "l_M + λ D on the nucleus of p_M with mass filter_p, −∞ elsewhere",
                "DExperts (Liu et al. 2021), as its code filters M_base first",
                parameters=(Parameter("filter_p", 0.9, 0.0, 1.0, "mass of the nucleus of M_base"),),
            ),
            Method(
                "contrastive",
                "(1 + beta) l_M − beta l_B where log p_M ≥ max log p_M + log alpha, −∞ elsewhere",
                "contrastive decoding (Li et al. 2023) as O'Brien and Lewis (2023) use it",
                roles=("base",),
                uses_lambda=False,
                several_pairs=False,
                parameters=(
                    Parameter("beta", 0.5, 0.0, 100.0, "weight of the contrast", zero_is_main=True),
                    _ALPHA,
                ),
            ),
            Method(
                "dola",
                "log p_M − log p_layer where log p_M ≥ max log p_M + log alpha, −∞ elsewhere",
                "DoLa (Chuang et al. 2024), with the final norm before every early layer's head",
                roles=(),
                uses_lambda=False,
                several_pairs=False,
                layers=True,
                parameters=(
                    Parameter(
                        "layer",
                        -1,
                        -1,
                        10**4,
                        "layer of M_base, 0: embedding, -1: by JS",
                        whole=True,
                    ),
                    _ALPHA,
                ),
            ),
            Method(
                "geometric_mean",
                "(1 − weight) log p_M + weight log p_R",
                "product of experts; a control without S_base",
                roles=("rl",),
                uses_lambda=False,
                several_pairs=False,
                parameters=(_WEIGHT,),
            ),
            Method(
                "mixture",
                "log((1 − weight) p_M + weight p_R)",
                "mixture of experts; a control without S_base",
                roles=("rl",),
                uses_lambda=False,
                several_pairs=False,
                parameters=(_WEIGHT,),
            ),
            Method(
                "nudging",
                "l_R where max p_M < threshold, else l_M",
                "Nudging (Fei et al. 2024), token by token",
                roles=("rl",),
                uses_lambda=False,
                several_pairs=False,
                gated=True,
                parameters=(
                    Parameter(
                        "threshold",
                        0.4,
                        0.0,
                        1.0,
                        "S_RL decides below this probability",
                        zero_is_main=True,
                    ),
                ),
            ),
            Method(
                "rast_gated",
                "l_M + λ D where the entropy of p_M exceeds `entropy`, else l_M",
                "ours: does ΔR act where M_base is unsure?",
                gated=True,
                parameters=(Parameter("entropy", 0.2, 0.0, 20.0, "nats"),),
            ),
            Method(
                "rast_first",
                "l_M + λ D for the first `tokens` tokens of a response, then l_M",
                "ours: does ΔR act by how a response begins?",
                gated=True,
                parameters=(
                    Parameter("tokens", 1, 0, 10**9, "tokens", whole=True, zero_is_main=True),
                ),
            ),
            Method(
                "rast_top",
                "l_M + λ D on the `count` ids with the largest abs(D) of the step, l_M elsewhere",
                "ours: how many ids carry ΔR?",
                parameters=(
                    Parameter("count", 10, 0, 10**9, "ids", whole=True, zero_is_main=True),
                ),
            ),
            Method(
                "rast_words",
                "l_M + λ D on the ids of behaviour words, l_M elsewhere; `never` = 1: the reverse",
                "ours: does ΔR act by behaviour words (appendix C.3 of RAST)?",
                words=True,
                parameters=(
                    Parameter(
                        "never", 0, 0, 1, "0: ΔR on behaviour words only, 1: never", whole=True
                    ),
                ),
            ),
        )
    }
)
"""The methods that compose several models; `base` and `rl` decode one."""


def find_method(name: str, layers: int = 0) -> Method:
    """Return a method of ours, or a user's own, named `module:object`.

    Args:
        name: As in `method=NAME`.
        layers: Of M_base, to which the range of a parameter `layer` is cut; 0 if unknown.

    Raises:
        ConfigError: There is none, or it is not a `Method` with a function.
    """
    found = _find(name)
    return _within(found, layers) if layers and found.layers else found


def _find(name: str) -> Method:
    if ":" not in name:
        if name in METHODS:
            return METHODS[name]
        close = get_close_matches(name, METHODS, n=1)
        guess = f"did you mean {close[0]}?" if close else f"there are {', '.join(METHODS)}"
        raise ConfigError(f"there is no method {name}", hint=f"{guess} your own is module:object")
    found = import_object(name, f"method {name}")
    if not isinstance(found, Method) or not inspect.isfunction(found.function):
        raise ConfigError(
            f"method {name} is not a Method whose function is a function",
            hint="docs/methods.md shows one",
        )
    return found


def _within(method: Method, layers: int) -> Method:
    """Return the method for an M_base with so many layers, of which its `layer` is an early one."""
    parameters = (
        replace(one, high=min(one.high, layers - 1)) if one.name == "layer" else one
        for one in method.parameters
    )
    return replace(method, parameters=tuple(parameters))
