"""How many cores this process may use, and how many of them an engine takes as threads.

PyTorch starts one thread per visible core. Schedulers and containers often grant fewer cores than a
process sees, and threads that wait for each other's cores are slower than a single thread.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

GIB = 2**30  # bytes


def usable_cores() -> int:
    """Return the minimum of affinity, SLURM allocation and cgroup CPU quota; at least 1."""
    limits = (_affinity(), slurm_cores(os.environ), quota_cores())
    return max(1, min(limit for limit in limits if limit is not None))


def available_memory() -> int:
    """Return the bytes that this process may still allocate: free memory within its cgroup limits.

    16 GiB if this is unknown, as on systems without /proc.
    """
    limits = [_free_memory(), *(_group_memory(folder) for folder in _groups("memory"))]
    return min((limit for limit in limits if limit is not None), default=16 * GIB)


def _free_memory() -> int | None:
    for line in _lines(Path("/proc/meminfo")):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return (_count(value.split()[0]) or 0) * 1024
    return None


def _group_memory(folder: Path) -> int | None:
    """Return what a cgroup's limit leaves, versions 1 and 2.

    Inactive page cache counts as free: the kernel reclaims it when needed.
    """
    for most, used, cached in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit, taken = (_count(" ".join(_lines(folder / name)), least=0) for name in (most, used))
        if limit is not None and taken is not None:
            rows = (line.split() for line in _lines(folder / "memory.stat"))
            statistics = {row[0]: row[1] for row in rows if len(row) == 2}
            return max(0, limit - taken + (_count(statistics.get(cached), least=0) or 0))
    return None


def engine_threads(share: int | None = None) -> int:
    """Return the threads of an engine whose `engine.threads` is null; at least 1.

    OMP_NUM_THREADS, if set by the user, is an upper bound.

    Args:
        share: the cores of this process if others work beside it on the same allocation.
    """
    openmp = _count(os.environ.get("OMP_NUM_THREADS", "").partition(",")[0])
    limits = (usable_cores(), share, openmp)
    return max(1, min(limit for limit in limits if limit is not None))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def slurm_cores(environment: Mapping[str, str]) -> int | None:
    """Return the CPUs that SLURM gave this task; None outside a job.

    Nothing else tells where a site does not bind tasks to cores, and SLURM_CPUS_PER_TASK is set
    only on request. SLURM_CPUS_ON_NODE counts the step's CPUs on this node, which its tasks here
    share; a batch script is alone and has all of them.
    """
    limits = [_count(environment.get("SLURM_CPUS_PER_TASK"))]
    on_node = _count(environment.get("SLURM_CPUS_ON_NODE"))
    if on_node is not None:
        limits.append(on_node // _tasks_here(environment) or 1)
    return min((limit for limit in limits if limit is not None), default=None)


def _tasks_here(environment: Mapping[str, str]) -> int:
    """Return this node's entry of SLURM_STEP_TASKS_PER_NODE, such as `2(x3),1`; 1 outside steps."""
    tasks: list[int] = []
    for entry in environment.get("SLURM_STEP_TASKS_PER_NODE", "").split(","):
        if match := re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", entry):
            tasks += [int(match[1])] * int(match[2] or 1)
    node = _count(environment.get("SLURM_NODEID"), least=0) or 0
    return max(1, tasks[node]) if node < len(tasks) else 1


def quota_cores(process: Path = Path("/proc/self")) -> int | None:
    """Return the whole cores within the CPU quota of this process's cgroups, versions 1 and 2.

    Every parent group counts too. None without a quota or cgroups. Fractions are rounded down: one
    thread too many is throttled for the rest of each period, and the others wait for it.

    Args:
        process: its folder in /proc.
    """
    folders = _groups("cpu", process)
    quotas = [quota for folder in folders if (quota := _quota(folder)) is not None]
    return max(1, int(min(quotas))) if quotas else None


def _groups(controller: str, process: Path = Path("/proc/self")) -> Iterator[Path]:
    """Yield the folders of the process's cgroups that may limit it, innermost first.

    Args:
        controller: of version 1, `cpu` or `memory`; version 2 has one tree for all.
    """
    groups: dict[str, PurePosixPath] = {}  # by controller; "" is version 2
    for line in _lines(process / "cgroup"):
        _, controllers, path = line.split(":", 2)
        groups |= dict.fromkeys(controllers.split(","), PurePosixPath(path))
    for line in _lines(process / "mountinfo"):
        mount, _, kind = line.partition(" - ")
        system, *_, options = kind.split()
        if system == "cgroup2":
            group = groups.get("")
        elif system == "cgroup" and controller in options.split(","):
            group = groups.get(controller)
        else:
            continue
        if group is not None:
            root, mounted = mount.split()[3:5]
            # In a container the mount shows only the tree below `root`.
            inside = group.relative_to(root) if group.is_relative_to(root) else PurePosixPath()
            yield from (Path(mounted) / part for part in (inside, *inside.parents))


def _quota(folder: Path) -> float | None:
    """Return the quota in cores; None if there is none."""
    words = " ".join(_lines(folder / "cpu.max")).split()  # version 2
    if not words:
        files = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        words = [word for file in files for word in _lines(folder / file)]
    quota, period = map(_count, words) if len(words) == 2 else (None, None)
    return None if quota is None or period is None else quota / period


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux, no such controller, or no permission
        return []


def _count(text: str | None, *, least: int = 1) -> int | None:
    """Return a whole number; None if there is none, as for `max` and -1."""
    text = (text or "").strip()
    return int(text) if text.isdecimal() and int(text) >= least else None
