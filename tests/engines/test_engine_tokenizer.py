"""Which ids end a generation."""

from types import SimpleNamespace
from typing import Any

import pytest

from rast_bench.config.schema import ModelRef
from rast_bench.engines.tokenizer import eos_ids
from rast_bench.errors import ModelError

MAIN = ModelRef(path="some/model")


def source(ids: Any) -> SimpleNamespace:
    return SimpleNamespace(eos_token_id=ids)


@pytest.mark.parametrize(
    ("generation", "config", "tokenizer", "expected"),
    [
        ([5, 6], 7, 8, {5, 6}),
        (5, 7, 8, {5}),
        (None, 7, 8, {7}),
        (0, 7, 8, {0}),
        (None, None, 8, {8}),
    ],
)
def test_eos_ids(generation: Any, config: Any, tokenizer: Any, expected: set[int]) -> None:
    assert eos_ids(MAIN, source(generation), source(config), source(tokenizer)) == expected


def test_a_checkpoint_without_generation_config() -> None:
    assert eos_ids(MAIN, None, source(7), source(8)) == {7}


def test_no_eos_token_at_all() -> None:
    with pytest.raises(ModelError, match=r"some/model names no EOS token"):
        eos_ids(MAIN, source(None), source([]), source(None))
