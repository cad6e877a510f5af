"""Killed at random moments, resumed, run twice at once: always the same samples and table."""

import os
import random
import shutil
import signal
from pathlib import Path

import pytest
from command import (
    CELL,
    SAMPLES_OF_CELL,
    Finished,
    finish,
    run,
    run_here,
    samples,
    start,
    stored_rows,
    table_of,
)
from held import Hold

IDENTITY = ["problem_id", "sample_index", "seed", "prompt_sha256", "token_ids", "text"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    results = tmp_path_factory.mktemp("undisturbed") / "results"
    finished = run_here(results)
    assert finished.code == 0, finished.err
    return results, finished


def assert_same(results: Path, finished: Finished, expected: tuple[Path, Finished]) -> None:
    assert finished.code == 0, finished.err
    assert table_of(finished, results) == table_of(expected[1], expected[0])
    theirs = samples(expected[0])[IDENTITY]
    assert samples(results)[IDENTITY].equals(theirs)
    assert len(theirs) == SAMPLES_OF_CELL


def test_killed_at_random_moments(tmp_path: Path, undisturbed: tuple[Path, Finished]) -> None:
    rng = random.Random(0)
    results = tmp_path / "results"
    durable = 0
    for number in range(2):
        hold = Hold(tmp_path / f"hold-{number}", samples=rng.randint(6, 16))
        process = start(results, hold=hold)
        hold.wait(process.poll)
        os.killpg(process.pid, signal.SIGKILL)
        finish(process)
        kept = len(samples(results))
        assert durable + hold.samples // 2 <= kept <= durable + hold.samples
        durable = kept
    finished = run_here(results)
    assert_same(results, finished, undisturbed)
    assert stored_rows(results) == SAMPLES_OF_CELL


def test_a_second_run_makes_nothing(undisturbed: tuple[Path, Finished]) -> None:
    results, first = undisturbed
    before = {path: path.stat().st_mtime_ns for path in results.glob("ledger/*/*.parquet")}
    again = run_here(results)
    assert_same(results, again, undisturbed)
    assert {p: p.stat().st_mtime_ns for p in results.glob("ledger/*/*.parquet")} == before
    assert first.out == again.out


def test_raising_n_makes_only_the_rest(tmp_path: Path, undisturbed: tuple[Path, Finished]) -> None:
    results = tmp_path / "results"
    half = tuple("decoding.n=2" if o.startswith("decoding.n=") else o for o in CELL)
    assert run_here(results, *half).code == 0
    first = samples(results)
    assert len(first) == SAMPLES_OF_CELL // 2
    assert_same(results, run_here(results), undisturbed)
    assert stored_rows(results) == SAMPLES_OF_CELL


def test_two_processes_on_one_cell(tmp_path: Path, undisturbed: tuple[Path, Finished]) -> None:
    results = tmp_path / "results"
    processes = [start(results), start(results)]
    for process in processes:
        assert_same(results, finish(process), undisturbed)


def test_a_damaged_shard_is_computed_again(
    tmp_path: Path, undisturbed: tuple[Path, Finished]
) -> None:
    results = tmp_path / "results"
    shutil.copytree(undisturbed[0], results)
    shard = next(results.glob("ledger/*/samples-*.parquet"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    finished = run_here(results)
    assert_same(results, finished, undisturbed)
    assert finished.err.count(shard.name) >= 1
    assert [line for line in finished.err.splitlines() if line.startswith("warning:")]
    assert len(list(results.glob("ledger/*/*.corrupt"))) == 1


def test_ctrl_c_saves_and_says_how_to_resume(
    tmp_path: Path, undisturbed: tuple[Path, Finished]
) -> None:
    results = tmp_path / "results"
    hold = Hold(tmp_path / "hold")
    process = start(results, hold=hold)
    hold.wait(process.poll)
    process.send_signal(signal.SIGINT)
    finished = finish(process)
    assert finished.code == 130, finished.err
    assert len(samples(results)) == hold.samples
    assert "run the same command again" in finished.err
    assert "Traceback" not in finished.err
    assert_same(results, run_here(results), undisturbed)


def test_workers_and_batch_size_change_nothing(
    tmp_path: Path, undisturbed: tuple[Path, Finished]
) -> None:
    results = tmp_path / "results"
    other = tuple(o for o in CELL if not o.startswith(("workers=", "engine.max_num_seqs=")))
    finished = run(results, *other, "workers=2", "engine.max_num_seqs=64")
    assert_same(results, finished, undisturbed)
