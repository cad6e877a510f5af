"""Footnotes on what made a table's samples."""

from pathlib import Path

import pytest

from rast_bench.config.frontend import job_of_overrides
from rast_bench.ledger import Ledger
from rast_bench.reporting.protocol_notes import engine_of, protocol_notes


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


@pytest.mark.parametrize("lambdas", [(1.0,), (0.2, 0.4, 0.6, 0.8, 1.0)], ids=["few", "many"])
def test_a_repetition_penalty_is_named(lambdas: tuple[float, ...]) -> None:
    """In a list of settings, and where they are too many to be listed."""
    cells = [
        job_of_overrides(
            [
                *("base_model=tiny-l", "delta=tiny-s", "dataset=tiny-easy"),
                *(f"decoding.repetition_penalty={penalty}", f"decoding.lambda={lambda_}"),
            ]
        ).cells[0]
        for lambda_ in lambdas
        for penalty in (1.2, 1)
    ]
    decoding = protocol_notes([(cell, "transformers, float32") for cell in cells], None)[0]
    assert "repetition penalty = 1" in decoding and "1.2" in decoding
