"""Equations, chains of them, and definitions of functions."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import read_tuple
from rast_bench.grading.robust.kinds.notation import (
    bare,
    function_of,
    has_parts,
    is_name,
    plain_name,
    split_relation,
)

_LETTERS = re.compile(r"(?<![A-Za-z\\])[A-Za-z]|\\[A-Za-z]+")
_COMMAND_OR_LETTER = re.compile(r"\\[A-Za-z]+|[A-Za-z]")
_BARE_FUNCTION = re.compile(r"(?<![\\A-Za-z])(?:sin|cos|tan|cot|sec|csc|ln|log|exp|sqrt|max|min)")
_CONSTANTS = frozenset({"e", "i", r"\pi"})
_FUNCTIONS = re.compile(
    r"\\(?:frac|sqrt|cdot|times|div|left|right|sin|cos|tan|cot|sec|csc|ln|log|exp|binom|pm|mp|infty"
    r"|degree|arc(?:sin|cos|tan)|dfrac|tfrac|l?floor|r?floor|lceil|rceil|max|min|gcd|sum|prod|int)"
    r"(?![A-Za-z])"
)
_WORDS_OR_OBJECT = re.compile(
    r"(?!.*\b(?:except|other than|excluding|not|less|more|fewer|greater|unless|but|without)\b)"
    r"(?:\{[^{}]*[A-Za-z]{2}[^{}]*\}|[A-Za-z]{3,}[A-Za-z ]*"  # {Area}, words
    r"|(?:m ?)?\\(?:angle|triangle|overline|overrightarrow|widehat|mu|sigma) ?\{?[A-Z]{0,4}\}?"
    r"|\|?\[?[A-Z]{1,4}\]?\|?(?:_\{?\w+\}?)?"  # AB, |AB|, [ABC]
    r"|[A-Za-z]'*(?:_\{?\w{1,5}\}?)? ?(?:\^ ?\{?-1\}?)? ?\([^()=]*(?:\([^()=]*\)[^()=]*)*"
    r"\)'?"  # f(3)
    r"|\\(?:det|dim|gcd|max|min|lim|Pr) ?.{0,40}"
    r")\Z"
)
PRODUCT = re.compile(  # x(x + 1), a(b + c)
    r"(?P<name>[A-Za-z]) ?\((?:.*[^A-Za-z])?(?P=name)(?![A-Za-z])"
    r"|[abcdkmnrstxyz] ?\((?=[^()]*[A-Za-z])[^()]*[-+]"
)
_ASKED = re.compile(
    r"\d{0,5}[A-Za-z](?: ?\+ ?\d{0,5}[A-Za-z]){1,5}"  # m + n
    r"|\|(?:[A-Z]{1,2}|[uvwz]|[a-z]{2})\|"  # |z|; |x| = 5 is to be solved
    r"|[A-Za-z]{1,2}(?: ?: ?[A-Za-z]{1,2}){1,5}"  # a : b
    r"|\\(?:sin|cos|tan|cot|sec|csc) ?\(? ?(?:[A-Z]|\\(?:theta|alpha|beta|gamma|phi)) ?\)?"
)
_OBJECT = (
    r"(?:[A-Z]{1,4}'*(?:_ ?(?:\{[^{}]{1,40}\}|\w))?|\|[A-Z]{1,4}\||[a-z]_ ?(?:\{[^{}]{1,40}\}|\w)"
    r"|\\(?:angle|triangle) ?[A-Z]{1,4})"  # AB, S_{ABC}, |AB|, v_1
)
OBJECT_OR_WORDS = re.compile(
    rf"{_OBJECT}|\{{[^{{}}]*[A-Za-z]{{2}}[^{{}}]*\}}|[A-Za-z]\([0-9]{{1,9}}\)"
)
_RATIO_OF_NAMES = re.compile(
    rf"(?:{_OBJECT}|[a-z])(?: ?: ?(?:{_OBJECT}|[a-z])){{1,5}}"  # AB : CD, a : b : c
    rf"|{_OBJECT} ?/ ?{_OBJECT}|\\frac ?\{{ ?{_OBJECT} ?\}} ?\{{ ?{_OBJECT} ?\}}"
)
_SINGLE_LETTERS = re.compile(r"[A-Za-z] ?/ ?[A-Za-z]|\\frac ?\{ ?[A-Za-z] ?\} ?\{ ?[A-Za-z] ?\}")
_DERIVATIVE = re.compile(r"\\frac ?\{ ?d ?[a-zA-Z]? ?\} ?\{ ?d ?[a-zA-Z] ?\}")
_UNIT_OF_VALUE = re.compile(
    r"(?<=[0-9)}%$]) ?(?:\{[^{}]*\}|(?<= )(?:[A-Za-z]{2,}[A-Za-z .]*|[mgshlLNJWVAK]))"
    r"(?: ?\^ ?\{?[23]\}?)?\Z"
)
_OPERATION = re.compile(r"[-+*/^]|\\(?:cdot|times|div|frac|sqrt)(?![A-Za-z])")
_DEPENDENT = re.compile(r"y")


@dataclass(frozen=True)
class Equation:
    r"""`left = value`, or a chain that says so with steps in between.

    Attributes:
        value: the last exact side; for `5 = x` it is 5.
        rounded: sides after an `\approx`.
        steps: the exact sides before the last one.
    """

    left: str
    value: str
    rounded: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    kind: str = "equation"

    def is_chain(self) -> bool:
        return len(self.steps) + len(self.rounded) > 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names on the left side if it is one unknown, `f(x)` or a tuple of unknowns."""
        if is_name(self.left) or _DERIVATIVE.fullmatch(self.left):
            return (plain_name(self.left),)
        applied = function_of(self.left)
        if applied:
            return (plain_name(applied[0]),)
        point = read_tuple(self.left)
        if point and all(map(is_name, point.items)):
            return tuple(map(plain_name, point.items))
        return ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """The x of `f(x) = …`."""
        applied = function_of(self.left)
        return applied[1] if applied else ()

    def is_definition(self) -> bool:
        """Return whether the left side is a name defined by the right side: `y = x + 1`."""
        names = self.names
        return bool(names) and not any(_occurs(name, plain_name(self.value)) for name in names)

    def single_name(self) -> str | None:
        """Return the only thing it gives a value to: x of `x = 5`, AB of `AB = 4`."""
        if self.is_definition():
            return self._full_name() if len(self.names) == 1 else None
        named = _WORDS_OR_OBJECT.match(self.left) and not unknowns(self.value)
        return bare(self.left) if named else None

    def _full_name(self) -> str:
        """Return the name with its arguments; P(A) and P(B) differ."""
        of_events = self.arguments and all(map(str.isupper, self.arguments))
        return bare(self.left) if of_events else self.names[0]

    def label(self) -> str:
        r"""Return the left side's name for the value, normalised: `m\angle A` is `\angle A`."""
        named = self._full_name() if self.is_definition() else ""
        if len(self.names) < 2 and not unknowns(self.value):
            named = named or (self.left if self._is_named() else "")
        named = re.sub(r"\Am(?=\\)", "", plain_name(named))
        return named.lower() if re.fullmatch(r"[A-Za-z]{3,}", named) else named

    def _is_named(self) -> bool:
        ratio = _RATIO_OF_NAMES.fullmatch(self.left) and not _SINGLE_LETTERS.fullmatch(self.left)
        named = _WORDS_OR_OBJECT.match(self.left) and not PRODUCT.match(self.left)
        return bool(named or ratio)

    def says_value(self) -> bool:
        """Return whether the right side alone says the same to a reader who knows what was asked.

        The left side names it (`x`, `f(3)`, `AB`, `AB : CD`), or it is arithmetic (`2 + 3 = 5`).
        """
        if self.is_definition():
            return True
        if self._is_named() and not unknowns(self.value):
            return True
        worked = [step for step in self.steps if not unknowns(step)]
        if not unknowns(self.value):
            return bool(worked)
        arithmetic = any(map(_OPERATION.search, worked))
        return arithmetic and not unknowns(_without_unit(self.value))

    def has_one_unknown(self) -> bool:
        """Return whether it has one unknown, so that its solutions are numbers."""
        return len(unknowns(f"{self.left} {self.value}")) == 1

    def may_say_value(self) -> bool:
        """Return whether its meaning is open: `y/x = 3` may be a ratio that was asked for."""
        return bool(_SINGLE_LETTERS.fullmatch(self.left))

    def answers_question(self) -> bool:
        """Return whether it gives a number that questions ask for: `m + n = 107`, `|z| = 5`."""
        return bool(_ASKED.fullmatch(self.left)) and not unknowns(self.value)

    def is_simplification(self) -> bool:
        """Return whether both sides are the same expression: `2x + x = 3x`."""
        return same_expressions(self.left, self.value)

    def compare(self, gold: Self, compare: Compare) -> Decision:
        if self.is_definition() and gold.is_definition():
            decision = self._compare_definition(gold, compare)
            if decision is not None:
                return decision
        if bare(self.left) == bare(gold.left):
            decision = self.compare_value(gold.value, compare)
            if decision.outcome == "equal":
                return equal("relation", "equations with one left side")
            if self.says_value() or self.is_chain() or gold.is_chain():
                return decision
            other = same_equation(self, gold)
            # what cannot be parsed (a limit, say) is compared by its right side
            return decision if other.reason == "unread" else other
        labels = self.label(), gold.label()
        if all(labels) and not (self.is_definition() and gold.is_definition()):
            decision = self.compare_value(gold.value, compare, gold.rounded)
            if labels[0] == labels[1] or decision.outcome == "different":
                return decision
            return undecided("relation", "values with other labels")
        if self.is_chain() or gold.is_chain():
            return undecided("relation", "chains of equations about other things")
        if not unknowns(self.left + self.value) and not unknowns(gold.left + gold.value):
            return self.compare_value(gold.value, compare)  # worked sums
        return self._compare_solutions(gold)

    def _compare_solutions(self, gold: "Equation") -> Decision:
        """Compare as equations; `(x - 1)^2 = 0` may stand for `x = 1`."""
        decision = same_equation(self, gold)
        if decision.reason == "unread" and self.is_definition() and gold.is_definition():
            return undecided("relation", "other names")  # x and its derivative
        about = unknowns(f"{self.left} {self.value}")
        same = len(about) == 1 and about == unknowns(f"{gold.left} {gold.value}")
        if decision.outcome == "different" and same:
            for solved, other in ((self, gold), (gold, self)):
                if solved.is_definition() and is_solution(solved.value, other):
                    return undecided("relation", "an equation and a solution of it")
        return decision

    def _compare_definition(self, gold: "Equation", compare: Compare) -> Decision | None:
        """Compare definitions; None if the names differ, so that equations must tell."""
        names, wanted = self.names, gold.names
        if names == wanted:
            if self._full_name() != gold._full_name():
                decision = self._compare_function(gold, compare)
                return undecided("relation") if decision.outcome == "equal" else decision
            return self._compare_function(gold, compare)
        if _loosely(names) == _loosely(wanted):  # an area A is not a side a
            decision = self._compare_function(gold, compare)
            return undecided("relation") if decision.outcome == "equal" else decision
        if len(names) != 1 or len(wanted) != 1:
            return different("relation", "other unknowns")
        applied = bool(self.arguments), bool(gold.arguments)
        if applied == (True, True):
            decision = self._compare_function(gold, compare)
            return undecided("relation") if decision.outcome == "equal" else decision
        if any(applied) and _DEPENDENT.fullmatch(wanted[0] if applied[0] else names[0]):
            return self._compare_function(gold, compare)
        return None

    def _compare_function(self, gold: "Equation", compare: Compare) -> Decision:
        """Compare right sides with the unknown renamed: f(t) = t^2 is f(x) = x^2."""
        arguments, wanted = self.arguments, gold.arguments
        value = self.value
        if arguments and wanted and arguments != wanted:
            if len(arguments) != len(wanted):
                return different("relation", "functions of other numbers of unknowns")
            renamed = renamed_names(value, dict(zip(arguments, wanted, strict=True)))
            if renamed is None:
                return undecided("relation")
            return compare(renamed, gold.value)
        return self.compare_value(gold.value, compare, gold.rounded)

    def compare_value(
        self, gold: str, compare: Compare, gold_rounded: tuple[str, ...] = ()
    ) -> Decision:
        """Compare the value of the chain with a gold value.

        The exact side decides; a rounded one counts only if it rounds the exact one. A chain of
        unequal numbers (`7 = 5`) has no value, but a name in front of it takes the last: the answer
        is judged, not the steps.
        """
        decision = self._compare_last_side(gold, compare, gold_rounded)
        named = is_name(self.left)
        if decision.outcome == "equal" and not named and self.contradicts_itself(compare):
            return undecided("relation", "sides of an equation that are not equal")
        return decision

    def contradicts_itself(self, compare: Compare) -> bool:
        """Return whether two of its sides are unequal numbers, even after rounding."""
        numbers = [side for side in (*self.steps, self.value) if not unknowns(_without_unit(side))]
        return any(
            not is_rounding(one, other)
            and not is_rounding(other, one)
            and all(
                compare(*sides).outcome == "different" for sides in ((one, other), (other, one))
            )
            for one, other in pairwise(numbers)
        )

    def _compare_last_side(
        self, gold: str, compare: Compare, gold_rounded: tuple[str, ...]
    ) -> Decision:
        decision = compare(self.value, gold)
        if decision.outcome == "equal":
            return decision
        for rounded in self.rounded:
            if compare(rounded, gold).outcome == "equal" and is_rounding(self.value, rounded):
                return equal("rounding", "a chain's rounded side")
        for rounded in gold_rounded:
            if compare(self.value, rounded).outcome == "equal" and is_rounding(gold, rounded):
                return equal("rounding", "a chain's rounded side")
        return decision


