"""Corrupt shards, and readers beside compactors."""

import errno
import multiprocessing
import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import CELL, make_sample, rows, sample_rows, write_forged

from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger, codec, shards
from rast_bench.ledger.files import UnsoundFileError


def two_shards(results: Path) -> tuple[Ledger, Path, Path]:
    """A ledger with p1/0 in its first shard and p1/1 in its second."""
    ledger = Ledger(results)
    folder = ledger.cell_folder(CELL)
    ledger.write_samples(CELL, [make_sample("p1", 0)], "run")
    (first,) = folder.glob("*.parquet")
    ledger.write_samples(CELL, [make_sample("p1", 1)], "run")
    (second,) = set(folder.glob("*.parquet")) - {first}
    return ledger, first, second


def check_set_aside(ledger: Ledger, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ledger.completed(CELL) == {("p1", 1)}
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert str(bad) in lines[0]
    assert "computed again" in lines[0]
    assert not bad.exists()
    assert bad.with_name(bad.name + ".corrupt").exists()
    assert rows(ledger.samples(CELL)) == sample_rows([make_sample("p1", 1)])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_truncated_shard_is_set_aside(
    tmp_path: Path, kept: float, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, bad, _ = two_shards(tmp_path)
    os.truncate(bad, int(bad.stat().st_size * kept))
    check_set_aside(ledger, bad, capsys)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_every_bit_flip_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    ledger, bad, _ = two_shards(tmp_path_factory.mktemp("flip"))
    content = bytearray(bad.read_bytes())
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    bad.write_bytes(content)
    assert ledger.completed(CELL) == {("p1", 1)}


def test_a_right_checksum_over_wrong_content_is_set_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, bad, _ = two_shards(tmp_path)
    bad.unlink()
    folder = ledger.cell_folder(CELL)
    table = codec.sample_table([make_sample("p1", 0)], "run").drop_columns(["text"])
    bad = write_forged(folder, codec.SAMPLES, table)
    check_set_aside(ledger, bad, capsys)


def test_not_parquet_under_a_right_checksum() -> None:
    with pytest.raises(UnsoundFileError):
        codec.decode(b"PAR1 nonsense PAR1", codec.SAMPLES, CELL)


def test_a_corrupt_shard_that_cannot_be_renamed_is_ignored_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, bad, _ = two_shards(tmp_path)
    os.truncate(bad, 10)

    def refuse(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    for _ in range(2):
        assert ledger.completed(CELL) == {("p1", 1)}
    assert capsys.readouterr().err.count("\n") == 1


def test_other_files_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger, first, _ = two_shards(tmp_path)
    for name in ("notes.parquet", ".tmp-host-1-ab", "samples-zz.parquet", first.name + ".corrupt"):
        (first.parent / name).write_bytes(b"x")
    assert len(ledger.completed(CELL)) == 2
    assert capsys.readouterr().err == ""
    assert (first.parent / "notes.parquet").exists()


def test_a_shard_that_the_disk_does_not_give_is_an_error_not_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, first, _ = two_shards(tmp_path)

    def fail(_path: Path, _flags: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("rast_bench.ledger.files.os.open", fail)
    with pytest.raises(LedgerError, match=r"cannot use .*samples-"):
        ledger.completed(CELL)
    monkeypatch.undo()
    assert first.exists()


def test_a_reader_that_loses_its_files_rescans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, _, _ = two_shards(tmp_path)
    read_shard = shards.read_shard
    compacted = False

    def compact_first(
        path: Path, family: codec.Family, columns: list[str] | None
    ) -> pa.Table | None:
        nonlocal compacted
        if not compacted:
            compacted = True
            ledger.compact(CELL)
        return read_shard(path, family, columns)

    monkeypatch.setattr(shards, "read_shard", compact_first)
    assert ledger.completed(CELL) == {("p1", 0), ("p1", 1)}


def test_a_reader_whose_listing_misses_a_compaction_rescans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """readdir may pass the new shard's place before it is made, and come to the old after."""
    ledger, _, _ = two_shards(tmp_path)
    shard_names = shards.shard_names
    listings = 0

    def blind_at_first(folder: Path, family: codec.Family) -> list[str]:
        nonlocal listings
        listings += 1
        if listings == 1:
            ledger_names = shard_names(folder, family)
            monkeypatch.setattr(shards, "shard_names", shard_names)
            ledger.compact(CELL)
            monkeypatch.setattr(shards, "shard_names", blind_at_first)
            return ledger_names[:1]
        return shard_names(folder, family)

    monkeypatch.setattr(shards, "shard_names", blind_at_first)
    assert ledger.completed(CELL) == {("p1", 0), ("p1", 1)}


def write_and_compact(results: str, who: int) -> None:
    ledger = Ledger(results)
    for index in range(12):
        ledger.write_samples(
            CELL, [make_sample(f"p{who}", index), make_sample("same", index)], f"r{who}"
        )
        if index % 3 == who:
            ledger.compact(CELL)


def test_concurrent_writers_and_compactors_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=write_and_compact, args=(str(tmp_path), who)) for who in range(3)
    ]
    for process in processes:
        process.start()
    ledger = Ledger(tmp_path)
    seen: set[tuple[str, int]] = set()
    while any(process.is_alive() for process in processes):
        now = ledger.completed(CELL)
        assert seen <= now  # what was durable once is never missed again
        seen = now
    assert [process.exitcode for process in processes] == [0, 0, 0]
    problems = ["p0", "p1", "p2", "same"]
    assert ledger.completed(CELL) == {(p, i) for p in problems for i in range(12)}
    assert len(ledger.samples(CELL)) == 48


def test_texts_stay_in_memory_only_while_tables_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    texts = ("problem_id", "sample_index", "text")
    read: list[Path] = []
    look = shards.look_at_shard

    def looked(path: Path, *further: object) -> object:
        read.append(path)
        return look(path, *further)  # type: ignore[arg-type]

    monkeypatch.setattr(shards, "look_at_shard", looked)
    ledger.write_samples(CELL, [make_sample()], "run")
    assert ledger.completed(CELL) == {("p1", 0)}
    assert len(read) == 1
    ledger.write_samples(CELL, [make_sample(index=1)], "run")
    with shards.keeping_texts():
        assert ledger.completed(CELL) == {("p1", 0), ("p1", 1)}
        assert len(read) == 2
        assert ledger.samples(CELL, texts)["text"].tolist() == ["λ p1/0", "λ p1/1"]
        assert len(read) == 3  # the first shard, which was checked before
    assert ledger.samples(CELL, texts)["text"].tolist() == ["λ p1/0", "λ p1/1"]
    assert len(read) == 5
