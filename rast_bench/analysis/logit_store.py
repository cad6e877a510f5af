"""Logits of several models at the same positions, on disk while one model is in memory."""

import os
import shutil
from pathlib import Path

import torch
from torch import Tensor

from rast_bench.config.schema import ModelRef
from rast_bench.errors import LedgerError
from rast_bench.hardware import GIB
from rast_bench.ledger.atomic import ledger_errors


class LogitStore:
    """One file per model, [positions, width] in the model's own dtype.

    A file takes positions × width × bytes of the dtype: 50 paths of 700 tokens are 10 GiB for a
    vocabulary of 152k in bfloat16.
    """

    def __init__(self, folder: Path, positions: int) -> None:
        self.folder = folder
        self.positions = positions
        self._logits: dict[ModelRef, Tensor] = {}

    @property
    def vocabulary(self) -> int:
        """The number of ids that every stored model has: padding differs within a family."""
        return min(logits.shape[1] for logits in self._logits.values())

    def check_disk_space(self, models: int, width: int, dtype: torch.dtype) -> None:
        """Raise LedgerError if the logits will not fit, before any model runs."""
        needed = models * self.positions * width * dtype.itemsize
        with ledger_errors(self.folder):
            free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise LedgerError(
                f"{self.folder.parent}: {free / GIB:.1f} GiB free, the logits of {models} models "
                f"at {self.positions:,} positions need {needed / GIB:.1f}",
                hint="use a larger folder (--scratch DIR) or fewer paths (--limit N)",
            )

    def add(self, ref: ModelRef, width: int, dtype: torch.dtype) -> Tensor:
        """Return space for a model's logits, [positions, width], to be written to.

        Raises:
            LedgerError: the disk is full: a write to a mapped file could not report it.
        """
        path = self.folder / f"logits-{len(self._logits)}.bin"
        count = self.positions * width
        with ledger_errors(path), path.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, count * dtype.itemsize)
        flat = torch.from_file(str(path), shared=True, size=count, dtype=dtype)
        self._logits[ref] = flat.view(self.positions, width)
        return self._logits[ref]

    def read(self, ref: ModelRef, start: int, stop: int, device: torch.device) -> Tensor:
        """Return logits of the shared vocabulary, [stop − start, vocabulary] float32.

        Raises:
            KeyError: the model was not added.
        """
        rows = self._logits[ref][start:stop, : self.vocabulary]
        return rows.to(device=device, dtype=torch.float32)
