"""Rules by which an answer of one kind may stand for a gold answer of another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.choices import Choice
from rast_bench.grading.robust.kinds.collections import (
    Collection,
    read_set,
    same_in_any_order,
    same_in_order,
)
from rast_bench.grading.robust.kinds.conditions import Conditioned
from rast_bench.grading.robust.kinds.congruences import Congruence
from rast_bench.grading.robust.kinds.equations import Equation, is_rounding, is_solution, unknowns
from rast_bench.grading.robust.kinds.inequalities import Inequality
from rast_bench.grading.robust.kinds.intervals import (
    Region,
    is_infinite,
    read_region,
    region_of_set,
)
from rast_bench.grading.robust.kinds.notation import bare, has_parts, split_relation
from rast_bench.grading.robust.kinds.number_sets import NumberSet
from rast_bench.grading.robust.kinds.quantities import Quantity
from rast_bench.grading.robust.kinds.solutions import GeneralSolution, as_solution, of_congruence
from rast_bench.grading.robust.kinds.systems import System
from rast_bench.grading.robust.kinds.vectors import Matrix, is_unit_vector
from rast_bench.grading.robust.kinds.words import Words
from rast_bench.grading.robust.readings import EMPTY, Text, read


@dataclass(frozen=True)
class Pair:
    """The input of a crossing rule."""

    answer_text: Text
    gold_text: Text
    answer: Any
    gold: Any
    compare: Compare


Rule = Callable[[Pair], Decision | None]


def _equation_for_value(pair: Pair) -> Decision | None:
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


def _value_for_equation(pair: Pair) -> Decision | None:
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


def _for_equation(pair: Pair) -> Decision:
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


def _unsolved_inequality(pair: Pair) -> Decision | None:
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


def _unsolved_system(pair: Pair) -> Decision | None:
    """Decide for numbers where relations may determine them: `x > 2` for `x^2 > 4, x > 0`."""
    system: System = pair.answer if isinstance(pair.answer, System) else pair.gold
    return (
        undecided("relation", "a system that is not solved")
        if (system.may_be_number_set())
        else None
    )


def _condition_of_answer(pair: Pair) -> Decision | None:
    conditioned: Conditioned = pair.answer
    return conditioned.compare_without(pair.gold_text.text, pair.compare)


def _condition_of_gold(pair: Pair) -> Decision | None:
    conditioned: Conditioned = pair.gold
    return pair.compare(pair.answer_text.text, conditioned.main)


def _in_any_order(pair: Pair) -> Decision | None:
    answer: Collection = pair.answer
    return answer.compare_elements(pair.gold, pair.compare)


def _list_for_tuple(pair: Pair) -> Decision | None:
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


def _tuple_for_list(pair: Pair) -> Decision | None:
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


def _other_brackets(pair: Pair) -> Decision | None:
    """Decide a tuple for a set: different, but three numbers in square brackets may be one."""
    sides = pair.answer, pair.gold
    pair_of_brackets: Collection = next(side for side in sides if side.kind == "tuple")
    if pair_of_brackets.opening == "[" and not pair_of_brackets.may_be_interval():
        decision = same_in_any_order(pair.answer.items, pair.gold.items, pair.compare)
        return undecided("brackets") if decision.outcome == "equal" else decision
    return different("brackets", "a tuple for a set")


def _components_for_tuple(pair: Pair) -> Decision | None:
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


def _system_for_values(pair: Pair) -> Decision | None:
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


def _one_of_a_set(pair: Pair) -> Decision | None:
    r"""Compare `\{5\}` with 5; a list of several is not one value."""
    many = pair.answer if isinstance(pair.answer, Collection) else pair.gold
    one = pair.gold_text if many is pair.answer else pair.answer_text
    if many.kind == "tuple":
        return None
    if len(many.items) == 1:
        item = many.items[0]
        if EMPTY.fullmatch(item) or read_set(item):
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


def _is_thousands(many: Collection, pair: Pair) -> bool:
    r"""Return whether a list may also be one number with something beside it: `\\$1,234`."""
    text = pair.answer_text.text if many is pair.answer else pair.gold_text.text
    return many.kind == "list" and not has_parts(text) and "," in text


def number_for_congruence(pair: Pair) -> Decision | None:
    """Compare a residue with a gold congruence; a bare residue class is not one number.

    `x \\equiv 3 \\pmod 7` tells the 3 that was asked for, as `17 \\bmod 10` does the 7.
    """
    if isinstance(pair.answer, Congruence):
        decision = pair.answer.compare_number(pair.gold_text.text, pair.compare)
        named = pair.answer.operation or pair.answer.name
        if decision.outcome == "equal" and not named:
            return undecided("relation", "a residue class for a number")
        return decision
    gold: Congruence = pair.gold
    return gold.compare_number(pair.answer_text.text, _turned(pair.compare))


def _values_for_congruence(pair: Pair) -> Decision | None:
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


def general_solutions(pair: Pair) -> Decision | None:
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


def _points_for_interval(pair: Pair) -> Decision | None:
    regions = [
        side if isinstance(side, Region) else region_of_set(side.items)
        for side in (pair.answer, pair.gold)
    ]
    return regions[0].compare(regions[1], pair.compare)


def _value_for_choice(pair: Pair) -> Decision | None:
    """Compare an answer without a letter with the value that the gold gives beside it."""
    choice: Choice = pair.gold
    return choice.compare_value(pair.answer_text.text, pair.compare)


def _choice_for_value(pair: Pair) -> Decision | None:
    """Compare `(B) 7` with 7 by the value beside the letter; a letter alone has none."""
    choice: Choice = pair.answer
    if choice.value:
        return pair.compare(choice.value, pair.gold_text.text)
    return different("choice", "a letter for a value") if choice.bracketed else None


def _value_for_quantity(pair: Pair) -> Decision | None:
    quantity: Quantity = pair.gold
    return quantity.compare_answer(pair.answer_text.text, pair.compare)


def _quantity_for_value(pair: Pair) -> Decision | None:
    quantity: Quantity = pair.answer
    return quantity.compare_gold(pair.gold_text.text, pair.compare)


def _dimensions_for_another(_pair: Pair) -> Decision | None:
    """Return undecided for `3 x 4` where the gold answer is 12."""
    return undecided("kind", "dimensions or a product")


def _many_for_interval(_pair: Pair) -> Decision | None:
    """Return undecided for "infinitely many" where the gold answer is all real numbers."""
    return undecided("kind", "how many or which")


def _percentage_for_ratio(_pair: Pair) -> Decision | None:
    return undecided("kind", "a percentage or a ratio")


def _value_for_matrix(pair: Pair) -> Decision | None:
    """Return undecided for a determinant or product of letters, which is not computed."""
    turned = isinstance(pair.answer, Matrix)
    matrix: Matrix = pair.answer if turned else pair.gold
    value = (pair.gold_text if turned else pair.answer_text).text
    if matrix.kind == "determinant" or unknowns(value):
        return undecided("relation", "a matrix that is not computed")
    return None


def _unit_vector_for_tuple(pair: Pair) -> Decision | None:
    """Return undecided for `3 i`, which may be (3, 0, 0)."""
    value = pair.answer_text if pair.answer.kind == "expression" else pair.gold_text
    return undecided("kind", "a vector or a number") if is_unit_vector(value.text) else None


def _set_for_set_of_numbers(pair: Pair) -> Decision | None:
    """Return different for a finite set; one with dots is not followed."""
    finite: Collection = pair.answer if isinstance(pair.answer, Collection) else pair.gold
    if any("..." in item for item in finite.items):
        return undecided("elements", "dots that stand for elements")
    return different("elements", "a finite set for a set of numbers")


def _set_for_interval(pair: Pair) -> Decision | None:
    numbers: NumberSet = pair.answer if isinstance(pair.answer, NumberSet) else pair.gold
    return numbers.compare_interval()


_VAGUE = frozenset(("truth value", "no solution", "infinitely many", "interval", "set of numbers"))


def _words_for_another(pair: Pair) -> Decision | None:
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
    ("congruence", "general solution"): general_solutions,
    ("general solution", "congruence"): general_solutions,
    **{
        pair: _values_for_congruence
        for kind in ("list", "set", "tuple")
        for pair in ((kind, "congruence"), ("congruence", kind))
    },
    ("general solution", _ANY): general_solutions,
    (_ANY, "general solution"): general_solutions,
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
    ("congruence", "expression"): number_for_congruence,
    ("expression", "congruence"): number_for_congruence,
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


def crossing(answer: str, gold: str) -> Rule | None:
    """Return the rule for two kinds, or None."""
    for key in ((answer, gold), (answer, _ANY), (_ANY, gold)):
        rule = CROSSINGS.get(key)
        if rule is not None:
            return rule
    return None
