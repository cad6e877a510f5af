"""Read tokenizer.json with the tokenizers library, without transformers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.engines.load_errors import one_line
from rast_bench.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_tokenizers: dict[str, Tokenizer] = {}  # by digest


def tokenizer_digest(folder: Path | None) -> str | None:
    """Return the digest of tokenizer.json; checkpoints of a family share it, and loading takes a
    second.
    """
    path = None if folder is None else folder / "tokenizer.json"
    if path is None or not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_tokenizer(name: str, path: Path, digest: str) -> Tokenizer:
    """Return the tokenizer of a file, cached by its digest.

    Args:
        name: the checkpoint's name, for messages.

    Raises:
        ModelError: the file cannot be read.
    """
    from tokenizers import Tokenizer

    if digest not in _tokenizers:
        try:
            _tokenizers[digest] = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises this very class
            raise ModelError(
                f"model {name}: {path} cannot be read: {one_line(error)}",
                hint="save the tokenizer again with save_pretrained(…)",
            ) from None
    return _tokenizers[digest]
