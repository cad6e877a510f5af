r"""Canonical forms of answers: which wrong answers are the same answer in a majority vote.

A form represents the answer's value: `\frac{1}{2}`, `0.5` and `.50` have the same form, and so do
`(x+1)^2` and `x^2+2x+1`. Unlike the graders' comparison with a gold answer, this is an equivalence:
nothing is rounded, and no two forms are "close". Units and percent signs are left out, since the
question states them.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from rast_bench.grading.robust.cleaning import clean
from rast_bench.grading.robust.kinds.base import Reader, Reading
from rast_bench.grading.robust.kinds.bases import BasedNumber, read_based
from rast_bench.grading.robust.kinds.choices import read_choice
from rast_bench.grading.robust.kinds.collections import Collection, read_set, read_tuple
from rast_bench.grading.robust.kinds.congruences import read_congruence
from rast_bench.grading.robust.kinds.equations import Equation, read_equation
from rast_bench.grading.robust.kinds.expressions import Expression, read_expression
from rast_bench.grading.robust.kinds.intervals import (
    Complement,
    Either,
    Intersection,
    Interval,
    Node,
    Points,
    Region,
    as_intervals,
    read_region,
)
from rast_bench.grading.robust.kinds.notation import without_arrows
from rast_bench.grading.robust.kinds.numbers import Number, read_number
from rast_bench.grading.robust.kinds.quantities import Quantity, read_quantity
from rast_bench.grading.robust.kinds.vectors import Matrix, read_matrix
from rast_bench.grading.robust.readings import (
    SET_OF_NOTHING,
    body,
    read,
    read_values,
    readings_of,
)
from rast_bench.hardware import usable_cores

if TYPE_CHECKING:
    from rast_bench.grading.pool import ComparisonPool

MAX_CHARACTERS = 200  # a longer answer equals only itself
_MAX_LEVELS = 4

_Form = Callable[[str], Hashable]


def answer_form(answer: str) -> Hashable:
    """Return a form that is equal for mathematically equal answers, as far as they can be read.

    Numbers, expressions (loading sympy), tuples, lists and sets (in any order), intervals and
    matrices are read; anything else is its text in lower case without white space. `x = 5` is 5.
    Unknowns are assumed to be positive numbers, so `|x|` is x.
    """
    if answer not in _forms:
        _ahead.finish()
    if answer not in _forms:
        _remember({answer: read_form(answer)})
    return _forms[answer]


_forms: dict[str, Hashable] = {}
_MOST_FORMS = 2**18


def _remember(forms: Mapping[str, Hashable]) -> None:
    if len(_forms) + len(forms) > _MOST_FORMS:
        _forms.clear()
    _forms.update(forms)


def read_form(answer: str) -> Hashable:
    """Return `answer_form` without the cache."""
    if len(answer) > MAX_CHARACTERS:
        return spelled_form(answer)
    form = _form(clean(answer), _MAX_LEVELS)
    return spelled_form(answer) if form is None else form


def read_ahead(answers: Iterable[str]) -> None:
    """Let other processes read the forms of many answers, while this one does something else.

    `answer_form` waits for them. Few answers are kept until there are more (`MANY_ANSWERS`), since
    the processes take a second to start; with one core nothing is read ahead.
    """
    _ahead.add(answers)


MANY_ANSWERS = 2_000
"""Answers that take about a second to read."""
_BATCH = 50
_MOST_PROCESSES = 16


class _Ahead:
    """Answers that are waiting for other processes, or with them."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._begun: set[str] = set()
        self._gather: list[Callable[[], None]] = []
        self._pool: ComparisonPool | None = None

    def add(self, answers: Iterable[str]) -> None:
        new = (one for one in answers if one not in _forms and one not in self._begun)
        self._waiting.update(dict.fromkeys(new))
        if len(self._waiting) >= (MANY_ANSWERS if self._pool is None else 1):
            self._begin()

    def _begin(self) -> None:
        from rast_bench.grading.pool import ComparisonPool
        from rast_bench.grading.robust.comparison import compare, load_libraries

        workers = min(usable_cores() - 1, _MOST_PROCESSES)  # this process has work of its own
        if workers < 1:
            return
        if self._pool is None:
            self._pool = ComparisonPool(compare, workers=workers, warm_up=load_libraries)
        new = list(self._waiting)
        self._waiting.clear()
        self._begun.update(new)
        count = -(-len(new) // _BATCH)
        batches = [new[start::count] for start in range(count)]
        wait = self._pool.begin(_read_forms, [(batch,) for batch in batches], lost=None)
        self._gather.append(partial(_gather, self._pool, batches, wait))

    def finish(self) -> None:
        """Wait for all that was begun."""
        for gather in self._gather:
            gather()
        self._waiting.clear()
        self._begun.clear()
        self._gather.clear()
        self._pool = None


_ahead = _Ahead()


def _gather(
    pool: "ComparisonPool",
    batches: Sequence[Sequence[str]],
    wait: Callable[[], list[list[Hashable] | None]],
) -> None:
    for batch, forms in zip(batches, wait(), strict=True):
        if forms is None:  # one of them killed its process
            alone = pool.run(_read_forms, [([answer],) for answer in batch], lost=None)
            forms = [
                one[0] if one else spelled_form(answer)
                for answer, one in zip(batch, alone, strict=True)
            ]
        _remember(dict(zip(batch, forms, strict=True)))


def _read_forms(answers: Sequence[str]) -> list[Hashable] | None:
    """Return the forms, read in a process with a memory limit."""
    return [_read_or_spelled(answer) for answer in answers]


def _read_or_spelled(answer: str) -> Hashable:
    try:
        return read_form(answer)
    except MemoryError:
        return spelled_form(answer)


def spelled_form(answer: str) -> Hashable:
    """Return the form of an answer that cannot be read."""
    return "text", "".join(answer.split()).lower()


def _form(text: str, levels: int) -> Hashable | None:
    """Return the form; None for a text that cannot be read, or is a choice or a word."""
    if levels == 0 or text.isalpha():
        return None

    def inner(part: str) -> Hashable:
        form = _form(part, levels - 1)
        return spelled_form(part) if form is None else form

    forms = (_form_of(reading, inner) for reading in _readings(text))
    return next((form for form in forms if form is not None), None)


_PLAIN = re.compile(
    r"(?:[0-9+\-*/^.{} ]|\\(?:[dt]?frac|sqrt|pi|cdot|times)(?![A-Za-z])"
    r"|(?<![A-Za-z])(?![ijk])[A-Za-z](?![A-Za-z]))+"
)
"""A text without commas, brackets, relation signs, words and unit vectors: a number, a quantity or
an expression, without parts."""

_PLAIN_READERS = (read_choice, read_number, read_based, read_quantity, read_expression)
_READERS: tuple[Reader, ...] = (
    *(read_choice, read_number, read_based, read_quantity, read_matrix, read_congruence),
    read_region,  # before tuples: `[1, 2)` is none
    *(read_tuple, read_set, read_values, read_equation, read_expression),
)
"""Readers of the kinds that have forms, and of those that rule out others."""


def _readings(text: str) -> Iterator[Reading]:
    """Yield what `read` finds and may have a form, reading on only when the next one is wanted.

    The readers that find nothing in plain text are skipped.
    """
    if _PLAIN.fullmatch(text):
        for reading in readings_of(text, _PLAIN_READERS):
            yield reading
            if isinstance(reading, Number) and not reading.comma:
                return  # whatever its other readings
        return
    text = body(without_arrows(text))
    nothing = SET_OF_NOTHING.fullmatch(text)
    yield from read(text).readings if nothing else readings_of(text, _READERS)


def _form_of(reading: Reading, inner: _Form) -> Hashable | None:
    match reading:
        case Number(comma=False):
            return reading.value
        case BasedNumber(base=int(base)):
            return "base", base, reading.sign, reading.digits
        case Quantity():
            return inner(reading.magnitude)
        case Matrix(kind="matrix"):
            rows = tuple(tuple(map(inner, row)) for row in reading.rows)
            return ("tuple", *chain(*rows)) if 1 in reading.shape else ("matrix", rows)
        case Collection():
            return _form_of_collection(reading, inner)
        case Region():
            return _form_of_node(reading.node, inner)
        case Equation(rounded=()) if reading.is_definition():
            return inner(reading.value)
        case Expression():
            from rast_bench.metrics.expression_forms import expression_form  # loads sympy

            return expression_form(reading.text)
    return None


def _form_of_collection(collection: Collection, inner: _Form) -> Hashable:
    forms = tuple(map(inner, collection.items))
    if collection.kind == "tuple":
        return ("tuple", *forms)
    counts = Counter(set(forms) if collection.kind == "set" else forms)
    return "set", frozenset(counts.items())


def _form_of_node(node: Node, inner: _Form) -> Hashable:
    def parts_form(parts: tuple[Node, ...]) -> Hashable:
        return frozenset(_form_of_node(part, inner) for part in parts)

    intervals = as_intervals(node)
    if intervals is not None:
        return "intervals", frozenset(
            (inner(one.low), inner(one.high), one.low_closed, one.high_closed) for one in intervals
        )
    match node:
        case Points(values):
            return "points", frozenset(map(inner, values))
        case Complement(part):
            return "complement", _form_of_node(part, inner)
        case Either(parts):
            return "union", parts_form(parts)
        case Intersection(parts):
            return "intersection", parts_form(parts)
        case Interval():
            raise AssertionError("an interval is one of its intervals")
