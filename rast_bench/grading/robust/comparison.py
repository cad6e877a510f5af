r"""Compare an answer with the gold answer: read both as every kind they may be, then decide.

1. The same characters, blanks aside, are equal.
2. `READERS` read each text, in their order. The first kind of the gold answer that the answer can
   also be read as decides, by the rules of that kind (`kinds/`). If its rules find that one of
   them cannot be read after all, the next kind is asked.
3. Without a common kind, a rule of `CROSSINGS` may let one kind stand for another.
4. If none applies, the answer is different if both are clearly something, else undecided.

Parts (elements of a list, sides of a chain) are compared in the same way, to a depth of
`MAX_LEVELS` and at most `MAX_COMPARISONS` times in total.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare, Reader, Reading
from rast_bench.grading.robust.kinds.bases import BasedNumber, read_based
from rast_bench.grading.robust.kinds.choices import Choice, read_choice
from rast_bench.grading.robust.kinds.collections import (
    Collection,
    read_list,
    read_set,
    read_tuple,
    same_in_any_order,
    same_in_order,
)
from rast_bench.grading.robust.kinds.conditions import Conditioned, read_conditioned
from rast_bench.grading.robust.kinds.dimensions import Dimensions, read_dimensions
from rast_bench.grading.robust.kinds.expressions import Expression, read_expression
from rast_bench.grading.robust.kinds.intervals import (
    Region,
    is_infinite,
    read_region,
    region_of_set,
)
from rast_bench.grading.robust.kinds.number_sets import NumberSet, read_number_set
from rast_bench.grading.robust.kinds.numbers import Number, read_number
from rast_bench.grading.robust.kinds.quantities import Quantity, read_quantity
from rast_bench.grading.robust.kinds.ratios import Ratio, read_ratio
from rast_bench.grading.robust.kinds.relations import (
    Congruence,
    Equation,
    Inequality,
    System,
    is_rounding,
    is_solution,
    read_congruence,
    read_equation,
    read_inequality,
    read_solutions,
    read_system,
    unknowns,
)
from rast_bench.grading.robust.kinds.solutions import (
    GeneralSolution,
    as_solution,
    of_congruence,
    read_solution,
)
from rast_bench.grading.robust.kinds.times import read_date, read_time_of_day
from rast_bench.grading.robust.kinds.vectors import Matrix, is_unit_vector, read_matrix
from rast_bench.grading.robust.kinds.words import (
    Words,
    read_bound,
    read_infinitely_many,
    read_nothing,
    read_truth,
    read_words,
)
from rast_bench.grading.robust.kinds.writing import (
    bare,
    enclosed,
    has_modulus,
    has_parts,
    split_relation,
)

MAX_LEVELS = 8
MAX_COMPARISONS = 50_000


def _read_values(text: str) -> Collection | None:
    """Read a list that is not a system: `x = 1, y = 2` gives values in no order."""
    solutions = read_solutions(text)
    if solutions:
        return Collection("list", solutions)
    return None if read_system(text) else read_list(text)


def _read_conditioned(text: str) -> Conditioned | None:
    """Read an answer with a condition, but not a phrase that contains "for" or "with"."""
    conditioned = read_conditioned(text)
    return None if conditioned is None or read_words(conditioned.main) else conditioned


READERS: tuple[Reader, ...] = (
    read_truth,
    read_nothing,
    read_infinitely_many,
    read_bound,
    read_choice,
    read_time_of_day,
    read_date,
    read_number,
    read_based,
    read_quantity,
    read_ratio,
    read_dimensions,
    read_number_set,
    read_matrix,
    read_solution,
    read_congruence,
    read_tuple,
    read_region,
    _read_conditioned,
    read_system,
    read_set,
    _read_values,
    read_words,
    read_equation,
    read_inequality,
    read_expression,
)
_QUICK_READERS = READERS.index(read_number) + 1


@dataclass(frozen=True)
class Text:
    """A text and its readings in the order of `READERS`."""

    text: str
    readings: tuple[Reading, ...]

    def quantity(self) -> Quantity | None:
        return next((found for found in self.readings if isinstance(found, Quantity)), None)

    @property
    def kind(self) -> str:
        """The first kind that it was written as."""
        return next(filter(_stands_alone, self.readings)).kind

    def is_structure(self) -> bool:
        """Return whether it has a reading beyond the attempt to read an expression."""
        return any(
            not isinstance(reading, Expression) and _stands_alone(reading)
            for reading in self.readings
        )

    def is_clear(self) -> bool:
        """Return whether it certainly is something: an expression counts if it can be parsed."""
        return self.is_structure() or any(
            isinstance(reading, Expression) and reading.is_clear() for reading in self.readings
        )


@lru_cache(maxsize=4_096)
def read(text: str) -> Text:
    """Return the readings of a cleaned text; `= 5` is read as 5."""
    text = _body(text)
    readings = [reading for reader in READERS if (reading := reader(text))]
    if any(isinstance(reading, Choice) and reading.bracketed for reading in readings):
        readings = [reading for reading in readings if not isinstance(reading, Expression)]
    if _SET_OF_NOTHING.fullmatch(text):
        readings = [reading for reading in readings if reading.kind == "set"]
        readings = readings or [Collection("set", (r"\emptyset",))]
    if any(isinstance(reading, Congruence) for reading in readings):  # its modulus applies to all
        parts = ("list", "equation", "text", "expression")
        readings = [reading for reading in readings if reading.kind not in parts]
    return Text(text, tuple(readings))


_NOTHING = r"(?:\\(?:emptyset|varnothing)|∅|\\\{ ?\\\}|\{ ?\})"
_EMPTY = re.compile(_NOTHING)
_SET_OF_NOTHING = re.compile(rf"\\\{{ ?{_NOTHING} ?\\?\}}")


def _body(text: str) -> str:
    text = text.removeprefix("=").lstrip()
    if text.startswith("(") and "=" in text and enclosed(text):
        inner = text[1:-1].strip()
        if split_relation(inner)[1] and not has_parts(inner):
            return inner  # `(35 + 70 = 105)`
    return text


def quick(answer: str, gold: str) -> Decision | None:
    """Decide by characters, plain numbers, letters and truth values, or return None.

    It needs no sympy and never contradicts `compare`: it uses the first of the readers.
    """
    same = _same_characters(answer, gold)
    if same is not None:
        return same
    if has_modulus(answer) or has_modulus(gold):
        return None
    for reader in READERS[:_QUICK_READERS]:
        wanted = reader(_body(gold))
        mine = None if wanted is None else reader(_body(answer))
        if wanted is not None and mine is not None:
            try:
                decision = mine.compare(wanted, _compared_later)
            except _NotQuickError:
                return None
            return None if decision.reason == "unread" else decision
    return None


class _NotQuickError(Exception):
    """The parts would have to be compared."""


def _compared_later(_answer: str, _gold: str) -> Decision:
    raise _NotQuickError


def load_libraries() -> None:
    """Load what comparing needs, so that it does not count as the first comparison's time."""
    import pint  # noqa: F401

    from rast_bench.grading.robust.kinds import algebra  # noqa: F401  # loads sympy and flint


