"""A planned cell and its samples, made without reading any model or data set."""

from collections.abc import Iterable

from rast_bench.config.identity import EngineKey, sample_seed
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.domain import FinishReason, Problem, Sample, SampleKey
from rast_bench.planning.cells import PlannedCell

CELL_ID = "0123456789abcdef"
PROMPT_SHA256 = "ab" * 32


def planned_cell(golds: dict[str, str], samples: int) -> PlannedCell:
    """A base-model cell over problems of these ids and gold answers."""
    cell = CellConfig.model_validate(
        {
            "base_model": {"name": "m", "base": {"path": "m"}},
            "method": {"name": "base"},
            "delta": {"name": "none"},
            "dataset": {"name": "sums", "path": "sums.jsonl"},
            "prompt": {"name": "plain", "template": "{question}"},
            "decoding": {"n": samples},
            "engine": {"name": "transformers"},
        }
    )
    key = EngineKey(ModelRef(path="m"), (), None, "transformers", "float32")
    problems = tuple(Problem(name, "?", gold) for name, gold in golds.items())
    return PlannedCell(cell, CELL_ID, {}, key, problems)


def samples_of(
    rows: Iterable[tuple[str, int, str, FinishReason]], cell_id: str = CELL_ID
) -> list[Sample]:
    """Samples of (problem id, sample index, text, finish reason); as many tokens as characters."""
    return [
        Sample(key, sample_seed(key), PROMPT_SHA256, tuple(range(len(text))), text, reason)
        for problem, index, text, reason in rows
        for key in [SampleKey(cell_id, problem, index)]
    ]
