"""Planned cells, their samples and outcomes, made without reading any model or data set."""

from collections.abc import Iterable, Sequence

import numpy as np

from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.domain import FinishReason, Problem, Sample, SampleKey
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.runner.plan import PlannedCell

CELL_ID = "0123456789abcdef"


def planned_cell(golds: dict[str, str], samples: int) -> PlannedCell:
    """A base-model cell over problems of these ids and gold answers."""
    cell = CellConfig.model_validate(
        {
            "base_model": {"name": "m", "base": {"path": "m"}},
            "method": {"name": "base"},
            "delta": {"name": "none"},
            "dataset": {"name": "sums", "path": "sums.jsonl"},
            "prompt": {"name": "plain", "template": "{question}"},
            "decoding": {"n": samples},
            "engine": {"name": "transformers"},
        }
    )
    key = EngineKey(ModelRef(path="m"), (), None, "transformers", "float32")
    problems = tuple(Problem(name, "?", gold) for name, gold in golds.items())
    return PlannedCell(cell, CELL_ID, {}, key, problems)


def samples_of(
    rows: Iterable[tuple[str, int, str, FinishReason]], cell_id: str = CELL_ID
) -> list[Sample]:
    """Samples of (problem id, sample index, text, finish reason); as many tokens as characters."""
    return [
        Sample(SampleKey(cell_id, problem, index), 0, "", tuple(range(len(text))), text, reason)
        for problem, index, text, reason in rows
    ]


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