def compare(answer: str, gold: str) -> Decision:
    """Compare a cleaned answer with the cleaned gold answer."""
    return _Comparison().compare(answer, gold, 0)


def _same_characters(answer: str, gold: str) -> Decision | None:
    if not answer or not gold:
        return undecided("unread", "nothing is written")
    return equal("same text") if bare(answer) == bare(gold) else None


class _Comparison:
    """One comparison and those of its parts."""

    def __init__(self) -> None:
        self._left = MAX_COMPARISONS
        self._known: dict[tuple[str, str, int], Decision] = {}

    def compare(self, answer: str, gold: str, level: int) -> Decision:
        same = _same_characters(answer, gold)
        if same is not None:
            return same
        key = answer, gold, level
        known = self._known.get(key)
        if known is None:
            self._left -= 1
            if level > MAX_LEVELS or self._left < 0:
                return undecided("limit")
            known = self._known[key] = self._by_kinds(read(answer), read(gold), level)
        return known

    def _by_kinds(self, answer: Text, gold: Text, level: int) -> Decision:
        def below(one: str, other: str) -> Decision:
            return self.compare(one, other, level + 1)

        unread: Decision | None = None
        complete = True  # nothing failed but the attempt to read both as expressions
        for wanted in gold.readings:
            for mine in answer.readings:
                if mine.kind == wanted.kind:
                    decision = mine.compare(wanted, below)
                    if isinstance(wanted, Expression):
                        decision = _beside_unit(answer, gold, decision, below)
                    if decision.reason != "unread":
                        return _with_modulus(decision, answer, gold)
                    unread = decision
                    complete &= isinstance(wanted, Expression)
        for wanted in filter(_stands_alone, gold.readings):
            for mine in filter(_stands_alone, answer.readings):
                rule = _crossing(mine.kind, wanted.kind)
                if rule is not None:
                    crossed = rule(_Pair(answer, gold, mine, wanted, below))
                    if crossed is not None:
                        known = rule in (_number_for_congruence, _general_solutions)
                        return crossed if known else _with_modulus(crossed, answer, gold)
        if unread is not None and not (complete and answer.is_structure() and gold.is_structure()):
            return unread
        if not (answer.is_clear() and gold.is_clear()):
            return undecided("unread")
        return different("kind", f"{answer.kind} for {gold.kind}")


