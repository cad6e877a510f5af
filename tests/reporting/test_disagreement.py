"""How often two graders disagree, from their verdicts in a ledger."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planned_cells import CELL_ID, planned_cell

from rast_bench.domain import SampleKey, Verdict, VerdictKind
from rast_bench.ledger import Ledger
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.planning.cells import PlannedCell
from rast_bench.reporting.disagreement import (
    Disagreement,
    cell_disagreement,
    disagreement_notes,
    undecided_notes,
)

PAIR = ("simplerl-1", "robust-1")
KINDS: dict[str, tuple[VerdictKind, ...]] = {
    PAIR[0]: ("correct", "correct", "wrong", "truncated"),
    PAIR[1]: ("correct", "wrong", "correct", "timeout"),
}


def planned(
    dataset: str = "sums", graders: tuple[str, ...] = PAIR, samples: int = 2
) -> PlannedCell:
    cell = planned_cell({"a": "1", "b": "2"}, samples)
    config = cell.cell.dataset.model_copy(update={"name": dataset, "graders": graders})
    return replace(cell, cell=cell.cell.model_copy(update={"dataset": config}))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path)
    places = [("a", 0), ("a", 1), ("b", 0), ("b", 1), ("a", 2), ("c", 0)]
    for grader, kinds in KINDS.items():
        more: tuple[VerdictKind, ...] = (  # two samples that no one planned
            ("correct", "correct") if grader == PAIR[0] else ("wrong", "wrong")
        )
        verdicts = [
            Verdict(SampleKey(CELL_ID, *place), kind, "1")
            for place, kind in zip(places, (*kinds, *more), strict=True)
        ]
        ledger.write_verdicts(CELL_ID, grader, verdicts)
    return ledger


def test_only_correctness_of_planned_samples_counts(ledger: Ledger) -> None:
    assert cell_disagreement(planned(), ledger, *PAIR) == Disagreement(4, 1, 1)
    assert cell_disagreement(planned(samples=3), ledger, *PAIR) == Disagreement(5, 2, 1)
    assert cell_disagreement(planned(), ledger, *reversed(PAIR)).share == 0.5


def test_samples_that_one_has_not_judged_are_left_out(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write_verdicts(CELL_ID, PAIR[0], [Verdict(SampleKey(CELL_ID, "a", 0), "correct", "1")])
    assert cell_disagreement(planned(), ledger, *PAIR) == Disagreement(0, 0, 0)
    assert Disagreement().share == 0


def test_one_sentence_for_each_pair(ledger: Ledger) -> None:
    assert disagreement_notes([planned(), planned()], ledger) == (
        "Graders simplerl-1 and robust-1 disagree on 50.00% of 4 samples; correct to simplerl-1 "
        "alone: 1, to robust-1 alone: 1.",
    )


def test_data_sets_are_told_apart(ledger: Ledger) -> None:
    other = replace(planned("others"), cell_id="f" * 16)
    ledger.write_verdicts(other.cell_id, PAIR[0], [])
    (sentence,) = disagreement_notes([planned(), other], ledger)
    assert "on 50.00% of 4 samples (sums 50.00%, others 0.00%); correct" in sentence


def test_what_is_undecided_stands_beside_it(ledger: Ledger) -> None:
    verdicts = [
        Verdict(SampleKey(CELL_ID, "a", index), "undecided" if index else "correct", "x")
        for index in range(3)
    ]
    ledger.write_verdicts(CELL_ID, "third-1", verdicts)
    plan = planned(graders=(PAIR[0], "third-1"))
    assert cell_disagreement(plan, ledger, PAIR[0], "third-1") == Disagreement(2, 1, 0, 0, 1)
    (sentence,) = disagreement_notes([plan], ledger)
    assert sentence.endswith("to third-1 alone: 0; undecided by third-1: 1.")


def test_a_table_says_what_its_grader_left_undecided() -> None:
    def outcome(cell_id: str, *kinds: VerdictKind) -> CellOutcome:
        array = np.array([kinds], dtype=object)
        return CellOutcome(cell_id, ("p",), array, array, np.ones((1, len(kinds))), array, array)

    one = outcome("a", "correct", "undecided", "wrong", "undecided")
    judged = [
        ("r-2", one),
        ("r-2", one),
        ("r-2", outcome("b", "wrong")),
        ("b-1", outcome("c", "wrong")),
    ]
    assert undecided_notes(judged) == (
        "r-2 left 2 of 5 samples (40.00%) undecided: they count as not correct.",
    )
    assert undecided_notes(judged[2:]) == ()


def test_one_grader_has_no_one_to_disagree_with(ledger: Ledger) -> None:
    assert disagreement_notes([planned(graders=("boxed-1",))], ledger) == ()
    assert disagreement_notes([planned()], ledger, "robust-1") == ()
