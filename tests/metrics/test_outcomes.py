from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcome_cells import outcome_of
from planned_cells import CELL_ID, planned_cell, samples_of

from rast_bench.domain import SampleKey, Verdict
from rast_bench.errors import LedgerError
from rast_bench.grading import grade_cells
from rast_bench.ledger import Ledger
from rast_bench.metrics.majority import votes_per_problem
from rast_bench.metrics.outcomes import load_outcome

PLAN = planned_cell({"z": "1", "a": "2"}, 2)  # not in alphabetical order
ROWS = [
    ("a", 0, r"\boxed{2}", "eos"),
    ("a", 1, "cut", "length"),
    ("z", 0, r"\boxed{ 2 }", "stop"),
    ("z", 1, r"\boxed{1}", "eos"),
]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_rows_follow_the_plan(ledger: Ledger) -> None:
    ledger.write_samples(CELL_ID, samples_of(reversed(ROWS)), "run")
    grade_cells([PLAN], ledger, "boxed-1")
    outcome = load_outcome(PLAN, ledger, "boxed-1")
    assert outcome.problem_ids == ("z", "a")
    assert outcome.kinds.tolist() == [["wrong", "correct"], ["correct", "truncated"]]
    assert outcome.answers.tolist() == [["2", "1"], ["2", None]]
    assert outcome.finish_reasons.tolist() == [["stop", "eos"], ["eos", "length"]]
    assert outcome.texts.tolist() == [[ROWS[2][2], ROWS[3][2]], [ROWS[0][2], ROWS[1][2]]]
    lengths = outcome.counted(lambda texts: np.array([[len(text)] for text in texts.to_pylist()]))
    assert lengths.tolist() == [[[11], [9]], [[9], [3]]]
    assert outcome.token_counts.tolist() == [[11, 9], [9, 3]]
    assert outcome.token_counts.dtype == np.int64
    assert outcome.correct.tolist() == [[False, True], [True, False]]
    assert outcome.correct.dtype == np.bool_


def test_open_gates_are_known_if_all_of_the_plan_were_counted(ledger: Ledger) -> None:
    counts = (0, None, 2, 1)
    counted = [
        replace(one, small_steps=count) for one, count in zip(samples_of(ROWS), counts, strict=True)
    ]
    ledger.write_samples(CELL_ID, counted, "run")
    grade_cells([PLAN], ledger, "boxed-1")
    assert load_outcome(PLAN, ledger, "boxed-1").small_steps is None
    steps = load_outcome(planned_cell({"z": "1", "a": "2"}, 1), ledger, "boxed-1").small_steps
    assert steps is not None and steps.tolist() == [[2], [0]]


def test_the_plan_may_ask_for_less_than_there_is(ledger: Ledger) -> None:
    ledger.write_samples(CELL_ID, samples_of(ROWS), "run")
    grade_cells([PLAN], ledger, "boxed-1")
    outcome = load_outcome(planned_cell({"a": "2"}, 1), ledger, "boxed-1")
    assert outcome.kinds.tolist() == [["correct"]]


def test_votes_are_kept_for_the_shards_that_were_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier run's sample takes another's place as soon as the cell has been read."""
    ledger.write_samples(CELL_ID, samples_of(ROWS), "run")
    grade_cells([PLAN], ledger, "boxed-1")
    read = ledger.verdict_table

    def read_before_it_arrives(cell_id: str, grader: str) -> pa.Table:
        table = read(cell_id, grader)
        earlier = samples_of([("a", 1, r"\boxed{2}", "eos")])
        ledger.write_samples(CELL_ID, earlier, "an earlier run")
        grade_cells([PLAN], ledger, "boxed-1")
        return table

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "verdict_table", read_before_it_arrives)
        old = load_outcome(PLAN, ledger, "boxed-1")
    new = load_outcome(PLAN, ledger, "boxed-1")
    assert [one.correct for one in votes_per_problem(old)] == [1, 1]
    assert [one.correct for one in votes_per_problem(new)] == [1, 2]


def test_missing_samples_are_named(ledger: Ledger) -> None:
    ledger.write_samples(CELL_ID, samples_of(ROWS[:3]), "run")
    with pytest.raises(LedgerError) as caught:
        load_outcome(PLAN, ledger, "boxed-1")
    assert caught.value.message == (
        f"cell {CELL_ID} (base on sums) is partial: 1 of 4 samples are missing, "
        "first sample 1 of problem 'z'"
    )
    assert caught.value.hint


def test_missing_verdicts_are_named(ledger: Ledger) -> None:
    ledger.write_samples(CELL_ID, samples_of(ROWS), "run")
    ledger.write_verdicts(CELL_ID, "boxed-1", [Verdict(SampleKey(CELL_ID, "z", 0), "wrong", "2")])
    with pytest.raises(LedgerError, match="3 of 4 verdicts of boxed-1 are missing") as caught:
        load_outcome(PLAN, ledger, "boxed-1")
    assert "rast-bench grade" in (caught.value.hint or "")


def test_an_unknown_cell_lacks_everything(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="4 of 4 samples are missing"):
        load_outcome(PLAN, ledger, "boxed-1")


@given(
    st.integers(1, 4).flatmap(
        lambda samples: st.lists(
            st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=samples, max_size=samples),
            min_size=1,
            max_size=4,
        )
    )
)
def test_answers_are_numbered_in_the_order_of_their_first_samples(
    rows: list[list[str | None]],
) -> None:
    expected = []
    for row in rows:
        known = list(dict.fromkeys(answer for answer in row if answer is not None))
        expected.append([-1 if answer is None else known.index(answer) for answer in row])
    assert outcome_of(rows).answer_numbers.tolist() == expected
