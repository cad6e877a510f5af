"""Expressions with unknowns: refuted at points with rigorous bounds, proven by identities.

Unknowns are real, except `z` and `w` and those that are integers. A value counts only if every
step of its evaluation is real, as in real analysis. So "equal" means equal wherever both are
defined.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy
from flint import arb
from sympy.core.function import AppliedUndef

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact.balls import NoValueError, VagueError, ball, precision
from rast_bench.grading.exact.identity import is_zero
from rast_bench.grading.exact.modular import same_modulo
from rast_bench.grading.exact.pieces import largest_number, points_in_pieces, switches
from rast_bench.grading.exact.points import COMPLEX, points
from rast_bench.grading.exact.residues import is_zero_at_integers, is_zero_between_steps
from rast_bench.grading.exact.separation import written_bits

MIN_POINTS = 20
MIN_PIECE_POINTS = 3
MAX_NUMBER = 1_000  # with larger ones, pieces may lie outside the points
MAX_SWITCHED = 10  # maxima and absolute values whose pieces are not computed
_WIDE = (-40, -30, -23, -17, -10, 10, 13, 17, 23, 30, 40)  # powers of 2 that are tried as points
_WIDE_POINTS = 40
_MAX_OPERATIONS = 60  # of an argument that is expanded
_MOST_TRIED = 6  # points in a piece
BITS = 340  # values must agree to at least 100 digits
_MOST_BITS = 16_000  # precision up to which a point is tried
_REFUTING_BITS = 64
_HOPELESS_BITS = 8_000

_SWITCHED = (sympy.Abs, sympy.sign, sympy.Max, sympy.Min)
_STEPPED = (sympy.floor, sympy.ceiling, sympy.Mod)
_COUNTING = (*_STEPPED, sympy.factorial, sympy.binomial)
_COMPLEX = (sympy.re, sympy.im, sympy.conjugate, sympy.arg)
_INTEGER_NAMES = frozenset("ijklmnKMN")
_PERIODIC = (sympy.sin, sympy.cos, sympy.tan, sympy.exp)


def same_function(answer: Any, gold: Any, integers: frozenset[str]) -> Decision:
    """Return whether two expressions with unknowns have the same values."""
    if _has_power_of_zero(answer) or _has_power_of_zero(gold):
        return undecided("unread", "a power of zero")
    question = _Question(_with_simple_arguments(answer), _with_simple_arguments(gold), integers)
    if question.refuted_quickly():
        return different("numeric", "values at a point")
    zero = question.is_zero()
    if zero:
        return equal("symbolic", "an identity")
    if zero is False:
        return different("exact", "rational functions")
    same = same_modulo(question.answer, question.gold, question.unknowns)
    if same is not None:
        rule = "rational functions modulo primes"
        return equal("numeric", rule) if same else different("exact", rule)
    decision = question.by_residues()
    return question.by_values() if decision is None else decision


def _has_power_of_zero(expression: Any) -> bool:
    """Return whether 0^n occurs in it: it is 1 at a single point, which no sample hits."""
    return any(part.base.is_zero and part.exp.free_symbols for part in expression.atoms(sympy.Pow))


def _with_simple_arguments(expression: Any) -> Any:
    """Rewrite f((x+1)²) as f(x²+2x+1), so that undefined functions can be matched."""
    return expression.xreplace(
        {
            part: part.func(*(sympy.expand(argument) for argument in part.args))
            for part in expression.atoms(AppliedUndef)
            if part.count_ops() < _MAX_OPERATIONS
        }
    )


@dataclass
class _Question:
    answer: Any
    gold: Any
    integers: frozenset[str]
    same_domain: bool = True  # no point found where only one of them has a value

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
        """Names of the unknowns that are integers: declared, or implied by letter and use."""
        names: set[str] = set()
        not_whole: set[str] = set()
        for expression in (self.answer, self.gold):
            for part in sympy.preorder_traversal(expression):
                found = {symbol.name for symbol in part.free_symbols}
                if _rounds_integers(part):
                    not_whole |= found
                elif _counts(part):
                    names |= {name for name in found if name[0] in _INTEGER_NAMES}
        return self.integers | (names - not_whole)

    @cached_property
    def complex_unknowns(self) -> bool:
        return any(str(unknown) in COMPLEX for unknown in self.unknowns)

    @cached_property
    def must_be_real(self) -> bool:
        return not self.complex_unknowns and not self._has(sympy.I, *_COMPLEX)

    @cached_property
    def bits(self) -> float:
        """Number of bits to which values must agree: more than the written numbers could hide."""
        return BITS + 2 * (written_bits(self.answer) + written_bits(self.gold))

    def apart(self, values: Any, *, quick: bool = False, real: bool | None = None) -> bool | None:
        """Return whether their values there differ; None if one has no value or it is unknown.

        Args:
            quick: use a low precision; False then proves nothing.
        """
        real = self.must_be_real if real is None else real
        hopeless = self.bits > _MOST_BITS / 2  # they can be refuted but not shown to agree
        bits = _REFUTING_BITS if quick else _HOPELESS_BITS if hopeless else 2 * self.bits
        while bits <= _MOST_BITS:
            try:
                with precision(int(bits)):
                    first = self._value(self.answer, values, real)
                    second = self._value(self.gold, values, real)
                    if first is None or second is None:
                        self.same_domain &= first is second
                        return None
                    if not first.overlaps(second):
                        return True
                    if quick or (not hopeless and self._agree(first, second)):
                        return False
            except VagueError:
                pass
            if quick or hopeless:
                return None
            bits *= 4
        return None

    def _agree(self, first: Any, second: Any) -> bool:
        return bool(abs(first - second).abs_upper() < arb(2) ** -int(self.bits))

    @staticmethod
    def _value(expression: Any, values: Any, real: bool) -> Any | None:
        try:
            return ball(expression, values, real=real)
        except NoValueError:
            return None

    def refuted_quickly(self) -> bool:
        tried = points("positive", self.unknowns, self.whole)
        return any(
            self.apart(values, quick=True) for values, _ in zip(tried, range(3), strict=False)
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
        kinds = ["positive", "unit", "large"]
        if self.whole or self._has(*_STEPPED):
            kinds.append("integer")
        if self.complex_unknowns:
            kinds.append("complex")
        for kind in kinds:
            for values in points(kind, self.unknowns, self.whole):
                apart = self.apart(values)
                if apart:
                    return different("numeric", "values at a point")
                agreed += apart is False
        positive = bool(agreed)
        for values in points("real", self.unknowns, self.whole):
            apart = self.apart(values)
            if apart:
                return self._apart_there(values, positive=positive)
            agreed += apart is False
        if not agreed:
            return self._without_real_values()
        if self._has(*_STEPPED):
            return _unproven()
        return self._in_pieces(agreed)

    def _apart_there(self, values: Any, *, positive: bool) -> Decision:
        """Return the decision for values that differ at a point.

        Undecided if only negative unknowns make a difference: letters may stand for lengths, say.

        Args:
            positive: they agree where all unknowns are positive.
        """
        negative = any(value.real < 0 for value in values.values())
        if positive and negative and not self._has(*_SWITCHED, *_STEPPED, *_COMPLEX):
            return undecided("numeric", "equal for positive unknowns only")
        return different("numeric", "values at a point")

    def _without_real_values(self) -> Decision:
        """Decide by principal values in the complex plane: no value is real."""
        results = [
            self.apart(values, real=False)
            for kind in ("positive", "real")
            for values in points(kind, self.unknowns, self.whole)
        ]
        if any(results) and not results.count(False):
            return different("numeric", "values at a point")
        if results.count(False) >= MIN_POINTS and not any(results):
            return equal("numeric", "values at many points")
        return _unproven()

    def _in_pieces(self, agreed: int) -> Decision:
        """Return whether they agree in every piece where they are analytic."""
        arguments = [part for part in switches(self.answer, self.gold) if part.free_symbols]
        small = largest_number(self.answer, self.gold) <= MAX_NUMBER
        covered = True
        groups: Iterator[list[Any]] | None = iter(())
        if arguments and not self.complex_unknowns:
            groups = self._points_in_pieces(arguments) if len(self.unknowns) == 1 else None
            if groups is None and small:
                groups = self._points_in_patterns(arguments)
                switched = self.answer.atoms(*_SWITCHED) | self.gold.atoms(*_SWITCHED)
                covered = largest_number(*switched) <= MAX_SWITCHED
        elif arguments and not small:
            groups = None
        if groups is None:
            return _unproven()
        for group in groups:
            there = 0
            for values in group:
                apart = self.apart(values)
                if apart:
                    return self._apart_there(values, positive=True)
                there += apart is False
            if 0 < there < MIN_PIECE_POINTS:
                return _unproven()
            agreed += there
        if agreed < MIN_POINTS or not covered:
            return _unproven()
        if not self.same_domain and (self._has(*_SWITCHED) or self._has_logarithm_of_square()):
            return undecided("numeric", "equal where both are defined")
        return equal("numeric", "values at many points")

    def _has_logarithm_of_square(self) -> bool:
        r"""Return whether it has the log of a square: \ln x^2 is 2 \ln x for positive x only."""
        arguments = (
            part
            for logarithm in self.answer.atoms(sympy.log) | self.gold.atoms(sympy.log)
            for part in sympy.Mul.make_args(logarithm.args[0])
        )
        return any(part.is_Pow and part.exp.is_even for part in arguments)

    def _points_in_pieces(self, arguments: list[Any]) -> Iterator[list[Any]] | None:
        if str(self.unknowns[0]) in self.whole:
            return None
        pieces = points_in_pieces(arguments, self.unknowns[0])
        if pieces is None:
            return None
        return ([{self.unknowns[0]: place} for place in piece] for piece in pieces)

    def _points_in_patterns(self, arguments: list[Any]) -> Iterator[list[Any]]:
        """Yield points in every pattern of signs found among hundreds of points."""
        patterns: dict[tuple[bool, ...], list[Any]] = {}
        tried = list(points("many", self.unknowns, self.whole))
        if self._has(*_SWITCHED) and not self.whole:
            tried += [
                {unknown: value * arb(2) ** power for unknown, value in values.items()}
                for values in tried[:_WIDE_POINTS]
                for power in _WIDE
            ]
        for values in tried:
            pattern = tuple(_is_positive(part, values) for part in arguments)
            group = patterns.setdefault(pattern, [])
            if len(group) < _MOST_TRIED:
                group.append(values)
        return iter(patterns.values())


def _is_positive(argument: Any, values: Any) -> bool:
    try:
        with precision(_REFUTING_BITS):
            return bool(ball(argument, values).real > 0)
    except (NoValueError, VagueError):
        return False


def _unproven() -> Decision:
    return undecided("numeric", "they agree where they were tried")


def _rounds_integers(part: Any) -> bool:
    """Return whether it rounds what is an integer at integers: the unknowns are then real."""
    if not isinstance(part, (sympy.floor, sympy.ceiling)) or not part.free_symbols:
        return False
    argument = part.args[0]
    if not argument.is_polynomial(*argument.free_symbols):
        return False
    return all(number.is_Integer for number in argument.atoms(sympy.Number))


def _counts(part: Any) -> bool:
    """Return whether its argument is a natural number by convention."""
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
