"""Token measures on disk: `<results>/analysis/tokens/<cell id>/<problem>-<sample>.json.gz`.

One file for a sample, by its cell: whichever experiment asked for it, it is found again. Reading
needs no model and no torch.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from zlib import error as ZlibError

from rast_bench.analysis.saved import FOLDER
from rast_bench.errors import LedgerError
from rast_bench.ledger.atomic import ledger_errors, make_folder, write_durably

TOKENS = "tokens"
_ENDING = ".json.gz"
_LONGEST = 150  # characters of a problem's name in a file's name
_HASHED = "~"
_NAME = re.compile(rf".+-[0-9]{{1,18}}{re.escape(_ENDING)}")  # others are not ours


@dataclass(frozen=True, order=True)
class TokenFile:
    """A sample whose token measures are stored."""

    cell_id: str
    problem_id: str
    sample_index: int
    path: Path


def save_tokens(results: Path, cell_id: str, record: Mapping[str, Any]) -> Path:
    """Write one sample's record (`token_measures.as_json`) and return its path.

    Raises:
        LedgerError: it cannot be written.
    """
    folder = results / FOLDER / TOKENS / cell_id
    name = quote(record["problem_id"], safe="", errors="surrogatepass")
    if len(name) > _LONGEST or name.startswith("."):
        name = _HASHED + hashlib.sha256(name.encode()).hexdigest()[:32]
    path = folder / f"{name}-{record['sample']}{_ENDING}"
    text = json.dumps({"cell": cell_id, **record}, separators=(",", ":"))
    with ledger_errors(folder):
        make_folder(folder)
        write_durably(path, gzip.compress(text.encode(), mtime=0))
    return path


def token_files(results: Path, cells: Iterable[str] | None = None) -> list[TokenFile]:
    """Return the samples of these cells, or of all, that have token measures; sorted.

    Raises:
        LedgerError: a folder cannot be read.
    """
    root = results / FOLDER / TOKENS
    with ledger_errors(root):
        if not root.is_dir():
            return []
        chosen = None if cells is None else set(cells)
        folders = sorted(one for one in root.iterdir() if chosen is None or one.name in chosen)
        paths = [path for folder in folders for path in folder.glob(f"*{_ENDING}")]
    return sorted(_token_file(path) for path in paths if _NAME.fullmatch(path.name))


def files_of_analysis(results: Path, name: str) -> list[TokenFile]:
    """Return the token measures of the paths that `rast-bench analyse kl NAME` has read.

    Raises:
        LedgerError: a file cannot be read.
    """
    wanted: set[tuple[str, str]] = set()
    folder = results / FOLDER / name
    with ledger_errors(folder):
        for path in sorted(folder.glob("kl*.json")):
            with _sound(path, f"`rast-bench analyse kl {name}`"):
                for study in json.loads(path.read_bytes())["studies"]:
                    wanted |= {(study["cell_id"], problem) for problem in study["problems"]}
    found = token_files(results, {cell for cell, _ in wanted})
    return [
        one for one in found if (one.cell_id, one.problem_id) in wanted and one.sample_index == 0
    ]


def read_tokens(path: Path) -> dict[str, Any]:
    """Return the record of one sample.

    Raises:
        LedgerError: it cannot be read, or is broken.
    """
    found: dict[str, Any] = json.loads(read_block(path))
    return found


def read_block(path: Path) -> bytes:
    """Return the record of one sample as JSON. Raise as `read_tokens`."""
    with ledger_errors(path), _sound(path, f"`rast-bench analyse tokens {path.parent.name}`"):
        text = gzip.decompress(path.read_bytes())
        if not isinstance(json.loads(text)["problem_id"], str):
            raise TypeError
    return text


@contextmanager
def _sound(path: Path, command: str) -> Iterator[None]:
    """Raise LedgerError for a file that has not the content that was written."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, ZlibError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"{path} is broken", hint=f"remove it; {command} writes it again"
        ) from error


def _token_file(path: Path) -> TokenFile:
    name, _, index = path.name.removesuffix(_ENDING).rpartition("-")
    problem = unquote(name, errors="surrogatepass")
    if name.startswith(_HASHED):
        problem = read_tokens(path)["problem_id"]
    return TokenFile(path.parent.name, problem, int(index), path)
