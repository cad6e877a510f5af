"""The fault campaign: its accounting on made-up logs, then one kill for real."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fault_campaign
import pytest
from fault_campaign import main, parse, shares, sweep_of, ways
from faults.accounting import Account, Finished, FinishLog, Key, account, parse_log, total
from faults.finish_log import sitecustomize
from faults.observer import Observer, find_processes, is_worker, job_id_of
from faults.report import ALL, invariants, render, totals

from rast_bench.run.local import WORKER

A: Key = ("c", "p", 0)
B: Key = ("c", "p", 1)
FIRST, SECOND = Finished("1-10", A, 100.0), Finished("1-10", B, 103.0)
RUNS = {"1-10": "run-1", "2-20": "run-2"}
ENDS = {"1-10": 106.0, "2-20": 200.0}
ROWS = [(A, "run-1"), (B, "run-1")]
NOTHING = Account(2, 2, 0, 0, 0.0, 0, 0, 0, 0, 0)


def counted(finished: tuple[Finished, ...] = (FIRST, SECOND), **changed: Any) -> dict[str, Any]:
    """The fields of the account that are not those of an undisturbed sweep of A and B."""
    given: dict[str, Any] = {"stored": ROWS, "read": [A, B], "ends": ENDS, "wanted": 2} | changed
    found = asdict(account(FinishLog(RUNS, finished), **given))
    return {name: value for name, value in found.items() if value != asdict(NOTHING)[name]}


def test_undisturbed() -> None:
    assert counted() == {}


def test_a_sample_is_lost_though_another_process_made_it_again() -> None:
    again = Finished("2-20", B, 150.0)
    assert counted((FIRST, SECOND, again), stored=[ROWS[0], (B, "run-2")]) == {
        "finished": 3,
        "lost": 1,
        "oldest_lost_seconds": 3.0,
        "computed_twice": 1,
    }


@pytest.mark.parametrize(("end", "late"), [(105.0, 0), (105.01, 1)])
def test_five_seconds_before_the_end_a_sample_must_be_durable(end: float, late: int) -> None:
    found = account(FinishLog(RUNS, (FIRST,)), [], [A], {"1-10": end}, 1)
    assert (found.lost, found.lost_late) == (1, late)
    assert found.oldest_lost_seconds == pytest.approx(end - 100)


def test_a_sample_that_nobody_made_again_is_missing() -> None:
    changed = {"lost": 1, "oldest_lost_seconds": 3.0, "missing": 1}
    assert counted(stored=ROWS[:1], read=[A]) == changed


@pytest.mark.parametrize(
    ("stored", "finished"),
    [
        pytest.param([*ROWS, ROWS[0]], (), id="merged shards beside the merge of them"),
        pytest.param([*ROWS, (B, "run-2")], (Finished("2-20", B, 150.0),), id="two processes"),
    ],
)
def test_rows_beyond_one_a_key_are_stored_again(stored: Any, finished: Any) -> None:
    assert counted((FIRST, SECOND, *finished), stored=stored)["stored_again"] == 1


def test_duplicates_are_those_that_readers_get() -> None:
    assert counted(read=[A, B, B]) == {"duplicates": 1}


def test_a_row_of_which_the_log_knows_nothing_is_seen() -> None:
    assert counted(stored=[*ROWS, (A, "run-3")]) == {"stored_again": 1, "stored_unseen": 1}


@pytest.mark.parametrize("unknown", [{"ends": {"2-20": 1.0}}, {"log": FinishLog({}, (FIRST,))}])
def test_a_process_that_was_not_observed_is_an_error(unknown: dict[str, Any]) -> None:
    given = {"log": FinishLog(RUNS, (FIRST,)), "ends": ENDS} | unknown
    with pytest.raises(ValueError, match="process 1-10 finished samples and was not observed"):
        account(stored=ROWS, read=[A, B], wanted=2, **given)


def test_totals_add_up_and_keep_the_oldest() -> None:
    one, two = Account(9, 8, 7, 6, 2.5, 5, 4, 3, 2, 1), Account(1, 1, 1, 1, 1.5, 1, 1, 1, 1, 1)
    assert total([one, two]) == Account(10, 9, 8, 7, 2.5, 6, 5, 4, 3, 2)
    assert total([]) == Account(0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0)


def test_the_log_is_read_as_it_is_written(tmp_path: Path) -> None:
    """A sample's line stands before the one who asked for the sample has it."""
    path = tmp_path / "log"

    class Engine:
        def generate(self, requests: Any) -> Any:
            yield from requests

    class Writer:
        def __init__(self, ledger: Any, run_id: str, *, interval: float = 2.0) -> None:
            self.given = ledger, run_id, interval

    log = sitecustomize.FinishLog(str(path))
    sitecustomize.note_samples(Engine, log)
    sitecustomize.note_run(Writer, log)
    before = time.monotonic()
    assert Writer("ledger", "run-1", interval=1.0).given == ("ledger", "run-1", 1.0)
    names = ("cell_id", "problem_id", "sample_index")
    samples = [
        SimpleNamespace(key=SimpleNamespace(**dict(zip(names, key, strict=True)))) for key in (A, B)
    ]
    stream = Engine().generate(samples)
    for number, sample in enumerate(samples):
        assert next(stream) is sample
        assert len(path.read_text().splitlines()) == number + 2
    read = parse_log(path.read_text().splitlines())
    (process,) = read.runs
    assert process.startswith(f"{os.getpid()}-")
    assert read.runs[process] == "run-1"
    assert [item.key for item in read.finished] == [A, B]
    assert before <= read.finished[0].at <= read.finished[1].at <= time.monotonic()


