"""What this machine has room for, checked before anything is allocated or started.

Bounds that hold anywhere are those of config/bounds.py; docs/limits.md lists both.
"""

from collections.abc import Iterable
from typing import Protocol

from rast_bench.config.bounds import MAX_JOBS
from rast_bench.errors import ConfigError
from rast_bench.hardware import GIB, available_memory, usable_cores

SAMPLE_BYTES = 256  # of book-keeping: its key in the sets of what is wanted and what is done
WORKER_BYTES = GIB // 4  # a process that has imported torch, before it loads any model
MIN_WORKERS = 16  # are allowed on any machine
MIN_THREADS = 1_024


class Wanted(Protocol):
    """A planned cell, as far as it is counted here."""

    @property
    def cell_id(self) -> str: ...
    @property
    def wanted(self) -> int: ...


def check_cell_count(count: int) -> None:
    """Raises ConfigError for more cells than a command plans."""
    if count > MAX_JOBS:
        raise ConfigError(
            f"the command has {count:,} cells; it takes at most {MAX_JOBS:,}, which are planned "
            "before the first runs",
            hint="run a part of the sweep or of the experiment at a time",
        )


def check_samples(cells: Iterable[Wanted]) -> None:
    """Raises ConfigError where the keys of all samples alone would fill the memory.

    Cells of one id share their samples.
    """
    by_id: dict[str, int] = {}
    for cell in cells:
        by_id[cell.cell_id] = max(by_id.get(cell.cell_id, 0), cell.wanted)
    samples = sum(by_id.values())
    most = available_memory() // SAMPLE_BYTES
    if samples > most:
        raise ConfigError(
            f"{samples:,} samples are asked for (problems × decoding.n × cells); the memory that "
            f"is free here keeps book of {most:,}",
            hint="lower decoding.n or dataset.limit, or run fewer cells at a time: all samples "
            "are kept, and a later command adds to them",
        )


def check_processes(key: str, count: int, threads: int = 1) -> None:
    """Raises ConfigError for more processes, or threads of them all, than this machine bears.

    Args:
        key: what asked for them, `workers` or `launcher.devices`.
        threads: of each.
    """
    cores = usable_cores()
    most = max(MIN_WORKERS, 4 * cores)
    room = max(1, available_memory() // WORKER_BYTES)
    if count > most:
        raise ConfigError(
            f"{key}={count}: this machine has {cores} cores, and takes at most {most} processes",
            hint=f"leave {key} out: then there are as many as the cores hold",
        )
    if count > room:
        raise ConfigError(
            f"{key}={count}: each process takes {WORKER_BYTES / GIB:g} GiB before it loads a "
            f"model, and the memory that is free here takes at most {room}",
            hint=f"lower {key}, or leave it out",
        )
    most_threads = max(MIN_THREADS, 4 * cores)
    if count * threads > most_threads:
        raise ConfigError(
            f"{key}={count} with engine.threads={threads} makes {count * threads:,} threads; this "
            f"machine has {cores} cores, and takes at most {most_threads:,}",
            hint="lower one of them: more threads than cores make a run slower",
        )
