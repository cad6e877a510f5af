"""Outcomes made from answers alone, without any model, data set or ledger."""

from collections.abc import Sequence

import numpy as np
from planned_cells import CELL_ID

from rast_bench.metrics.outcomes import CellOutcome


def outcome_of(rows: Sequence[Sequence[str | None]], gold: str = "g") -> CellOutcome:
    """An outcome from answers [problems][samples]; `gold` is right, None is no answer."""
    problems, samples = len(rows), len(rows[0])
    answers = np.empty((problems, samples), dtype=np.object_)
    kinds = np.empty((problems, samples), dtype=np.object_)
    for i, row in enumerate(rows):
        for j, answer in enumerate(row):
            answers[i, j] = answer
            kinds[i, j] = "unparsed" if answer is None else "correct" if answer == gold else "wrong"
    reasons = np.full((problems, samples), "eos", dtype=np.object_)
    tokens = np.ones((problems, samples), dtype=np.int64)
    ids = tuple(f"p{i}" for i in range(problems))
    return CellOutcome(CELL_ID, ids, kinds, answers, tokens, reasons, reasons.copy())
