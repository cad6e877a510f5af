"""What sbatch is told, and how local workers wait for devices."""

from pathlib import Path

import pytest
from fake_engine import FakeEngine, make_cell
from launched import launch_of

from rast_bench.config.compose import Job
from rast_bench.config.engines import EngineConfig, VllmConfig
from rast_bench.config.frontend import job_of_overrides, jobs_of_command_line
from rast_bench.config.identity import EngineKey
from rast_bench.config.launchers import SlurmLauncher
from rast_bench.ledger import Ledger
from rast_bench.pipeline import plan_jobs
from rast_bench.planning.settled import with_engine
from rast_bench.run.devices import LocalDevices
from rast_bench.run.folder import GroupRecord, Launch, read_launch
from rast_bench.run.launch import Command, make_launch, missing_groups
from rast_bench.run.local import LocalExecutor
from rast_bench.run.slurm import SlurmExecutor, SlurmTask, sbatch_parameters
from rast_bench.run.worker import run_worker

SITES = Path(__file__).parents[2] / "slurm" / "sites"


def jobs_of(*words: str) -> list[Job]:
    jobs = jobs_of_command_line(words)
    assert jobs is not None
    return jobs


def script(config: SlurmLauncher, devices: int) -> list[str]:
    """The sbatch script that submitit makes of the launcher's settings."""
    from submitit.slurm.slurm import _make_sbatch_string

    text = _make_sbatch_string(command="work", folder="f", **sbatch_parameters(config, devices))
    return text.splitlines()


def test_every_setting_reaches_sbatch() -> None:
    config = SlurmLauncher(
        minutes=90,
        signal_seconds=60,
        partition="gpu",
        account="p1",
        qos="low",
        constraint="a100",
        nodelist="n[1-2]",
        exclude="n3",
        cpus_per_task=4,
        mem="64G",
        setup=("module load cuda",),
        sbatch={"mail-type": "END", "exclusive": True},
    )
    lines = script(config, 2)
    for option in (
        *("time=90", "signal=USR2@60", "partition=gpu", "account=p1", "qos=low"),
        *("constraint=a100", "nodelist='n[1-2]'", "exclude=n3", "cpus-per-task=4", "mem=64G"),
        *("gpus-per-node=2", "mail-type=END", "exclusive", "requeue", "open-mode=append"),
    ):
        assert f"#SBATCH --{option}" in lines
    assert lines.index("module load cuda") < next(
        i for i, line in enumerate(lines) if line.startswith("srun")
    )
    assert any(line.startswith("srun") and "--cpus-per-task=4" in line for line in lines)
    assert not any("wckey" in line for line in lines)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "gpus-per-node=4"),
        ({"gpus": 8}, "gpus-per-node=8"),
        ({"gpus": 0}, None),
        ({"gres": "gpu:h100:4"}, "gres=gpu:h100:4"),
        ({"gres": "gpu:h100:8"}, "gres=gpu:h100:4"),
        ({"gres": "gpu:h100"}, "gres=gpu:h100:4"),
    ],
)
def test_gpus(settings: dict[str, object], said: str | None) -> None:
    lines = [
        line for line in script(SlurmLauncher.model_validate(settings), 4) if "g" in line[10:12]
    ]
    assert [line for line in lines if "gpu" in line] == ([f"#SBATCH --{said}"] if said else [])


@pytest.mark.parametrize("path", sorted((SITES / "hydra/launcher").glob("*.yaml")))
def test_the_site_examples_are_whole(path: Path) -> None:
    words = [f"--config-dir={SITES}", f"hydra/launcher={path.stem}"]
    jobs = jobs_of_command_line(words)
    assert jobs is not None
    config = jobs[0].launcher
    assert isinstance(config, SlurmLauncher)
    assert f"#SBATCH --time={config.minutes}" in script(config, 1)
    assert job_of_overrides([]).launcher is None


