"""Worker processes: same samples as one process, and a killed worker costs nothing."""

import time
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
from rast_bench.runner import pool
from rast_bench.runner.plan import plan_cells
from rast_bench.runner.progress import NoProgress
from rast_bench.runner.stream import run_cells

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


def test_a_killed_workers_requests_go_to_another(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    planned = plan_cells([make_cell(tmp_path, n=32)])
    ledger = Ledger(tmp_path)
    summary = run_cells(planned, ledger, load_engine=load_killed_once, workers=2)
    assert (summary.samples_made, summary.failures) == (192, ())
    assert len(ledger.completed(planned[0].cell_id)) == 192
    (line,) = capfd.readouterr().err.splitlines()
    assert "worker process" in line
    assert "exit code -9" in line


def test_when_every_worker_dies_the_cells_are_reported(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    planned = plan_cells([make_cell(tmp_path, base=b) for b in ("a", "b")])
    summary = run_cells(planned, Ledger(tmp_path), load_engine=load_killed_always, workers=2)
    assert summary.samples_made == 0
    assert {failure.reason for failure in summary.failures} == {"every worker process died"}
    assert len(summary.failures) == 2
    assert "memory" in summary.render_failures().splitlines()[-1]
    assert len(capfd.readouterr().err.splitlines()) == 2


class InterruptedWithBacklog(NoProgress):
    """Ctrl-C at the first sample, after a second in which the workers went on sending."""

    def advance(self, samples: int = 1) -> None:
        if samples:
            time.sleep(1.0)
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_the_workers_had_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = plan_cells([make_cell(tmp_path, n=32)])
    ledger = Ledger(tmp_path)
    progress = InterruptedWithBacklog()
    drain = pool._Pool.drain

    def drain_unhindered(self: pool._Pool) -> None:
        monkeypatch.setattr(InterruptedWithBacklog, "advance", NoProgress.advance)
        drain(self)

    monkeypatch.setattr(pool._Pool, "drain", drain_unhindered)
    with pytest.raises(KeyboardInterrupt):
        run_cells(planned, ledger, load_engine=load_fast, progress=progress, workers=2)
    saved = ledger.completed(planned[0].cell_id)
    assert len(saved) >= pool.CHUNK_REQUESTS
    assert capsys.readouterr().err.startswith(f"interrupted: {len(saved)} of 192 samples")


def test_both_workers_share_one_group(tmp_path: Path) -> None:
    planned = plan_cells([make_cell(tmp_path, problems=30, n=32)])
    run_cells(planned, Ledger(tmp_path), load_engine=load_counting, workers=2)
    made = [int(path.read_text()) for path in tmp_path.glob("base/made-*")]
    assert len(made) == 2  # engines were closed
    assert sum(made) == 960
    assert min(made) >= 200
