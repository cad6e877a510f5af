"""Leases: one owner a chunk, however many take at once; a worker finds its own again."""

import multiprocessing
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from rast_bench.errors import LedgerError
from rast_bench.run.chunks import NOBODY, Chunk, Leases

CHUNKS = [Chunk(i // 5, i % 5 * 10, i % 5 * 10 + 10) for i in range(100)]


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    made = Leases(tmp_path / "leases")
    made.make_folder()
    return made


def take_all(folder: Path, worker: int, taken: "multiprocessing.Queue[tuple[int, str]]") -> None:
    for chunk in Leases(folder).take(CHUNKS, worker):
        taken.put((worker, chunk.name))


def test_processes_that_take_at_once_share_without_overlap(leases: Leases, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    taken: multiprocessing.Queue[tuple[int, str]] = context.Queue()
    workers = [
        context.Process(target=take_all, args=(tmp_path / "leases", i, taken)) for i in range(4)
    ]
    for process in workers:
        process.start()
    found = [taken.get(timeout=600) for _ in CHUNKS]
    for process in workers:
        process.join()
    assert sorted(name for _, name in found) == sorted(chunk.name for chunk in CHUNKS)
    assert leases.owners() == {name: worker for worker, name in found}


def test_a_worker_that_comes_again_starts_with_its_own(leases: Leases) -> None:
    mine = leases.take(CHUNKS, 3)
    first = [next(mine), next(mine)]
    others = leases.take(CHUNKS, 5)
    taken = next(others)
    again = leases.take(CHUNKS, 3)
    assert [next(again), next(again)] == first
    third = next(again)
    assert third not in (*first, taken)


def test_a_chunk_is_claimed_when_it_is_asked_for(leases: Leases) -> None:
    stream = leases.take(CHUNKS, 0)
    assert leases.count() == 0
    next(stream)
    assert leases.count() == 1


def test_a_dead_workers_chunks_are_free_again(leases: Leases) -> None:
    assert len(list(islice(leases.take(CHUNKS, 1), 3))) == 3
    assert leases.release(1) == 3
    assert list(leases.take(CHUNKS, 2)) == CHUNKS


def test_chunks_that_become_free_meanwhile_are_taken_too(leases: Leases) -> None:
    assert len(list(islice(leases.take(CHUNKS, 1), 3))) == 3
    stream = leases.take(CHUNKS, 2)
    first = next(stream)
    leases.release(1)
    rest = list(stream)
    assert sorted(c.name for c in (first, *rest)) == sorted(c.name for c in CHUNKS)


def test_a_worker_that_was_started_again_claims_no_more(leases: Leases) -> None:
    answers = iter([True, True, False])
    stream = leases.take(CHUNKS, 1, current=lambda: next(answers, False))
    assert len(list(stream)) == 2
    assert leases.count() == 2


def among(*workers: int) -> Callable[[int], bool]:
    return lambda worker: worker in workers


def test_one_claims_what_nobody_living_has(leases: Leases) -> None:
    assert leases.owner("x", among()) is None
    assert leases.lease("x", 7, among()) == 7
    assert leases.lease("x", 7, among()) == 7
    assert leases.lease("x", 8, among()) == 7
    assert leases.lease("x", 8, among(7)) == 8
    assert leases.lease("x", 9, among(7)) == 8
    assert leases.lease("x", 9, among(7, 8)) == 9
    assert leases.owner("x", among(7, 8)) == 9
    assert leases.owner("x", among(7, 8, 9)) is None


def inherit(folder: Path, worker: int, heirs: "multiprocessing.Queue[tuple[int, int]]") -> None:
    heirs.put((worker, Leases(folder).lease("x", worker, among(7))))


def test_of_those_that_find_an_owner_dead_at_once_one_inherits(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for attempt in range(20):
        folder = tmp_path / str(attempt)
        Leases(folder).make_folder()
        Leases(folder).lease("x", 7, among())
        heirs: multiprocessing.Queue[tuple[int, int]] = context.Queue()
        workers = [context.Process(target=inherit, args=(folder, i, heirs)) for i in range(4)]
        for process in workers:
            process.start()
        found = [heirs.get(timeout=600) for _ in workers]
        for process in workers:
            process.join()
        (heir,) = {owner for _, owner in found}
        assert heir in range(4)


def test_what_is_no_claim_belongs_to_nobody(leases: Leases, tmp_path: Path) -> None:
    (tmp_path / "leases" / "x").write_text("7")
    (tmp_path / "leases" / "y").symlink_to("seven")
    for name in ("x", "y"):
        assert leases.lease(name, 8, among(NOBODY)) == 8
        assert leases.owner(name, among(NOBODY)) == 8


def test_claims_are_cleared_but_for_those_of_the_living(leases: Leases, tmp_path: Path) -> None:
    for name, worker, gone in (("x", 7, ()), ("x", 8, (7,)), ("y", 7, ()), ("z", 9, ())):
        assert leases.lease(name, worker, among(*gone)) == worker
    leases.clear(among(7, 9))
    assert leases.owners() == {"x": 7, "x+7": 8}
    assert leases.owner("x", among(7, 9)) == 8
    leases.clear(among(7, 8, 9))
    assert not (tmp_path / "leases").exists()
    leases.clear(among())


def test_no_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="nowhere"):
        Leases(tmp_path / "nowhere").owners()
