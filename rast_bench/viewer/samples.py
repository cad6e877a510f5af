"""One cell's samples: short columns in memory, texts when they are asked for."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from rast_bench.api.problems import prompt_of
from rast_bench.domain import FinishReason, VerdictKind
from rast_bench.errors import LedgerError
from rast_bench.ledger.keys import Numbers, codes_of, key_numbers, numbers_of, plain, take
from rast_bench.viewer.snapshot import ShownCell, ShownProblems, shown_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from rast_bench.ledger import Ledger
    from rast_bench.ledger.rows import RowGroups

T = TypeVar("T")

NO_VERDICT = "none"
VERDICTS: tuple[str, ...] = (*get_args(VerdictKind), NO_VERDICT)
FINISH: tuple[str, ...] = get_args(FinishReason)

TEXTS_AT_ONCE = 2_048

_TRIES = 3  # shards are merged only now and then

Column = npt.NDArray[Any]

_DETAILS = ("extracted", "rule", "reason", "extraction")


class CellSamples:
    """The shown samples of a cell, sorted by the position of the problem and the sample's index.

    Attributes:
        columns: One number per sample, by name: problem (its position), sample, tokens, chars
            (characters of the response), finish (an index into FINISH) and, for each grader,
            `verdict:GRADER` (an index into VERDICTS).
    """

    def __init__(self, cell: ShownCell, problems: ShownProblems, ledger: "Ledger") -> None:
        """Read the cell's shards once, and the verdicts of all its graders. Raise LedgerError."""
        from rast_bench.ledger.rows import LENGTH

        self.cell = cell
        self._problems = problems
        self._stored = ledger.stored_samples(cell.cell_id)
        table = self._stored.table
        codes, ids = codes_of(table["problem_id"])
        indices = numbers_of(table["sample_index"])
        # A problem that came after the snapshot has no place in it.
        places = np.array([problems.positions.get(name, -1) for name in ids], np.int64)[codes]
        shown = shown_rows(cell.choice, ids, codes, indices) & (places >= 0)
        rows = np.flatnonzero(shown)
        self._rows = rows[np.argsort(places[rows], kind="stable")]  # by index already
        self._judged: dict[str, tuple[pa.Table, Numbers]] = {}
        kinds: dict[str, Column] = {}
        for grader in cell.stored.graders:
            names = ("problem_id", "sample_index", "kind", *_DETAILS)
            judged = ledger.verdict_table(cell.cell_id, grader, names)
            at = _places([table, judged])[self._rows]
            self._judged[grader] = judged, at
            kinds[f"verdict:{grader}"] = _codes(judged["kind"], VERDICTS, at)
        self.columns: dict[str, Column] = {
            "problem": places[self._rows].astype("<u4"),
            "sample": indices[self._rows].astype("<u4"),
            "tokens": numbers_of(table["token_count"])[self._rows].astype("<u4"),
            "chars": numbers_of(table[LENGTH])[self._rows].astype("<u4"),
            "finish": _codes(table["finish_reason"], FINISH, self._rows),
            **kinds,
        }

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        """What this holds in memory, about."""
        columns = sum(column.nbytes for column in self.columns.values())
        judged = sum(int(table.nbytes) + at.nbytes for table, at in self._judged.values())
        return self._stored.nbytes + self._rows.nbytes + columns + judged

    def parts(self, characters: int) -> list[list[int]]:
        """Return the positions of the problems in groups with about so many characters of text."""
        positions, starts = np.unique(self.columns["problem"], return_index=True)
        if not len(positions):
            return []
        sizes = np.add.reduceat(self.columns["chars"].astype(np.int64), starts)
        found: list[list[int]] = []
        size = characters
        for position, own in zip(positions.tolist(), sizes.tolist(), strict=True):
            if size >= characters:
                found.append([])
                size = 0
            found[-1].append(position)
            size += own
        return found

    def texts(self, first: int, last: int, groups: "RowGroups") -> dict[str, Any]:
        """Return prompt, responses and verdicts in full, by the position of the problem.

        Args:
            first: The position of the first problem; `last` is that of the last one.

        Raises:
            GoneError: The shards were merged; make these samples again.
            LedgerError: A shard cannot be read.
        """
        begin, end = np.searchsorted(self.columns["problem"], (first, last + 1)).tolist()
        read = plain(self._stored.read(self._rows[begin:end], groups))
        seeds, prompts, texts = (
            read[name].to_pylist() for name in ("seed", "prompt_sha256", "text")
        )
        verdicts = [self._verdicts(grader, begin, end) for grader in self._judged]
        found: dict[str, Any] = {}
        for place, position in enumerate(self.columns["problem"][begin:end].tolist()):
            if str(position) not in found:
                prompt = self._prompt(position, prompts[place])
                found[str(position)] = {"prompt": prompt, "samples": []}
            found[str(position)]["samples"].append(
                {
                    "i": int(self.columns["sample"][begin + place]),
                    "seed": str(seeds[place]),
                    "text": texts[place],
                    "verdicts": {
                        grader: own[place]
                        for grader, own in zip(self._judged, verdicts, strict=True)
                        if own[place] is not None
                    },
                }
            )
        return found

    def all_texts(self, groups: "RowGroups") -> "Iterator[tuple[Numbers, pa.Array]]":
        """Yield the responses in batches: their row numbers in `columns`, and the texts.

        In the order in which they are stored. Raises as `texts`.
        """
        order = self._stored.in_stored_order(self._rows)
        for start in range(0, len(order), TEXTS_AT_ONCE):
            rows = order[start : start + TEXTS_AT_ONCE]
            read = self._stored.read(self._rows[rows], groups)
            yield rows, read["text"].combine_chunks()

    def rows_with(self, text: str, groups: "RowGroups") -> list[int]:
        """Return the row numbers of responses with this text, in any case. Raise as `texts`."""
        import pyarrow.compute as pc

        found: list[int] = []
        for rows, texts in self.all_texts(groups):
            hits = pc.indices_nonzero(pc.match_substring(texts, text, ignore_case=True))
            found += rows[hits.to_pylist()].tolist()
        return sorted(found)

    def behaviours(self, groups: "RowGroups") -> dict[str, Column]:
        """Return the occurrences of each behaviour's lemmas in each response. Raise as `texts`."""
        import pyarrow as pa

        from rast_bench.metrics.behaviour import behaviour_lemmas, by_list, lemma_counts
        from rast_bench.metrics.lemmas import lemma_counter

        counter = lemma_counter()
        most = np.iinfo(np.uint16).max
        found = {name: np.zeros(len(self), "<u2") for name in behaviour_lemmas()}
        for rows, texts in self.all_texts(groups):
            counts = lemma_counts(pa.chunked_array([texts]), counter)
            for name, own in by_list(counts).items():
                found[name][rows] = own.sum(axis=1).clip(max=most)
        return found

    def _prompt(self, position: int, sha256: str) -> str | None:
        problem = self._problems.known.get(self._problems.ids[position])
        return None if problem is None else prompt_of(self.cell.stored, problem, sha256)

    def _verdicts(self, grader: str, begin: int, end: int) -> list[dict[str, str | None] | None]:
        """Return a grader's verdict on each sample, None for one without."""
        table, places = self._judged[grader]
        at = places[begin:end]
        there = at >= 0
        rows = plain(take(table.select(["kind", *_DETAILS]), at[there])).to_pylist()
        of_row = iter([{"verdict": row.pop("kind"), **row} for row in rows])
        return [next(of_row) if judged else None for judged in there.tolist()]


