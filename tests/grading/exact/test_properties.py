"""Random expressions, rewritten and perturbed, against their values as fractions."""

from fractions import Fraction
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rast_bench.grading.exact import read, same_expression

# A tree is an int, a letter, or (sign, left, right).
Tree = Any
POINTS = (
    {"x": Fraction(355, 113), "y": Fraction(-1_000_003, 7), "n": Fraction(29)},
    {"x": Fraction(-12, 10**9 + 7), "y": Fraction(5, 3), "n": Fraction(-8)},
    {"x": Fraction(10**12 + 39), "y": Fraction(1, 97), "n": Fraction(3)},
)
numbers = st.one_of(st.integers(1, 12), st.integers(1, 10**30))


def _trees(leaves: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from("+-*/"), inner, inner),
            st.tuples(st.just("^"), inner, st.integers(2, 6)),
        ),
        max_leaves=8,
    )


closed = _trees(numbers)
with_unknowns = _trees(st.one_of(numbers, st.sampled_from("xyn")))


def value(tree: Tree, point: dict[str, Fraction]) -> Fraction:
    if isinstance(tree, int):
        return Fraction(tree)
    if isinstance(tree, str):
        return point[tree]
    sign, left, right = tree
    first, second = value(left, point), value(right, point)
    if sign == "+":
        return first + second
    if sign == "-":
        return first - second
    if sign == "*":
        return first * second
    return first / second if sign == "/" else first ** int(second)


def latex(tree: Tree) -> str:
    if isinstance(tree, (int, str)):
        return str(tree)
    sign, left, right = tree
    first, second = latex(left), latex(right)
    if sign == "/":
        return rf"\frac{{{first}}}{{{second}}}"
    if sign == "^":
        return rf"\left({first}\right)^{{{second}}}"
    return f"({first}{sign}({second}))" if sign == "-" else rf"({first}){sign}({second})"


def rewritten(tree: Tree, draw: Any) -> Tree:
    """The same by an identity, chosen at every node."""
    if not isinstance(tree, tuple):
        if isinstance(tree, int) and draw(st.booleans()):
            more = draw(st.integers(1, 99))
            return ("-", tree + more, more)
        return tree
    sign, left, right = tree
    first, second = rewritten(left, draw), rewritten(right, draw)
    how = draw(st.integers(0, 2))
    if sign in "+*" and how == 1:
        return (sign, second, first)
    if sign == "*" and how == 2 and isinstance(second, tuple) and second[0] in "+-":
        return (second[0], ("*", first, second[1]), ("*", first, second[2]))
    if sign == "/" and how == 1:
        return ("*", first, ("/", 1, second))
    if sign == "-" and how == 1:
        return ("+", first, ("*", ("-", 1, 2), second))
    if sign == "^":
        if how == 1 and right > 2:
            return ("*", first, ("^", first, right - 1))
        return ("^", first, right)
    return (sign, first, second)


def perturbed(tree: Tree, draw: Any) -> Tree:
    """Off by one, another sign, exponent or unknown, at one place."""
    if isinstance(tree, int):
        return tree + draw(st.sampled_from([1, 2, 10]))
    if isinstance(tree, str):
        return draw(st.sampled_from([("-", 0, tree), ("+", tree, 1), ("*", 2, tree)]))
    sign, left, right = tree
    if sign == "^" and draw(st.booleans()):
        return ("^", left, right + 1)
    if sign in "+-" and draw(st.integers(0, 3)) == 0:
        return ("-" if sign == "+" else "+", left, right)
    if sign == "^" or draw(st.booleans()):
        return (sign, perturbed(left, draw), right)
    return (sign, left, perturbed(right, draw))


def _check(tree: Tree, other: Tree) -> None:
    try:
        same = all(value(tree, point) == value(other, point) for point in POINTS)
    except ZeroDivisionError:
        assume(False)
    outcome = same_expression(read(latex(other)), read(latex(tree))).outcome
    assert outcome == ("equal" if same else "different")


@settings(max_examples=150, deadline=None)
@given(st.one_of(closed, with_unknowns), st.data())
def test_rewritten_expressions_are_equal(tree: Tree, data: st.DataObject) -> None:
    _check(tree, rewritten(tree, data.draw))


@settings(max_examples=150, deadline=None)
@given(st.one_of(closed, with_unknowns), st.data())
def test_perturbed_expressions_differ(tree: Tree, data: st.DataObject) -> None:
    _check(tree, perturbed(tree, data.draw))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(2, 60)), min_size=1, max_size=4))
def test_sums_of_roots(terms: list[tuple[int, int]]) -> None:
    """Their squares are exact; one more than a sum of roots never is the sum."""
    total = "+".join(f"({factor})\\sqrt{{{root}}}" for factor, root in terms)
    square = "+".join(
        rf"({one * other})\sqrt{{{first * second}}}"
        for one, first in terms
        for other, second in terms
    )
    squared = read(f"({total})^2")
    assert same_expression(squared, read(square)).outcome == "equal"
    assert same_expression(squared, read(f"{square}+10^{{-40}}")).outcome == "different"


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(-60, 60), st.integers(1, 12), st.integers(1, 9))
def test_floors_by_their_values(slope: int, shift: int, below: int, other: int) -> None:
    r"""⌊(an+b)/d⌋ against ⌊(an+c)/d⌋ at all residues."""
    first, second = (
        rf"\lfloor\frac{{{slope}n+({moved})}}{{{below}}}\rfloor" for moved in (shift, shift + other)
    )
    same = all(
        (slope * n + shift) // below == (slope * n + shift + other) // below
        for n in range(1, below + 1)
    )
    outcome = same_expression(read(first), read(second), integers=frozenset({"n"})).outcome
    assert outcome == ("equal" if same else "different")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=4), st.integers(-(10**7), 10**7))
def test_absolute_values_by_their_pieces(places: list[int], moved: int) -> None:
    """The same sum of distances, turned around; and one that differs in a piece anywhere."""
    first = "+".join(f"|x-({place})|" for place in places)
    turned = "+".join(f"|({place})-x|" for place in reversed(places))
    assert same_expression(read(first), read(turned)).outcome == "equal"
    plain = f"{first}+(x-({moved}))"
    assert same_expression(read(f"{first}+|x-({moved})|"), read(plain)).outcome == "different"