def _with_modulus(decision: Decision, answer: Text, gold: Text) -> Decision:
    """Return undecided for what is equal to a remainder or residue class without its modulus."""
    if decision.outcome != "equal" or has_modulus(answer.text) == has_modulus(gold.text):
        return decision
    return undecided("relation", "a modulus on one side only")


def _beside_unit(answer: Text, gold: Text, decision: Decision, compare: Compare) -> Decision:
    r"""Compare expressions of which one may be a quantity: the N of `2450\\pi N` is a unit then."""
    units = [text.quantity() for text in (answer, gold)]
    if decision.outcome == "equal" or (units[0] is None) == (units[1] is None):
        return decision
    if units[1] is not None:
        other = units[1].compare_answer(answer.text, compare)
    elif units[0] is not None:
        other = units[0].compare_gold(gold.text, compare)
    sure = decision.outcome == "different" and other.outcome == "different"
    return decision if sure or other.reason == "unread" else other


def _stands_alone(reading: Reading) -> bool:
    """Return whether a text was written as this kind, rather than only beside a text of it.

    Plain digits are a number in base n, a fraction is a ratio, a product is dimensions, and `1,2`
    is one number, if the other text is one.
    """
    if isinstance(reading, BasedNumber):
        return reading.base is not None
    if isinstance(reading, Ratio):
        return not reading.quotient
    if isinstance(reading, Dimensions):
        return not reading.product
    return not (isinstance(reading, Number) and reading.comma and not reading.is_decimal_comma())


@dataclass(frozen=True)
class _Pair:
    """The input of a crossing rule."""

    answer_text: Text
    gold_text: Text
    answer: Any
    gold: Any
    compare: Compare


Rule = Callable[[_Pair], Decision | None]


def _equation_for_value(pair: _Pair) -> Decision | None:
    r"""Take the last exact side as the answer of `x = 5`, `f(x) = x^2`, `2 + 3 = 5`."""
    equation: Equation = pair.answer
    decision = equation.compare_value(pair.gold_text.text, pair.compare)
    if equation.says_value() or equation.answers_question():
        return decision
    if decision.outcome == "different":
        solves = pair.gold.kind in _SOLUTIONS and equation.has_one_unknown()
        if solves or is_solution(pair.gold_text.text, equation):
            return undecided("relation", "an equation for its solution")
        return decision
    if equation.is_simplification():
        return decision
    return undecided("kind", "an equation for its right side")


def _value_for_equation(pair: _Pair) -> Decision | None:
    """Accept a value for an equation only if the left side names what was asked."""
    equation: Equation = pair.gold
    answer = pair.answer_text.text
    if not equation.says_value():
        return _for_equation(pair)
    decision = pair.compare(answer, equation.value)
    if decision.outcome != "equal":
        for rounded in equation.rounded:
            same = pair.compare(answer, rounded).outcome == "equal"
            if same and is_rounding(equation.value, rounded):
                return equal("rounding", "a chain's rounded side")
    return decision


