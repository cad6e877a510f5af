"""Footnotes on what made a table's samples."""

from pathlib import Path

import pytest

from rast_bench.config.frontend import job_of_overrides
from rast_bench.ledger import Ledger
from rast_bench.reporting.protocol_notes import engine_of


@pytest.mark.parametrize(
    ("words", "engine"),
    [
        (["delta=tiny-s"], "transformers, float32"),
        (["delta=tiny-s", "engine.draft_tokens=4"], "transformers, float32, 4 drafts by S_RL"),
        (["delta=none", "engine.draft_tokens=4"], "transformers, float32"),  # nothing drafts
    ],
)
def test_drafts_are_named(words: list[str], engine: str, tmp_path: Path) -> None:
    job = job_of_overrides(
        ["base_model=tiny-l", "dataset=tiny-easy", "engine.dtype=float32", *words]
    )
    (cell,) = job.cells
    assert engine_of(cell, None, Ledger(tmp_path)) == engine
