"""Random checkpoints, made once for all tests of the engines."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from composed_reference import ComposedReference
from engine_requests import engine_of, key_of
from random_checkpoints import (
    QWEN2_SMALL_RL,
    TRIOS,
    Checkpoint,
    LoadedEngine,
    Trio,
    save_checkpoint,
)
from transformers.utils import logging

from rast_bench.engines.transformers_engine import TransformersEngine


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Kernels and their speed should not depend on the machine's load."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def trio(checkpoint: Checkpoint) -> Trio:
    """Folders of a base model and its pairs, by name."""

    def folders(name: str) -> tuple[str, list[tuple[str, str, float]]]:
        main, pairs = TRIOS[name]
        return checkpoint(main), [
            (checkpoint(rl), checkpoint(base), weight) for rl, base, weight in pairs
        ]

    return folders


@pytest.fixture(scope="session")
def loaded(trio: Trio) -> LoadedEngine:
    """An engine of a trio, loaded once for each batch size."""
    engines: dict[tuple[str, int], TransformersEngine] = {}

    def engine(name: str, max_num_seqs: int = 8) -> TransformersEngine:
        if (name, max_num_seqs) not in engines:
            main, pairs = trio(name)
            engines[name, max_num_seqs] = engine_of(key_of(main, *pairs), max_num_seqs)
        return engines[name, max_num_seqs]

    return engine


@pytest.fixture(scope="session")
def reference(
    trio: Trio,
) -> Callable[[str], ComposedReference]:
    return lambda name: ComposedReference(*trio(name))


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A checkpoint of its own for a test that breaks it."""
    return save_checkpoint(tmp_path / "model", QWEN2_SMALL_RL.but(layers=2))
