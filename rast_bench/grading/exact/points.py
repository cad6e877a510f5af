"""Points at which expressions are evaluated: the same in every process, exact in binary."""

import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from flint import acb, arb

COMPLEX = frozenset("zw")  # names of unknowns that are complex
_BITS = 40
_MOST = 12  # unknowns that have points of their own


@cache
def _draws(kind: str) -> tuple[tuple[Any, ...], ...]:
    draw = random.Random(f"rast-bench {kind}")
    return tuple(
        tuple(_number(kind, draw, row) for _ in range(_MOST)) for row in range(_ROWS[kind])
    )


_ROWS = {
    "positive": 10,
    "unit": 5,
    "large": 5,
    "real": 14,
    "integer": 40,
    "complex": 10,
    "many": 300,
}


def _number(kind: str, draw: random.Random, row: int) -> Any:
    mantissa = arb(draw.randrange(1, 1 << _BITS) * 2 + 1)
    if kind == "positive":
        scale = (1, 1, 4, 1, 16, 1, 1000)[row % 7]
        return acb(mantissa * scale / 2 ** (_BITS + 1) + (1 if row % 2 else 0))
    if kind == "unit":
        return acb(mantissa / 2 ** (_BITS + 1))
    if kind == "large":
        return acb(1 + mantissa * (4, 40, 400)[row % 3] / 2 ** (_BITS + 1))
    if kind == "many":
        return acb((mantissa / 2**_BITS - 1) * 4 ** (row % 5))
    if kind == "real":
        scale = (2, 4, 8, 1, 2, 32, 1, 4, 1000)[row % 9]
        return acb((mantissa / 2**_BITS - 1) * scale)
    if kind == "integer":
        bound = (6, 12, 40, 1000)[row % 4]
        return acb(draw.randint(1, bound))
    imaginary = arb(draw.randrange(1, 1 << _BITS) * 2 + 1)
    scale = (1, 2, 4)[row % 3]
    return acb((mantissa / 2**_BITS - 1) * scale, (imaginary / 2**_BITS - 1) * scale)


def points(
    kind: str, unknowns: Sequence[Any], integers: frozenset[str]
) -> Iterator[dict[Any, Any]]:
    """Yield values for each of the unknowns; integers for those in `integers`.

    Args:
        kind: "positive", "unit" (up to 1), "large", "real" (either sign), "many" (more of "real"),
            "integer" (positive; of either sign for `integers` in "real") or "complex".
    """
    whole = _draws("integer")
    for row, numbers in enumerate(_draws(kind)):
        chosen = {}
        for place, unknown in enumerate(unknowns):
            value = numbers[place % _MOST]
            if str(unknown) in integers:
                sign = -1 if kind in ("real", "many") and row % 2 else 1
                value = sign * whole[row % len(whole)][place % _MOST]
            elif kind == "complex" and str(unknown) not in COMPLEX:
                value = acb(value.real)
            chosen[unknown] = value if place < _MOST else value + place // _MOST
        yield chosen
