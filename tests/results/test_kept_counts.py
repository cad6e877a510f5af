"""Behaviour words and votes of a finished run: counted once, and the same numbers afterwards."""

import threading
from pathlib import Path

import pyarrow as pa
import pytest
from finished_run import Finished, finished, run

from rast_bench.cli import main
from rast_bench.ledger import Ledger
from rast_bench.metrics import behaviour, majority
from rast_bench.metrics.estimate import IntArray
from rast_bench.metrics.lemmas import LemmaCounter

__all__ = ["finished", "run"]


def numbers(finished: Finished, capsys: pytest.CaptureFixture[str], *further: str) -> str:
    words = [*finished.words[:2], *finished.words[3:], *further]  # it is named otherwise
    assert main(["table", "small", *words]) == 0
    capsys.readouterr()
    return (finished.results / "small" / "details.md").read_text(encoding="utf-8")


def test_a_second_table_counts_nothing(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Ledger(finished.results).root
    for path in root.glob("*/*.npz"):
        path.unlink()
    first = numbers(finished, capsys)
    assert len(list(root.glob("*/lemmas-*.npz"))) == 3  # the rows; no grid counts words
    assert len(list(root.glob("*/votes-*.npz"))) == 2  # one sample has no votes

    def fail(*_: object) -> None:
        raise AssertionError("counted again")

    with monkeypatch.context() as patch:
        patch.setattr(behaviour, "lemma_counts", fail)
        patch.setattr(majority, "_count_votes", fail)
        assert numbers(finished, capsys) == first
    for path in root.glob("*/*.npz"):
        path.write_bytes(b"damaged")
    assert numbers(finished, capsys) == first


def test_words_are_not_counted_again_for_another_grader(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("counted again")

    numbers(finished, capsys)
    monkeypatch.setattr(behaviour, "lemma_counts", fail)
    numbers(finished, capsys, "grader=simplerl-1")


def test_answers_are_read_ahead_where_votes_are_counted(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in grids, and not of one sample."""
    ahead: set[str] = set()
    monkeypatch.setattr(majority, "read_answers_ahead", lambda one: ahead.add(one.cell_id))
    root = Ledger(finished.results).root
    for path in root.glob("*/*.npz"):
        path.unlink()
    numbers(finished, capsys)
    assert ahead == {path.parent.name for path in root.glob("*/votes-*.npz")}


def test_words_are_counted_once_whichever_thread_is_first(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers(finished, capsys)
    kept = {path: path.read_bytes() for path in _words(finished)}
    for path in kept:
        path.unlink()
    counted: list[str] = []
    lemma_counts = behaviour.lemma_counts

    def counts(texts: pa.ChunkedArray, counter: LemmaCounter) -> IntArray:
        counted.append(threading.current_thread().name)
        return lemma_counts(texts, counter)

    monkeypatch.setattr(behaviour, "lemma_counts", counts)
    numbers(finished, capsys)
    assert len(counted) == 3
    assert {path: path.read_bytes() for path in _words(finished)} == kept


def _words(finished: Finished) -> list[Path]:
    return list(Ledger(finished.results).root.glob("*/lemmas-*.npz"))
