"""A cell that makes its engine raise, in one process and in several: its siblings are complete."""

from pathlib import Path

import pytest
from fake_engine import (
    POISON,
    load_dying_once,
    load_fast,
    load_hopeless,
    load_poisoned,
    loads,
    make_cell,
)

from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell, completeness
from rast_bench.planning.plan import plan_cells
from rast_bench.run.direct import run_cells
from rast_bench.run.isolate import MAX_FAILED_IN_A_ROW

pytestmark = [
    pytest.mark.usefixtures("checked_keys"),
    pytest.mark.parametrize("workers", [1, 2]),
]


def plan(
    folder: Path, cells: int, *, problems: int = 6, n: int = 3, bad: tuple[int, ...] = ()
) -> list[PlannedCell]:
    return plan_cells(
        [
            make_cell(
                folder,
                problems=problems,
                n=n,
                seed=number,
                temperature=POISON if number in bad else 1.0,
            )
            for number in range(cells)
        ]
    )


def statuses(planned: list[PlannedCell], ledger: Ledger) -> list[str]:
    """Of every cell: each worker that had a part of it says how it left it."""
    told = [{m["status"] for m in ledger.manifests(item.cell_id)} for item in planned]
    return ["complete" if "complete" in statuses else "/".join(statuses) for statuses in told]


@pytest.mark.parametrize("bad", [0, 2, 4], ids=["first", "middle", "last"])
def test_its_siblings_are_complete_and_it_alone_is_told(
    tmp_path: Path, workers: int, bad: int, capfd: pytest.CaptureFixture[str]
) -> None:
    planned = plan(tmp_path, 5, bad=(bad,))
    ledger = Ledger(tmp_path)
    summary = run_cells(planned, ledger, load_engine=load_poisoned, workers=workers)

    (failure,) = summary.failures
    assert failure.cell_id == planned[bad].cell_id
    assert f"device-side assert in {failure.cell_id}" in failure.reason
    assert "Traceback" not in capfd.readouterr().err
    (report,) = (tmp_path / "bugs").iterdir()
    assert str(report) in failure.reason
    assert report.read_text().count("Traceback") == 1
    assert summary.samples_made == 4 * 18
    durable = [completeness(item, ledger)[0] for item in planned]
    assert durable == [0 if number == bad else 18 for number in range(5)]
    expected = ["partial" if number == bad else "complete" for number in range(5)]
    assert statuses(planned, ledger) == expected
    assert loads(tmp_path) <= 3 * workers

    mended = run_cells(planned, ledger, load_engine=load_fast)
    assert (mended.samples_made, mended.failures) == (18, ())


def test_several_bad_cells_keep_their_own_errors(tmp_path: Path, workers: int) -> None:
    planned = plan(tmp_path, 8, problems=30, bad=(1, 5))
    summary = run_cells(planned, Ledger(tmp_path), load_engine=load_poisoned, workers=workers)
    told = {failure.cell_id: failure.reason for failure in summary.failures}
    assert sorted(told) == sorted(planned[number].cell_id for number in (1, 5))
    assert all(cell_id in reason for cell_id, reason in told.items())
    assert summary.samples_made == 6 * 90


def test_a_large_bad_cell_is_not_asked_for_to_the_end(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = []

    def render(_prompt: object, problem: object) -> str:
        rendered.append(problem)
        return "?"

    planned = plan(tmp_path, 2, problems=400, n=1, bad=(0,))
    monkeypatch.setattr("rast_bench.datasets.render_prompt", render)
    summary = run_cells(planned, Ledger(tmp_path), load_engine=load_poisoned, workers=workers)
    assert summary.samples_made == 400
    assert len(rendered) < 400 + 200


def test_an_engine_that_dies_once_loses_nothing(
    tmp_path: Path, workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    planned = plan(tmp_path, 20, problems=3, n=2)  # small: several share each batch
    ledger = Ledger(tmp_path)
    summary = run_cells(planned, ledger, load_engine=load_dying_once, workers=workers)
    assert (summary.samples_made, summary.failures) == (120, ())
    assert statuses(planned, ledger) == ["complete"] * 20
    assert loads(tmp_path) <= workers + 1
    told = capfd.readouterr().err
    assert "warning: the engine failed (unexpected RuntimeError: CUDA error" in told


def test_an_engine_that_fails_always_ends_promptly(
    tmp_path: Path, workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    planned = plan(tmp_path, 60)
    summary = run_cells(planned, Ledger(tmp_path), load_engine=load_hopeless, workers=workers)
    assert {failure.cell_id for failure in summary.failures} == {cell.cell_id for cell in planned}
    assert {failure.reason for failure in summary.failures} == {"no kernel image"}
    assert summary.render_failures().splitlines()[60:] == ["hint: another card"]
    assert loads(tmp_path) <= MAX_FAILED_IN_A_ROW * workers
    assert capfd.readouterr().err == ""


def test_manifests_tell_how_many_processes_generated(tmp_path: Path, workers: int) -> None:
    planned = plan(tmp_path, 1)
    ledger = Ledger(tmp_path)
    run_cells(planned, ledger, load_engine=load_fast, workers=workers)
    manifests = ledger.manifests(planned[0].cell_id)
    assert {manifest["workers"] for manifest in manifests} == {workers}
    assert sum(manifest["samples_made"] for manifest in manifests) == 18
