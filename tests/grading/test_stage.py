from pathlib import Path

import pytest
from planned_cells import CELL_ID, planned_cell, samples_of

from rast_bench.domain import SampleKey, Verdict
from rast_bench.errors import ConfigError
from rast_bench.grading import GradingSummary, grade_cells, stage
from rast_bench.ledger import Ledger


def verdicts(ledger: Ledger) -> list[tuple[str, int, str, str | None]]:
    return list(ledger.verdicts(CELL_ID, "boxed-1").itertuples(index=False, name=None))


def shards(ledger: Ledger) -> list[Path]:
    return list(ledger.cell_folder(CELL_ID).glob("verdicts-boxed-1-*.parquet"))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path)
    rows = [
        ("a", 0, r"\boxed{ 1 , 2 }", "eos"),
        ("a", 1, r"\boxed{ 2 , 1 }", "eos"),
        ("b", 0, "none", "length"),
        ("b", 1, "none", "stop"),
    ]
    ledger.write_samples(CELL_ID, samples_of(rows), "run")
    return ledger


def test_every_sample_gets_its_verdict(ledger: Ledger) -> None:
    summary = grade_cells([planned_cell({"a": "1,2", "b": "3"}, 2)], ledger, "boxed-1")
    assert summary == GradingSummary(
        "boxed-1", 1, 4, {"correct": 1, "wrong": 1, "truncated": 1, "unparsed": 1}
    )
    assert verdicts(ledger) == [
        ("a", 0, "correct", "1,2"),
        ("a", 1, "wrong", "2,1"),
        ("b", 0, "truncated", None),
        ("b", 1, "unparsed", None),
    ]


def test_a_second_call_writes_nothing(ledger: Ledger) -> None:
    cells = [planned_cell({"a": "1,2", "b": "3"}, 2)]
    grade_cells(cells, ledger, "boxed-1")
    before = shards(ledger)
    assert grade_cells(cells, ledger, "boxed-1").graded == 0
    assert shards(ledger) == before


def test_only_new_samples_are_graded(ledger: Ledger) -> None:
    grade_cells([planned_cell({"a": "1,2", "b": "3"}, 2)], ledger, "boxed-1")
    ledger.write_samples(CELL_ID, samples_of([("b", 2, r"\boxed{3}", "eos")]), "run")
    summary = grade_cells([planned_cell({"a": "1,2", "b": "3"}, 3)], ledger, "boxed-1")
    assert summary.kinds == {"correct": 1}
    assert verdicts(ledger)[-1] == ("b", 2, "correct", "3")


def test_samples_outside_the_plan_stay_ungraded(ledger: Ledger) -> None:
    grade_cells([planned_cell({"a": "1,2"}, 1)], ledger, "boxed-1")
    assert verdicts(ledger) == [("a", 0, "correct", "1,2")]


def test_two_plans_of_one_cell_are_both_graded(ledger: Ledger) -> None:
    plans = [planned_cell({"a": "1,2", "b": "3"}, 2), planned_cell({"a": "1,2"}, 1)]
    assert grade_cells(plans, ledger, "boxed-1").graded == 4


def test_a_cell_without_samples(tmp_path: Path) -> None:
    summary = grade_cells([planned_cell({"a": "1"}, 1)], Ledger(tmp_path), "boxed-1")
    assert summary == GradingSummary("boxed-1", 1, 0, {})


def test_long_work_is_saved_in_between(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "SHARD_SAMPLES", 3)
    grade_cells([planned_cell({"a": "1,2", "b": "3"}, 2)], ledger, "boxed-1")
    assert len(shards(ledger)) == 2
    assert len(verdicts(ledger)) == 4


def test_an_unknown_grader_fails_before_any_work(ledger: Ledger) -> None:
    with pytest.raises(ConfigError, match="unknown grader 'boxed'"):
        grade_cells([planned_cell({"a": "1,2"}, 1)], ledger, "boxed")
    assert not shards(ledger)


def test_algebra_is_done_in_a_pool_and_kept_under_its_own_name(ledger: Ledger) -> None:
    rows = [("c", 0, r"\\boxed{(x+1)^2}", "eos"), ("c", 1, r"\\boxed{x^2+1}", "eos")]
    ledger.write_samples(CELL_ID, samples_of(rows), "run")
    summary = grade_cells([planned_cell({"c": "x^2+2x+1"}, 2)], ledger, "robust-2")
    assert summary == GradingSummary("robust-2", 1, 2, {"correct": 1, "wrong": 1})
    assert list(ledger.verdicts(CELL_ID, "robust-2")["kind"]) == ["correct", "wrong"]
    assert verdicts(ledger) == []
    why = ledger.verdicts(CELL_ID, "robust-2", ["extraction", "reason"])
    assert list(why["extraction"]) == ["box", "box"]
    assert all(why["reason"])


def test_a_retired_grader_has_nothing_to_do_where_its_verdicts_are(ledger: Ledger) -> None:
    cells = [planned_cell({"a": "1,2"}, 2)]
    with pytest.raises(ConfigError, match="no longer grades, and 2 samples on sums lack its"):
        grade_cells(cells, ledger, "robust-1")
    stored = [Verdict(SampleKey(CELL_ID, "a", index), "wrong", "1") for index in range(2)]
    ledger.write_verdicts(CELL_ID, "robust-1", stored)
    assert grade_cells(cells, ledger, "robust-1") == GradingSummary("robust-1", 1, 0, {})
    assert grade_cells(cells, ledger, "robust-2").graded == 2
    assert list(ledger.verdicts(CELL_ID, "robust-1")["kind"]) == ["wrong", "wrong"]


def test_the_name_of_the_data_set_reaches_the_grader(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        stage.get_grader("boxed-1").__class__,
        "extract",
        lambda _self, answer: seen.append(answer.dataset),
    )
    grade_cells([planned_cell({"a": "1,2"}, 2)], ledger, "boxed-1")
    assert set(seen) == {"sums"}
