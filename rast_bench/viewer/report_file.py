"""The page as a file that is opened from disk: all in one, or with its samples in files beside it.

A large page's chunk files lie in a folder named after their content, `report_files/<hash>`: the
page that names it is complete at any moment, whatever was killed.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rast_bench.ledger.atomic import TEMPORARY_PREFIX, ledger_errors, make_folder, sync_folder
from rast_bench.ledger.rows import Recent, RowGroups
from rast_bench.reporting.save import write_atomically
from rast_bench.viewer.blocks import (
    index_block,
    json_bytes,
    packed,
    problems_block,
    words_block,
)
from rast_bench.viewer.data import Numbers, Source, page_data
from rast_bench.viewer.samples import CellSamples, retried
from rast_bench.viewer.snapshot import ShownCell, Snapshot
from rast_bench.viewer.web import block_script, render

REPORT = "report.html"
CHUNKS = "report_files"

INLINE_SAMPLES = 25_000
"""More samples than these lie in files beside the page, so that it opens at once."""
INLINE_BYTES = 10 * 2**20
"""A page with all its samples is no larger than this; else they lie in files, too."""

PART_CHARACTERS = 256_000
"""Of the responses in one block, about."""
_GROUP_BYTES = 256 * 2**20
_HASH_DIGITS = 12


@dataclass(frozen=True)
class WrittenReport:
    """What was written: the page, its bytes, and how many files lie beside it and their bytes."""

    path: Path
    page_bytes: int
    chunks: int = 0
    chunk_bytes: int = 0


def write_report(
    folder: Path, snapshot: Snapshot, numbers: Numbers, made: Mapping[str, str | None]
) -> WrittenReport:
    """Write REPORT, and CHUNKS if there are many samples; remove chunks of an earlier one.

    Args:
        made: As in `page_data`.

    Raises:
        LedgerError: Samples cannot be read, or the files cannot be written.
    """
    page = _Page(snapshot, numbers, made)
    if snapshot.samples <= INLINE_SAMPLES:
        blocks = dict(page.blocks())
        html = page.html("inline", blocks).encode()
        if len(html) <= INLINE_BYTES:
            return _finished(folder, html, None)
    with ledger_errors(folder / CHUNKS):
        chunks = _write_chunks(folder / CHUNKS, page.blocks())
    html = page.html("files", None, f"{CHUNKS}/{chunks.name}").encode()
    return _finished(folder, html, chunks)


class _Page:
    """One page's data and blocks."""

    def __init__(
        self, snapshot: Snapshot, numbers: Numbers, made: Mapping[str, str | None]
    ) -> None:
        self._snapshot = snapshot
        self._numbers = numbers
        self._made = made
        self._parts: dict[str, list[list[int]]] = {}

    def blocks(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and compressed content of every block. Raise LedgerError."""
        for name, problems in self._snapshot.problems.items():
            yield f"problems/{name}", packed(problems_block(problems))
        for cell in self._snapshot.cells.values():
            yield from self._cell_blocks(cell)

    def html(
        self, source: Source, blocks: Mapping[str, bytes] | None, files: str | None = None
    ) -> str:
        """Return the page, once `blocks` has yielded all."""
        data = page_data(self._snapshot, self._numbers, source, self._made, self._parts)
        if files is not None:
            data["files"] = files
        return render(data, blocks=blocks, source=source)

    def _cell_blocks(self, cell: ShownCell) -> Iterator[tuple[str, bytes]]:
        # All of a cell at once: if its shards are merged meanwhile, all is read again.
        yield from retried(lambda: list(self._cell_blocks_now(cell)))

    def _cell_blocks_now(self, cell: ShownCell) -> Iterator[tuple[str, bytes]]:
        problems = self._snapshot.problems[cell.dataset]
        samples = CellSamples(cell, problems, self._snapshot.ledger)
        groups: RowGroups = Recent(_GROUP_BYTES)
        yield f"index/{cell.cell_id}", packed(index_block(samples))
        yield f"words/{cell.cell_id}", packed(words_block(samples.behaviours(groups)))
        parts = samples.parts(PART_CHARACTERS)
        for place, positions in enumerate(parts):
            texts = samples.texts(positions[0], positions[-1], groups)
            yield f"texts/{cell.cell_id}/{place}", packed(json_bytes(texts))
        self._parts[cell.cell_id] = parts


def _write_chunks(folder: Path, blocks: Iterator[tuple[str, bytes]]) -> Path:
    """Write a file per block to a new folder in `folder`; return it. Raise OSError."""
    make_folder(folder)
    made = folder / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    made.mkdir()
    digest = hashlib.sha256()
    try:
        for name, content in blocks:
            text = block_script(name, content).encode()
            digest.update(text)
            (made / chunk_name(name)).write_bytes(text)
        final = folder / digest.hexdigest()[:_HASH_DIGITS]
        if _sizes(final) != _sizes(made):  # not there, or cut short by a power failure
            shutil.rmtree(final, ignore_errors=True)
            made.rename(final)
            sync_folder(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return final


def chunk_name(block: str) -> str:
    """Return the file name of a block."""
    return f"{block.replace('/', '-')}.js"


def _finished(folder: Path, html: bytes, chunks: Path | None) -> WrittenReport:
    """Write the page, and remove chunk files that are not its own."""
    write_atomically(folder / REPORT, html)
    for path in (folder / CHUNKS).glob("*"):
        if path != chunks:
            shutil.rmtree(path, ignore_errors=True)
    if chunks is None:
        shutil.rmtree(folder / CHUNKS, ignore_errors=True)
        return WrittenReport(folder / REPORT, len(html))
    sizes = _sizes(chunks)
    return WrittenReport(folder / REPORT, len(html), len(sizes), sum(sizes.values()))


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size of each file; empty for no folder."""
    return {path.name: path.stat().st_size for path in folder.glob("*")}
