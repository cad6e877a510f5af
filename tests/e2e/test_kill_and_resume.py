"""Killed, interrupted, resumed, run twice at once: always the same samples and table."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from command import (
    CELL,
    SAMPLES_OF_CELL,
    Finished,
    finish,
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


def test_shared_killed_and_interrupted(tmp_path: Path, undisturbed: tuple[Path, Finished]) -> None:
    """Two commands share a cell; one is killed, the other gets Ctrl-C; a third makes the rest."""
    results = tmp_path / "results"
    hold = Hold(tmp_path / "hold", processes=2)
    commands = {process.pid: process for process in (start(results, hold=hold) for _ in range(2))}
    hold.wait(lambda: any(process.poll() is not None for process in commands.values()))
    killed, other = commands.values()
    os.killpg(killed.pid, signal.SIGKILL)
    words = finish(killed).err
    kept = len(samples(results))
    assert hold.samples <= kept <= 2 * hold.samples  # at least the flushed half of each

    other.send_signal(signal.SIGINT)
    finished = finish(other)
    assert finished.code == 130, finished.err
    saved = len(samples(results))
    assert max(kept, hold.samples + hold.samples // 2) <= saved <= 2 * hold.samples
    assert "the samples are shared with it" in words + finished.err
    assert "run the same command again" in finished.err
    assert "Traceback" not in finished.err
    assert_same(results, run_here(results), undisturbed)
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


def test_workers_and_batch_size_change_nothing(
    tmp_path: Path, undisturbed: tuple[Path, Finished]
) -> None:
    results = tmp_path / "results"
    other = tuple(o for o in CELL if not o.startswith(("workers=", "engine.max_num_seqs=")))
    finished = run_here(results, *other, "workers=2", "engine.max_num_seqs=64")
    assert_same(results, finished, undisturbed)