def test_a_torn_line_and_two_runs_of_a_process_are_refused() -> None:
    line = {"process": "1-10", "at": 1.0, "run": "run-1"}
    with pytest.raises(ValueError, match="Unterminated"):
        parse_log([json.dumps(line)[:-3]])
    with pytest.raises(ValueError, match="process 1-10 has two runs"):
        parse_log([json.dumps(line), json.dumps(line | {"run": "run-2"})])


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("/usr/bin/python3.11 -u -m submitit.core._submit log", True),
        ("srun --unbuffered python -u -m submitit.core._submit log", False),
        ("python -m rast_bench.cli run", False),
        ("python run.py", False),
        ("python run.py base_model=a,b workers=1 --multirun", True),
        ("python -c spawn_main() --multiprocessing-fork", False),
        ("", False),
    ],
)
def test_workers_are_known(command: str, known: bool) -> None:
    assert is_worker(command.split(), {}) == known


def test_a_commands_own_workers_are_known_by_their_environment() -> None:
    assert is_worker(["python", "-c", "spawn_main()", "--multiprocessing-fork"], {WORKER: "3"})


def test_job_ids() -> None:
    task = {"SLURM_JOB_ID": "13", "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "1"}
    assert job_id_of(task) == "12_1"
    assert job_id_of({"SLURM_JOB_ID": "13"}) == "13"
    assert job_id_of({}) == ""


def start_worker(folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    """What looks like a worker whose log is `log`."""
    module = folder / "submitit" / "core" / "_submit.py"
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text("import time\ntime.sleep(3600)\n")
    return subprocess.Popen(
        [sys.executable, "-m", "submitit.core._submit"],
        cwd=folder,
        env={**os.environ, sitecustomize.VARIABLE: str(log), "SLURMD_NODENAME": "n2"},
    )


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 600
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_observer_sees_its_own_processes_begin_and_end(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    strangers = start_worker(tmp_path, other)
    worker = start_worker(tmp_path, ours)
    try:
        with Observer(ours) as observer:
            wait_until(lambda: observer.living() and find_processes(other))
            (seen,) = observer.living()
            assert (seen.pid, seen.node) == (worker.pid, "n2")
            before = time.monotonic()
            assert seen.kill()
            observer.wait_for_ends()
            assert before <= observer.ends[seen.name] <= time.monotonic()
            assert list(observer.ends) == [seen.name]
            assert not seen.kill()
    finally:
        for process in (worker, strangers):
            process.kill()
            process.wait()


def swept(way: str = "local", **changed: Any) -> dict[str, Any]:
    kill = {"kind": "worker", "victim": "process 7", "at": 1.0, "of_workers": True}
    return {
        "way": way,
        "wall_seconds": 60.0,
        "kills": [kill, kill | {"kind": "slurmd", "of_workers": False}],
        "restarts": 1,
        "resumes": 2,
        "worker_processes": 4,
        "samples": asdict(NOTHING),
        "same_table": True,
        "same_tokens": True,
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "violated"),
    [
        ({}, None),
        ({"kills": []}, "at least 2 kills of workers"),
        ({"same_table": False}, "the undisturbed table"),
        ({"same_tokens": False}, "the undisturbed tokens"),
        ({"samples": asdict(NOTHING) | {"lost": 9}}, None),
        ({"samples": asdict(NOTHING) | {"computed_twice": 9, "stored_again": 9}}, None),
        (
            {"samples": asdict(NOTHING) | {"lost_late": 1}},
            "no sample lost 5 s after it was finished",
        ),
        ({"samples": asdict(NOTHING) | {"missing": 1}}, "no sample missing"),
        ({"samples": asdict(NOTHING) | {"duplicates": 1}}, "no duplicates"),
        (
            {"samples": asdict(NOTHING) | {"stored_unseen": 1}},
            "no row that no engine was seen to finish",
        ),
    ],
)
def test_invariants(changed: dict[str, Any], violated: str | None) -> None:
    together = totals([swept(), swept("slurm", **changed)])[ALL]
    broken = [what for what, holds in invariants(together, kills=2).items() if not holds]
    assert broken == ([] if violated is None else [violated])


def test_the_table_has_a_column_a_way_and_their_sum() -> None:
    lost = asdict(NOTHING) | {"finished": 1003, "computed_twice": 1, "oldest_lost_seconds": 1.75}
    sweeps = [swept(), swept(), swept("slurm", samples=lost)]
    found = totals(sweeps)
    result = {
        "undisturbed": {"cells": 6, "wall_seconds": 34.4, "samples": asdict(NOTHING)},
        "settings": {"slots": 2, "seed": 0},
        "environment": {"cpu": {"model": "a processor"}},
        "totals": found,
        "skipped": {},
        "invariants": invariants(found[ALL], 4),
    }
    text = render(result)
    assert "6 cells, 2 samples, 34 s undisturbed on 2 slots; seed 0, a processor\n" in text
    for line in (
        "| | local | slurm | all |",
        "| kills | 4 | 2 | 6 |",
        "| – slurmd | 2 | 1 | 3 |",
        "| kills that end workers | 2 | 1 | 3 |",
        "| samples finished by engines | 4 | 1,003 | 1,007 |",
        "| computed twice, share | 0.00% | 50.00% | 16.67% |",
        "| oldest lost sample, s before the end | 0.0 | 1.8 | 1.8 |",
        "| wall time, s | 120 | 60 | 180 |",
        "VIOLATED: at least 4 kills of workers",
        "holds: no duplicates",
    ):
        assert line in text.splitlines()
    alone = render(result | {"totals": totals(sweeps[:2]), "skipped": {"slurm": "no root"}})
    assert "| | local |" in alone.splitlines()
    assert "not run: slurm: no root" in alone.splitlines()


def test_kills_are_shared_by_the_ways() -> None:
    assert shares(51, 2) == [26, 25]
    assert shares(5, 1) == [5]


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    options = parse([])
    assert (options.kills, options.ways) == (50, ["plain", "local", "slurm"])
    assert len(sweep_of(options).cells()) == 6
    assert ways("slurm") == ["slurm"]
    with pytest.raises(SystemExit):
        parse(["--ways", "local,lsf"])
    assert "there is no way lsf: plain, local, slurm" in capsys.readouterr().err


def test_a_kill_for_real(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a launcher's worker; there is no SLURM. tests/e2e kills plain commands."""
    # How soon a sample is durable is the busy machine's affair; the campaign itself holds 5 s.
    monkeypatch.setattr("faults.accounting.DURABLE_SECONDS", 600.0)
    monkeypatch.setattr(fault_campaign, "obstacle", lambda: "not installed: slurmctld")
    out = tmp_path / "report.json"
    size = ("--base_model", "tiny-s", "--problems", "16", "--samples", "8", "--slots", "1")
    ways = ("--ways", "local,slurm")
    assert main([*size, *ways, "--kills", "1", "--out", str(out)]) == 0
    table = capsys.readouterr().out
    result = json.loads(out.read_text())
    assert list(result["totals"]) == ["local", ALL]
    way = result["totals"]["local"]
    assert way["kills_of_workers"] == way["kills"] >= 1
    assert way["worker_processes"] > way["sweeps"]
    assert way["samples"]["wanted"] == way["sweeps"] * 2 * 16 * 8
    assert way["samples"]["finished"] >= way["samples"]["wanted"]
    assert result["undisturbed"]["samples"]["computed_twice"] == 0
    assert all(result["invariants"].values())
    assert "not run: slurm: not installed: slurmctld" in table
