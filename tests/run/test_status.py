"""What people read of a launch: cells, workers, rate, the whole."""

from pathlib import Path

import pytest
from fake_engine import load_fast, make_cell
from launched import launch_of

from rast_bench.cli.launches import find_launch
from rast_bench.cli.status import launch_state
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.run import slurm_jobs
from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import HeartbeatWriter
from rast_bench.run.slurm_jobs import JobStatus
from rast_bench.run.status import launch_status, render_status
from rast_bench.run.worker import run_worker

pytestmark = pytest.mark.usefixtures("checked_keys")


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    cells = [make_cell(tmp_path, seed=seed, label=f"cell {seed}") for seed in range(2)]
    return launch_of(cells, tmp_path, workers=2, cluster="slurm")


def test_before_during_and_after(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    launch.write_jobs({0: "7_0", 1: "7_1"})
    word = "queued"

    def job_states(jobs: list[str]) -> dict[str, JobStatus]:
        return {job: JobStatus(word, "") for job in jobs}  # type: ignore[arg-type]

    monkeypatch.setattr(slurm_jobs, "job_states", job_states)
    before = render_status(launch_status(launch)).splitlines()
    assert before[0] == f"launch {launch.launch_id} on slurm: python run.py -m x=1,2"
    assert before[1].split() == ["cell", "0,", "sums", "queued", "0/24"]
    assert before[3:] == ["workers: 2 queued", "cells: 2 queued", "samples: 0/48 (0%)"]

    word = "running"
    writer = HeartbeatWriter(launch.heartbeats, 1, "7_1")
    writer.say(title="cell 1, sums", state="running", group_made=20, group_began=1.0)
    writer.open()
    during = launch_status(launch)
    assert [cell.state for cell in during.cells] == ["queued", "running"]
    assert during.samples_per_second > 0
    assert not during.over

    writer.close("failed", "no card")
    run_worker(launch, 0, load_engine=load_fast)
    word = "failed"
    after = launch_status(launch)
    assert after.over
    assert [state.state for state in after.workers.values()] == ["ended", "failed"]
    assert render_status(after).splitlines()[-1] == "samples: 48/48 (100%)"


def test_what_is_missing_in_the_end_is_told(
    launch: Launch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    launch.write_jobs({0: "7_0", 1: "7_1"})
    cancelled = JobStatus("cancelled", "CANCELLED by 0")
    monkeypatch.setattr(slurm_jobs, "job_states", lambda jobs: dict.fromkeys(jobs, cancelled))
    assert launch_state(launch, follow=True) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: cell 0, sums [")
    assert "24 of 24 samples missing: worker 0 was cancelled (CANCELLED by 0); log: " in first
    assert second.endswith(f"resume: rast-bench resume {launch.path}")


def test_launches_are_found_by_folder_by_id_or_as_the_latest(launch: Launch) -> None:
    results = launch.path.parents[1]
    for name in (None, launch.launch_id, str(launch.path)):
        assert find_launch(name, results).launch_id == launch.launch_id


def test_no_such_launch_is_one_clear_error(launch: Launch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no launch nothing") as caught:
        find_launch("nothing", launch.path.parents[1])
    assert launch.launch_id in (caught.value.hint or "")
    with pytest.raises(ConfigError, match="there is no launch in"):
        find_launch(None, tmp_path / "empty")


def test_a_broken_launch_says_that_nothing_is_lost(launch: Launch) -> None:
    (launch.path / "launch.json").write_text("{}")
    with pytest.raises(LedgerError, match="is broken") as caught:
        find_launch(None, launch.path.parents[1])
    assert "no sample is lost" in (caught.value.hint or "")
