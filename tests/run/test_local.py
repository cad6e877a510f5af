"""Worker processes: same samples as one process, and a killed worker costs nothing."""

from pathlib import Path

import pytest
from fake_engine import (
    load_counting,
    load_fast,
    load_killed_always,
    load_killed_once,
    make_cell,
)

from rast_bench.ledger import Ledger
from rast_bench.planning.plan import plan_cells
from rast_bench.run.direct import run_cells

pytestmark = pytest.mark.usefixtures("checked_keys")


def frames(results: Path, cell_ids: list[str]) -> list[str]:
    return [Ledger(results).samples(cell_id).to_json() for cell_id in cell_ids]


def test_two_workers_make_what_one_process_makes(tmp_path: Path) -> None:
    planned = plan_cells(
        [make_cell(tmp_path, base=b, seed=s, n=16) for b in ("a", "b", "c") for s in range(2)]
    )
    ids = [item.cell_id for item in planned]
    one = run_cells(planned, Ledger(tmp_path / "one"), load_engine=load_fast)
    two = run_cells(planned, Ledger(tmp_path / "two"), load_engine=load_fast, workers=2)
    assert one.samples_made == two.samples_made == 6 * 6 * 16
    assert two.failures == ()
    assert frames(tmp_path / "one", ids) == frames(tmp_path / "two", ids)
    manifests = Ledger(tmp_path / "two").manifests(ids[0])
    assert {(manifest["workers"], manifest["threads"]) for manifest in manifests} == {(2, 1)}


def test_a_killed_worker_is_started_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    planned = plan_cells([make_cell(tmp_path, n=32)])
    ledger = Ledger(tmp_path)
    summary = run_cells(planned, ledger, load_engine=load_killed_once, workers=2)
    assert (summary.samples_made, summary.failures) == (192, ())
    assert len(ledger.completed(planned[0].cell_id)) == 192
    (line,) = capfd.readouterr().err.splitlines()
    assert "was killed; starting it again" in line


def test_when_every_worker_dies_the_cells_are_reported(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    planned = plan_cells([make_cell(tmp_path, base=b) for b in ("a", "b")])
    summary = run_cells(planned, Ledger(tmp_path), load_engine=load_killed_always, workers=2)
    assert summary.samples_made == 0
    assert [failure.reason for failure in summary.failures] == ["worker 0 was killed"] * 2
    assert "memory" in summary.render_failures().splitlines()[-1]
    told = capfd.readouterr().err.splitlines()
    assert sum("was killed; its chunks are free again" in line for line in told) == 2
    assert len(told) == 4


def test_both_workers_share_one_group(tmp_path: Path) -> None:
    planned = plan_cells([make_cell(tmp_path, problems=30, n=32, engine={"threads": 2})])
    run_cells(planned, Ledger(tmp_path), load_engine=load_counting, workers=2)
    made = [int(path.read_text()) for path in tmp_path.glob("base/made-*")]
    assert len(made) == 2  # engines were closed
    assert sum(made) == 960
    assert min(made) >= 32  # a chunk of 960 samples for two
    assert [path.name for path in tmp_path.glob("base/threads-*")] == ["threads-2"]
