"""The page of a ledger that may grow, and its blocks one at a time."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic

from rast_bench.analysis.token_files import read_block
from rast_bench.ledger import Ledger
from rast_bench.ledger.recent import Recent
from rast_bench.ledger.rows import GoneError, RowGroups
from rast_bench.provenance import now
from rast_bench.viewer.blocks import index_block, json_bytes, problems_block, words_block
from rast_bench.viewer.data import Numbers, page_data
from rast_bench.viewer.samples import CellSamples, retried
from rast_bench.viewer.snapshot import Choice, Snapshot
from rast_bench.viewer.tokens import ShownTokens, shown_tokens
from rast_bench.viewer.web import render

KEPT_SAMPLE_BYTES = 256 * 2**20
"""Of columns and verdicts of cells: about two million samples."""
KEPT_GROUP_BYTES = 128 * 2**20
"""Of texts that were read."""
LONGEST_SEARCH = 1_000  # characters

_TEXTS = re.compile(r"texts/([0-9a-f]{16})/(\d{1,9})")
_OF_CELL = re.compile(r"(index|words)/([0-9a-f]{16})")


class UnknownBlockError(Exception):
    """A page asked for something that it does not have."""


class StaleError(Exception):
    """A page was made before another one, since which the ledger has grown."""


@dataclass(frozen=True, eq=False)
class _Shown:
    """What the latest page was made of. `generation` is in its data."""

    generation: str
    snapshot: Snapshot
    numbers: Numbers
    tokens: Mapping[str, ShownTokens]

    def key(self, cell_id: str) -> tuple[str, ...]:
        """Return what the samples of a cell depend on: its shards, and the order of problems."""
        problems = self.snapshot.problems[self.snapshot.cells[cell_id].dataset]
        known = str(bool(problems.known))
        return cell_id, *self.snapshot.shards[cell_id], "", *problems.ids, known


class LiveView:
    """What the local server shows. All methods may be called by several threads at once."""

    def __init__(
        self,
        ledger: Ledger,
        chosen: Callable[[], tuple[Sequence[Choice], Numbers]],
        command: str,
    ) -> None:
        """Read nothing yet.

        Args:
            chosen: Returns the cells to show and the saved numbers, as they are now.
            command: What the page says it was made by.
        """
        self._ledger = ledger
        self._chosen = chosen
        self._command = command
        self._cells: Recent[tuple[str, ...], CellSamples] = Recent(KEPT_SAMPLE_BYTES)
        self._groups: RowGroups = Recent(KEPT_GROUP_BYTES)
        self._shown: _Shown | None = None
        self._count = 0
        self._latest = "", -inf
        self._lock = threading.Lock()

    def page(self) -> str:
        """Return the page of the ledger as it is now.

        One that is finished while this call waits for another is returned as it is.

        Raises:
            LedgerError: It cannot be read.
        """
        asked = monotonic()
        with self._lock:
            html, finished = self._latest
            if finished < asked:
                html = self._made()
                self._latest = html, monotonic()
        return html

    def _made(self) -> str:
        choices, numbers = self._chosen()
        before = self._shown
        snapshot = Snapshot(self._ledger, choices, None if before is None else before.snapshot)
        tokens = shown_tokens(self._ledger.root.parent, snapshot, numbers.experiment)
        if before is None or not _same(before.snapshot, snapshot):
            self._count += 1
        self._shown = _Shown(str(self._count), snapshot, numbers, tokens)
        made = {
            "command": self._command,
            "time": now().isoformat(timespec="seconds"),
            "commit": None,
        }
        data = page_data(snapshot, numbers, "server", made, tokens.values())
        data["generation"] = self._shown.generation
        return render(data, blocks=None, source="server")

    def block(self, name: str, generation: str | None = None) -> bytes:
        """Return a block of the latest page.

        Args:
            generation: That of the page which asks; None for the latest one.

        Raises:
            UnknownBlockError: The page has no such block.
            StaleError: The page is not the latest one.
            LedgerError: The ledger cannot be read.
        """
        shown = self._current(generation)
        if name.startswith("problems/"):
            problems = shown.snapshot.problems.get(name.removeprefix("problems/"))
            if problems is None:
                raise UnknownBlockError(name)
            return problems_block(problems)
        if name in shown.tokens:
            return read_block(shown.tokens[name].path)
        if match := _OF_CELL.fullmatch(name):
            kind, cell_id = match.groups()
            if kind == "index":
                return index_block(self._samples(shown, cell_id))
            return self._read(
                shown, cell_id, lambda samples: words_block(samples.behaviours(self._groups))
            )
        if match := _TEXTS.fullmatch(name):
            cell_id, position = match[1], int(match[2])
            return self._read(
                shown,
                cell_id,
                lambda samples: json_bytes(samples.texts(position, position, self._groups)),
            )
        raise UnknownBlockError(name)

    def search(self, cell_id: str, text: str, generation: str | None = None) -> bytes:
        """Return JSON: the rows of the cell's index whose responses contain the text, in any case.

        Raises:
            As `block`.
        """
        shown = self._current(generation)
        if not text or len(text) > LONGEST_SEARCH:
            raise UnknownBlockError("search")
        return self._read(
            shown,
            cell_id,
            lambda samples: json_bytes({"rows": samples.rows_with(text, self._groups)}),
        )

    def _current(self, generation: str | None) -> _Shown:
        shown = self._shown
        if shown is None:
            raise UnknownBlockError("no page was asked for")
        if generation not in (None, shown.generation):
            raise StaleError
        return shown

    def _samples(self, shown: _Shown, cell_id: str) -> CellSamples:
        cell = shown.snapshot.cells.get(cell_id)
        if cell is None:
            raise UnknownBlockError(cell_id)
        problems = shown.snapshot.problems[cell.dataset]
        return self._cells.get(
            shown.key(cell_id), lambda: CellSamples(cell, problems, self._ledger)
        )

    def _read(self, shown: _Shown, cell_id: str, read: Callable[[CellSamples], bytes]) -> bytes:
        """Return what `read` returns; a cell whose shards were merged is read again."""

        def once() -> bytes:
            samples = self._samples(shown, cell_id)
            try:
                return read(samples)
            except GoneError:
                self._cells.drop(shown.key(cell_id))
                raise

        return retried(once)


def _same(one: Snapshot, other: Snapshot) -> bool:
    """Return whether rows and positions of one snapshot are those of the other."""
    return one.shards == other.shards and one.problems == other.problems
