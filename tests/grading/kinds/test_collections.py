import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, UNDECIDED, compared

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.collections import read_list, same_in_any_order

CASES = [
    ("1, 2", "2, 1", EQUAL),
    (r"2 \text{ and } 3", "3, 2", EQUAL),
    (r"x = 2 \text{ or } x = 3", "2, 3", EQUAL),
    ("x=2,3", "2,3", EQUAL),
    ("2, 3", "2, 4", DIFFERENT),
    ("2, 3", "2, -3", DIFFERENT),
    ("2, 3, 4", "2, 3", DIFFERENT),
    ("2", "2, 3", DIFFERENT),
    ("2, 2, 3", "2, 3", EQUAL),
    ("2, 3", "2, 2, 3", DIFFERENT),
    ("1, 2, 2", "1, 1, 2", DIFFERENT),
    ("15", "15, 15", DIFFERENT),
    ("15, 15", "15", UNDECIDED),
    # several signs in one item, which may be tied or not
    (r"\pm 1 \pm i", r"\pm i \pm 1", EQUAL),
    (r"\pm(1+i)", r"\pm 1 \pm i", UNDECIDED),
    (r"\pm 1 \pm i", r"\pm(1+i)", UNDECIDED),
    ("1+i, 1-i, -1+i, -1-i", r"\pm 1 \pm i", UNDECIDED),
    ("1+i, 1-i, -1+i, 1-2i", r"\pm 1 \pm i", DIFFERENT),
    (r"\pm 1 \pm 2", "3, -3", UNDECIDED),
    (r"(\pm 1, \pm 2)", "(1, 2), (-1, -2)", UNDECIDED),
    (r"(\pm 1, \pm 2)", "(1, 2), (-1, -3)", DIFFERENT),
    (r"(\pm 1, \mp 2)", "(1, -2), (-1, 2)", EQUAL),
    (r"1 \pm \sqrt{2}, 3", r"1 + \sqrt{2}, 1 - \sqrt{2}, 3", EQUAL),
    # "and", "or"
    (r"2 \text{ or } 3", r"2 \text{ and } 3", EQUAL),
    (r"x = 2 \text{ or } x = 3", r"x = 2 \text{ and } x = 3", EQUAL),
    (r"\text{Tom or Ann}", r"\text{Tom and Ann}", UNDECIDED),
    (r"\text{Ann and Tom}", r"\text{Tom and Ann}", EQUAL),
    (r"\text{Tom or Bob}", r"\text{Tom and Ann}", DIFFERENT),
    (r"\text{A or C}", r"\text{(A) and (C)}", UNDECIDED),
    (r"\text{I and II}", r"\text{I or II}", UNDECIDED),
    (r"\text{I, I, II}", r"\text{I, II}", UNDECIDED),
    (r"p \lor q", r"p \land q", UNDECIDED),
    (r"2 \text{ or } 3", "(2, 3)", UNDECIDED),
    (r"2 \text{ or } 4", "(2, 3)", DIFFERENT),
    (r"2 \text{ and } 3", "(2, 3)", EQUAL),
    ("x = 2, x = 3", "(2, 3)", UNDECIDED),
    (r"x = 2 \text{ or } y = 3", "(2, 3)", UNDECIDED),
    ("(2, 3)", r"x = 2 \text{ or } y = 3", UNDECIDED),
    (r"x = 2 \text{ and } y = 3", "(2, 3)", EQUAL),
    # dots that stand for elements
    ("1, 2, 3", r"1, 2, 3, \ldots", UNDECIDED),
    (r"\{1, 2, 3\}", r"1, 2, 3, \ldots", UNDECIDED),
    (r"1, 2, 3, \dots", r"1, 2, 3, \ldots", EQUAL),
    (r"5, \ldots", "5", UNDECIDED),
    ("5...", "5...", EQUAL),
    # sets in sets
    (r"\{\{1\}, \{2\}\}", r"\{\{2\}, \{1\}\}", EQUAL),
    (r"\{\{1\}\}", r"\{1\}", UNDECIDED),
    (r"\{1, \{2\}\}", r"\{1, 2\}", UNDECIDED),
    (r"\{1, 2\}", r"\{\{1\}, \{2\}\}", UNDECIDED),
    (r"\{\{1\}, 2, 3\}", "1, 2, 3", UNDECIDED),
    (r"\{\{1\}, \{3\}\}", r"\{\{2\}, \{1\}\}", DIFFERENT),
    (r"\{\emptyset\}", r"\emptyset", UNDECIDED),
    (r"\{\{\}\}", r"\text{no solution}", UNDECIDED),
    (r"\{\}", r"\emptyset", EQUAL),
    # brackets of intervals
    ("[3, -1)", "(3, -1)", UNDECIDED),
    ("0, 1", "[0, 1)", DIFFERENT),
    ("(1, 2]", "1, 2", DIFFERENT),
    ("-2, 2", "[-2, 2]", UNDECIDED),
    (r"0, \infty", r"(0, \infty)", UNDECIDED),
    # sets
    (r"\{1, 2\}", "2, 1", EQUAL),
    (r"\{1, 2\}", r"\{\frac{4}{2}, 1\}", EQUAL),
    (r"\{1, 2, 2\}", r"\{1, 2\}", EQUAL),
    (r"\{1, 2\}", r"\{1, 2, 2\}", DIFFERENT),
    (r"\{1, 2\}", r"\{1, 3\}", DIFFERENT),
    ("7", r"\{7\}", EQUAL),
    (r"x \in \{1, 2\}", r"\{2, 1\}", EQUAL),
    ("(1, 2)", r"\{1, 2\}", DIFFERENT),
    (r"\{1, 2\}", "(1, 2)", DIFFERENT),
    # tuples
    ("(1, 2)", r"(1, \frac{4}{2})", EQUAL),
    ("(2, 1)", "(1, 2)", DIFFERENT),
    ("(1, 2, 3)", "[1, 2, 3]", EQUAL),
    ("[1, 2]", "(1, 2)", DIFFERENT),
    ("(3, 1)", "[3, 1]", EQUAL),  # no interval ends below its begin
    ("1, 2", "(1, 2)", EQUAL),
    ("2, 1", "(1, 2)", DIFFERENT),
    ("(1, 2)", "1, 2", EQUAL),
    ("(2, 1)", "1, 2", UNDECIDED),
    ("[1, 2]", "1, 2", UNDECIDED),
    ("(1, 2), (3, 4)", "(3, 4), (1, 2)", EQUAL),
    ("(1, 2), (4, 3)", "(3, 4), (1, 2)", DIFFERENT),
    # points
    ("P(3, -1)", "(3, -1)", EQUAL),
    ("P(3, 1)", "(3, -1)", DIFFERENT),
    ("A(1, 2)", "B(1, 2)", DIFFERENT),
    # both signs
    (r"1 \pm \sqrt{2}", r"1 - \sqrt{2}, 1 + \sqrt{2}", EQUAL),
    (r"\pm 1", "-1or1", EQUAL),
    (r"\pm 1", "1", DIFFERENT),
    (r"1 \pm \sqrt{2}", r"1 + \sqrt{2}, 2 - \sqrt{2}", DIFFERENT),
    (r"\{1 \pm \sqrt{5}, -2\}", r"-2, 1+\sqrt5, 1-\sqrt5", EQUAL),
    (r"(\pm 1, 2)", "(1, 2), (-1, 2)", EQUAL),
    (r"(\pm 1, 2)", "(1, 2), (-1, 3)", DIFFERENT),
    (r"(\pm 1, 2)", "(1, 2)", DIFFERENT),
    # dots
    (r"1, 2, \ldots, 10", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10", EQUAL),
    (r"1, 3, \ldots, 9", r"\{1, 3, 5, 7, 9\}", EQUAL),
    (r"1, 2, \ldots, 10", "1, 2, 3, 4, 5, 6, 7, 8, 9", DIFFERENT),
    (r"1, 3, \ldots, 9", "1, 2, 3, 4, 5, 6, 7, 8, 9", DIFFERENT),
    (r"1, 4, \ldots, 81", "1, 4, 9, 16, 25, 36, 49, 64, 81", UNDECIDED),
    # members
    (r"x \in \{1, 2\}", r"x \in \{1, 2\}", EQUAL),
    (r"y \in \{1, 2\}", r"x \in \{1, 2\}", DIFFERENT),
    (r"\{(x,y) \mid x+y=1\}", "x+y=1", UNDECIDED),
    # thousands
    ("10,10,080", "10,080", DIFFERENT),
    ("1,234", "1234", EQUAL),
    ("1,234", "1,235", DIFFERENT),
    ("234, 1", "1, 234", EQUAL),
    ("1,234 and 5,678", "5678, 1234", EQUAL),
    ("98,99,100,101", "101,100,99,98", EQUAL),
    # systems as elements
    ("x=1, y=2 or x=2, y=1", "(1,2), (2,1)", EQUAL),
    ("x=1, y=2 or x=2, y=3", "(1,2), (2,1)", DIFFERENT),
]


@pytest.mark.parametrize(("answer", "gold", "outcome"), CASES)
def test_collections(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


def _loosely(one: str, other: str) -> Decision:
    """Not an equivalence: letters differ by at most one; "?" may be anything."""
    if "?" in (one, other):
        return undecided("unread")
    return equal("rounding") if abs(ord(one) - ord(other)) <= 1 else different("text")


@pytest.mark.parametrize(
    ("items", "gold", "outcome"),
    [
        ("bd", "ca", EQUAL),  # b must leave the c to the d
        ("cb", "bd", EQUAL),
        ("ab", "dd", DIFFERENT),
        ("a?", "ax", UNDECIDED),
        ("a?x", "xax", UNDECIDED),
        ("g?", "ax", DIFFERENT),
        ("ac", "bb", EQUAL),
    ],
)
def test_pairing_is_no_greedy_choice(items: str, gold: str, outcome: str) -> None:
    assert same_in_any_order(list(items), list(gold), _loosely).outcome == outcome


def test_many_elements_are_compared_in_any_order() -> None:
    roots = [rf"\sqrt{{{number}}}" for number in range(2, 102)]
    powers = [f"{number}^{{1/2}}" for number in range(101, 1, -1)]
    assert compared(rf"\{{{','.join(powers)}\}}", rf"\{{{','.join(roots)}\}}").outcome == EQUAL
    powers[50] = "1000^{1/2}"
    assert compared(rf"\{{{','.join(powers)}\}}", rf"\{{{','.join(roots)}\}}").outcome == DIFFERENT


_NUMBERS = st.lists(
    st.fractions(min_value=-50, max_value=50, max_denominator=9), min_size=2, max_size=6
)


@settings(max_examples=60, deadline=None)
@given(_NUMBERS, st.randoms(use_true_random=False))
def test_shuffled_lists_are_equal_and_changed_ones_are_not(numbers: list, random: object) -> None:
    written = [rf"\frac{{{number.numerator}}}{{{number.denominator}}}" for number in numbers]
    gold = ", ".join(map(str, numbers))
    shuffled = written[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compared(", ".join(shuffled), gold).outcome == EQUAL
    assert compared(", ".join(shuffled[1:]), gold).outcome == DIFFERENT
    assert compared(", ".join([*shuffled, "51"]), gold).outcome == DIFFERENT
    assert compared(", ".join([*shuffled[1:], "51"]), gold).outcome == DIFFERENT


def test_a_list_has_more_than_one_part() -> None:
    assert read_list("x + 1") is None
    assert read_list("(1, 2)") is None
