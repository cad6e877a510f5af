"""What became of every sample that an engine finished (pure): the log against the ledger."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

T = TypeVar("T")

DURABLE_SECONDS = 5.0  # samples finished earlier before their process ended must not be lost

Key = tuple[str, str, int]
"""(cell id, problem id, sample index)."""

Row = tuple[Key, str]
"""A stored row: the sample's key and the id of the run that made it."""


@dataclass(frozen=True)
class Finished:
    """A sample that left an engine; `at` in seconds of CLOCK_MONOTONIC."""

    process: str
    key: Key
    at: float


@dataclass(frozen=True)
class FinishLog:
    """What finish_log/sitecustomize.py wrote; `runs` by process."""

    runs: Mapping[str, str]
    finished: tuple[Finished, ...]


@dataclass(frozen=True)
class Account:
    """Counts of samples. Those of several sweeps are added by `total`."""

    wanted: int
    finished: int  # by engines; a sample that was computed twice counts twice
    lost: int  # of them: their process's rows lack them
    lost_late: int  # of those: finished more than 5 s before the process ended
    oldest_lost_seconds: float  # before the end of its process
    computed_twice: int  # finished once more than needed
    stored_again: int  # rows beyond one per key, which readers drop
    stored_unseen: int  # rows of which no engine was seen to finish the sample
    duplicates: int  # rows beyond one per key that readers get
    missing: int  # wanted samples that readers do not get


def parse_log(lines: Iterable[str]) -> FinishLog:
    """Raise ValueError for a line that is not whole, and for a process with two runs."""
    runs: dict[str, str] = {}
    finished = []
    for line in lines:
        entry = json.loads(line)
        process = entry["process"]
        if "run" in entry:
            if runs.setdefault(process, entry["run"]) != entry["run"]:
                raise ValueError(f"process {process} has two runs")
        else:
            cell_id, problem_id, index = entry["key"]
            finished.append(Finished(process, (cell_id, problem_id, index), entry["at"]))
    return FinishLog(runs, tuple(finished))


def account(
    log: FinishLog,
    stored: Collection[Row],
    read: Collection[Key],
    ends: Mapping[str, float],
    wanted: int,
) -> Account:
    """Return the account of one sweep that has ended.

    A sample counts as lost although it was computed again later: its process's own row is what is
    looked for. Rows keep the id of their run when shards are merged.

    Args:
        stored: the rows of all shards, repetitions included.
        read: the keys of the rows that the ledger's readers get.
        ends: when each process was first seen to be gone; a little late, which is strict.
        wanted: samples of the sweep.

    Raises ValueError for a sample of a process whose run or end is unknown.
    """
    rows = set(stored)
    made = {(item.key, _of(log.runs, item.process)) for item in log.finished}
    ages = [(item, _of(ends, item.process) - item.at) for item in log.finished]
    lost = [age for item, age in ages if (item.key, log.runs[item.process]) not in rows]
    return Account(
        wanted=wanted,
        finished=len(log.finished),
        lost=len(lost),
        lost_late=sum(age > DURABLE_SECONDS for age in lost),
        oldest_lost_seconds=max(lost, default=0.0),
        computed_twice=len(log.finished) - len({item.key for item in log.finished}),
        stored_again=len(stored) - len({key for key, _ in rows}),
        stored_unseen=len(rows - made),
        duplicates=len(read) - len(set(read)),
        missing=wanted - len(set(read)),
    )


def total(accounts: Collection[Account]) -> Account:
    """Counts added up; the oldest of all lost samples."""
    names = [field.name for field in fields(Account) if field.name != "oldest_lost_seconds"]
    sums = Counter[str]()
    for one in accounts:
        sums.update({name: getattr(one, name) for name in names})
    oldest = max((one.oldest_lost_seconds for one in accounts), default=0.0)
    return Account(oldest_lost_seconds=oldest, **{name: sums[name] for name in names})


def _of(known: Mapping[str, T], process: str) -> T:
    if process not in known:
        raise ValueError(f"process {process} finished samples and was not observed")
    return known[process]
