import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, UNDECIDED, compared

CASES = [
    (r"x < -1 \text{ and } x > 1", r"(-\infty, -1) \cup (1, \infty)", UNDECIDED),
    (r"(-\infty, -1) \cup (1, \infty)", r"x < -1 \text{ and } x > 1", UNDECIDED),
    (r"x < -1 \text{ or } x > 1", r"(-\infty, -1) \cup (1, \infty)", EQUAL),
    ("x < -1, x > 1", r"(-\infty, -1) \cup (1, \infty)", EQUAL),
    (r"x < -1 \text{ and } x > 2", r"(-\infty, -1) \cup (1, \infty)", DIFFERENT),
    (r"1 < x < 2 \text{ and } 3 < x < 4", r"(1, 2) \cup (3, 4)", UNDECIDED),
    (r"x > 1 \text{ and } x < 3", "(1, 3)", EQUAL),
    # inequalities around an absolute value, and around a named quantity
    (r"z \in [-\frac32, -1] \cup [1, \frac32]", r"1 \le |z| \le \frac32", EQUAL),
    (r"z \in [-\frac32, -1] \cup [1, \frac32)", r"1 \le |z| \le \frac32", DIFFERENT),
    (r"[1, \frac32]", r"1 \le |z| \le \frac32", DIFFERENT),
    ("(1, 2) \\cup (2, 3)", "0 < |x - 2| < 1", EQUAL),
    ("(1, 3)", "0 < |x - 2| < 1", DIFFERENT),
    ("(0, 1)", "0 < f(x) < 1", EQUAL),
    ("0 < f(x) < 1", "(0, 1)", EQUAL),
    ("(0, 1]", "0 < f(x) < 1", DIFFERENT),
    ("(0, 2)", "0 < f(x) < 1", DIFFERENT),
    ("(0, 1)", "0 < f(x) + x < 1", UNDECIDED),
    ("(0, 1)", "0 < x(x+1) < 1", UNDECIDED),
    ("(0, 1)", "0 < ab < 1", UNDECIDED),
    ("0 < x < 1", "0 < f(x) < 1", UNDECIDED),
    (r"(3, \infty)", "AB > 3", EQUAL),
    (r"[3, \infty)", "AB > 3", DIFFERENT),
    (r"(-\infty, 3)", "AB > 3", DIFFERENT),
    # lost blanks
    (r"-5\lex\le1 \text{or} 3\lex\le9", r"[-5,1]\cup[3,9]", EQUAL),
    (r"-5\lex\le1 \text{or} 3\lex<9", r"[-5,1]\cup[3,9]", DIFFERENT),
    (r"-2 \\le x \\le 7", "[-2,7]", EQUAL),
    (r"-2 \\le x < 7", "[-2,7]", DIFFERENT),
    # sets with a name
    ("all integers", r"\mathbb{Z}", EQUAL),
    ("all real numbers", r"\mathbb{Z}", DIFFERENT),
    (r"\mathbb{Z}", r"\mathbb{R}", DIFFERENT),
    (r"\mathbb{N}", r"\mathbb{Z}", DIFFERENT),
    (r"-\infty", r"\infty", DIFFERENT),
    (r"+\infty", r"\infty", EQUAL),
    (r"\{x \mid -1<x<3\}", "(-1,3)", EQUAL),
    (r"\{x \mid -1 \le x<3\}", "(-1,3)", DIFFERENT),
    (r"\{t : -1<t<3\}", r"\{x \mid -1<x<3\}", EQUAL),  # a bound unknown
    (r"\{x \in \mathbb{R} : x > 2\}", r"(2, \infty)", EQUAL),
    ("3 > x > -1", "(-1,3)", EQUAL),
    ("-1 < x < 4", "(-1,3)", DIFFERENT),
    ("]1, 2]", "(1, 2]", EQUAL),
    ("(1, 2]", "[1, 2]", DIFFERENT),
    ("(1, 2)", "[1, 2]", DIFFERENT),
    ("[0.5, 1]", r"[\frac{1}{2}, 1]", EQUAL),
    ("x > 1", r"(1, \infty)", EQUAL),
    (r"x \ge 1", r"(1, \infty)", DIFFERENT),
    ("x < 1", r"(1, \infty)", DIFFERENT),
    ("x > 1", "y > 1", DIFFERENT),
    (r"x \in (1, 2)", "1 < x < 2", EQUAL),
    # unions
    (r"x<2 \text{ or } x>5", r"(-\infty,2) \cup (5,\infty)", EQUAL),
    ("x<2, x>5", r"(-\infty,2) \cup (5,\infty)", EQUAL),
    (r"x \le 2 \text{ or } x>5", r"(-\infty,2) \cup (5,\infty)", DIFFERENT),
    (r"(5,\infty) \cup (-\infty,2)", r"(-\infty,2) \cup (5,\infty)", EQUAL),
    (r"(-\infty,2)", r"(-\infty,2) \cup (5,\infty)", DIFFERENT),
    (r"[1,2] \cup [2,3]", "[1,3]", EQUAL),
    (r"[1,2) \cup (2,3]", "[1,3]", DIFFERENT),
    (r"[1,2) \cup (2,3]", r"[1,3] \setminus \{2\}", EQUAL),
    (r"\{1\} \cup [2,3]", r"[2,3] \cup \{1\}", EQUAL),
    (r"\{1\} \cup [2,3]", r"[1,3]", DIFFERENT),
    (r"x = 1 \text{ or } x \ge 2", r"\{1\} \cup [2, \infty)", EQUAL),
    ("x > 1, x < 3", "(1, 3)", EQUAL),
    ("x > 1 and x < 3", "(1, 3]", DIFFERENT),
    (r"(-\infty, 3) \cap (1, \infty)", "(1, 3)", EQUAL),
    # what is left out
    (r"\text{all real numbers except } 2", r"(-\infty,2) \cup (2,\infty)", EQUAL),
    (r"\text{all real numbers except } 3", r"(-\infty,2) \cup (2,\infty)", DIFFERENT),
    (r"\mathbb{R} \setminus \{2\}", r"x \ne 2", EQUAL),
    (r"\mathbb{R} - \{2\}", r"x \ne 2", EQUAL),
    ("x != 3", r"x \neq 3", EQUAL),
    (r"x \neq 3", r"x \neq -3", DIFFERENT),
    (r"x = 3", r"x \neq 3", DIFFERENT),
    (r"x \neq 2, 3", r"(-\infty,2) \cup (2,3) \cup (3,\infty)", EQUAL),
    (r"x \neq \pm 1", r"\mathbb{R} \setminus \{-1, 1\}", EQUAL),
    (r"x \in \mathbb{R}, x \neq 2", r"\mathbb{R} \setminus \{2\}", EQUAL),
    # all reals
    (r"(-\infty, \infty)", r"\mathbb{R}", EQUAL),
    (r"\text{all real numbers}", r"(-\infty, \infty)", EQUAL),
    (r"-\infty < x < \infty", r"\mathbb{R}", EQUAL),
    (r"[0, \infty)", r"(-\infty, \infty)", DIFFERENT),
    # absolute values
    ("|x| < 2", "(-2, 2)", EQUAL),
    (r"|x - 1| \ge 2", r"(-\infty, -1] \cup [3, \infty)", EQUAL),
    ("|x - 1| < 2", "(-2, 2)", DIFFERENT),
    # words
    (r"\text{all positive real numbers}", r"(0, \infty)", EQUAL),
    (r"\text{all nonnegative real numbers}", r"(0, \infty)", DIFFERENT),
    (r"\text{all nonzero real numbers}", r"x \ne 0", EQUAL),
    (r"\text{everything between}", "(0, 1)", UNDECIDED),
    # unknown ends
    ("a < x < b", "(a, b)", EQUAL),
    ("(a, b]", "(a, b)", DIFFERENT),
    (r"x > \sqrt{2}", r"(\sqrt{2}, \infty)", EQUAL),
    (r"x > 2^{1/2}", r"(\sqrt{2}, \infty)", EQUAL),
    (r"x > 1.4", r"(\sqrt{2}, \infty)", DIFFERENT),
    # finite sets
    ("[1, 2]", r"\{1, 2\}", DIFFERENT),
    (r"\{x \mid x > 2\}", "2", DIFFERENT),
]


