"""Ways to damage a ledger or to tamper with it. Each keeps checksums valid if it can."""

import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rast_bench.config.identity import CELL_ID_DIGITS
from rast_bench.ledger.records import to_json
from rast_bench.ledger.shards import HASH_DIGITS

DAY = 86_400.0


@dataclass(frozen=True)
class Place:
    """A ledger of two cells, and the graders of its verdicts."""

    root: Path
    graders: Sequence[str]

    @property
    def cells(self) -> list[Path]:
        return sorted(path for path in self.root.iterdir() if len(path.name) == CELL_ID_DIGITS)

    @property
    def cell(self) -> Path:
        return self.cells[0]

    @property
    def other(self) -> Path:
        return self.cells[1]

    def samples(self, cell: Path | None = None) -> Path:
        """Return the cell's only shard of samples."""
        (path,) = (cell or self.cell).glob("samples-*.parquet")
        return path

    def verdicts(self, cell: Path | None = None, grader: int = 0) -> Path:
        (path,) = (cell or self.cell).glob(f"verdicts-{self.graders[grader]}-*.parquet")
        return path

    def manifest(self, cell: Path | None = None) -> Path:
        (path,) = (cell or self.cell).glob("manifest-*.json")
        return path

    def age(self, source: Path) -> None:
        """Copies another ledger as a version before there were stamps would have written it."""
        for path in sorted(source.glob("*/*")):
            target = self.root / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".parquet":
                table = pq.read_table(path)
                if "kind" in table.column_names:
                    table = table.drop_columns(["run_id"])
                forge(target, table.replace_schema_metadata({"rast_bench_shard": path.stem}))
            elif path.suffix == ".json":
                record = json.loads(path.read_bytes())
                del record["checksum"]
                target.write_text(json.dumps(record))


@dataclass(frozen=True)
class Corruption:
    name: str
    damage: Callable[[Place], object]


def forge(path: Path, table: pa.Table, prefix: str | None = None) -> Path:
    """Replaces a shard by another table, with its metadata, under the name of the new bytes."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    path.unlink(missing_ok=True)
    return _named(path, buffer.getvalue(), prefix)


def _named(path: Path, data: bytes, prefix: str | None = None) -> Path:
    digest = hashlib.sha256(data).hexdigest()[:HASH_DIGITS]
    named = path.with_name(f"{prefix or path.stem.rpartition('-')[0]}-{digest}.parquet")
    named.write_bytes(data)
    return named


Damage = Callable[[Place], object]
Change = Callable[[list[Any]], Sequence[Any]]


def column(name: str, change: Change, kind: pa.DataType | None = None) -> Damage:
    """Replaces the values of a column of the samples."""
    return partial(_column, lambda place: place.samples(), name, change, kind)


def verdict_column(name: str, change: Change) -> Damage:
    return partial(_column, lambda place: place.verdicts(), name, change, None)


def _column(
    shard: Callable[[Place], Path],
    name: str,
    change: Change,
    kind: pa.DataType | None,
    place: Place,
) -> None:
    path = shard(place)
    table = pq.read_table(path)
    values = pa.array(change(table[name].to_pylist()), kind or table.schema.field(name).type)
    where = table.column_names.index(name)
    forge(path, table.set_column(where, pa.field(name, values.type), values))


def first(value: Any) -> Change:
    """Return a change of the first row's value only."""
    return lambda values: [value, *values[1:]]


def swap(one: str, two: str) -> Damage:
    def damage(place: Place) -> None:
        path = place.samples()
        table = pq.read_table(path)
        names = {one: two, two: one}
        order = [table[names.get(name, name)] for name in table.column_names]
        schema = table.schema
        forge(path, pa.table(dict(zip(table.column_names, order, strict=True)), schema=schema))

    return damage


def repeat_rows(shard: Callable[[Place], Path]) -> Damage:
    def damage(place: Place) -> None:
        table = pq.read_table(shard(place))
        forge(shard(place), pa.concat_tables([table, table.slice(0, 1)]))

    return damage


