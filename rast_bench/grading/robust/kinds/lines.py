"""Lines through a point in a direction, with a parameter."""

from collections.abc import Sequence
from typing import Any

import sympy

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact import same_expression
from rast_bench.grading.expressions.errors import OversizedError, UnreadableError, WorkLimitError
from rast_bench.grading.robust.kinds.algebra import read_cached


def same_line(answer: Sequence[str], gold: Sequence[str]) -> Decision:
    """Return whether both, linear in one parameter, contain the same points."""
    if len(answer) != len(gold):
        return different("count", "vectors of other dimensions")
    try:
        mine, wanted = (_point_and_direction(components) for components in (answer, gold))
    except UnreadableError:
        return undecided("unread")
    except (OversizedError, WorkLimitError):
        return undecided("limit")
    if mine is None or wanted is None:
        return undecided("relation", "vectors with unknowns")
    between = [one - other for one, other in zip(mine[0], wanted[0], strict=True)]
    decisions = [_parallel(mine[1], wanted[1]), _parallel(between, wanted[1])]
    for outcome in ("different", "undecided"):
        if any(decision == outcome for decision in decisions):
            decide = different if outcome == "different" else undecided
            return decide("relation", "lines through the same points")
    return equal("relation", "lines through the same points")


def _point_and_direction(components: Sequence[str]) -> tuple[list[Any], list[Any]] | None:
    expressions = [sympy.expand(read_cached(component)) for component in components]
    free = set().union(*(expression.free_symbols for expression in expressions))
    if len(free) != 1:
        return None
    parameter = next(iter(free))
    point = [expression.coeff(parameter, 0) for expression in expressions]
    direction = [expression.coeff(parameter, 1) for expression in expressions]
    linear = all(
        sympy.expand(whole - start - step * parameter) == 0
        for whole, start, step in zip(expressions, point, direction, strict=True)
    )
    return (point, direction) if linear and any(direction) else None


def _parallel(one: Sequence[Any], other: Sequence[Any]) -> str:
    zero = sympy.Integer(0)
    outcomes = [
        same_expression(one[i] * other[j] - one[j] * other[i], zero).outcome
        for i in range(len(one))
        for j in range(i)
    ]
    if "different" in outcomes:
        return "different"
    return "undecided" if "undecided" in outcomes else "equal"
