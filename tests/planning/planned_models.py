"""Checkpoints of known models without their weights, and cells on the tiny family."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from planned_cells import PROMPT_SHA256

from rast_bench.config.compose import Job
from rast_bench.config.engines import EngineConfig
from rast_bench.config.frontend import jobs_of_command_line
from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, Sample
from rast_bench.ledger import Ledger
from rast_bench.pipeline import plan_jobs
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.checkpoints import CheckpointSize
from rast_bench.run.direct import run_cells
from rast_bench.run.outcome import RunSummary

KNOWN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data/known_models.json").read_text()
)
TOKENS = 20  # of every response of the counting engine


def sized(
    floating: int = 1000, *, layers: int = 1, heads: int = 4, kv_heads: int = 4, head_dim: int = 1
) -> CheckpointSize:
    """A checkpoint of a given size; a token's keys and values are 2 · layers · kv_heads numbers."""
    return CheckpointSize(
        path="m",
        source="weights",
        floating=floating,
        packed_bytes=0,
        dtype="float32",
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        hidden=heads * head_dim,
        vocabulary=64 * 8,
    )


def jobs_of(*words: str) -> list[Job]:
    jobs = jobs_of_command_line(words)
    assert jobs is not None
    return jobs


def planned(*words: str) -> list[PlannedCell]:
    return [cell for item in plan_jobs(jobs_of(*words)) for cell in item.planned]


def run_counting(cells: Sequence[PlannedCell], ledger: Ledger) -> RunSummary:
    """Runs the cells with an engine that loads nothing; each response has TOKENS tokens."""
    return run_cells(cells, ledger, load_engine=CountingEngine)


class CountingEngine:
    def __init__(self, _key: EngineKey, _config: EngineConfig) -> None:
        pass

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            time.sleep(0.002)  # manifests count in milliseconds
            yield Sample(request.key, request.seed, PROMPT_SHA256, (1,) * TOKENS, "text", "eos")

    def close(self) -> None:
        pass