def stamped(key: str | None, value: str = "") -> Damage:
    """Changes one key of a verdict shard's stamp, or drops the whole."""

    def damage(place: Place) -> None:
        table = pq.read_table(place.verdicts())
        metadata = dict(table.schema.metadata)
        changed = {} if key is None else {**metadata, key.encode(): value.encode()}
        forge(place.verdicts(), table.replace_schema_metadata(changed))

    return damage


def bad_text(place: Place) -> None:
    """Bytes that are no UTF-8 in the text column, as a bad disk or another program leaves them."""
    path = place.samples()
    table = pq.read_table(path)
    texts = [text.encode() for text in table["text"].to_pylist()]
    raw = pa.array([b"\xff\xfe" + texts[0], *texts[1:]], pa.binary()).view(pa.string())
    forge(path, table.set_column(table.column_names.index("text"), table.schema.field("text"), raw))


def drop_column(place: Place) -> None:
    table = pq.read_table(place.samples())
    forge(place.samples(), table.drop_columns(["finish_reason"]))


def unstamped_elsewhere(place: Place) -> None:
    """Put in the other cell's samples as an earlier version would have written them."""
    table = pq.read_table(place.samples(place.other)).replace_schema_metadata({})
    forge(place.samples(), table)


def flip_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def copy_into(path: Path, folder: Path) -> None:
    (folder / path.name).write_bytes(path.read_bytes())


def move_over(source: Path, target: Path) -> None:
    """Put the source's content in the target's place, under a name that fits both."""
    data = source.read_bytes()
    target.unlink()
    _named(target, data)