def retried(read: Callable[[], T]) -> T:
    """Return what `read` returns, called again if shards are merged while it reads.

    Raises:
        LedgerError: they are merged again and again; and what `read` raises.
    """
    from rast_bench.ledger.rows import GoneError

    for _ in range(_TRIES):
        try:
            return read()
        except GoneError:
            continue
    raise LedgerError(
        "the samples are changed while they are read",
        hint="try again when no run writes to the results folder",
    )


def _places(tables: "Sequence[pa.Table]") -> Numbers:
    """Return for each row of the first table the row of the second with its key; −1 for none.

    Both are sorted by (problem_id, sample_index).
    """
    keys, others = key_numbers(tables)
    if not len(others):
        return np.full(len(keys), -1, np.int64)
    at = np.searchsorted(others, keys).clip(max=len(others) - 1)
    return np.where(others[at] == keys, at, -1)


def _codes(column: "pa.ChunkedArray", words: Sequence[str], rows: Numbers) -> Column:
    """Return the place in `words` of the column's text in these rows; the last one for row −1."""
    codes, texts = codes_of(column)
    known = {word: place for place, word in enumerate(words)}
    numbers: Column = np.array([*(known[text] for text in texts), len(words) - 1], "<u1")
    chosen: Column = numbers[np.append(codes, -1)[rows]]
    return chosen