def _for_equation(pair: _Pair) -> Decision:
    """Decide for an answer that is not the right side of a name but may solve the equation."""
    equation: Equation = pair.gold
    answer = pair.answer_text
    if not answer.is_clear():
        return undecided("unread")
    if pair.answer.kind in _SOLUTIONS and equation.has_one_unknown():
        return undecided("relation", "an equation that is not solved")
    if is_solution(answer.text, equation):
        return undecided("relation", "a solution for the equation")
    if equation.may_say_value() and pair.compare(answer.text, equation.value).outcome != (
        "different"
    ):
        return undecided("kind", "a right side for a quotient of unknowns")
    return different("kind", "a right side for an equation")


_SOLUTIONS = frozenset(
    (
        *("interval", "inequality", "set", "list", "general solution", "congruence", "system"),
        *("tuple", "no solution", "infinitely many", "set of numbers"),
    )
)


def _unsolved_inequality(pair: _Pair) -> Decision | None:
    """Decide for what may solve an inequality: the interval of a chain around a named quantity."""
    turned = isinstance(pair.answer, Inequality)
    inequality: Inequality = pair.answer if turned else pair.gold
    texts = pair.answer_text.text, pair.gold_text.text
    solved = read_region(texts[0 if turned else 1])
    region = solved or inequality.region()
    if region is None:
        return undecided("relation", "an inequality that is not solved")
    other = read_region(texts[1 if turned else 0])
    if solved or other is None:
        return None
    if other.name:
        return undecided("relation", "inequalities about other things")
    return region.compare(other, pair.compare) if turned else other.compare(region, pair.compare)


def _unsolved_system(pair: _Pair) -> Decision | None:
    """Decide for numbers where relations may determine them: `x > 2` for `x^2 > 4, x > 0`."""
    system: System = pair.answer if isinstance(pair.answer, System) else pair.gold
    return (
        undecided("relation", "a system that is not solved")
        if (system.may_be_number_set())
        else None
    )


def _condition_of_answer(pair: _Pair) -> Decision | None:
    conditioned: Conditioned = pair.answer
    return conditioned.compare_without(pair.gold_text.text, pair.compare)


def _condition_of_gold(pair: _Pair) -> Decision | None:
    conditioned: Conditioned = pair.gold
    return pair.compare(pair.answer_text.text, conditioned.main)


def _in_any_order(pair: _Pair) -> Decision | None:
    answer: Collection = pair.answer
    return answer.compare_elements(pair.gold, pair.compare)


def _list_for_tuple(pair: _Pair) -> Decision | None:
    """Compare `1, 2` with `(1, 2)`, in the order of the tuple."""
    answer: Collection = pair.answer
    gold: Collection = pair.gold
    decision = same_in_order(answer.items, gold.items, pair.compare)
    if decision.outcome != "equal":
        return decision
    if _is_interval(gold):
        return undecided("brackets", "a list for an interval")
    return _as_sequence(answer, decision)


def _is_interval(values: Collection) -> bool:
    """Return whether a tuple is more likely an interval: in square brackets or without an end."""
    if not values.may_be_interval():
        return False
    return values.opening == "[" or any(map(is_infinite, values.items))


def _as_sequence(values: Collection, decision: Decision) -> Decision:
    """Return the decision for equal items in order, if a list's items belong together."""
    if values.is_sequence():
        return decision
    return undecided("elements", "alternatives for a tuple")


def _tuple_for_list(pair: _Pair) -> Decision | None:
    """Compare `(1, 2)` with `1, 2`: equal in order; another order is undecided."""
    answer: Collection = pair.answer
    gold: Collection = pair.gold
    decision = same_in_order(answer.items, gold.items, pair.compare)
    if decision.outcome == "equal" and not gold.is_sequence():
        return _as_sequence(gold, decision)
    if decision.outcome == "equal" and _is_interval(answer):
        return undecided("brackets", "an interval or a list")
    if decision.outcome == "different":
        anyhow = same_in_any_order(answer.items, gold.items, pair.compare)
        return undecided("order") if anyhow.outcome != "different" else anyhow
    return decision


