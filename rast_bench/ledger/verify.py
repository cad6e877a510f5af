"""Check every stored file of a ledger: `rast-bench verify`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rast_bench.errors import LedgerError
from rast_bench.ledger import codec, shards
from rast_bench.ledger.atomic import ledger_errors, leftovers
from rast_bench.ledger.files import Corruption, is_aside, recorded_corruptions, set_aside, warn_once
from rast_bench.ledger.store import CELL_ID, Ledger


@dataclass(frozen=True)
class Verified:
    """The content of a ledger. `unstamped` files are from a version without checksums or cell
    ids.
    """

    cells: int
    samples: int  # that readers get
    unstamped: int
    corruptions: tuple[Corruption, ...]


def verify(ledger: Ledger) -> Verified:
    """Read every file; set aside what is corrupt and report each corruption in a line on stderr.

    The next run of a cell makes its content again.

    Raises:
        LedgerError: the ledger's own folder cannot be read.
    """
    with ledger_errors(ledger.root):
        folders = sorted(ledger.root.iterdir())
        old = leftovers(ledger.root)
    cells = samples = unstamped = 0
    with recorded_corruptions() as corruptions:
        _report_leftovers(old)
        for folder in folders:
            if not CELL_ID.fullmatch(folder.name):
                continue
            if not folder.is_dir():
                set_aside(folder, "it is not a folder", "it is created again", what="cell")
                continue
            cells += 1
            try:
                known, unknown = _verify_cell(ledger, folder)
            except LedgerError as error:
                _report(folder, error.message)
                continue
            samples += known
            unstamped += unknown
    return Verified(cells, samples, unstamped, tuple(dict.fromkeys(corruptions)))


def _verify_cell(ledger: Ledger, folder: Path) -> tuple[int, int]:
    """Return how many samples readers get, and how many files are unstamped. Raise LedgerError."""
    with ledger_errors(folder):
        names = sorted(path.name for path in folder.iterdir())
        _report_leftovers(leftovers(folder))
    record, stamped = ledger.read_cell(folder.name)
    if record is None and "cell.json" not in names:
        _report(folder, "it has no cell.json; the next run of the cell writes it")
    manifests = ledger.read_manifests(folder.name)
    marks = [stamped for _, stamped in manifests]
    if record is not None:
        marks.append(stamped)
    for name in names:
        if not name.endswith(".parquet"):
            continue
        family = _family(name)
        if family is None:
            set_aside(folder / name, "its name is not that of a shard", "it was never read")
            continue
        try:
            shard = shards.look_at_shard(folder / name, family, None)
        except LedgerError as error:  # the other shards may be readable
            _report(folder / name, error.message)
            continue
        if shard is not None:
            marks.append(shard[1])
    samples = len(ledger.completed(folder.name))
    _check_count(folder, samples, (manifest for manifest, _ in manifests))
    return samples, marks.count(False)


def _check_count(folder: Path, samples: int, manifests: Iterable[dict[str, Any]]) -> None:
    """Report lost samples that a run had made durable, unless files set aside explain them."""
    complete = (one for one in manifests if one["status"] == "complete")
    promised = max((one.get("samples_wanted") or 0 for one in complete), default=0)
    explained = any(
        path.name.startswith(codec.SAMPLES.prefix) and is_aside(path.name)
        for path in folder.iterdir()
    )
    if samples < promised and not explained:
        _report(folder, f"{promised - samples:,} of its {promised:,} samples are missing")


def _family(name: str) -> codec.Family | None:
    prefix = shards.family_of(name)
    if prefix == codec.SAMPLES.prefix:
        return codec.SAMPLES
    if prefix is not None and prefix.startswith(codec.VERDICTS):
        return codec.verdict_family(prefix.removeprefix(codec.VERDICTS))
    return None


def _report_leftovers(paths: Iterable[Path]) -> None:
    for path in paths:
        _report(path, "a writer that was killed left it; the next run of the cell removes it")


def _report(path: Path, reason: str) -> None:
    warn_once(path, reason, f"warning: {path}: {reason}")
