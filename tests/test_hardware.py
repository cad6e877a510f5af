"""Cores that a process may use: what SLURM, cgroups, affinity and the user say of it."""

import os
from pathlib import Path

import pytest

from rast_bench import hardware
from rast_bench.hardware import engine_threads, quota_cores, slurm_cores, usable_cores


@pytest.mark.parametrize(
    ("variables", "cores"),
    [
        ({}, None),
        ({"CPUS_ON_NODE": "1"}, 1),  # sbatch without --cpus-per-task
        ({"CPUS_PER_TASK": "4", "CPUS_ON_NODE": "4"}, 4),
        ({"CPUS_PER_TASK": "4"}, 4),
        ({"CPUS_ON_NODE": "8", "TASKS_PER_NODE": "8"}, 8),  # a batch script is alone
        ({"CPUS_ON_NODE": "6", "STEP_TASKS_PER_NODE": "2", "NODEID": "0"}, 3),
        ({"CPUS_ON_NODE": "6", "STEP_TASKS_PER_NODE": "2", "CPUS_PER_TASK": "2"}, 2),
        ({"CPUS_ON_NODE": "9", "STEP_TASKS_PER_NODE": "4,3(x2),1", "NODEID": "0"}, 2),
        ({"CPUS_ON_NODE": "9", "STEP_TASKS_PER_NODE": "4,3(x2),1", "NODEID": "2"}, 3),
        ({"CPUS_ON_NODE": "9", "STEP_TASKS_PER_NODE": "4,3(x2),1", "NODEID": "3"}, 9),
        ({"CPUS_ON_NODE": "1", "STEP_TASKS_PER_NODE": "4"}, 1),  # SLURM may share CPUs
        ({"CPUS_ON_NODE": "8", "STEP_TASKS_PER_NODE": "?", "NODEID": "x"}, 8),
        ({"CPUS_PER_TASK": "", "CPUS_ON_NODE": "many"}, None),
    ],
)
def test_slurms_allocation(variables: dict[str, str], cores: int | None) -> None:
    assert slurm_cores({f"SLURM_{name}": value for name, value in variables.items()}) == cores


class Cgroups:
    """Files as in /proc/self and below the mount points of cgroups."""

    def __init__(self, folder: Path) -> None:
        self.process = folder / "self"
        self.process.mkdir()
        self._mounts = folder / "cgroup"

    def mounted(self, kind: str, controllers: str, path: str, root: str = "/") -> Path:
        """Where the groups lie of which the process is in `path`."""
        place = self._mounts / (controllers or kind)
        place.mkdir(parents=True)
        with (self.process / "cgroup").open("a") as groups:
            groups.write(f"{0 if kind == 'cgroup2' else 4}:{controllers}:{path}\n")
        with (self.process / "mountinfo").open("a") as mounts:
            mounts.write("23 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
            options = ",".join(filter(None, ("rw", controllers)))
            mounts.write(f"31 23 0:28 {root} {place} rw,relatime shared:9 - {kind} x {options}\n")
        return place

    def quota(self) -> int | None:
        return quota_cores(self.process)


@pytest.fixture
def cgroups(tmp_path: Path) -> Cgroups:
    return Cgroups(tmp_path)


def limit(folder: Path, quota: str, period: str = "100000") -> None:
    """As version 2 writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.max").write_text(f"{quota} {period}\n")


def limit_1(folder: Path, quota: str, period: str = "100000") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (folder / "cpu.cfs_period_us").write_text(f"{period}\n")


def test_the_smallest_quota_above_the_process_counts(cgroups: Cgroups) -> None:
    top = cgroups.mounted("cgroup2", "", "/system.slice/job_7/task")
    limit(top / "system.slice/job_7/task", "max")
    assert cgroups.quota() is None
    limit(top / "system.slice", "800000")
    assert cgroups.quota() == 8
    limit(top / "system.slice/job_7", "350000")
    assert cgroups.quota() == 3
    limit(top / "system.slice/job_8", "100000")  # somebody else's
    assert cgroups.quota() == 3


def test_version_1(cgroups: Cgroups) -> None:
    cgroups.mounted("cgroup", "memory", "/job")
    top = cgroups.mounted("cgroup", "cpu,cpuacct", "/job")
    limit_1(top, "-1")
    assert cgroups.quota() is None
    limit_1(top / "job", "25000", "50000")
    assert cgroups.quota() == 1  # half a core is one thread


def test_in_a_container_the_mount_begins_at_its_own_group(cgroups: Cgroups) -> None:
    top = cgroups.mounted("cgroup", "cpu", "/docker/3f/task", root="/docker/3f")
    limit_1(top / "task", "-1")
    limit_1(top, "200000")
    assert cgroups.quota() == 2


def test_no_cgroups(cgroups: Cgroups) -> None:
    assert cgroups.quota() is None


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Seen; nobody has said anything of fewer."""
    for name in ("CPUS_PER_TASK", "CPUS_ON_NODE", "STEP_TASKS_PER_NODE", "NODEID"):
        monkeypatch.delenv(f"SLURM_{name}", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    monkeypatch.setattr(hardware, "quota_cores", lambda: None)
    return monkeypatch


def test_the_smallest_limit_is_what_may_be_used(eight_cores: pytest.MonkeyPatch) -> None:
    assert usable_cores() == 8
    eight_cores.setenv("SLURM_CPUS_ON_NODE", "6")
    assert usable_cores() == 6
    eight_cores.setattr(hardware, "quota_cores", lambda: 3)
    assert usable_cores() == 3
    eight_cores.setattr(os, "sched_getaffinity", lambda _pid: {5}, raising=False)
    assert usable_cores() == 1


def test_threads_of_an_engine(eight_cores: pytest.MonkeyPatch) -> None:
    assert engine_threads() == 8
    assert [engine_threads(share) for share in (3, 16)] == [3, 8]
    eight_cores.setenv("OMP_NUM_THREADS", "4,2")
    assert [engine_threads(share) for share in (None, 3)] == [4, 3]
    eight_cores.setenv("OMP_NUM_THREADS", "many")
    assert engine_threads() == 8
