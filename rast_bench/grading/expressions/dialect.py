"""How a LaTeX parser treats brackets after names and trailing text."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How brackets after names, and trailing text, are read.

    Attributes:
        prefix: ignore what follows the longest expression; otherwise it is an error.
        applied: `f(x)` is a function of x for every letter and unknown command, else a product.
    """

    prefix: bool = False
    applied: bool = False
