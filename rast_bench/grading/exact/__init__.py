"""Equality of expressions, exactly or within rigorous bounds. Independent of kinds of answers."""

from rast_bench.grading.exact.constants import enclosure, rational, value
from rast_bench.grading.exact.equality import proportional, same_expression, same_up_to_constant
from rast_bench.grading.expressions.answers import read

__all__ = [
    "enclosure",
    "proportional",
    "rational",
    "read",
    "same_expression",
    "same_up_to_constant",
    "value",
]
