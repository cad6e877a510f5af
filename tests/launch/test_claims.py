"""Claims: one owner a chunk, however many take at once; a worker finds its own again."""

import multiprocessing
from itertools import islice
from pathlib import Path

import pytest

from rast_bench.errors import LedgerError
from rast_bench.launch.chunks import Chunk
from rast_bench.launch.claims import Claims

CHUNKS = [Chunk(i // 5, i % 5 * 10, i % 5 * 10 + 10) for i in range(100)]


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    made = Claims(tmp_path / "claims")
    made.make_folder()
    return made


def take_all(folder: Path, worker: int, taken: "multiprocessing.Queue[tuple[int, str]]") -> None:
    for chunk in Claims(folder).take(CHUNKS, worker):
        taken.put((worker, chunk.name))


def test_processes_that_take_at_once_share_without_overlap(claims: Claims, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    taken: multiprocessing.Queue[tuple[int, str]] = context.Queue()
    workers = [
        context.Process(target=take_all, args=(tmp_path / "claims", i, taken)) for i in range(4)
    ]
    for process in workers:
        process.start()
    found = [taken.get(timeout=600) for _ in CHUNKS]
    for process in workers:
        process.join()
    assert sorted(name for _, name in found) == sorted(chunk.name for chunk in CHUNKS)
    assert claims.owners() == {name: worker for worker, name in found}


def test_a_worker_that_comes_again_starts_with_its_own(claims: Claims) -> None:
    mine = claims.take(CHUNKS, 3)
    first = [next(mine), next(mine)]
    others = claims.take(CHUNKS, 5)
    taken = next(others)
    again = claims.take(CHUNKS, 3)
    assert [next(again), next(again)] == first
    third = next(again)
    assert third not in (*first, taken)


def test_a_chunk_is_claimed_when_it_is_asked_for(claims: Claims) -> None:
    stream = claims.take(CHUNKS, 0)
    assert claims.count() == 0
    next(stream)
    assert claims.count() == 1


def test_a_dead_workers_chunks_are_free_again(claims: Claims) -> None:
    assert len(list(islice(claims.take(CHUNKS, 1), 3))) == 3
    assert claims.release(1) == 3
    assert list(claims.take(CHUNKS, 2)) == CHUNKS


def test_chunks_that_become_free_meanwhile_are_taken_too(claims: Claims) -> None:
    assert len(list(islice(claims.take(CHUNKS, 1), 3))) == 3
    stream = claims.take(CHUNKS, 2)
    first = next(stream)
    claims.release(1)
    rest = list(stream)
    assert sorted(c.name for c in (first, *rest)) == sorted(c.name for c in CHUNKS)


def test_a_worker_that_was_started_again_claims_no_more(claims: Claims) -> None:
    answers = iter([True, True, False])
    stream = claims.take(CHUNKS, 1, current=lambda: next(answers, False))
    assert len(list(stream)) == 2
    assert claims.count() == 2


def test_no_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="nowhere"):
        Claims(tmp_path / "nowhere").owners()
