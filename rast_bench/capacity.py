"""Check that this machine has room for a command, before anything is allocated or started.

Bounds that hold everywhere are in config/bounds.py; docs/limits.md lists both.
"""

from collections.abc import Iterable
from typing import Protocol

from rast_bench.config.bounds import MAX_JOBS
from rast_bench.errors import ConfigError
from rast_bench.hardware import GIB, available_memory, usable_cores

SAMPLE_BYTES = 256  # bookkeeping per sample: its key in the sets of wanted and finished samples
WORKER_BYTES = GIB // 4  # a process that has imported torch, before it loads any model
MIN_WORKERS = 16  # allowed on any machine
MIN_THREADS = 1_024


class Wanted(Protocol):
    """The part of a planned cell that is counted here."""

    @property
    def cell_id(self) -> str: ...
    @property
    def wanted(self) -> int: ...


def check_cell_count(count: int) -> None:
    """Raise ConfigError for more cells than a command can plan."""
    if count > MAX_JOBS:
        raise ConfigError(
            f"the command has {count:,} cells; it takes at most {MAX_JOBS:,}, which are planned "
            "before the first runs",
            hint="run the sweep or experiment in parts",
        )


def check_samples(cells: Iterable[Wanted]) -> None:
    """Raise ConfigError if the keys of all samples alone would fill the memory.

    Cells with the same id share their samples.
    """
    by_id: dict[str, int] = {}
    for cell in cells:
        by_id[cell.cell_id] = max(by_id.get(cell.cell_id, 0), cell.wanted)
    samples = sum(by_id.values())
    most = available_memory() // SAMPLE_BYTES
    if samples > most:
        raise ConfigError(
            f"{samples:,} samples are requested (problems × decoding.n × cells); the free memory "
            f"here can track {most:,}",
            hint="lower decoding.n or dataset.limit, or run fewer cells at a time: all samples "
            "are kept, and a later command adds to them",
        )


def check_processes(key: str, count: int, threads: int = 1) -> None:
    """Raise ConfigError for more processes, or threads in total, than this machine can run.

    Args:
        key: the setting that requested them, `workers` or `launcher.devices`.
        threads: threads per process.
    """
    cores = usable_cores()
    most = max(MIN_WORKERS, 4 * cores)
    room = max(1, available_memory() // WORKER_BYTES)
    if count > most:
        raise ConfigError(
            f"{key}={count}: this machine has {cores} cores, and runs at most {most} processes",
            hint=f"leave {key} out: the default fills the cores",
        )
    if count > room:
        raise ConfigError(
            f"{key}={count}: each process takes {WORKER_BYTES / GIB:g} GiB before it loads a "
            f"model, and the free memory here has room for at most {room}",
            hint=f"lower {key}, or leave it out",
        )
    most_threads = max(MIN_THREADS, 4 * cores)
    if count * threads > most_threads:
        raise ConfigError(
            f"{key}={count} with engine.threads={threads} makes {count * threads:,} threads; this "
            f"machine has {cores} cores, and runs at most {most_threads:,}",
            hint="lower one of them: more threads than cores make a run slower",
        )
