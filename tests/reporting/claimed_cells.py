"""Slots with hand-made outcomes, for the tests of claims."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.paper.published import Published
from rast_bench.reporting.claims import Slot


def outcome(correct: Sequence[Sequence[int]], text: str = "wait , check again") -> CellOutcome:
    """One right answer, one wrong one; every sample has the text and as many tokens as words."""
    right = np.array(correct, dtype=bool)
    filled = np.full(right.shape, text, dtype=object)
    return CellOutcome(
        cell_id="0123456789abcdef",
        problem_ids=tuple(f"p{i}" for i in range(len(right))),
        kinds=np.where(right, "correct", "wrong").astype(object),
        answers=np.where(right, "1", "0").astype(object),
        token_counts=np.full(right.shape, len(text.split()), dtype=np.int64),
        finish_reasons=np.full(right.shape, "eos", dtype=object),
        texts=filled,
    )


def slot(label: str, role: str, correct: Sequence[Sequence[int]] | None, **changed: Any) -> Slot:
    """A cell of model `big` on set `easy`, which the paper calls `simple`."""
    steered = role == "rast"
    fields: dict[str, Any] = {
        "section": "big",
        "label": label,
        "role": role,
        "model": "big",
        "method": {"base": "base", "rast": "rast", "ceiling": "rl"}[role],
        "delta": "small" if steered else None,
        "dataset": "easy",
        "named": "simple",
        "lambda_": 1.0 if steered else None,
        "temperature": 0.0 if role == "base" else 1.0,
        "base_model": "big",
        "outcome": None if correct is None else outcome(correct),
        "missing": "not run" if correct is None else "",
    }
    return Slot(**fields | changed)


def fact(value: str, **changed: Any) -> Published:
    """An accuracy of `big` with ΔR `small` on `simple`, in table 1."""
    fields: dict[str, Any] = {
        "source": "table 1",
        "section": "3.1",
        "model": "big",
        "method": "rast",
        "delta": "small",
        "dataset": "simple",
        "metric": "accuracy",
        "k": None,
        "strength": 1.0,
        "temperature": 1.0,
        "samples": 4,
        "value": Decimal(value),
        "unit": "%",
        "sense": "equal",
        "note": "",
    }
    return Published(**fields | changed)


HALF = [[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 1, 0]]
"""Eight of sixteen samples right."""


def slots() -> list[Slot]:
    """A base that is right on one of four problems, RAST at a half, a ceiling that is always so."""
    return [
        slot("base", "base", [[1], [0], [0], [0]]),
        slot("+ ΔR", "rast", HALF),
        slot("RL", "ceiling", [[1, 1, 1, 1]] * 4),
    ]