@pytest.mark.usefixtures("checked_keys")
class TestWithoutProcesses:
    """Executors whose submission is replaced by a note of it."""

    @pytest.fixture
    def launch(self, tmp_path: Path) -> Launch:
        return launch_of([make_cell(tmp_path, n=32)], tmp_path, workers=5)

    def test_arrays_are_no_longer_than_the_site_allows(
        self, launch: Launch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arrays: list[list[int]] = []

        def submit(_executor: SlurmExecutor, workers: list[int], _devices: int) -> list[str]:
            arrays.append(list(workers))
            return [f"{len(arrays)}_{place}" for place in range(len(workers))]

        monkeypatch.setattr(SlurmExecutor, "_submit", submit)
        SlurmExecutor(launch, SlurmLauncher(max_array_size=2)).start(range(5))
        assert arrays == [[0, 1], [2, 3], [4]]
        again = read_launch(launch.path)
        assert again.jobs == {0: "1_0", 1: "1_1", 2: "2_0", 3: "2_1", 4: "3_0"}

    def test_groups_of_different_sizes_have_arrays_of_their_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each asks for the GPUs of its engines, and its workers serve no other size."""
        words = ("-m", "engine=vllm", "delta=none,tiny-s", "dataset.limit=2", "decoding.n=8")
        ledger = Ledger(tmp_path / "results")
        planned = [cell for job in plan_jobs(jobs_of(*words)) for cell in job.planned]
        alone, composed = (
            with_engine(cell, VllmConfig(tensor_parallel_size=size, max_model_len=256))
            for cell, size in zip(planned, (1, 2), strict=True)
        )
        groups = missing_groups([alone, composed], ledger)
        command = Command("python run.py", words, tmp_path)
        launch = make_launch(groups, ledger, command, "slurm", {}, lambda _: 2)
        gres: list[tuple[list[int], str]] = []

        def submit(executor: SlurmExecutor, workers: list[int], devices: int) -> list[str]:
            gres.append((list(workers), sbatch_parameters(executor.config, devices)["gres"]))
            return [f"{len(gres)}_{place}" for place in range(len(workers))]

        monkeypatch.setattr(SlurmExecutor, "_submit", submit)
        SlurmExecutor(launch, SlurmLauncher(gres="gpu:h100:8", max_array_size=9)).start(range(4))
        assert gres == [([0, 1], "gpu:h100:2"), ([2, 3], "gpu:h100:1")]
        devices = {}

        def load(_key: EngineKey, config: EngineConfig) -> FakeEngine:
            devices[number] = config.devices
            assert config.max_model_len == 256
            return FakeEngine()

        number = 2
        run_worker(launch, 2, load_engine=load)
        assert len(ledger.completed(alone.cell_id)) == 16
        assert len(ledger.completed(composed.cell_id)) == 0  # left to those with two GPUs
        number = 0
        run_worker(launch, 0, load_engine=load)
        assert devices == {2: 1, 0: 2}
        assert len(ledger.completed(composed.cell_id)) == 16

    def test_local_workers_wait_for_enough_devices(
        self, launch: Launch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        two = [group.model_copy(update={"devices": 2}) for group in launch.record.groups]
        record = launch.record.model_copy(update={"groups": tuple(two)})
        jobs: list[FakeProcess] = []

        def start(_executor: LocalExecutor, worker: int, devices: tuple[str, ...]) -> FakeProcess:
            jobs.append(FakeProcess(worker, devices))
            return jobs[-1]

        monkeypatch.setattr(LocalExecutor, "_start", start)
        executor = LocalExecutor(Launch(launch.path, record), LocalDevices(("0", "3", "5"), 0, 2))
        executor.start(range(3))
        assert [(job.worker, job.devices) for job in jobs] == [(0, ("0", "3"))]
        assert [status.state for status in executor.states().values()] == [
            "running",
            "queued",
            "queued",
        ]
        jobs[0].ended = True
        assert executor.states()[0].state == "ended"
        assert (jobs[1].worker, set(jobs[1].devices)) == (1, {"5", "0"})


class FakeProcess:
    def __init__(self, worker: int, devices: tuple[str, ...]) -> None:
        self.worker = worker
        self.devices = devices
        self.ended = False

    def is_alive(self) -> bool:
        return not self.ended


def test_a_task_is_queued_again_as_it_is() -> None:
    task = SlurmTask("launch", 3)
    again = task.checkpoint()
    assert again.function == task


def test_a_group_record_is_what_json_holds() -> None:
    record = GroupRecord(
        title="t", devices=1, cells=(0,), missing=1, tokens=1.0, chunk_samples=1, workers=1
    )
    assert GroupRecord.model_validate_json(record.model_dump_json()) == record
