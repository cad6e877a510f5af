"""The ledger: which samples and verdicts exist, under `<results>/ledger/<cell id>/`."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
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

if TYPE_CHECKING:
    import pandas as pd

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

_CELL_ID = re.compile(r"[0-9a-f]{16}")
_GRADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class Ledger:
    """The durable set of samples and verdicts below one results folder.

    Any number of processes may use one results folder at once, on a shared file system too.
    Every method raises LedgerError when the folder cannot be used.
    """

    def __init__(self, results: Path | str) -> None:
        self.root = Path(results) / "ledger"

    def check_writable(self) -> None:
        """Writes, syncs and removes a probe of 1 MiB, so that a long run does not fail later."""
        with ledger_errors(self.root):
            make_folder(self.root)
            probe = self.root / f"{TEMPORARY_PREFIX}probe-{_unique()}"
            try:
                write_durably(probe, bytes(PROBE_BYTES))
            finally:
                probe.unlink(missing_ok=True)

    def cell_folder(self, cell_id: str) -> Path:
        return self.root / cell_id

    def cells(self) -> list[str]:
        """The ids of all registered cells, sorted."""
        if not self.root.is_dir():
            return []
        with ledger_errors(self.root):
            return sorted(
                path.name
                for path in self.root.iterdir()
                if _CELL_ID.fullmatch(path.name) and (path / "cell.json").is_file()
            )

    def register(
        self, cell_id: str, identity: Mapping[str, Any], display: Mapping[str, Any]
    ) -> None:
        """Makes the cell's folder and, once, its `cell.json`.

        Args:
            identity: exactly what changes the cell's tokens, as JSON.
            display: names for people, as JSON; the first registration's stay.

        Raises:
            LedgerError: the folder already belongs to another identity, or is not writable.
        """
        folder = self.cell_folder(cell_id)
        wanted = json.loads(json.dumps(identity))
        with ledger_errors(folder):
            make_folder(folder)
            remove_leftovers(folder)
        known = self.cell(cell_id)
        if known is None:
            record = {"cell_id": cell_id, "identity": wanted, "display": dict(display)}
            with ledger_errors(folder):
                write_durably(folder / "cell.json", _json(record))
        elif known["identity"] != wanted:
            raise LedgerError(
                f"{folder / 'cell.json'} describes another cell than the one to be run",
                hint="move that folder away: the cell is then computed anew",
            )

    def cell(self, cell_id: str) -> dict[str, Any] | None:
        """`cell.json` (`cell_id`, `identity`, `display`); None when there is none.

        A broken one is set aside: it holds nothing that its cell's configuration does not.
        """
        path = self.cell_folder(cell_id) / "cell.json"
        with ledger_errors(path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return None
            try:
                record = json.loads(data)
                if isinstance(record, dict) and {"identity", "display"} <= record.keys():
                    return record
            except ValueError:
                pass  # told below, as for any other broken content
            path.rename(path.with_name("cell.json.corrupt"))
        print(f"warning: corrupt {path}: set aside, it is written again", file=sys.stderr)
        return None

    def writer(self, run_id: str) -> "LedgerWriter":
        """A writer of samples under this run id; close it (it is a context manager)."""
        from rast_bench.ledger.writer import LedgerWriter

        return LedgerWriter(self, run_id)

    def write_samples(self, cell_id: str, samples: Sequence[Sample], run_id: str) -> None:
        """Makes the samples durable as one shard."""
        from rast_bench.ledger import codec, shards

        folder = self.cell_folder(cell_id)
        with ledger_errors(folder):
            make_folder(folder)
            shards.write_shard(folder, codec.SAMPLES, codec.sample_table(samples, run_id))

    def completed(self, cell_id: str) -> set[tuple[str, int]]:
        """(problem id, sample index) of every durable sample of the cell."""
        folder = self.cell_folder(cell_id)
        with ledger_errors(folder):
            if not folder.is_dir():  # thousands of new cells are planned without loading pyarrow
                return set()
        from rast_bench.ledger import codec, shards

        return shards.read_keys(folder, codec.SAMPLES)

    def samples(self, cell_id: str, columns: Sequence[str] = SAMPLE_COLUMNS) -> "pd.DataFrame":
        """The cell's samples, one row each, sorted by (problem_id, sample_index).

        The order and the choice among duplicates depend on the samples alone, not on shards.
        `token_ids` holds int32 arrays. Fewer columns are faster.
        """
        from rast_bench.ledger import codec, shards

        return shards.read_union(self.cell_folder(cell_id), codec.SAMPLES, columns)

    def write_verdicts(self, cell_id: str, grader: str, verdicts: Iterable[Verdict]) -> None:
        """Makes one grader's verdicts durable. `grader` names its version too: `boxed-1`."""
        from rast_bench.ledger import codec, shards

        family = codec.verdict_family(_checked_grader(grader))
        table = codec.verdict_table(verdicts)
        if table.num_rows == 0:
            return
        folder = self.cell_folder(cell_id)
        with ledger_errors(folder):
            make_folder(folder)
            shards.write_shard(folder, family, table)

    def verdicts(
        self, cell_id: str, grader: str, columns: Sequence[str] = VERDICT_COLUMNS
    ) -> "pd.DataFrame":
        """One grader's verdicts: problem_id, sample_index, kind, extracted (str or None).

        There are also reason, rule and extraction (str or None), which `columns` may name.
        """
        from rast_bench.ledger import codec, shards

        family = codec.verdict_family(_checked_grader(grader))
        return shards.read_union(self.cell_folder(cell_id), family, columns)

    def judged(self, cell_id: str, grader: str) -> set[tuple[str, int]]:
        """(problem id, sample index) of every verdict of one grader."""
        from rast_bench.ledger import codec, shards

        family = codec.verdict_family(_checked_grader(grader))
        return shards.read_keys(self.cell_folder(cell_id), family)

    def compact(self, cell_id: str) -> None:
        """Merges the cell's small shards. Safe at any time, beside readers and writers."""
        from rast_bench.ledger import codec, shards

        folder = self.cell_folder(cell_id)
        for prefix in sorted(shards.family_prefixes(folder)):
            if prefix == codec.SAMPLES.prefix:
                shards.compact(folder, codec.SAMPLES)
            elif prefix.startswith("verdicts-"):
                shards.compact(folder, codec.verdict_family(prefix.removeprefix("verdicts-")))

    def write_manifest(self, cell_id: str, run_id: str, manifest: Mapping[str, Any]) -> None:
        """Writes or replaces `manifest-<run id>.json` of the cell."""
        path = self.cell_folder(cell_id) / f"manifest-{run_id}.json"
        with ledger_errors(path):
            make_folder(path.parent)
            write_durably(path, _json(manifest))

    def manifests(self, cell_id: str) -> list[dict[str, Any]]:
        """The manifests of every run that made samples of the cell, the earliest first."""
        folder = self.cell_folder(cell_id)
        with ledger_errors(folder):
            files = [(path, path.read_bytes()) for path in sorted(folder.glob("manifest-*.json"))]
        return [_manifest(path, data) for path, data in files]


def _checked_grader(grader: str) -> str:
    if not _GRADER.fullmatch(grader):
        raise ValueError(f"a grader's name is part of a file name: {grader!r} cannot be")
    return grader


def _manifest(path: Path, data: bytes) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(data)
    except ValueError as error:
        raise LedgerError(
            f"{path} is not JSON", hint="move it away: it only tells where samples came from"
        ) from error
    return record


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _unique() -> str:
    from uuid import uuid4

    return uuid4().hex
