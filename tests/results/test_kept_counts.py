"""Behaviour words and votes of a finished run: counted once, and the same numbers afterwards."""

import pytest
from finished_run import Finished, finished, run

from rast_bench.cli import main
from rast_bench.ledger import Ledger
from rast_bench.metrics import majority
from rast_bench.results import cells

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
        patch.setattr(cells, "lemma_counts", fail)
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
    monkeypatch.setattr(cells, "lemma_counts", fail)
    numbers(finished, capsys, "grader=simplerl-1")


def test_answers_are_read_ahead_where_votes_are_counted(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in grids, and not of one sample."""
    ahead: set[str] = set()
    monkeypatch.setattr(majority, "read_answers_ahead", lambda cell, *_: ahead.add(cell.cell_id))
    numbers(finished, capsys)
    root = Ledger(finished.results).root
    assert ahead == {path.parent.name for path in root.glob("*/votes-*.npz")}