def _without_unit(value: str) -> str:
    return _UNIT_OF_VALUE.sub("", value)


def _loosely(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _occurs(name: str, text: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z_])", text))


def unknowns(text: str) -> frozenset[str]:
    """Return the letters and commands of a text that are not numbers, functions or signs."""
    return frozenset(_LETTERS.findall(_FUNCTIONS.sub(" ", text))) - _CONSTANTS


def renamed_names(text: str, names: dict[str, str]) -> str | None:
    """Return a text with its one-letter unknowns renamed simultaneously.

    None if a new name is taken, or if letters are the name of a function.
    """
    free = unknowns(text)
    taken = any(new in free and new not in names for new in names.values())
    if taken or any(len(old) != 1 for old in names) or _BARE_FUNCTION.search(text):
        return None

    def rename(match: re.Match[str]) -> str:
        return f" {names[match[0]]} " if match[0] in names else match[0]

    return _COMMAND_OR_LETTER.sub(rename, text).strip()


def same_expressions(one: str, other: str) -> bool:
    from rast_bench.grading.robust.kinds.algebra import same_texts  # loads sympy

    return same_texts(one, other).outcome == "equal"


def is_rounding(exact: str, rounded: str) -> bool:
    """Return whether a decimal is an exact value rounded to its digits."""
    from rast_bench.grading.robust.kinds.algebra import rounds_to  # loads sympy

    return rounds_to(exact, rounded)


