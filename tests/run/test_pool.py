"""Worker processes: same samples as one process, and a killed worker costs nothing."""

from pathlib import Path

import pytest
from fake_engine import (
    load_counting,
    load_fast,
    load_killed_always,
    load_killed_once,
    load_telling,
    make_cell,
    wait_until,
)

from rast_bench.ledger import Ledger
from rast_bench.planning.cells import group_cells
from rast_bench.planning.plan import plan_cells
from rast_bench.planning.work import requests_for
from rast_bench.run import pool
from rast_bench.run.pool_worker import WorkerError
from rast_bench.run.progress import NoProgress
from rast_bench.run.record import RunRecord
from rast_bench.run.stream import run_cells

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
    (manifest,) = Ledger(tmp_path / "two").manifests(ids[0])
    assert (manifest["workers"], manifest["threads"]) == (2, 1)


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
    """Ctrl-C at the first sample, while the workers go on sending."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def advance(self, samples: int = 1) -> None:
        if samples:
            wait_until(lambda: list(self._folder.glob("base/sent-*")))
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_the_workers_had_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = plan_cells([make_cell(tmp_path, n=32)])
    ledger = Ledger(tmp_path)
    progress = InterruptedWithBacklog(tmp_path)
    drain = pool._Pool.drain

    def drain_unhindered(self: pool._Pool) -> None:
        monkeypatch.setattr(InterruptedWithBacklog, "advance", NoProgress.advance)
        drain(self)

    monkeypatch.setattr(pool._Pool, "drain", drain_unhindered)
    with pytest.raises(KeyboardInterrupt):
        run_cells(planned, ledger, load_engine=load_telling, progress=progress, workers=2)
    saved = ledger.completed(planned[0].cell_id)
    assert len(saved) >= pool.CHUNK_REQUESTS
    assert capsys.readouterr().err.startswith(f"interrupted: {len(saved)} of 192 samples")


def test_a_failed_cells_requests_go_to_no_other_worker(tmp_path: Path) -> None:
    planned = plan_cells([make_cell(tmp_path, seed=s, n=1) for s in range(2)])
    (group,) = group_cells(planned)
    requests = [r for item in planned for r in requests_for(item, item.wanted_keys())]
    bad = requests[0].key.cell_id
    work = pool._GroupWork(group, iter(()))
    worker = pool._Worker(*[None] * 2, work, {r.key: r for r in requests[:9]})  # type: ignore[arg-type]

    work.take_back(requests[9:])
    work.take_back(requests[:2])
    work.drop(bad)
    work.take_back(requests[2:4])  # of a worker that had them and died
    assert work.chunk(99) == requests[9:]

    worker.drop(bad)
    assert list(worker.unfinished.values()) == requests[6:9]


def test_a_cell_that_failed_in_two_workers_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = plan_cells([make_cell(tmp_path)])
    (group,) = group_cells(planned)
    ledger = Ledger(tmp_path)
    with ledger.writer("run") as writer:
        record = RunRecord(planned, ledger, writer, NoProgress(), "run", workers=2)
        for number in (1, 2):
            record.fail_cell(group, planned[0].cell_id, WorkerError(f"fault in worker {number}"))
        record.finish(group)
    (failure,) = record.failures
    assert failure.reason.startswith("unforeseen fault in worker 1; the full report is in ")
    assert capsys.readouterr().err == ""


def test_both_workers_share_one_group(tmp_path: Path) -> None:
    planned = plan_cells([make_cell(tmp_path, problems=30, n=32, engine={"threads": 2})])
    run_cells(planned, Ledger(tmp_path), load_engine=load_counting, workers=2)
    made = [int(path.read_text()) for path in tmp_path.glob("base/made-*")]
    assert len(made) == 2  # engines were closed
    assert sum(made) == 960
    assert min(made) >= pool.CHUNK_REQUESTS
    assert [path.name for path in tmp_path.glob("base/threads-*")] == ["threads-2"]
