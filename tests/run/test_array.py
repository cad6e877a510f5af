"""Tasks of a user's own sbatch array: who they are, who makes the launch."""

from pathlib import Path

import pytest

from rast_bench.errors import ConfigError, LedgerError
from rast_bench.gpus import Gpu
from rast_bench.hardware import GIB
from rast_bench.pipeline import join_array
from rast_bench.run import array
from rast_bench.run.array import ArrayTask, array_task
from rast_bench.run.worker import run_worker

WORDS = ("base_model=tiny-s", "dataset=tiny-easy", "dataset.limit=4", "decoding.n=2")
ARRAY = {
    "SLURM_JOB_ID": "101",
    "SLURM_ARRAY_JOB_ID": "99",
    "SLURM_ARRAY_TASK_ID": "6",
    "SLURM_ARRAY_TASK_MIN": "5",
    "SLURM_ARRAY_TASK_MAX": "7",
    "SLURM_ARRAY_TASK_COUNT": "3",
}


def test_a_task_of_an_array() -> None:
    place = array_task(ARRAY)
    assert place == ArrayTask(1, ("99_5", "99_6", "99_7"), "slurm-99")
    assert (place.workers, place.job_id) == (3, "99_6")


def test_a_job_without_an_array_and_no_job_at_all() -> None:
    assert array_task({"SLURM_JOB_ID": "7"}) == ArrayTask(0, ("7",), "slurm-7")
    alone = array_task({})
    assert (alone.number, alone.workers, alone.job_id) == (0, 1, None)


def test_an_array_with_gaps_is_refused() -> None:
    with pytest.raises(ConfigError, match="gaps"):
        array_task({**ARRAY, "SLURM_ARRAY_TASK_COUNT": "2"})


def place(number: int, workers: int = 2) -> ArrayTask:
    return ArrayTask(number, tuple(f"5_{i}" for i in range(workers)), "slurm-5")


def test_the_first_task_makes_the_launch_and_the_others_join_it(tmp_path: Path) -> None:
    words = (*WORDS, f"results_dir={tmp_path}")
    first = join_array(words, place(1))
    second = join_array(words, place(0))
    assert first is not None
    assert second is not None
    assert first.path == second.path
    assert first.jobs == {0: "5_0", 1: "5_1"}
    assert join_array(words, place(1)) is not None  # requeued


def test_a_maker_that_comes_again_makes_what_it_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*WORDS, f"results_dir={tmp_path}")
    launches = tmp_path / "launches"
    launches.mkdir()
    (launches / ".slurm-5.maker").symlink_to("1")  # killed before it had planned
    monkeypatch.setattr(array, "MAX_WAIT_SECONDS", 0.0)
    with pytest.raises(LedgerError, match="no task of this array has made"):
        join_array(words, place(0))
    assert join_array(words, place(1)) is not None


def test_a_complete_ledger_leaves_nothing_to_do(tmp_path: Path) -> None:
    words = (*WORDS, f"results_dir={tmp_path}")
    launch = join_array(words, place(0, workers=1))
    assert launch is not None
    run_worker(launch, 0)
    assert join_array(words, ArrayTask(0, ("6",), "slurm-6")) is None


def test_a_task_has_all_its_gpus_for_every_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few of them an engine uses, so that any task may serve any group."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    monkeypatch.setattr("rast_bench.run.devices.usable_gpus", lambda _names: [Gpu("H100", GIB)])
    words = ("engine=vllm", "engine.tensor_parallel_size=2", f"results_dir={tmp_path}")
    with pytest.raises(ConfigError, match="size=2: an engine can have 1 GPU here"):
        join_array(words, place(0))
    cards = [Gpu("H100", 80 * GIB)] * 3
    monkeypatch.setattr("rast_bench.run.devices.usable_gpus", lambda _names: cards)
    launch = join_array(words, place(0))
    assert launch is not None
    assert [group.devices for group in launch.record.groups] == [3]
    assert launch.engine_group(0).config.devices == 2
