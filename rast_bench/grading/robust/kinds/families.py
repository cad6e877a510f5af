"""General solutions as sets of residues."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from math import gcd, lcm
from typing import Any

import sympy

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact import enclosure, rational, same_expression
from rast_bench.grading.expressions.errors import OversizedError, UnreadableError, WorkLimitError
from rast_bench.grading.robust.kinds.algebra import read_cached
from rast_bench.grading.robust.kinds.solutions import GeneralSolution

MAX_RESIDUES = 2_000
MAX_VAGUE = 40  # residues compared in pairs, as they are not rational multiples of the period

_INTEGER = sympy.Symbol("n", integer=True)
_RULE = "general solutions as residues"


def same_families(answer: GeneralSolution, gold: GeneralSolution) -> Decision:
    """Return whether both families have the same values, whatever their parameters."""
    try:
        mine, wanted = _expressions(answer), _expressions(gold)
    except UnreadableError:
        return undecided("unread")
    except (OversizedError, WorkLimitError):
        return undecided("limit")
    if answer.name and gold.name and answer.name != gold.name:
        return different("relation", "other unknowns")
    if answer.domain != gold.domain or gold.domain != "Z":
        return _as_written(mine, wanted, alike=answer.domain == gold.domain)
    lines, wanted_lines = _progressions(mine), _progressions(wanted)
    if lines is None or wanted_lines is None:
        return _as_written(mine, wanted, alike=True)
    return _same_residues(lines, wanted_lines)


def _expressions(solution: GeneralSolution) -> list[Any]:
    parameter = sympy.Symbol(solution.parameter)
    return [
        read_cached(family.replace(r"\degree", r" (\pi/180) ")).subs(parameter, _INTEGER)
        for family in solution.families
    ]


def _as_written(mine: Sequence[Any], wanted: Sequence[Any], *, alike: bool) -> Decision:
    """Compare formulas of other forms: equal if each is one of the others, else unknown."""
    if alike and len(mine) == len(wanted):
        rest = list(wanted)
        for one in mine:
            partner = next((other for other in rest if _same(one, other)), None)
            if partner is None:
                break
            rest.remove(partner)
        if not rest:
            return equal("relation", "general solutions of one form")
    return undecided("relation", "general solutions of other forms")


def _same(one: Any, other: Any) -> bool:
    return same_expression(one, other, integers=frozenset({"n"})).outcome == "equal"


def _progressions(expressions: Sequence[Any]) -> list[tuple[Any, Any]] | None:
    """Return first values and differences; None if one is not linear in the parameter.

    The even and the odd values of `(-1)^n` are separate progressions.
    """
    found = []
    for expression in expressions:
        parts = [expression]
        if any(power.base == -1 and power.has(_INTEGER) for power in expression.atoms(sympy.Pow)):
            parts = [expression.subs(_INTEGER, 2 * _INTEGER + odd) for odd in (0, 1)]
        for part in parts:
            expanded = sympy.expand(part)
            step = expanded.coeff(_INTEGER, 1)
            first = expanded.coeff(_INTEGER, 0)
            if step.has(_INTEGER) or sympy.expand(expanded - first - step * _INTEGER) != 0:
                return None
            if first.free_symbols or step.free_symbols:
                return None
            found.append((first, step))
    return found


def _same_residues(mine: Sequence[tuple[Any, Any]], wanted: Sequence[tuple[Any, Any]]) -> Decision:
    steps = [step for _, step in wanted if step != 0]
    if not steps or all(step == 0 for _, step in mine):
        return different("count", "one value for infinitely many") if steps else undecided("kind")
    unit = steps[0]
    ratios = [_ratio(step, unit) for _, step in chain(mine, wanted)]
    if any(ratio is None for ratio in ratios):
        return undecided("relation", "periods of unknown ratio")
    sizes = [abs(ratio) for ratio in ratios if ratio]
    period = Fraction(
        lcm(*(size.numerator for size in sizes)), gcd(*(size.denominator for size in sizes))
    )
    if sum(period / size for size in sizes) > MAX_RESIDUES or 0 in ratios:
        return undecided("limit")
    split = len(mine)
    first = _residues(mine, ratios[:split], unit, period)
    second = _residues(wanted, ratios[split:], unit, period)
    if all(isinstance(value, Fraction) for value in chain(first, second)):
        return (equal if set(first) == set(second) else different)("exact", _RULE)
    return _same_vague(first, second, period)


def _ratio(step: Any, unit: Any) -> Fraction | None:
    return rational(sympy.cancel(step / unit))


def _residues(
    lines: Sequence[tuple[Any, Any]],
    ratios: Sequence[Fraction | None],
    unit: Any,
    period: Fraction,
) -> list[Any]:
    """Return the values in one period, in units; Fractions if they are rational."""
    values: list[Any] = []
    for (first, _), ratio in zip(lines, ratios, strict=True):
        size = abs(ratio or Fraction(1))
        start = sympy.cancel(first / unit)
        exact = rational(start)
        for turn in range(int(period / size)):
            if exact is not None:
                values.append((exact + turn * size) % period)
            else:
                values.append(start + sympy.Rational(turn * size))
    return values


def _same_vague(first: Sequence[Any], second: Sequence[Any], period: Fraction) -> Decision:
    if max(len(first), len(second)) > MAX_VAGUE:
        return undecided("limit")
    table = [[_same_residue(one, other, period) for other in second] for one in first]
    rows = [_any(row) for row in table]
    columns = [_any([row[column] for row in table]) for column in range(len(second))]
    if "different" in rows or "different" in columns:
        return different("numeric", _RULE)
    if "undecided" in rows or "undecided" in columns:
        return undecided("numeric", _RULE)
    return equal("symbolic", _RULE)


def _any(outcomes: Sequence[str]) -> str:
    if "equal" in outcomes:
        return "equal"
    return "undecided" if "undecided" in outcomes else "different"


def _same_residue(one: Any, other: Any, period: Fraction) -> str:
    """Return whether two values differ by whole periods."""
    turns = (sympy.sympify(one) - sympy.sympify(other)) / sympy.Rational(period)
    ball = enclosure(turns)
    if ball is None or not ball.imag.contains(0):
        return "undecided"
    nearest = (ball.real + 0.5).floor().unique_fmpz()
    if nearest is None:
        return "undecided"
    if not ball.real.contains(nearest):
        return "different"
    return same_expression(turns, sympy.Integer(int(nearest))).outcome
