r"""Equal answers in equal forms: what makes two wrong answers one in a majority vote.

A form stands for the answer's value: `\frac{1}{2}`, `0.5` and `.50` have one form, and so have
`(x+1)^2` and `x^2+2x+1`. Unlike the graders' comparison with a gold answer, it is an equivalence:
nothing is rounded, and no two forms are "close". Units and percent signs are left out, since the
question says them.
"""

import re
from collections.abc import Callable, Hashable
from functools import lru_cache

from rast_bench.grading.robust.parts import read_intervals, read_items, read_matrix
from rast_bench.grading.robust.quantities import read_quantity

MAX_CHARACTERS = 200  # a longer answer is equal to none but itself
_MAX_LEVELS = 4

_NAMED = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?(?:\([a-z]\))?\s*=\s*(?!.*[=<>])")


@lru_cache(maxsize=2**18)
def answer_form(answer: str) -> Hashable:
    """Equal for answers that are mathematically equal, as far as they can be read.

    Numbers, expressions (sympy is loaded for them), tuples, lists and sets (in any order),
    intervals and matrices are read; anything else is its text without white space and in lower
    case. `x = 5` is 5. Unknowns are taken for positive numbers, so `|x|` is x.
    """
    return _form(answer, _MAX_LEVELS)


def spelled_form(answer: str) -> Hashable:
    """The form of an answer that cannot be read."""
    return "text", "".join(answer.split()).lower()


def _form(answer: str, levels: int) -> Hashable:
    if len(answer) > MAX_CHARACTERS or levels == 0:
        return spelled_form(answer)
    text = _NAMED.sub("", answer.strip(), count=1)
    if text.isalpha():  # a choice or a word
        return spelled_form(text)
    quantity = read_quantity(text)
    if quantity is not None:
        return ("base", quantity.base, quantity.value) if quantity.base else quantity.value
    return _parts_form(text, lambda part: _form(part, levels - 1)) or _value_form(text)


def _parts_form(text: str, form: Callable[[str], Hashable]) -> Hashable | None:
    """Of a text that has parts; None for a single value."""
    matrix = read_matrix(text)
    if matrix:
        rows = tuple(tuple(map(form, row)) for row in matrix)
        return ("tuple", sum(rows, ())) if 1 in (len(rows), *map(len, rows)) else ("matrix", rows)
    items = read_items(text)
    if items is None or len(items.parts) == 2:
        intervals = read_intervals(text)
        if intervals and (items is None or items.kind == "tuple"):
            return "intervals", frozenset(
                (form(one.low), form(one.high), one.low_closed, one.high_closed)
                for one in intervals
            )
    if items is None:
        return None
    parts = map(form, items.parts)
    return ("tuple", tuple(parts)) if items.kind == "tuple" else ("set", frozenset(parts))


def _value_form(text: str) -> Hashable:
    from rast_bench.metrics.expression_forms import expression_form  # loads sympy

    return expression_form(text) or spelled_form(text)