def is_solution(text: str, equation: Equation) -> bool:
    """Return whether a number may solve an equation in one unknown."""
    from rast_bench.grading.robust.kinds import algebra  # loads sympy

    return algebra.is_solution(text, equation.left, equation.value)


def same_equation(answer: Equation, gold: Equation) -> Decision:
    """Compare equations up to a constant factor of the difference of their sides."""
    from rast_bench.grading.robust.kinds.algebra import same_equations  # loads sympy

    return same_equations((answer.left, answer.value), (gold.left, gold.value))


def read_equation(text: str) -> Equation | None:
    sides, signs = split_relation(text)
    if not signs or any(sign not in ("=", "~", "==") for sign in signs) or has_parts(text):
        return None
    if not sides[0] and len(sides) > 2:  # `= a = b`, a line of working
        sides, signs = sides[1:], signs[1:]
    elif not sides[0]:
        return None
    if not all(sides):
        return None
    first_about = signs.index("~") if "~" in signs else len(signs)
    exact, rounded = sides[: first_about + 1], tuple(sides[first_about + 1 :])
    if len(exact) == 1:
        if is_name(exact[0]) or function_of(exact[0]) or _WORDS_OR_OBJECT.match(exact[0]):
            return Equation(exact[0], rounded[0], rounded[1:], (exact[0],))
        return Equation(exact[0], exact[0], rounded, (exact[0],))  # `\pi \approx 3.14` says π
    turned = len(exact) == 2 and is_name(exact[1]) and not is_name(exact[0])
    if turned and not function_of(exact[0]) and not _DERIVATIVE.fullmatch(exact[0]):
        exact.reverse()
    return Equation(exact[0], exact[-1], rounded, tuple(exact[:-1]))
