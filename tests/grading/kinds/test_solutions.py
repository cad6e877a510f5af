import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, UNDECIDED, compared

GOLD = r"x=\frac{\pi}{4}+k\pi, k\in\mathbb{Z}"
CASES = [
    (r"x=\frac{\pi}{4}+n\pi,\ n\in\mathbb{Z}", GOLD, EQUAL),
    (r"\frac{\pi}{4}-n\pi, n \in \mathbb{Z}", GOLD, EQUAL),
    (r"x=\frac{5\pi}{4}+n\pi \text{ for any integer } n", GOLD, EQUAL),
    (r"x=\frac{\pi}{4}+n\pi \text{ where } n \text{ is an integer}", GOLD, EQUAL),
    (r"x = \frac{(4n+1)\pi}{4}, n \in \mathbb{Z}", GOLD, EQUAL),
    (r"x=\frac{\pi}{4}+2k\pi, \frac{5\pi}{4}+2k\pi, k \in \mathbb{Z}", GOLD, EQUAL),
    (r"\{\frac{\pi}{4}+n\pi \mid n \in \mathbb{Z}\}", GOLD, EQUAL),
    (r"x=\frac{\pi}{4}+n\pi", GOLD, EQUAL),
    (r"x=\frac{\pi}{4}+2n\pi,\ n\in\mathbb{Z}", GOLD, DIFFERENT),
    (r"x=\frac{\pi}{3}+n\pi,\ n\in\mathbb{Z}", GOLD, DIFFERENT),
    (r"x=-\frac{\pi}{4}+n\pi,\ n\in\mathbb{Z}", GOLD, DIFFERENT),
    (r"x=\frac{\pi}{4}", GOLD, DIFFERENT),
    (r"y=\frac{\pi}{4}+n\pi,\ n\in\mathbb{Z}", GOLD, DIFFERENT),
    (r"x=\frac{\pi}{4}+n\pi,\ n\in\mathbb{N}", GOLD, UNDECIDED),
    (r"x=\frac{\pi}{4}+n\pi \text{ for every positive integer } n", GOLD, UNDECIDED),
    (r"2^n \text{ for every positive integer } n", "2^n", EQUAL),
    (r"n\pi \text{ for every positive integer } n", r"n\pi", UNDECIDED),
    (
        r"x = (-1)^n \frac{\pi}{6} + n\pi, n \in \mathbb{Z}",
        r"x = \frac{\pi}{6} + 2k\pi, \frac{5\pi}{6} + 2k\pi, k \in \mathbb{Z}",
        EQUAL,
    ),
    (
        r"x = (-1)^n \frac{\pi}{3} + n\pi, n \in \mathbb{Z}",
        r"x = \frac{\pi}{6} + 2k\pi, \frac{5\pi}{6} + 2k\pi, k \in \mathbb{Z}",
        DIFFERENT,
    ),
    (
        r"\pm\frac{\pi}{3}+2n\pi, n \in \mathbb{Z}",
        r"x=\pm\frac{\pi}{3}+2k\pi, k\in\mathbb{Z}",
        EQUAL,
    ),
    (
        r"\frac{\pi}{3}+2n\pi, n \in \mathbb{Z}",
        r"x=\pm\frac{\pi}{3}+2k\pi, k\in\mathbb{Z}",
        DIFFERENT,
    ),
    (r"\arctan 2 + (n-1)\pi, n \in \mathbb{Z}", r"\arctan 2 + k\pi, k \in \mathbb{Z}", EQUAL),
    (
        r"\arctan 2 + \frac{1}{2} + n\pi, n \in \mathbb{Z}",
        r"\arctan 2 + k\pi, k \in \mathbb{Z}",
        DIFFERENT,
    ),
    (r"45^\circ + 180^\circ k, k \in \mathbb{Z}", GOLD, EQUAL),
    (r"45^\circ + 90^\circ k, k \in \mathbb{Z}", GOLD, DIFFERENT),
    (r"3 + 7n, n \in \mathbb{Z}", r"x \equiv 3 \pmod 7", EQUAL),
    (r"x \equiv 3 \pmod 7", r"7k - 4, k \in \mathbb{Z}", EQUAL),
    (r"x \equiv 4 \pmod 7", r"7k - 4, k \in \mathbb{Z}", DIFFERENT),
    (
        r"x = \frac{\pi}{3} + \pi n, \frac{5\pi}{6} + \pi n",
        r"x=\frac{5}{6} \pi+\pi k, \frac{1}{3} \pi+\pi k",
        EQUAL,
    ),
]


@pytest.mark.parametrize(("answer", "gold", "outcome"), CASES)
def test_general_solutions(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


@settings(max_examples=40, deadline=None)
@given(
    st.fractions(min_value=-2, max_value=2, max_denominator=12),
    st.integers(min_value=1, max_value=4),
    st.integers(min_value=-3, max_value=3),
    st.sampled_from("kmn"),
    st.booleans(),
)
def test_renamed_shifted_and_turned_parameters_are_equal(
    first: object, period: int, shift: int, name: str, turned: bool
) -> None:
    gold = rf"x = {first}\pi + {period}k\pi, k \in \mathbb{{Z}}"
    start = first + shift * period  # type: ignore[operator]
    sign = "-" if turned else "+"
    answer = rf"x = {start}\pi {sign} {period}{name}\pi, {name} \in \mathbb{{Z}}"
    assert compared(answer, gold).outcome == EQUAL
    for other in (
        rf"x = {start}\pi {sign} {2 * period}{name}\pi, {name} \in \mathbb{{Z}}",
        rf"x = {start + period / 7}\pi {sign} {period}{name}\pi, {name} \in \mathbb{{Z}}".replace(
            str(start + period / 7), str(7 * start + period) + "/7 \\cdot "
        ),
        rf"x = {start}\pi",
    ):
        assert compared(other, gold).outcome == DIFFERENT
