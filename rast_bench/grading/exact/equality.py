"""Whether two expressions are the same."""

from typing import Any

from rast_bench.grading.decision import Decision


def same_expression(answer: Any, gold: Any, *, integers: frozenset[str] = frozenset()) -> Decision:
    """Whether two sympy expressions have one value for all values of their unknowns.

    Args:
        integers: names of the unknowns that are integers.
    """
    raise NotImplementedError
