"""The page as a file that is opened from disk: all in one, or with its samples in files beside it.

A large page's chunk files lie in a folder named after their content, `report_files/<hash>`: the
page that names it is complete at any moment, whatever was killed.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rast_bench.analysis.token_files import read_block
from rast_bench.ledger.atomic import (
    LEFTOVER_AGE_SECONDS,
    TEMPORARY_PREFIX,
    ledger_errors,
    make_folder,
    sync_folder,
)
from rast_bench.ledger.recent import Recent
from rast_bench.ledger.rows import RowGroups
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
from rast_bench.viewer.tokens import shown_tokens
from rast_bench.viewer.web import block_script, render

REPORT = "report.html"

INLINE_BYTES = 10_000_000
"""A page with all its samples is no larger than this, so that it opens at once and can be mailed:
25,000 responses of real length. Else they lie in files."""

PART_CHARACTERS = 256_000
"""Of the responses in one block, about."""
_GROUP_BYTES = 256 * 2**20
_HASH_DIGITS = 12
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]")
_OURS = re.compile(rf"[0-9a-f]{{{_HASH_DIGITS}}}|{re.escape(TEMPORARY_PREFIX)}.*")


@dataclass(frozen=True)
class WrittenReport:
    """What was written: the page, its bytes, and how many files lie beside it and their bytes."""

    path: Path
    page_bytes: int
    chunks: int = 0
    chunk_bytes: int = 0


def write_report(
    folder: Path,
    snapshot: Snapshot,
    numbers: Numbers,
    made: Mapping[str, str | None],
    *,
    name: str = REPORT,
    start: str = "",
) -> WrittenReport:
    """Write the page, and its chunks if there are many samples; remove chunks of an earlier one.

    Args:
        made: As in `page_data`.
        name: Of the page in the folder; `report.html` has its chunks in `report_files`.
        start: What the page shows first, as in its address; by default its own choice.

    Raises:
        LedgerError: Samples cannot be read, or the files cannot be written.
    """
    page = _Page(snapshot, numbers, made, start)
    target = folder / name
    beside = chunk_folder(target)
    blocks = _within(page.blocks(), INLINE_BYTES)
    if blocks is not None:
        html = page.html("inline", blocks).encode()
        if len(html) <= INLINE_BYTES:
            return _finished(target, html)
    with ledger_errors(beside), _written_chunks(beside, page.blocks()) as (fresh, digest):
        html = page.html("files", None, f"{beside.name}/{digest}").encode()
        return _finished(target, html, fresh, digest)


def _within(blocks: Iterator[tuple[str, bytes]], most: int) -> dict[str, bytes] | None:
    """Return the blocks by name; None as soon as they are more bytes than a page may have."""
    found: dict[str, bytes] = {}
    size = 0
    for name, content in blocks:
        found[name] = content
        size += len(content) * 4 // 3  # in base64
        if size > most:
            return None
    return found


class _Page:
    """One page's data and blocks."""

    def __init__(
        self, snapshot: Snapshot, numbers: Numbers, made: Mapping[str, str | None], start: str
    ) -> None:
        self._snapshot = snapshot
        self._numbers = numbers
        self._made = made
        self._start = start
        self._parts: dict[str, list[list[int]]] = {}
        results = snapshot.ledger.root.parent
        self._tokens = shown_tokens(results, snapshot, numbers.experiment)

    def blocks(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and compressed content of every block. Raise LedgerError."""
        for name, problems in self._snapshot.problems.items():
            yield f"problems/{name}", packed(problems_block(problems))
        for cell in self._snapshot.cells.values():
            yield from self._cell_blocks(cell)
        for name, tokens in self._tokens.items():
            yield name, packed(read_block(tokens.path))

    def html(
        self, source: Source, blocks: Mapping[str, bytes] | None, files: str | None = None
    ) -> str:
        """Return the page, once `blocks` has yielded all."""
        data = page_data(
            self._snapshot, self._numbers, source, self._made, self._tokens.values(), self._parts
        )
        if files is not None:
            data["files"] = files
        if self._start:
            data["start"] = self._start
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


@contextmanager
def _written_chunks(
    folder: Path, blocks: Iterator[tuple[str, bytes]]
) -> Iterator[tuple[Path, str]]:
    """Provide a new folder in `folder` with a file per block, and a hash of all. Raise OSError.

    It has a temporary name, and is removed unless the body has renamed it.
    """
    make_folder(folder)
    made = folder / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    made.mkdir()
    digest = hashlib.sha256()
    try:
        for name, content in blocks:
            text = block_script(name, content).encode()
            digest.update(text)
            (made / chunk_name(name)).write_bytes(text)
        yield made, digest.hexdigest()[:_HASH_DIGITS]
    finally:
        shutil.rmtree(made, ignore_errors=True)


def chunk_folder(page: Path) -> Path:
    """Return the folder of a page's chunk files."""
    return page.with_name(f"{page.stem}_files")


def chunk_name(block: str) -> str:
    """Return the file name of a block; `fileBlock` of blocks.js has the same rule."""
    kind, _, rest = block.partition("/")
    if kind == "problems":  # a data set's name, which may be any text
        rest = _NO_FILE_NAME.sub(lambda match: f"={ord(match[0]):x}=", rest)
    return f"{kind}-{rest.replace('/', '-')}.js"


def _finished(page: Path, html: bytes, made: Path | None = None, digest: str = "") -> WrittenReport:
    """Write the page, and remove the chunks of earlier ones; other files stay where they are.

    Args:
        made: A folder with the page's chunks, which becomes `digest`; None for a page without.
    """
    beside = chunk_folder(page)
    chunks = None if made is None else beside / digest
    with _alone(page.parent):
        if made is not None and chunks is not None and _sizes(chunks) != _sizes(made):
            # It is not there, or was cut short by a power failure.
            shutil.rmtree(chunks, ignore_errors=True)
            made.rename(chunks)
            sync_folder(beside)
        write_atomically(page, html)
        for path in beside.glob("*"):
            if path != chunks and _OURS.fullmatch(path.name) and not _in_the_making(path):
                shutil.rmtree(path, ignore_errors=True)
        if chunks is not None:
            sizes = _sizes(chunks)
            return WrittenReport(page, len(html), len(sizes), sum(sizes.values()))
        with suppress(OSError):  # there is none, or it holds something else
            beside.rmdir()
    return WrittenReport(page, len(html))


def _in_the_making(folder: Path) -> bool:
    """Return whether another command may write this temporary folder now."""
    with suppress(OSError):
        age = time.time() - folder.stat().st_mtime  # of the file that came last
        return folder.name.startswith(TEMPORARY_PREFIX) and age < LEFTOVER_AGE_SECONDS
    return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time into the body, where the file system can lock a folder.

    Else one report could remove the chunks of another, just before that one's page names them.
    """
    descriptor = -1
    try:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size of each file; empty for no folder."""
    return {path.name: path.stat().st_size for path in folder.glob("*")}