def _other_brackets(pair: _Pair) -> Decision | None:
    """Decide a tuple for a set: different, but three numbers in square brackets may be one."""
    sides = pair.answer, pair.gold
    pair_of_brackets: Collection = next(side for side in sides if side.kind == "tuple")
    if pair_of_brackets.opening == "[" and not pair_of_brackets.may_be_interval():
        decision = same_in_any_order(pair.answer.items, pair.gold.items, pair.compare)
        return undecided("brackets") if decision.outcome == "equal" else decision
    return different("brackets", "a tuple for a set")


def _components_for_tuple(pair: _Pair) -> Decision | None:
    matrix: Matrix = pair.answer if isinstance(pair.answer, Matrix) else pair.gold
    if matrix.kind != "matrix" or matrix.components() is None:
        return None
    if isinstance(pair.answer, Matrix):
        values: Collection = pair.gold
        return matrix.compare_components(values.items, pair.compare)
    values = pair.answer
    return matrix.compare_components(values.items, _turned(pair.compare))


def _turned(compare: Compare) -> Compare:
    return lambda one, other: compare(other, one)


def _system_for_values(pair: _Pair) -> Decision | None:
    """Compare `x = 1, y = 2` with `(1, 2)` or `1, 2`."""
    if isinstance(pair.answer, System):
        values: Collection = pair.gold
        ordered = values.kind == "tuple"
        decision = pair.answer.compare_values(values.items, pair.compare, ordered=ordered)
        if decision.outcome == "equal":
            return _as_sequence(values, decision)
        given = tuple((pair.answer.assignment() or {}).values())
        if decision.outcome == "different" and not ordered and given:
            anyhow = same_in_any_order(given, values.items, pair.compare)
            return decision if anyhow.outcome == "different" else undecided("order")
        return decision
    gold: System = pair.gold
    values = pair.answer
    decision = gold.compare_values(
        values.items, _turned(pair.compare), ordered=values.kind == "tuple"
    )
    return _as_sequence(values, decision) if decision.outcome == "equal" else decision


def _one_of_a_set(pair: _Pair) -> Decision | None:
    r"""Compare `\{5\}` with 5; a list of several is not one value."""
    many = pair.answer if isinstance(pair.answer, Collection) else pair.gold
    one = pair.gold_text if many is pair.answer else pair.answer_text
    if many.kind == "tuple":
        return None
    if len(many.items) == 1:
        item = many.items[0]
        if _EMPTY.fullmatch(item) or read_set(item):
            return undecided("brackets", "a set in a set")
        return pair.compare(*((item, one.text) if many is pair.answer else (one.text, item)))
    if "..." in many.items:
        return undecided("elements", "dots that stand for elements")
    if _is_thousands(many, pair):
        return undecided("unread", "a number or a list")
    if many is pair.answer and len(set(map(bare, many.items))) == 1:
        return undecided("count", "one value written repeatedly")
    if one.is_clear() and all(read(item).is_clear() for item in many.items):
        return different("count", "one value for several")
    return None


def _is_thousands(many: Collection, pair: _Pair) -> bool:
    r"""Return whether a list may also be one number with something beside it: `\\$1,234`."""
    text = pair.answer_text.text if many is pair.answer else pair.gold_text.text
    return many.kind == "list" and not has_parts(text) and "," in text


def _number_for_congruence(pair: _Pair) -> Decision | None:
    if isinstance(pair.answer, Congruence):
        return pair.answer.compare_number(pair.gold_text.text, pair.compare)
    gold: Congruence = pair.gold
    return gold.compare_number(pair.answer_text.text, _turned(pair.compare))


def _values_for_congruence(pair: _Pair) -> Decision | None:
    """Compare values in a collection with residue classes: equality stays undecided."""
    turned = isinstance(pair.answer, Congruence)
    congruence: Congruence = pair.answer if turned else pair.gold
    values: Collection = pair.gold if turned else pair.answer
    compare = pair.compare if turned else _turned(pair.compare)
    items = [split_relation(item)[0][-1] for item in values.items]
    decision = same_in_any_order(congruence.residues, items, compare)
    if decision.outcome != "equal":
        return decision
    return undecided("relation", "a modulus on one side only")


