"""Query SLURM about jobs: squeue first, sacct for those that squeue has forgotten.

Nothing here waits long or fails without an answer: if accounting is off, slow or wrong, a job's
state is `unknown`, and its worker's latest heartbeat decides.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rast_bench.errors import ConfigError, RastBenchError
from rast_bench.run.slurm_parse import (
    JobStatus,
    array_ranges,
    parse_max_array_size,
    parse_sacct,
    parse_squeue,
)

__all__ = [
    "JobStatus",
    "cancel",
    "job_states",
    "max_array_size",
    "refusal",
    "require_answer",
    "require_slurm",
    "slurm_installed",
]

ANSWER_SECONDS = 10.0  # timeout of a query to SLURM
CANCEL_SECONDS = 60.0
REST_SECONDS = 120.0  # sacct is not asked again for this long after a failure

_OPEN = ("queued", "running", "unknown")
_ID = re.compile(r"\d+(_\d+)?")
_GONE = ("Invalid job id specified", "already completing or completed")
_SILENT = re.compile(
    "unable to contact slurm|connect failure|socket timed out|process configuration file"
    "|configuration source|zero bytes were transmitted",
    re.IGNORECASE,
)
_TALKER = re.compile(r"^(\w+: )?(error|fatal): |^slurm_\w+( error)?: ")


def job_states(job_ids: Sequence[str]) -> dict[str, JobStatus]:
    """Return the state of every job by its id; `123_4` is element 4 of array 123.

    Takes at most 2 × ANSWER_SECONDS. Never raises; warns once about each failing command.
    """
    askable = [job for job in job_ids if _ID.fullmatch(job)]
    known, answered = _ask_squeue(askable)
    if forgotten := [job for job in askable if job not in known]:
        past = _accounting.ask(forgotten, for_good=answered)
        known |= {job: _stale(status) if answered else status for job, status in past.items()}
    silence = JobStatus("unknown", "SLURM does not answer")
    return {job: known.get(job, silence) for job in job_ids}


def cancel(job_ids: Sequence[str]) -> None:
    """Cancel jobs; those that have ended are left alone.

    Raises:
        RastBenchError: SLURM refuses or does not answer.
    """
    if not job_ids:
        return
    answer = _ask(["scancel", "--quiet", *array_ranges(job_ids)], CANCEL_SECONDS)
    refusals = [line for line in answer.error.splitlines() if not any(w in line for w in _GONE)]
    if refusals:
        raise RastBenchError(
            f"the jobs are not cancelled: {refusals[0]}",
            hint=f"try again: scancel {' '.join(_mains(job_ids))}",
        )


def require_answer(job_ids: Sequence[str]) -> None:
    """Raise RastBenchError if SLURM does not know the state of these jobs."""
    answer, answered = _look_up([job for job in job_ids if _ID.fullmatch(job)])
    if not answered:
        raise _unreachable(answer.error)


def refusal(error: str) -> RastBenchError:
    """Return what sbatch printed when it submitted nothing, as one line."""
    if _SILENT.search(error):
        return _unreachable(error)
    return ConfigError(
        f"sbatch refuses the job: {_one_line(error)}",
        hint="check the values of launcher.…; `sinfo` lists the site's partitions",
    )


def _unreachable(error: str) -> RastBenchError:
    return ConfigError(
        f"no SLURM controller can be reached from here: {_one_line(error)}",
        hint="`scontrol ping` tests it; run on a login node of the cluster, or choose "
        "hydra/launcher=local",
    )


def _one_line(error: str) -> str:
    """Return all that a command printed, without its name at the start of every line."""
    lines = [_TALKER.sub("", line.strip()) for line in error.splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line))


def max_array_size() -> int | None:
    """Return how many tasks an array may have on this site; None if SLURM does not say."""
    return parse_max_array_size(_ask(["scontrol", "show", "config"]).text)


def slurm_installed() -> bool:
    """Return whether jobs can be submitted from this machine."""
    return all(shutil.which(command) is not None for command in ("sbatch", "srun"))


def require_slurm() -> None:
    """Raise ConfigError on a machine that cannot submit jobs."""
    if not slurm_installed():
        raise ConfigError(
            "hydra/launcher=slurm: this machine has no sbatch and srun on its PATH",
            hint="run on a login node of the cluster, or choose hydra/launcher=local",
        )


def _mains(job_ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(job.partition("_")[0] for job in job_ids))


def _look_up(job_ids: Sequence[str]) -> tuple["_Answer", bool]:
    """Return what squeue says about jobs, and whether it answered."""
    if not job_ids:
        return _Answer(""), True
    options = ["--noheader", "--array", "--states=all", "--format=%i|%T|%r"]
    answer = _ask(["squeue", *options, f"--jobs={','.join(_mains(job_ids))}"])
    return answer, not answer.error or any(words in answer.error for words in _GONE)


def _ask_squeue(job_ids: Sequence[str]) -> tuple[dict[str, JobStatus], bool]:
    """Return the jobs that squeue knows, and whether it answered."""
    answer, answered = _look_up(job_ids)
    if not answered:
        _warnings.say("squeue", answer.error, "asking sacct")
    return parse_squeue(answer.text), answered


def _stale(status: JobStatus) -> JobStatus:
    """Return sacct's state of a job that squeue does not know: the job cannot be alive."""
    if status.state in _OPEN:
        return JobStatus("unknown", f"sacct: {status.reason}, but squeue does not know it")
    return status


