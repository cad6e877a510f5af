"""Every stored file of a ledger, looked at: what `rast-bench verify` says."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rast_bench.errors import LedgerError
from rast_bench.ledger import codec, shards
from rast_bench.ledger.atomic import ledger_errors, leftovers
from rast_bench.ledger.files import Corruption, is_aside, recorded_corruptions, set_aside, tell
from rast_bench.ledger.store import CELL_ID, Ledger


@dataclass(frozen=True)
class Verified:
    """What a ledger holds. `unstamped` files are of a version that wrote no checksums or cells."""

    cells: int
    samples: int  # that readers get
    unstamped: int
    faults: tuple[Corruption, ...]


def verify(ledger: Ledger) -> Verified:
    """Reads every file; what is corrupt is set aside, and every fault told on stderr, a line each.

    The next run of a cell makes its content anew. Raises LedgerError when the ledger's own folder
    cannot be read.
    """
    with ledger_errors(ledger.root):
        places = sorted(ledger.root.iterdir())
        old = leftovers(ledger.root)
    cells = samples = unstamped = 0
    with recorded_corruptions() as faults:
        _tell_leftovers(old)
        for folder in places:
            if not CELL_ID.fullmatch(folder.name):
                continue
            if not folder.is_dir():
                set_aside(folder, "it is no folder", "it is made again", what="cell")
                continue
            cells += 1
            try:
                known, unknown = _verify_cell(ledger, folder)
            except LedgerError as error:
                _tell(folder, error.message)
                continue
            samples += known
            unstamped += unknown
    return Verified(cells, samples, unstamped, tuple(dict.fromkeys(faults)))


def _verify_cell(ledger: Ledger, folder: Path) -> tuple[int, int]:
    """How many samples readers get, and how many files are unstamped. Raises LedgerError."""
    with ledger_errors(folder):
        names = sorted(path.name for path in folder.iterdir())
        _tell_leftovers(leftovers(folder))
    record, stamped = ledger.read_cell(folder.name)
    if record is None and "cell.json" not in names:
        _tell(folder, "it has no cell.json; the next run of the cell writes it")
    manifests = ledger.read_manifests(folder.name)
    marks = [stamped for _, stamped in manifests]
    if record is not None:
        marks.append(stamped)
    for name in names:
        if not name.endswith(".parquet"):
            continue
        family = _family(name)
        if family is None:
            set_aside(folder / name, "its name is not that of a shard", "nobody has read it")
            continue
        try:
            shard = shards.look_at_shard(folder / name, family, None)
        except LedgerError as error:  # the other shards may be readable
            _tell(folder / name, error.message)
            continue
        if shard is not None:
            marks.append(shard[1])
    samples = len(ledger.completed(folder.name))
    _check_count(folder, samples, (manifest for manifest, _ in manifests))
    return samples, marks.count(False)


def _check_count(folder: Path, samples: int, manifests: Iterable[dict[str, Any]]) -> None:
    """Tells of samples that a run had made durable, unless files set aside explain it."""
    complete = (one for one in manifests if one["status"] == "complete")
    promised = max((one.get("samples_wanted") or 0 for one in complete), default=0)
    explained = any(
        path.name.startswith(codec.SAMPLES.prefix) and is_aside(path.name)
        for path in folder.iterdir()
    )
    if samples < promised and not explained:
        _tell(folder, f"{promised - samples:,} of its {promised:,} samples are gone")


def _family(name: str) -> codec.Family | None:
    prefix = shards.family_of(name)
    if prefix == codec.SAMPLES.prefix:
        return codec.SAMPLES
    if prefix is not None and prefix.startswith(codec.VERDICTS):
        return codec.verdict_family(prefix.removeprefix(codec.VERDICTS))
    return None


def _tell_leftovers(paths: Iterable[Path]) -> None:
    for path in paths:
        _tell(path, "a writer that was killed left it; the next run of the cell removes it")


def _tell(path: Path, reason: str) -> None:
    tell(path, reason, f"warning: {path}: {reason}")
