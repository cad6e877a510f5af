"""What a reader of LaTeX takes brackets behind names, and ends, for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How brackets behind names, and ends, are read.

    Attributes:
        prefix: what follows the longest expression is ignored; otherwise it is an error.
        applied: `f(x)` is a function of x for every letter and unknown command, else a product.
    """

    prefix: bool = False
    applied: bool = False
