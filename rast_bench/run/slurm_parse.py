"""Parse the output of SLURM's commands (pure): squeue, sacct, scontrol, and job ids for scancel."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal[
    "queued",
    "running",
    "ended",
    "cancelled",
    "failed",
    "timeout",
    "preempted",
    "node_failed",
    "out_of_memory",
    "unknown",
]

_STATES: Mapping[str, State] = {
    "PENDING": "queued",
    "REQUEUED": "queued",
    "REQUEUE_FED": "queued",
    "REQUEUE_HOLD": "queued",
    "RESV_DEL_HOLD": "queued",
    "SPECIAL_EXIT": "queued",
    "RUNNING": "running",
    "COMPLETING": "running",  # after any state, also before a requeue
    "CONFIGURING": "running",
    "EXPEDITING": "running",
    "RESIZING": "running",
    "SIGNALING": "running",
    "STAGE_OUT": "running",
    "STOPPED": "running",
    "SUSPENDED": "running",
    "COMPLETED": "ended",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
    "FAILED": "failed",
    "LAUNCH_FAILED": "failed",
    "RECONFIG_FAIL": "failed",
    "DEADLINE": "timeout",
    "TIMEOUT": "timeout",
    "PREEMPTED": "preempted",
    "BOOT_FAIL": "node_failed",
    "NODE_FAIL": "node_failed",
    "OUT_OF_MEMORY": "out_of_memory",
}
_NO_REASON = ("", "None", "(null)")


@dataclass(frozen=True)
class JobStatus:
    """A job's state; `reason` is the scheduler's own text: `Resources`, `CANCELLED by 1000`.

    `preempted` has ended for good; a job that will be requeued is `running`, then `queued`.
    """

    state: State
    reason: str


def parse_squeue(text: str) -> dict[str, JobStatus]:
    """Return the jobs of `squeue --format=%i|%T|%r`: the reason if a job waits, else state and
    reason.
    """
    states = {}
    for line in text.splitlines():
        job, _, rest = line.strip().partition("|")
        word, bar, why = rest.partition("|")
        if not bar:
            continue  # the heading of a cluster
        state = _state(word)
        # The reason of a cancelled job is why it waited before that.
        said = [] if why in _NO_REASON or state == "cancelled" else [why]
        reason = " ".join(said if state == "queued" and said else [word, *said])
        states.update(dict.fromkeys(_elements(job), JobStatus(state, reason)))
    return states


def parse_sacct(text: str) -> dict[str, JobStatus]:
    """Return the jobs of `sacct --parsable2 --format=JobID,State`.

    Of a requeued job the latest run counts, which is its last line.
    """
    states = {}
    for line in text.splitlines():
        job, bar, words = line.strip().partition("|")
        if bar:
            states.update(dict.fromkeys(_elements(job), JobStatus(_state(words), words)))
    return states


def parse_max_array_size(text: str) -> int | None:
    """Return `MaxArraySize` of `scontrol show config`; 1 if arrays are switched off."""
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", text, re.MULTILINE)
    return max(1, int(match[1])) if match else None


def array_ranges(job_ids: Iterable[str]) -> list[str]:
    """Return job ids with the elements of an array merged: `7`, `9_[0-3,5]`."""
    arrays: dict[str, list[int]] = {}
    for main, _, place in (job.partition("_") for job in dict.fromkeys(job_ids)):
        arrays.setdefault(main, []).extend([int(place)] if place else [])
    return [
        f"{main}_[{_ranges(elements)}]" if elements else main for main, elements in arrays.items()
    ]


def _ranges(numbers: Iterable[int]) -> str:
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def _state(words: str) -> State:
    """Return the state by its first word, as in `CANCELLED by 1000`; sacct may cut it, marked by
    +.
    """
    return _STATES.get(words.partition(" ")[0].rstrip("+"), "unknown")


def _elements(job: str) -> Iterator[str]:
    """Yield `12`, `12_3`, or all of `12_[3-5,7%2]`; nothing for steps (`12.batch`) and cut
    lists.
    """
    from submitit.slurm.slurm import read_job_id

    if not re.fullmatch(r"\d+(_(\d+|\[[\d,%-]+\]))?", job):
        return
    for main, *elements in read_job_id(job):
        if elements:
            yield from (f"{main}_{i}" for i in range(int(elements[0]), int(elements[-1]) + 1))
        else:
            yield main
