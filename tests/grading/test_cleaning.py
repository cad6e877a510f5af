"""Cleaning gives one writing, keeps the value, and takes linear time."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading.robust.cleaning import (
    MAX_LENGTH,
    bracket_partners,
    clean,
    split_outside,
)

WRITINGS = [
    (r"\dfrac12", r"\frac{1}{2}"),
    (r"\frac 34", r"\frac{3}{4}"),
    (r"\frac9{19}", r"\frac{9}{19}"),
    (r"\frac{\sqrt{2}}2", r"\frac{\sqrt{2}}{2}"),
    (r"\frac\pi2", r"\frac{\pi}{2}"),
    (r"\sqrt3", r"\sqrt{3}"),
    (r"\sqrt[3]2", r"\sqrt[3]{2}"),
    ("2*sqrt((3+1)/2)", r"2*\sqrt{(3+1)/2}"),
    ("√12", r"\sqrt{12}"),
    (r"{n \choose k}", r"\binom{n }{ k}"),
    (r"n\choose k", r"\binom{n}{k}"),
    (r"\left( 1, 2 \right]", "( 1, 2 ]"),
    (r"\left. x \right|", "x |"),
    (r"\textcolor{red}{7}", "7"),
    (r"\color{blue}7", "7"),
    (r"{\color{blue} 7}", "7"),
    (r"\large 7", "7"),
    (r"\phantom{0}7", "7"),
    (r"\hspace{1cm} 7 \hspace*{2em}", "7"),
    ("7\\\\", "7"),
    (r"7\\ ", "7"),
    (r"7 \\[2pt]", "7"),
    (r"\\frac{1}{2}", r"\frac{1}{2}"),
    (r"\\\\frac{1}{2}", r"\frac{1}{2}"),
    (r"\\begin{pmatrix}1\\\\2\\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"),
    (r"\begin{pmatrix} 1 \\ \frac12 \\ 3 \end{pmatrix}", None),
    (r"\begin{pmatrix} 1 \\\frac{1}{2} \end{pmatrix}", None),
    (r"5\text{ cm}", "5 { cm}"),
    (r"\text{red and blue}", "red and blue"),
    (r"14\text{, }916", "14,916"),
    (r"10{,}080", "10,080"),
    (r"10,\!080", "10,080"),
    (r"10\,080", "10080"),
    ("3{,}75", "3{,}75"),
    ("x != 3", r"x \ne 3"),
    ("5!=120", "5!=120"),
    ("x<=3", r"x\le 3"),
    ("x >= 3", r"x \ge 3"),
    (r"x \leqslant 3", r"x \le 3"),
    ("2π", r"2\pi"),
    ("x²", "x^{2}"),
    ("log₂", "log_{2}"),
    ("2½", r"2\frac{1}{2}"),
    ("90°", r"90\degree"),
    (r"90^{\circ}", r"90\degree"),
    (r"11^{\mathrm{th}}", "11"),
    ("21st", "21"),
    (r"\lnx", r"\ln x"),
    (r"\overline{AB}", "AB"),
    (r"\overline{z}", "z_{bar}"),
    (r"\vec v", r"\vec{v}"),
    (r"\overrightarrow{AB}", r"\vec{AB}"),
    (r"\vec{i} + \bm{v}", r"i + \mathbf{v}"),
    (r"\hat{C}", "C_{hat}"),
    (r"\bar C", "C_{bar}"),
    (r"3\hat{i} + \hat{j}", "3 i + j"),
    (r"\widehat{ABC}", "ABC"),
    ("$7$", "7"),
    ("$18.90", r"\$18.90"),
    (r"\$18.90", r"\$18.90"),
    ("$5$ and $6$", "5 and 6"),
    (r"50\%", "50%"),
    ("{{7}}", "7"),
    ("{1}{2}", "{1}{2}"),
    ("7.", "7"),
    ("0.333...", "0.333..."),
    (r"5.13\mathrm{}/\mathrm{}", "5.13"),
    ("x\u00a0=\u20095", "x = 5"),
    ("１２", "12"),
]
UNITS = (
    *(
        " ",
        "\n",
        "1",
        "a",
        "{",
        "}",
        "$",
        "\\",
        r"\quad ",
        r"\\",
        "(",
        ")",
        "[",
        "^",
        "_",
        ",",
        "~",
    ),
    *(
        "°",
        "π",
        "½",
        "√",
        "²",
        "é",
        "\u0301",
        "\u0301\u0327",
        r"\text{",
        r"\frac",
        r"\frac1",
        r"\sqrt",
    ),
    *(r"\choose ", r"{\choose", r"\color{", r"\hspace", "{ ", "1,", r"\!", r",\!", r"\left.", "!="),
    *("1st", "1^{th}", "...", r"\\frac", r"\mathrm{}", "sqrt(", "-$", r"\$", r"\overline{A}", ". "),
)


@pytest.mark.parametrize(("text", "cleaned"), WRITINGS)
def test_one_writing(text: str, cleaned: str | None) -> None:
    expected = text.replace(r"\frac12", r"\frac{1}{2}") if cleaned is None else cleaned
    assert clean(text).replace("  ", " ") == expected


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_time_is_linear(unit: str) -> None:
    long = (unit * MAX_LENGTH)[:MAX_LENGTH]
    start = time.process_time()
    for text in (long, f"x{long}x", long * 10):
        split_outside(clean(text), re.compile(" ?, ?"))
    assert time.process_time() - start < 3.0  # CPU seconds; what is quadratic takes minutes


@settings(deadline=None)  # a busy machine is no failure
@given(st.text("\\{}()[]$%=.,:/^_-+! ~°π²√boxedfracsqrt1234567890\n", max_size=80))
def test_any_text_is_cleaned_and_stays_so(text: str) -> None:
    once = clean(text)
    assert once == " ".join(once.split())
    assert len(clean(once)) <= 3 * len(once) + 20


def closes_at(text: str, start: int) -> int:
    """Where the bracket at `start` closes, counted one by one; -1 if nowhere."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0:
            return place
    return -1


@settings(deadline=None)  # a busy machine is no failure
@given(st.text("()[]{},ab", max_size=60))
def test_brackets(text: str) -> None:
    partners = bracket_partners(text)
    for start, end in partners.items():
        assert closes_at(text, start) == end
    parts = split_outside(text, re.compile(","))
    assert ",".join(parts) == text


def test_splitting_respects_brackets() -> None:
    assert split_outside("(1,2),[3,4],{5,6},7", re.compile(",")) == [
        *("(1,2)", "[3,4]", "{5,6}", "7")
    ]
    assert split_outside("[1,2),(3,4]", re.compile(",")) == ["[1,2)", "(3,4]"]