def _general_solutions(pair: _Pair) -> Decision | None:
    """Compare if only one declares its parameter or is a congruence."""
    solutions: list[GeneralSolution] = []
    for reading, text in ((pair.answer, pair.answer_text), (pair.gold, pair.gold_text)):
        solution: GeneralSolution | None
        if isinstance(reading, Congruence):
            solution = of_congruence(reading)
        elif isinstance(reading, GeneralSolution):
            solution = reading
        else:
            solution = as_solution(text.text)
        if solution is None:
            return None
        solutions.append(solution)
    return solutions[0].compare(solutions[1], pair.compare)


def _points_for_interval(pair: _Pair) -> Decision | None:
    regions = [
        side if isinstance(side, Region) else region_of_set(side.items)
        for side in (pair.answer, pair.gold)
    ]
    return regions[0].compare(regions[1], pair.compare)


def _value_for_choice(pair: _Pair) -> Decision | None:
    """Compare an answer without a letter with the value that the gold gives beside it."""
    choice: Choice = pair.gold
    return choice.compare_value(pair.answer_text.text, pair.compare)


def _choice_for_value(pair: _Pair) -> Decision | None:
    """Compare `(B) 7` with 7 by the value beside the letter; a letter alone has none."""
    choice: Choice = pair.answer
    if choice.value:
        return pair.compare(choice.value, pair.gold_text.text)
    return different("choice", "a letter for a value") if choice.bracketed else None


def _value_for_quantity(pair: _Pair) -> Decision | None:
    quantity: Quantity = pair.gold
    return quantity.compare_answer(pair.answer_text.text, pair.compare)


def _quantity_for_value(pair: _Pair) -> Decision | None:
    quantity: Quantity = pair.answer
    return quantity.compare_gold(pair.gold_text.text, pair.compare)


def _dimensions_for_another(_pair: _Pair) -> Decision | None:
    """Return undecided for `3 x 4` where the gold answer is 12."""
    return undecided("kind", "dimensions or a product")


def _many_for_interval(_pair: _Pair) -> Decision | None:
    """Return undecided for "infinitely many" where the gold answer is all real numbers."""
    return undecided("kind", "how many or which")


def _percentage_for_ratio(_pair: _Pair) -> Decision | None:
    return undecided("kind", "a percentage or a ratio")


def _value_for_matrix(pair: _Pair) -> Decision | None:
    """Return undecided for a determinant or product of letters, which is not computed."""
    turned = isinstance(pair.answer, Matrix)
    matrix: Matrix = pair.answer if turned else pair.gold
    value = (pair.gold_text if turned else pair.answer_text).text
    if matrix.kind == "determinant" or unknowns(value):
        return undecided("relation", "a matrix that is not computed")
    return None


def _unit_vector_for_tuple(pair: _Pair) -> Decision | None:
    """Return undecided for `3 i`, which may be (3, 0, 0)."""
    value = pair.answer_text if pair.answer.kind == "expression" else pair.gold_text
    return undecided("kind", "a vector or a number") if is_unit_vector(value.text) else None


def _set_for_set_of_numbers(pair: _Pair) -> Decision | None:
    """Return different for a finite set; one with dots is not followed."""
    finite: Collection = pair.answer if isinstance(pair.answer, Collection) else pair.gold
    if any("..." in item for item in finite.items):
        return undecided("elements", "dots that stand for elements")
    return different("elements", "a finite set for a set of numbers")


def _set_for_interval(pair: _Pair) -> Decision | None:
    numbers: NumberSet = pair.answer if isinstance(pair.answer, NumberSet) else pair.gold
    return numbers.compare_interval()


_VAGUE = frozenset(("truth value", "no solution", "infinitely many", "interval", "set of numbers"))


def _words_for_another(pair: _Pair) -> Decision | None:
    """Return undecided for words with numbers or about truth, which may say anything."""
    words: Words = pair.answer if isinstance(pair.answer, Words) else pair.gold
    other = pair.gold if words is pair.answer else pair.answer
    vague = other.kind in _VAGUE
    if vague or any(character.isdigit() for character in words.flat):
        return undecided("text", "words for something else")
    return None


