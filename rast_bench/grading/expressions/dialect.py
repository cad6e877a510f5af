"""What a reader of LaTeX takes names and ends for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Dialect:
    """How names and ends are read.

    Attributes:
        prefix: what follows the longest expression is ignored; otherwise it is an error.
        applied: `f(x)` is a function of x for every letter and unknown command, else a product.
        names: values of letters and commands; a name that is not here is a symbol.
        loose_exponents: `x^-1` and `x^(1/2)` are read, as no LaTeX would set them.
    """

    prefix: bool = False
    applied: bool = False
    names: Mapping[str, Any] = field(default_factory=dict)
    loose_exponents: bool = False