@dataclass
class _Warnings:
    """One line on stderr per failing command, however often it fails."""

    said: set[str] = field(default_factory=set)

    def say(self, command: str, error: str, outcome: str) -> None:
        if command not in self.said:
            self.said.add(command)
            line = error.splitlines()[0]
            print(f"warning: {command} failed: {line}; {outcome}", file=sys.stderr)


@dataclass
class _Accounting:
    """sacct: asked once about the end of a job, and not at all for a while after a failure.

    A slow one would delay every check of the jobs.
    """

    ends: dict[str, JobStatus] = field(default_factory=dict)
    rests_until: float = 0.0  # of time.monotonic

    def ask(self, job_ids: Sequence[str], *, for_good: bool) -> dict[str, JobStatus]:
        """Return the states of these jobs, as far as known.

        Args:
            for_good: squeue has forgotten them, so none that has ended will be requeued.
        """
        said = self._ask([job for job in job_ids if job not in self.ends])
        found = {job: said[job] for job in job_ids if job in said}
        known = {job: self.ends[job] for job in job_ids if job in self.ends}
        if for_good:
            self.ends.update({job: one for job, one in found.items() if one.state not in _OPEN})
        return known | found

    def _ask(self, job_ids: Sequence[str]) -> dict[str, JobStatus]:
        if not job_ids or time.monotonic() < self.rests_until:
            return {}
        options = ["--allocations", "--noheader", "--parsable2", "--format=JobID,State"]
        answer = _ask(["sacct", *options, f"--jobs={','.join(_mains(job_ids))}"])
        if answer.error:
            self.rests_until = time.monotonic() + REST_SECONDS
            outcome = "the state of jobs that squeue has forgotten is unknown"
            _warnings.say("sacct", answer.error, outcome)
        return parse_sacct(answer.text)


_warnings = _Warnings()
_accounting = _Accounting()


@dataclass(frozen=True)
class _Answer:
    text: str
    error: str = ""  # empty: the command succeeded


def _ask(command: Sequence[str], seconds: float | None = None) -> _Answer:
    """Return what a command prints. A user's SQUEUE_… and SACCT_… variables would filter it."""
    limit = ANSWER_SECONDS if seconds is None else seconds
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SQUEUE_", "SACCT_"))
    }
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            timeout=limit,
            start_new_session=True,  # Ctrl-C in the terminal is for this process
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _Answer("", f"no answer within {limit:g} s")
    except OSError as error:
        return _Answer("", error.strerror or str(error))
    if done.returncode == 0:
        return _Answer(done.stdout)
    return _Answer(done.stdout, done.stderr.strip() or f"exit code {done.returncode}")
