"""Pages and blocks as a browser reads them."""

import base64
import gzip
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)
_BLOCK = re.compile(r'<script type="text/plain" data-block="(.*?)">(.*?)</script>', re.S)


def data_of(html: str) -> dict[str, Any]:
    match = _DATA.search(html)
    assert match is not None
    found: dict[str, Any] = json.loads(match[1])
    return found


def blocks_of(html: str) -> dict[str, bytes]:
    return {name: _unpacked(text.strip()) for name, text in _BLOCK.findall(html)}


def chunks_of(folder: Path) -> dict[str, bytes]:
    """The blocks in files, by the name that each calls itself."""
    found = {}
    for path in folder.glob("*.js"):
        match = re.match(r'rastBlock\((".*?"), ?"(.*?)"\)', path.read_text())
        assert match is not None
        found[json.loads(match[1])] = _unpacked(match[2])
    return found


def _unpacked(text: str) -> bytes:
    return gzip.decompress(base64.b64decode(text))


def columns_of(block: bytes) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The header of an index or words block, and its columns as numbers."""
    (length,) = struct.unpack_from("<I", block)
    header = json.loads(block[4 : 4 + length])
    columns = {}
    for one in header["columns"]:
        assert one["offset"] % 8 == 0
        values = np.frombuffer(block, f"<{one['dtype']}", header["rows"], one["offset"])
        columns[one["name"]] = values.tolist()
    return header, columns
