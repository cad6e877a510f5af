"""Samples by their place in the shards: texts as asked for, whatever becomes of the shards."""

import random
from pathlib import Path

import numpy as np
import pytest
from ledger_samples import CELL, make_sample, sample_rows

from rast_bench.ledger import Ledger, codec
from rast_bench.ledger.keys import plain
from rast_bench.ledger.recent import Recent
from rast_bench.ledger.rows import LENGTH, GoneError, RowGroups


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Thirty samples in shards and row groups in no order; two of them were made twice."""
    monkeypatch.setattr(codec, "ROW_GROUP_ROWS", 4)
    samples = [make_sample(f"p{problem}", index) for problem in range(10) for index in range(3)]
    random.Random(0).shuffle(samples)
    made = Ledger(tmp_path)
    made.write_samples(CELL, samples[:17], "run-1")
    made.write_samples(CELL, samples[15:], "run-2")
    return made


def test_texts_are_those_of_their_rows_in_any_order(ledger: Ledger) -> None:
    stored = ledger.stored_samples(CELL)
    whole = ledger.samples(CELL, ["problem_id", "sample_index", "text", "seed", "token_count"])
    short = plain(stored.table).to_pydict()
    assert short["problem_id"] == whole["problem_id"].tolist()
    assert short["sample_index"] == whole["sample_index"].tolist()
    assert short["token_count"] == whole["token_count"].tolist()
    assert short[LENGTH] == [len(text) for text in whole["text"]]
    groups: RowGroups = Recent(1_000)
    for rows in ([3], [29, 0, 7, 7, 12], [*range(30)], []):
        read = plain(stored.read(np.array(rows, np.int64), groups)).to_pydict()
        assert read["text"] == whole["text"].iloc[rows].tolist()
        assert read["seed"] == whole["seed"].iloc[rows].tolist()


def test_in_stored_order_no_group_is_read_twice(ledger: Ledger) -> None:
    stored = ledger.stored_samples(CELL)
    rows = np.arange(30)
    order = stored.in_stored_order(rows)
    assert sorted(order.tolist()) == rows.tolist()
    read = []

    class Counted(Recent):  # type: ignore[type-arg]
        def get(self, key, make):  # type: ignore[no-untyped-def]
            read.append(key)
            return super().get(key, make)

    for row in rows[order].tolist():
        stored.read(np.array([row]), Counted(1))
    changes = [key for key, before in zip(read, [None, *read], strict=False) if key != before]
    assert len(changes) == len(set(changes))


def test_after_a_merge_the_rows_are_gone_and_found_again(ledger: Ledger) -> None:
    stored = ledger.stored_samples(CELL)
    ledger.compact(CELL)
    with pytest.raises(GoneError):
        stored.read(np.arange(30), Recent(1_000))
    again = ledger.stored_samples(CELL)
    texts = again.read(np.arange(30), Recent(1_000))["text"].to_pylist()
    assert texts == ledger.samples(CELL)["text"].tolist()


def test_a_changed_shard_is_not_read(ledger: Ledger) -> None:
    stored = ledger.stored_samples(CELL)
    for path in ledger.cell_folder(CELL).glob("*.parquet"):
        path.write_bytes(path.read_bytes())
    with pytest.raises(GoneError):
        stored.read(np.arange(30), Recent(1_000))


def test_unchecked_keys_are_the_keys(ledger: Ledger) -> None:
    assert _keys(ledger) == ledger.completed(CELL)
    assert ledger.unchecked_keys(CELL).num_rows == 30
    assert ledger.unchecked_keys("f" * 16).num_rows == 0


def test_keys_of_a_corrupt_shard_are_left_out(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ledger.cell_folder(CELL)
    (folder / f"samples-{'0' * 16}.parquet").write_bytes(b"no Parquet")
    (folder / f"samples-{'1' * 16}.parquet").mkdir()
    assert _keys(ledger) == ledger.completed(CELL)
    assert len(_keys(ledger)) == 30
    assert "set aside" in capsys.readouterr().err


def _keys(ledger: Ledger) -> set[tuple[str, int]]:
    table = plain(ledger.unchecked_keys(CELL)).to_pydict()
    return set(zip(table["problem_id"], table["sample_index"], strict=True))


def test_a_ledger_without_samples(tmp_path: Path) -> None:
    stored = Ledger(tmp_path).stored_samples(CELL)
    assert stored.table.num_rows == 0
    assert stored.read(np.empty(0, np.int64), Recent(1)).num_rows == 0


def test_row_groups_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setattr(codec, "ROW_GROUP_ROWS", 2)
    ledger = Ledger(tmp_path)
    samples = [make_sample("p1", index) for index in range(5)]
    ledger.write_samples(CELL, samples, "run")
    (path,) = ledger.cell_folder(CELL).glob("*.parquet")
    assert pq.ParquetFile(path).metadata.num_row_groups == 3
    frame = ledger.samples(CELL)
    assert len(frame) == len(sample_rows(samples))


def test_recent_keeps_what_was_used_last() -> None:
    made: list[int] = []

    def make(size: int) -> np.ndarray:  # type: ignore[type-arg]
        made.append(size)
        return np.zeros(size, np.uint8)

    recent: Recent[int, np.ndarray] = Recent(100)  # type: ignore[type-arg]
    for size in (40, 50, 40, 30, 40, 50, 200, 40):
        assert recent.get(size, lambda size=size: make(size)).nbytes == size
    # 30 evicts 50, which is made again; 200 is more than is kept, and evicts all.
    assert made == [40, 50, 30, 50, 200, 40]
    recent.drop(40)
    recent.drop(1)
    recent.get(40, lambda: make(40))
    assert made[-2:] == [40, 40]


def test_recent_need_not_keep_what_is_too_large() -> None:
    recent: Recent[str, np.ndarray] = Recent(100, keeps_one=False)  # type: ignore[type-arg]
    recent.keep("large", np.zeros(90, np.uint8))
    recent.keep("small", np.zeros(10, np.uint8))
    recent.keep("large", np.zeros(200, np.uint8))
    assert recent.find("large") is None  # not the earlier one either
    assert recent.find("small") is not None
    recent.keep("large", np.zeros(91, np.uint8))
    assert recent.find("small") is None
