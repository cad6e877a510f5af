"""Cells with hand-made outcomes, for the tests of results and of their tables and figures."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.paper.published import Published
from rast_bench.reporting.report import requested_results
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, PaperCell
from rast_bench.results.registry import measures_of
from rast_bench.results.result import Result


def outcome(correct: Sequence[Sequence[int]], text: str = "wait , check again") -> CellOutcome:
    """One right answer, one wrong one; every sample has the text and as many tokens as words."""
    right = np.array(correct, dtype=bool)
    filled = np.full(right.shape, text, dtype=object)
    return CellOutcome(
        cell_id=f"{correct} {text}",
        problem_ids=tuple(f"p{i}" for i in range(len(right))),
        kinds=np.where(right, "correct", "wrong").astype(object),
        answers=np.where(right, "1", "0").astype(object),
        token_counts=np.full(right.shape, len(text.split()), dtype=np.int64),
        finish_reasons=np.full(right.shape, "eos", dtype=object),
        text_source=filled,
    )


def cell(
    label: str, role: str, correct: Sequence[Sequence[int]] | None, **changed: Any
) -> MeasuredCell:
    """A cell of model `big` on set `easy`, which the paper calls `simple`."""
    steered = role == "rast"
    paper = {
        "model": "big",
        "method": {"base": "base", "ceiling": "rl"}.get(role, "rast"),
        "delta": "small" if steered else None,
        "dataset": "simple",
    }
    paper.update({key: changed.pop(key) for key in ("method", "delta") if key in changed})
    if "dataset" in changed:
        paper["dataset"] = changed["dataset"]
    fields: dict[str, Any] = {
        "section": "big",
        "row": label,
        "role": role,
        "dataset": "easy",
        "base_model": "big",
        "stands_for": PaperCell(**paper),
        "lambda_": 1.0 if steered else None,
        "temperature": 0.0 if role == "base" else 1.0,
        "outcome": None if correct is None else outcome(correct),
    }
    return MeasuredCell(**fields | changed)


def published(value: str, **changed: Any) -> Published:
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
        "lambda_": 1.0,
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


def cells() -> list[MeasuredCell]:
    """A base that is right on one of four problems, RAST at a half, a ceiling that is always so."""
    return [
        cell("base", "base", [[1], [0], [0], [0]]),
        cell("+ ΔR", "rast", HALF),
        cell("RL", "ceiling", [[1, 1, 1, 1]] * 4),
    ]


def requested(
    cells: Sequence[MeasuredCell], measures: Sequence[str], *numbers: Published, **options: Any
) -> list[Result]:
    """What an experiment that asks for the measures shows, beside the published numbers."""
    options = {"counter": SimplemmaCounter()} | options
    chosen = measures_of(measures)
    return requested_results(
        build_results("test", cells, requested=chosen, published=numbers, **options)
    )