_ANY = "*"
CROSSINGS: Mapping[tuple[str, str], Rule] = {
    # (kind of the answer, kind of the gold answer); "*" matches any other kind
    ("congruence", "general solution"): _general_solutions,
    ("general solution", "congruence"): _general_solutions,
    **{
        pair: _values_for_congruence
        for kind in ("list", "set", "tuple")
        for pair in ((kind, "congruence"), ("congruence", kind))
    },
    ("general solution", _ANY): _general_solutions,
    (_ANY, "general solution"): _general_solutions,
    ("answer with a condition", _ANY): _condition_of_answer,
    (_ANY, "answer with a condition"): _condition_of_gold,
    ("system", "tuple"): _system_for_values,
    ("tuple", "system"): _system_for_values,
    ("system", "list"): _system_for_values,
    ("list", "system"): _system_for_values,
    **{
        pair: _unsolved_inequality
        for kind in ("interval", "tuple", "set", "list", "number", "system", "no solution")
        for pair in ((kind, "inequality"), ("inequality", kind))
    },
    **{
        pair: _unsolved_system
        for kind in ("interval", "set", "number", "no solution", "infinitely many")
        for pair in ((kind, "system"), ("system", kind))
    },
    ("equation", _ANY): _equation_for_value,
    ("list", "equation"): _value_for_equation,
    ("set", "equation"): _value_for_equation,
    (_ANY, "equation"): _value_for_equation,
    ("list", "set"): _in_any_order,
    ("set", "list"): _in_any_order,
    ("list", "tuple"): _list_for_tuple,
    ("tuple", "list"): _tuple_for_list,
    ("tuple", "set"): _other_brackets,
    ("set", "tuple"): _other_brackets,
    ("matrix", "tuple"): _components_for_tuple,
    ("tuple", "matrix"): _components_for_tuple,
    ("matrix", "list"): _components_for_tuple,
    ("list", "matrix"): _components_for_tuple,
    ("set", "interval"): _points_for_interval,
    ("interval", "set"): _points_for_interval,
    ("congruence", "expression"): _number_for_congruence,
    ("expression", "congruence"): _number_for_congruence,
    ("quantity", "number"): _quantity_for_value,
    ("number", "quantity"): _value_for_quantity,
    ("quantity", "expression"): _quantity_for_value,
    ("expression", "quantity"): _value_for_quantity,
    ("dimensions", _ANY): _dimensions_for_another,
    (_ANY, "dimensions"): _dimensions_for_another,
    ("set of numbers", "interval"): _set_for_interval,
    ("interval", "set of numbers"): _set_for_interval,
    ("set", "set of numbers"): _set_for_set_of_numbers,
    ("set of numbers", "set"): _set_for_set_of_numbers,
    **{
        pair: _many_for_interval
        for kind in ("interval", "set of numbers")
        for pair in ((kind, "infinitely many"), ("infinitely many", kind))
    },
    ("number", "ratio"): _percentage_for_ratio,
    ("ratio", "number"): _percentage_for_ratio,
    **{
        pair: _value_for_matrix
        for kind in ("number", "expression", "quantity")
        for matrix in ("matrix", "determinant")
        for pair in ((kind, matrix), (matrix, kind))
    },
    ("expression", "tuple"): _unit_vector_for_tuple,
    ("tuple", "expression"): _unit_vector_for_tuple,
    ("text", _ANY): _words_for_another,
    (_ANY, "text"): _words_for_another,
    ("choice", _ANY): _choice_for_value,
    (_ANY, "choice"): _value_for_choice,
    ("set", _ANY): _one_of_a_set,
    (_ANY, "set"): _one_of_a_set,
    ("list", _ANY): _one_of_a_set,
    (_ANY, "list"): _one_of_a_set,
}


def _crossing(answer: str, gold: str) -> Rule | None:
    for key in ((answer, gold), (answer, _ANY), (_ANY, gold)):
        rule = CROSSINGS.get(key)
        if rule is not None:
            return rule
    return None
