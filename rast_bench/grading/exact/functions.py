"""Expressions with unknowns: refuted at points with rigorous bounds, proven by identities.

Unknowns are real, except `z` and `w`, and those of whole numbers. A value counts only where every
step on the way is real, as in real analysis. So equal means: equal wherever both are defined.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact.balls import NoValueError, VagueError, ball, precision
from rast_bench.grading.exact.identity import is_zero
from rast_bench.grading.exact.pieces import is_affine, points_in_pieces, switches
from rast_bench.grading.exact.points import COMPLEX, points
from rast_bench.grading.exact.residues import is_zero_at_integers, is_zero_between_steps

MIN_POINTS = 20
MIN_PIECE_POINTS = 3
MAX_COEFFICIENT = 20  # of switches in several unknowns
BITS = 400  # to which values must agree: 120 digits
_MOST_VAGUE = 12_800  # bits to which a point is tried
_REFUTING_BITS = 64

_SWITCHED = (sympy.Abs, sympy.sign, sympy.Max, sympy.Min)
_STEPPED = (sympy.floor, sympy.ceiling, sympy.Mod)
_COUNTING = (*_STEPPED, sympy.factorial, sympy.binomial)
_COMPLEX = (sympy.re, sympy.im, sympy.conjugate, sympy.arg)
_INTEGER_NAMES = frozenset("ijklmnKMN")
_PERIODIC = (sympy.sin, sympy.cos, sympy.tan, sympy.exp)


def same_function(answer: Any, gold: Any, integers: frozenset[str]) -> Decision:
    """Whether two expressions with unknowns have the same values."""
    question = _Question(*_with_simple_arguments(answer, gold), integers)
    if question.refuted_quickly():
        return different("numeric", "values at a point")
    zero = question.is_zero()
    if zero:
        return equal("symbolic", "an identity")
    if zero is False:
        return different("exact", "rational functions")
    decision = question.by_residues()
    return question.by_values() if decision is None else decision


def _with_simple_arguments(*expressions: Any) -> list[Any]:
    """f((x+1)²) as f(x²+2x+1): unknown functions are the same at the same place."""
    return [
        expression.xreplace(
            {
                part: part.func(*(sympy.expand(argument) for argument in part.args))
                for part in expression.atoms(AppliedUndef)
                if part.count_ops() < 100
            }
        )
        for expression in expressions
    ]


@dataclass
class _Question:
    answer: Any
    gold: Any
    integers: frozenset[str]

    def _has(self, *kinds: Any) -> bool:
        return bool(self.answer.has(*kinds) or self.gold.has(*kinds))

    @cached_property
    def unknowns(self) -> list[Any]:
        found: set[Any] = set()
        for expression in (self.answer, self.gold):
            found |= expression.free_symbols | expression.atoms(AppliedUndef)
        return sorted(found, key=str)

    @cached_property
    def whole(self) -> frozenset[str]:
        """Names of unknowns that are integers: said to be, or by their letter and their use."""
        names = {
            symbol.name
            for expression in (self.answer, self.gold)
            for part in sympy.preorder_traversal(expression)
            if _counts(part)
            for symbol in part.free_symbols
            if symbol.name[0] in _INTEGER_NAMES
        }
        return self.integers | names

    @cached_property
    def complex_unknowns(self) -> bool:
        return any(str(unknown) in COMPLEX for unknown in self.unknowns)

    @cached_property
    def must_be_real(self) -> bool:
        return not self.complex_unknowns and not self._has(sympy.I, *_COMPLEX)

    def apart(self, values: Any, bits: int, *, real: bool | None = None) -> bool | None:
        """None where one of them has no value."""
        real = self.must_be_real if real is None else real
        while bits <= _MOST_VAGUE:
            try:
                with precision(bits):
                    first = ball(self.answer, values, real=real)
                    second = ball(self.gold, values, real=real)
                    if not first.overlaps(second):
                        return True
                    if bits == _REFUTING_BITS or _agree(first, second):
                        return False
            except VagueError:
                pass
            except NoValueError:
                return None
            if bits == _REFUTING_BITS:
                return None
            bits *= 4
        return None

    def refuted_quickly(self) -> bool:
        tried = points("positive", self.unknowns, self.whole)
        return any(
            self.apart(values, _REFUTING_BITS) for values, _ in zip(tried, range(3), strict=False)
        )

    def is_zero(self) -> bool | None:
        return is_zero(self.answer - self.gold, real=self.must_be_real)

    def by_residues(self) -> Decision | None:
        whole = [unknown for unknown in self.unknowns if str(unknown) in self.whole]
        difference = self.answer - self.gold
        if whole:
            zero = is_zero_at_integers(difference, whole)
            if zero is False:
                return different("exact", "integers by their residues")
            return equal("symbolic", "integers by their residues") if zero else None
        if len(self.unknowns) == 1 and self._has(*_STEPPED):
            zero = is_zero_between_steps(difference, self.unknowns[0])
            if zero is False:
                return different("exact", "between the steps")
            return equal("numeric", "between the steps") if zero else None
        return None

    def by_values(self) -> Decision:
        agreed = 0
        kinds = ["positive", "unit", "large", "integer"]
        if self.complex_unknowns:
            kinds.append("complex")
        for kind in kinds:
            for values in points(kind, self.unknowns, self.whole):
                apart = self.apart(values, BITS)
                if apart:
                    return different("numeric", "values at a point")
                agreed += apart is False
        positive = agreed
        for values in points("real", self.unknowns, self.whole):
            apart = self.apart(values, BITS)
            if apart:
                if positive and not self._has(*_SWITCHED, *_STEPPED, *_COMPLEX):
                    return undecided("numeric", "equal for positive unknowns only")
                return different("numeric", "values at a point")
            agreed += apart is False
        if agreed < MIN_POINTS:
            return self._without_real_values() if not agreed else _unproven()
        if self._has(*_STEPPED):
            return _unproven()
        if self._has(*_SWITCHED) and not self.complex_unknowns and not self._covers_pieces():
            return _unproven()
        return equal("numeric", "values at many points")

    def _without_real_values(self) -> Decision:
        """No value is real: the principal values of complex analysis, then."""
        results = [
            self.apart(values, BITS, real=False)
            for kind in ("positive", "real")
            for values in points(kind, self.unknowns, self.whole)
        ]
        if any(results) and not results.count(False):
            return different("numeric", "values at a point")
        if results.count(False) >= MIN_POINTS and not any(results):
            return equal("numeric", "values at many points")
        return _unproven()

    def _covers_pieces(self) -> bool:
        arguments = switches(self.answer, self.gold)
        if arguments is None or not self.must_be_real:
            return False
        arguments = [argument for argument in arguments if not argument.is_number]
        if len(self.unknowns) == 1:
            pieces = points_in_pieces(arguments, self.unknowns[0])
            return pieces is not None and self._agree_in(pieces)
        return all(is_affine(part, self.unknowns, MAX_COEFFICIENT) for part in arguments) and (
            self._agree_in_patterns(arguments)
        )

    def _agree_in(self, pieces: Iterator[list[Any]]) -> bool:
        for piece in pieces:
            results = [self.apart({self.unknowns[0]: place}, BITS) for place in piece]
            if any(results):
                return False
            defined = results.count(False)
            if defined < MIN_PIECE_POINTS and defined:
                return False
        return True

    def _agree_in_patterns(self, arguments: list[Any]) -> bool:
        """Several unknowns: points in every pattern of signs that hundreds of points show."""
        seen: dict[tuple[bool, ...], int] = {}
        for values in points("many", self.unknowns, self.whole):
            with precision(_REFUTING_BITS):
                pattern = tuple(bool(ball(part, values).real > 0) for part in arguments)
            if seen.get(pattern, 0) < MIN_PIECE_POINTS:
                apart = self.apart(values, BITS)
                if apart:
                    return False
                seen[pattern] = seen.get(pattern, 0) + (apart is False)
        return all(count >= MIN_PIECE_POINTS for count in seen.values())


def _unproven() -> Decision:
    return undecided("numeric", "they agree where they were tried")


def _agree(first: Any, second: Any) -> bool:
    """To at least 100 digits, relative to their size."""
    size = max(abs(first).abs_upper(), 1)
    return bool(abs(first - second).abs_upper() < size * 2.0**-340)


def _counts(part: Any) -> bool:
    """Whether its argument is a whole number, by custom."""
    if isinstance(part, _COUNTING):
        return True
    if part.is_Pow:
        return bool(part.base in (-1, sympy.I) and part.exp.free_symbols)
    if isinstance(part, _PERIODIC):
        turns = part.args[0] / sympy.pi
        if isinstance(part, sympy.exp):
            turns = turns / sympy.I
        unknowns = part.args[0].free_symbols
        if len(unknowns) != 1:
            return False
        return bool(turns.is_polynomial(*unknowns) and not turns.has(sympy.pi, sympy.I))
    return False