def instead(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def link_away(path: Path) -> None:
    away = path.parents[2] / "elsewhere.parquet"
    path.rename(away)
    path.symlink_to(away)


def leftover(age: float, place: Place) -> None:
    path = place.cell / ".tmp-host-1-abcd"
    path.write_bytes(b"half a shard")
    when = time.time() - age
    os.utime(path, (when, when))


def edit(path: Path, *, checksum: bool, **changes: Any) -> None:
    """Changes keys of a record; with its checksum made anew, or left as it was."""
    record = json.loads(path.read_bytes())
    record.update(changes)
    path.write_bytes(to_json(record) if checksum else json.dumps(record).encode())


def folder_as_file(place: Place) -> None:
    cell = place.cell
    shutil.rmtree(cell)
    cell.write_bytes(b"")


def _corruptions() -> list[Corruption]:
    def of(name: str, damage: Damage) -> Corruption:
        return Corruption(name, damage)

    sixteen = "0" * HASH_DIGITS
    return [
        # The bytes of a shard.
        of("half a shard", lambda p: os.truncate(p.samples(), p.samples().stat().st_size // 2)),
        of("an empty shard", lambda p: os.truncate(p.samples(), 0)),
        of("a shard of other bytes", lambda p: p.samples().write_bytes(b"PAR1 nothing PAR1")),
        of("one bit of the samples", lambda p: flip_bit(p.samples())),
        of("one bit of the verdicts", lambda p: flip_bit(p.verdicts())),
        of(
            "another checksum in the name",
            lambda p: p.samples().rename(p.cell / f"samples-{sixteen}.parquet"),
        ),
        of("a name without one", lambda p: p.samples().rename(p.cell / "samples.parquet")),
        of(
            "a right checksum over what is no Parquet",
            lambda p: instead(p.samples(), lambda path: _named(path, b"nothing")),
        ),
        # A sound shard in another's place.
        of("another cell's samples beside ours", lambda p: copy_into(p.samples(p.other), p.cell)),
        of(
            "another cell's samples in ours' place",
            lambda p: move_over(p.samples(p.other), p.samples()),
        ),
        of("another cell's samples, unstamped", unstamped_elsewhere),
        of(
            "another cell's verdicts in ours' place",
            lambda p: move_over(p.verdicts(p.other), p.verdicts()),
        ),
        of("verdicts in samples' place", lambda p: move_over(p.verdicts(), p.samples())),
        of("samples in verdicts' place", lambda p: move_over(p.samples(), p.verdicts())),
        of(
            "another grader's verdicts in their place",
            lambda p: move_over(p.verdicts(grader=1), p.verdicts()),
        ),
        of("a stamp with an unknown schema", stamped("rast_bench_schema", "none")),
        of("a stamp of another cell", stamped("rast_bench_cell", sixteen)),
        of("verdicts that lost their stamp", stamped(None)),
        # The rows of a shard whose checksum is right.
        of("a text without a value", column("text", first(None))),
        of("a problem without a name", column("problem_id", first(None))),
        of("a text that is no UTF-8", bad_text),
        of("texts and prompts' hashes swapped", swap("text", "prompt_sha256")),
        of("seeds and token counts swapped", swap("seed", "token_count")),
        of("sample indices one too high", column("sample_index", lambda v: [i + 1 for i in v])),
        of("a negative sample index", column("sample_index", first(-1))),
        of("a sample twice", repeat_rows(lambda p: p.samples())),
        of("a verdict twice", repeat_rows(lambda p: p.verdicts())),
        of("an unknown reason to finish", column("finish_reason", first("tired"))),
        of("a token count that is none", column("token_count", first(10**6))),
        of("a token id below 0", column("token_ids", first([-1] * 3))),
        of(
            "NaN for a number",
            column("token_count", lambda v: [float("nan")] * len(v), pa.float64()),
        ),
        of("a column less", drop_column),
        of("an unknown kind of verdict", verdict_column("kind", first("splendid"))),
        of("a verdict without a kind", verdict_column("kind", first(None))),
        # Something else than a file.
        of("a link in a shard's place", lambda p: link_away(p.samples())),
        of("a named pipe", lambda p: instead(p.samples(), os.mkfifo)),
        of("a folder", lambda p: instead(p.samples(), Path.mkdir)),
        of("a shard that nobody may read", lambda p: p.samples().chmod(0)),
        of("a shard that is gone", lambda p: p.samples().unlink()),
        of("a writer's leftover", partial(leftover, DAY)),
        of("a leftover of tomorrow", partial(leftover, -DAY)),
        of("a file in the cell's place", folder_as_file),
        # Records.
        of("cell.json gone", lambda p: (p.cell / "cell.json").unlink()),
        of("cell.json empty", lambda p: os.truncate(p.cell / "cell.json", 0)),
        of("cell.json of another cell", lambda p: copy_into(p.other / "cell.json", p.cell)),
        of("cell.json a named pipe", lambda p: instead(p.cell / "cell.json", os.mkfifo)),
        of(
            "an identity that was edited, checksum and all",
            lambda p: edit(p.cell / "cell.json", checksum=True, identity={"version": 1}),
        ),
        of(
            "a title that was edited",
            lambda p: edit(p.cell / "cell.json", checksum=False, display={"title": "better"}),
        ),
        of("half a manifest", lambda p: os.truncate(p.manifest(), 100)),
        of("a manifest that was edited", lambda p: edit(p.manifest(), checksum=False, seconds=1.0)),
        of(
            "a manifest without a count, checksum and all",
            lambda p: edit(p.manifest(), checksum=True, samples_made=None),
        ),
        of(
            "a manifest of NaN",
            lambda p: p.manifest().write_text(
                p.manifest().read_text().replace('"seconds": ', '"seconds": NaN, "was": ')
            ),
        ),
        of("another cell's manifest", lambda p: copy_into(p.manifest(p.other), p.cell)),
        of("a manifest under another run's name", rename_manifest),
        of("a manifest with a key twice", repeat_key),
    ]


def rename_manifest(place: Place) -> None:
    place.manifest().rename(place.cell / "manifest-20200101T000000Z-00000000.json")


def repeat_key(place: Place) -> None:
    text = place.manifest().read_text()
    place.manifest().write_text(text.replace("{", '{"status": "partial",', 1))


CORRUPTIONS = _corruptions()
