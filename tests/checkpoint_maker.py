"""The type of the `make_checkpoint` fixture."""

from collections.abc import Callable
from pathlib import Path

MakeCheckpoint = Callable[..., Path]