@pytest.mark.parametrize(("answer", "gold", "outcome"), CASES)
def test_intervals(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


_ENDS = st.lists(
    st.fractions(min_value=-20, max_value=20, max_denominator=6),
    min_size=2,
    max_size=2,
    unique=True,
).map(sorted)


@settings(max_examples=60, deadline=None)
@given(_ENDS, st.booleans(), st.booleans())
def test_other_writings_of_an_interval_are_equal_and_other_brackets_are_not(
    ends: list, low_closed: bool, high_closed: bool
) -> None:
    low, high = ends
    gold = f"{'[' if low_closed else '('}{low}, {high}{']' if high_closed else ')'}"
    signs = [r"\le" if closed else "<" for closed in (low_closed, high_closed)]
    chain = f"{low} {signs[0]} x {signs[1]} {high}"
    fractions = [rf"\frac{{{end.numerator}}}{{{end.denominator}}}" for end in ends]
    turned = [{"<": ">", r"\le": r"\ge"}[sign] for sign in reversed(signs)]
    both = f"x {turned[1]} {fractions[0]} and x {signs[1]} {fractions[1]}"
    for answer in (
        chain,
        rf"\{{x \mid {chain}\}}",
        f"{high} {turned[0]} x {turned[1]} {low}",
        both,
    ):
        assert compared(answer, gold).outcome == EQUAL
    other = f"{low} {'<' if low_closed else chr(92) + 'le'} x {signs[1]} {high}"
    assert compared(other, gold).outcome == DIFFERENT
    assert compared(f"{low} {signs[0]} x {signs[1]} {high + 1}", gold).outcome == DIFFERENT
    assert compared(f"{low - 1} {signs[0]} x {signs[1]} {high}", gold).outcome == DIFFERENT
    assert compared(f"x {signs[1]} {high}", gold).outcome == DIFFERENT


def test_what_is_unread_is_undecided() -> None:
    assert compared(r"x \in A", "(1, 2)").outcome == UNDECIDED
