"""A study with the logits of its models along its paths, piece by piece, on disk until the end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from rast_bench.analysis.logit_store import LogitStore
from rast_bench.analysis.studies import Study
from rast_bench.analysis.teacher import (
    EncodedPath,
    encode_paths,
    score_paths,
    shared_tokenizer,
    torch_dtype,
)
from rast_bench.analysis.token_text import token_texts
from rast_bench.analysis.trajectories import Trajectory
from rast_bench.config.schema import ModelRef
from rast_bench.hardware import engine_threads
from rast_bench.ledger.atomic import ledger_errors

POSITIONS_AT_ONCE = 64  # several models' logits over a large vocabulary in memory


@dataclass(frozen=True)
class Piece:
    """Consecutive tokens of one path. `first` is the position of the first of them, from 0."""

    problem_id: str
    first: int
    token_ids: Tensor  # [n] int64
    texts: Sequence[str]  # of the tokens, n
    _store: LogitStore
    _start: int
    _read: dict[ModelRef, Tensor] = field(default_factory=dict)

    def logits(self, ref: ModelRef) -> Tensor:
        """Return the model's logits before each of these tokens, [n, vocabulary] float32."""
        if ref not in self._read:
            stop = self._start + len(self.token_ids)
            device = self.token_ids.device
            self._read[ref] = self._store.read(ref, self._start, stop, device)
        return self._read[ref]


@dataclass(frozen=True)
class ScoredStudy:
    """See the module."""

    study: Study
    cell_id: str
    trajectories: Sequence[Trajectory]
    paths: Sequence[EncodedPath]
    store: LogitStore
    tokenizer: Any
    device: torch.device

    def pieces(self) -> Iterator[Piece]:
        """Yield all paths in order, each in pieces."""
        for _, pieces in self.by_path():
            yield from pieces

    def by_path(self) -> Iterator[tuple[Trajectory, Iterator[Piece]]]:
        """Yield each path with its pieces."""
        for trajectory, path in zip(self.trajectories, self.paths, strict=True):
            yield trajectory, self._pieces_of(trajectory, path)

    def _pieces_of(self, trajectory: Trajectory, path: EncodedPath) -> Iterator[Piece]:
        tokens = torch.tensor(path.token_ids, dtype=torch.int64, device=self.device)
        texts = token_texts(self.tokenizer, path.token_ids)
        for first in range(0, len(tokens), POSITIONS_AT_ONCE):
            part = slice(first, first + POSITIONS_AT_ONCE)
            yield Piece(
                trajectory.problem_id,
                first,
                tokens[part],
                texts[part],
                self.store,
                path.start + first,
            )

    @cached_property
    def _texts(self) -> dict[int, str]:
        return {}

    def text(self, token_id: int) -> str:
        """Return one token by itself as text; part of a character is a replacement sign."""
        if token_id not in self._texts:
            self._texts[token_id] = self.tokenizer.decode([token_id])
        return self._texts[token_id]


@contextmanager
def scored(
    study: Study,
    cell_id: str,
    trajectories: Sequence[Trajectory],
    models: Sequence[ModelRef],
    *,
    scratch: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[ScoredStudy]:
    """Yield the study with the logits of these models, which are removed at the end.

    Args:
        cell_id: of the cell whose samples are the trajectories.
        scratch: an existing folder for the logits; the system's temporary one by default.
        tell: called with each model's name as it is loaded.

    Raises:
        ModelError: the models' tokenizers differ; also as `score_paths`.
        EngineError, LedgerError: as `score_paths`.
    """
    from rast_bench.engines.transformers_engine import pick_device

    engine = study.greedy.engine
    device = pick_device(getattr(engine, "device", "auto"))
    torch.set_num_threads(engine.threads or engine_threads())
    refs = list(dict.fromkeys(models))
    tokenizer = shared_tokenizer(list(dict.fromkeys([study.path.main, *refs])))
    paths = encode_paths(tokenizer, [(one.prompt, one.token_ids) for one in trajectories])
    with ledger_errors(scratch or Path("the temporary folder")):
        folder = TemporaryDirectory(prefix="rast-bench-logits-", dir=scratch)
    with folder as name:
        store = LogitStore(Path(name), sum(len(path.token_ids) for path in paths))
        score_paths(
            refs,
            paths,
            store,
            known_tokens=max(tokenizer.get_vocab().values()) + 1,
            dtype=torch_dtype(engine.dtype, study.base.main),
            device=device,
            tell=tell,
        )
        yield ScoredStudy(study, cell_id, trajectories, paths, store, tokenizer, device)
