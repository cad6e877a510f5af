"""Samples for the ledger's tests."""

import numpy as np
import pandas as pd

from rast_bench.domain import Sample, SampleKey

CELL = "0123456789abcdef"


def make_sample(
    problem: str = "p1", index: int = 0, *, cell: str = CELL, text: str | None = None
) -> Sample:
    tokens = tuple((len(problem) + index * 7 + place) % 50 for place in range(index % 4 + 1))
    return Sample(
        key=SampleKey(cell, problem, index),
        seed=2**63 - 1 - index,
        prompt_sha256="ab" * 32,
        token_ids=tokens,
        text=f"λ {problem}/{index}" if text is None else text,
        finish_reason="eos",
    )


def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    """A data frame as plain tuples, arrays as tuples, for exact comparison."""
    return [
        tuple(tuple(v.tolist()) if isinstance(v, np.ndarray) else v for v in row)
        for row in frame.itertuples(index=False)
    ]


def sample_rows(samples: list[Sample]) -> list[tuple[object, ...]]:
    """What `rows(ledger.samples(cell))` must be for these samples."""
    return [
        (
            s.key.problem_id,
            s.key.sample_index,
            s.seed,
            s.prompt_sha256,
            s.token_ids,
            s.text,
            s.finish_reason,
            s.token_count,
        )
        for s in sorted(samples, key=lambda s: s.key)
    ]
