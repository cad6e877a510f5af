"""The named pieces of a page's data, as bytes; docs/viewer.md describes them."""

import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from rast_bench.viewer.samples import FINISH, VERDICTS, CellSamples, Column
from rast_bench.viewer.snapshot import ShownProblems

_ALIGNMENT = 8
_OFFSET_DIGITS = 12
_COMPRESSION = 6  # 9 takes three times as long for 1 % less


def problems_block(problems: ShownProblems) -> bytes:
    """Return question and gold answer of each problem."""
    rows = []
    for name in problems.ids:
        known = problems.known.get(name)
        rows.append(
            {
                "id": name,
                "question": None if known is None else known.question,
                "gold": None if known is None else known.gold,
            }
        )
    return json_bytes(rows)


def index_block(samples: CellSamples) -> bytes:
    """Return the columns of a cell's samples."""
    return column_bytes(samples.columns, {"verdicts": VERDICTS, "finish": FINISH})


def words_block(counts: Mapping[str, Column]) -> bytes:
    """Return the counts of behaviours' lemmas, per sample in the order of the index."""
    columns = {f"behaviour:{name}": column for name, column in counts.items()}
    return column_bytes(columns, {"behaviours": list(counts)})


def column_bytes(columns: Mapping[str, Column], also: Mapping[str, Sequence[str]]) -> bytes:
    """Return columns of equal length: a length, a header in JSON, then each column, aligned.

    Args:
        also: What else the header says.
    """
    header: dict[str, Any] = {
        "rows": len(next(iter(columns.values()))),
        "columns": [
            {"name": name, "dtype": f"{one.dtype.kind}{one.dtype.itemsize}", "offset": 0}
            for name, one in columns.items()
        ],
        **also,
    }
    room = len(json_bytes(header)) + _OFFSET_DIGITS * len(columns)  # offsets are in the header
    start = _aligned(4 + room)
    for told, column in zip(header["columns"], columns.values(), strict=True):
        told["offset"] = start
        start = _aligned(start + column.nbytes)
    text = json_bytes(header)
    parts = [struct.pack("<I", len(text)), text]
    written = 4 + len(text)
    for told, column in zip(header["columns"], columns.values(), strict=True):
        parts += [bytes(told["offset"] - written), column.tobytes()]
        written = told["offset"] + column.nbytes
    return b"".join(parts)


def json_bytes(value: Any) -> bytes:
    """Return JSON in ASCII: halves of surrogate pairs, which UTF-8 does not have, are escaped."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def packed(block: bytes) -> bytes:
    """Return a block compressed: equal blocks give equal bytes, at any time."""
    return gzip.compress(block, _COMPRESSION, mtime=0)


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT
