"""The ledger: the samples and verdicts that exist, under `<results>/ledger/<cell id>/`."""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.domain import Sample, Verdict
from rast_bench.errors import LedgerError
from rast_bench.ledger.atomic import (
    TEMPORARY_PREFIX,
    ledger_errors,
    make_folder,
    remove_leftovers,
    write_durably,
)
from rast_bench.ledger.files import UnsoundFileError, read_file, set_aside
from rast_bench.ledger.records import CellRecord, Manifest, from_json, to_json, validated

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from rast_bench.ledger.rows import StoredSamples
    from rast_bench.ledger.shards import FollowedKeys
    from rast_bench.ledger.writer import LedgerWriter

PROBE_BYTES = 2**20  # a disk with less room than this counts as full

SAMPLE_COLUMNS = (
    "problem_id",
    "sample_index",
    "seed",
    "prompt_sha256",
    "token_ids",
    "text",
    "finish_reason",
    "token_count",
)
VERDICT_COLUMNS = ("problem_id", "sample_index", "kind", "extracted")

CELL_ID = re.compile(r"[0-9a-f]{16}")
_GRADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class Ledger:
    """The durable set of samples and verdicts in one results folder.

    Any number of processes may use one results folder at once, also on a shared file system. Every
    method raises LedgerError if the folder cannot be used.
    """

    def __init__(self, results: Path | str) -> None:
        self.root = Path(results) / "ledger"

    def check_writable(self) -> None:
        """Write, sync and remove a probe of 1 MiB, so that a long run does not fail later."""
        with ledger_errors(self.root):
            make_folder(self.root)
            remove_leftovers(self.root)
            probe = self.root / f"{TEMPORARY_PREFIX}probe-{_unique()}"
            try:
                write_durably(probe, bytes(PROBE_BYTES))
            finally:
                probe.unlink(missing_ok=True)

    def cell_folder(self, cell_id: str) -> Path:
        return self.root / cell_id

    def cells(self) -> list[str]:
        """Return the ids of all registered cells, sorted, including those with a broken record."""
        return self._cells(lambda folder: os.path.lexists(folder / "cell.json"))

    def unregistered(self) -> list[str]:
        """Return the ids of cells that have a folder with shards but no record, sorted."""
        return self._cells(
            lambda folder: (
                not os.path.lexists(folder / "cell.json") and any(folder.glob("*.parquet"))
            )
        )

    def _cells(self, chosen: Callable[[Path], bool]) -> list[str]:
        """Return the ids of the cells whose folders are chosen, sorted; none without a ledger."""
        if not self.root.is_dir():
            return []
        with ledger_errors(self.root):
            return sorted(
                path.name
                for path in self.root.iterdir()
                if CELL_ID.fullmatch(path.name) and chosen(path)
            )

    def register(
        self, cell_id: str, identity: Mapping[str, Any], display: Mapping[str, Any]
    ) -> None:
        """Create the cell's folder and, once, its `cell.json`.

        Args:
            identity: exactly what changes the cell's tokens, as JSON.
            display: human-readable names, as JSON; those of the first registration stay.

        Raises:
            LedgerError: the folder already belongs to another identity, or is not writable.
        """
        folder = self.cell_folder(cell_id)
        wanted = json.loads(json.dumps(identity))
        with ledger_errors(folder):
            if os.path.lexists(folder) and not folder.is_dir():
                set_aside(folder, "it is not a folder", "it is created again", what="cell")
            make_folder(folder)
            remove_leftovers(folder)
        known = self.cell(cell_id)
        if known is None:
            record = {"cell_id": cell_id, "identity": wanted, "display": dict(display)}
            with ledger_errors(folder):
                write_durably(folder / "cell.json", to_json(record))
        elif known["identity"] != wanted:
            raise LedgerError(
                f"{folder / 'cell.json'} describes a different cell",
                hint="move that folder away: the cell is then computed again",
            )

    def cell(self, cell_id: str) -> dict[str, Any] | None:
        """Return `cell.json` (`cell_id`, `identity`, `display`); None if there is none.

        A broken one is set aside: the cell's configuration contains everything in it.
        """
        return self.read_cell(cell_id)[0]

    def read_cell(self, cell_id: str) -> tuple[dict[str, Any] | None, bool]:
        """Return the record as `cell`, and whether the file has a checksum."""
        path = self.cell_folder(cell_id) / "cell.json"
        try:
            data = read_file(path)
            if data is None:
                return None, False
            record, stamped = from_json(data)
            if reason := validated(CellRecord, record).misplaced(cell_id):
                raise UnsoundFileError(reason)
        except UnsoundFileError as error:
            set_aside(path, str(error), "it is written again")
            return None, False
        return record, stamped

    def writer(self, run_id: str) -> "LedgerWriter":
        """Return a writer of samples under this run id; close it (it is a context manager)."""
        from rast_bench.ledger.writer import LedgerWriter

        return LedgerWriter(self, run_id)

    def write_samples(self, cell_id: str, samples: Sequence[Sample], run_id: str) -> None:
        """Make the samples durable as one shard. Raise ValueError for samples of another cell."""
        from rast_bench.ledger import codec, shards

        if strangers := {sample.key.cell_id for sample in samples} - {cell_id}:
            raise ValueError(f"samples of {min(strangers)} cannot be written to {cell_id}")
        folder = self.cell_folder(cell_id)
        with ledger_errors(folder):
            make_folder(folder)
            shards.write_shard(folder, codec.SAMPLES, codec.sample_table(samples, run_id))

    def completed(self, cell_id: str) -> set[tuple[str, int]]:
        """Return (problem id, sample index) of every durable sample of the cell.

        For repeated calls see `followed`.
        """
        folder = self.cell_folder(cell_id)
        with ledger_errors(folder):
            if not folder.is_dir():  # planning thousands of new cells must not import pyarrow
                return set()
        from rast_bench.ledger import codec, shards

        return shards.read_keys(folder, codec.SAMPLES)

    def followed(self, cell_id: str) -> "FollowedKeys":
        """Return the `completed` keys for repeated use: `refresh()` reads only what is new."""
        from rast_bench.ledger import codec, shards

        return shards.FollowedKeys(self.cell_folder(cell_id), codec.SAMPLES)

    def samples(self, cell_id: str, columns: Sequence[str] = SAMPLE_COLUMNS) -> "pd.DataFrame":
        """Return the cell's samples, one row each, sorted by (problem_id, sample_index).

        The order and the choice among duplicates depend on the samples alone, not on shards.
        `token_ids` holds int32 arrays. Fewer columns are faster.
        """
        from rast_bench.ledger import codec, shards

        return shards.as_frame(self.sample_table(cell_id, columns), codec.SAMPLES)

    def sample_table(
        self,
        cell_id: str,
        columns: Sequence[str] = SAMPLE_COLUMNS,
        reduced: "Callable[[pa.Table], pa.Table] | None" = None,
    ) -> "pa.Table":
        """Return the rows of `samples` in Arrow; short texts are dictionary-encoded
        (ledger/keys.py).

        Args:
            reduced: returns what to keep of each shard's columns: of long texts, numbers.
        """
        from rast_bench.ledger import codec, shards

        return shards.read_union(self.cell_folder(cell_id), codec.SAMPLES, columns, reduced)

    def stored_samples(self, cell_id: str) -> "StoredSamples":
        """Return the rows of `sample_table` without their texts, which it reads when asked for."""
        from rast_bench.ledger.rows import StoredSamples

        return StoredSamples(self.cell_folder(cell_id))

    def shards(self, cell_id: str, *prefixes: str) -> list[str]:
        """Return the names of the shards, sorted; with the same names nothing has changed.

        Args:
            prefixes: of the families that count, as `verdicts-robust-2`; all without any.
        """
        from rast_bench.ledger import shards

        names = shards.parquet_names(self.cell_folder(cell_id))
        return [name for name in names if not prefixes or shards.family_of(name) in prefixes]

    def unchecked_keys(self, cell_id: str) -> "pa.Table":
        """Return problem_id and sample_index of `sample_table`, unordered and unchecked: fast."""
        from rast_bench.ledger.rows import unchecked_keys

        return unchecked_keys(self.cell_folder(cell_id))

    def write_verdicts(self, cell_id: str, grader: str, verdicts: Iterable[Verdict]) -> None:
        """Make one grader's verdicts durable. `grader` includes its version: `boxed-1`."""
        from rast_bench.ledger import codec, shards

        family = codec.verdict_family(_checked_grader(grader))
        folder = self.cell_folder(cell_id)
        table = codec.verdict_table(verdicts, shards.read_runs(folder))
        if table.num_rows == 0:
            return
        with ledger_errors(folder):
            make_folder(folder)
            shards.write_shard(folder, family, table)

    def verdicts(
        self, cell_id: str, grader: str, columns: Sequence[str] = VERDICT_COLUMNS
    ) -> "pd.DataFrame":
        """Return one grader's verdicts: problem_id, sample_index, kind, extracted (str or None).

        `columns` may also name reason, rule and extraction (str or None). Verdicts on a sample that
        was lost and made again are left out.
        """
        from rast_bench.ledger import codec, shards

        table = self.verdict_table(cell_id, grader, columns)
        return shards.as_frame(table, codec.verdict_family(grader))

    def verdict_table(
        self, cell_id: str, grader: str, columns: Sequence[str] = VERDICT_COLUMNS
    ) -> "pa.Table":
        """Return the rows of `verdicts` in Arrow; texts are dictionary-encoded (ledger/keys.py)."""
        from rast_bench.ledger import codec, shards

        family = codec.verdict_family(_checked_grader(grader))
        return shards.read_verdicts(self.cell_folder(cell_id), family, columns)

    def graders(self, cell_id: str) -> list[str]:
        """Return the graders that have verdicts of the cell, sorted; opens no shard."""
        from rast_bench.ledger import codec, shards

        prefixes = shards.family_prefixes(self.cell_folder(cell_id))
        return sorted(
            prefix.removeprefix(codec.VERDICTS)
            for prefix in prefixes
            if prefix.startswith(codec.VERDICTS)
        )

    def judged(self, cell_id: str, grader: str) -> set[tuple[str, int]]:
        """Return (problem id, sample index) of every verdict that `verdicts` has for this
        grader.
        """
        from rast_bench.ledger import codec, shards

        family = codec.verdict_family(_checked_grader(grader))
        return shards.read_judged(self.cell_folder(cell_id), family)

    def unjudged(self, cell_id: str, grader: str) -> list[tuple[str, int]]:
        """Return (problem id, sample index) of every sample that `verdicts` lacks, sorted."""
        from rast_bench.ledger import codec, shards

        family = codec.verdict_family(_checked_grader(grader))
        return shards.read_unjudged(self.cell_folder(cell_id), family)

    def compact(self, cell_id: str) -> None:
        """Merge the cell's small shards. Safe at any time, beside readers and writers."""
        from rast_bench.ledger import codec, shards

        folder = self.cell_folder(cell_id)
        for prefix in sorted(shards.family_prefixes(folder)):
            if prefix == codec.SAMPLES.prefix:
                shards.compact(folder, codec.SAMPLES)
            elif prefix.startswith(codec.VERDICTS):
                shards.compact(folder, codec.verdict_family(prefix.removeprefix(codec.VERDICTS)))

    def write_manifest(self, cell_id: str, run_id: str, manifest: Mapping[str, Any]) -> None:
        """Write or replace `manifest-<run id>.json` of the cell."""
        path = self.cell_folder(cell_id) / f"manifest-{run_id}.json"
        data = to_json(manifest)
        with ledger_errors(path):
            make_folder(path.parent)
            write_durably(path, data)

    def manifests(self, cell_id: str) -> list[dict[str, Any]]:
        """Return the manifests of every run that made samples of the cell, the earliest first.

        A broken one is set aside.
        """
        return [record for record, _ in self.read_manifests(cell_id)]

    def read_manifests(self, cell_id: str) -> list[tuple[dict[str, Any], bool]]:
        """Return each manifest as `manifests`, and whether the file has a checksum."""
        folder = self.cell_folder(cell_id)
        with ledger_errors(folder):
            paths = sorted(folder.glob("manifest-*.json"))
        return [found for path in paths if (found := _read_manifest(path)) is not None]


def _checked_grader(grader: str) -> str:
    if not _GRADER.fullmatch(grader):
        raise ValueError(f"a grader's name is part of a file name: {grader!r} cannot be")
    return grader


def _read_manifest(path: Path) -> tuple[dict[str, Any], bool] | None:
    try:
        data = read_file(path)
        if data is None:
            return None
        record, stamped = from_json(data)
        run_id = path.stem.removeprefix("manifest-")
        if reason := validated(Manifest, record).misplaced(path.parent.name, run_id):
            raise UnsoundFileError(reason)
    except UnsoundFileError as error:
        set_aside(path, str(error), "the origin of its samples is no longer known")
        return None
    return record, stamped


def _unique() -> str:
    from uuid import uuid4

    return uuid4().hex
