"""A cell according to the ledger, without its configuration: cell.json and manifests of runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rast_bench.config.identity import IDENTITY_VERSION
from rast_bench.errors import LedgerError

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger


@dataclass(frozen=True, eq=False)
class StoredCell:
    """A cell of a ledger. `manifests` are those of its runs, the earliest first."""

    cell_id: str
    identity: dict[str, Any]
    display: dict[str, str]
    manifests: Sequence[dict[str, Any]]
    graders: Sequence[str]

    @property
    def title(self) -> str:
        return self.display.get("title", self.cell_id)

    @property
    def dataset(self) -> str | None:
        return self.display.get("dataset")

    @property
    def wanted(self) -> int | None:
        """The number of samples the latest run requested; None if unknown."""
        return self.manifests[-1].get("samples_wanted") if self.manifests else None

    @property
    def grader(self) -> str | None:
        """The grader that fills the tables, as far as the folder shows.

        The first of the data set's graders with verdicts, else the only one with verdicts; None if
        there is no such grader.
        """
        stored = list(self.graders)
        for manifest in reversed(self.manifests):
            for name in manifest["config"].get("dataset", {}).get("graders", ()):
                if name in stored:
                    return str(name)
        return stored[0] if len(stored) == 1 else None

    def constants(self) -> dict[str, Any]:
        """Return the columns that are equal for all samples of the cell."""
        decoding = self.identity["decoding"]
        names = ("base_model", "method", "delta", "dataset")
        return {
            "cell_id": self.cell_id,
            **{name: self.display.get(name) for name in names},
            "prompt_name": self.display.get("prompt"),
            "lambda": decoding.get("lambda"),
            "temperature": 0.0 if decoding["greedy"] else decoding["temperature"],
            "repetition_penalty": decoding.get("repetition_penalty", 1.0),
        }

    def about(self) -> dict[str, Any]:
        """Return the columns of `cells()` except counts."""
        decoding, engine = self.identity["decoding"], self.identity["engine"]
        return {
            **self.constants(),
            "title": self.title,
            "top_p": decoding.get("top_p"),
            "max_tokens": decoding["max_tokens"],
            "decoding_seed": decoding.get("seed"),
            "engine": engine["name"],
            "dtype": engine["dtype"],
            "samples_wanted": self.wanted,
            "graders": list(self.graders),
            "grader": self.grader,
            "runs": len(self.manifests),
            "started": self.manifests[0]["started"] if self.manifests else None,
            "ended": self.manifests[-1]["ended"] if self.manifests else None,
        }


def stored_cell(ledger: "Ledger", cell_id: str) -> StoredCell | None:
    """Return the cell with that id, or None without a valid cell.json.

    Raises:
        LedgerError: the ledger cannot be read, or another version wrote the cell.
    """
    record = ledger.cell(cell_id)
    if record is None:
        return None
    identity = record["identity"]
    if identity.get("version") != IDENTITY_VERSION:
        raise LedgerError(
            f"{ledger.cell_folder(cell_id) / 'cell.json'} has version {identity.get('version')} of "
            f"a cell's identity, not {IDENTITY_VERSION}",
            hint="use the version of rast-bench that wrote it, or another results folder",
        )
    return StoredCell(
        cell_id,
        identity,
        record["display"],
        ledger.manifests(cell_id),
        ledger.graders(cell_id),
    )
