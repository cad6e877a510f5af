"""The synthetic table 1 on disk: data sets, an experiment over the tiny family, and its ledger.

The tiny family has as many sizes as the paper's, so its rows are those of table 1: three base
models, each with every smaller ΔR and its ceiling, 12 rows over 6 data sets. No model is loaded.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from aggregation.responses import RUN, AnswerBook, answer_book, cell_tables
from rast_bench.config.frontend import job_of_overrides
from rast_bench.grading import newest_version
from rast_bench.ledger import Ledger
from rast_bench.ledger.codec import SAMPLES, sample_seeds, verdict_family
from rast_bench.ledger.keys import column_of
from rast_bench.ledger.shards import write_shard
from rast_bench.pipeline import plan_jobs
from rast_bench.planning.cells import cell_display
from rast_bench.run.manifests import CellManifests

EXPERIMENT = "synthetic_table1"
GRADER = newest_version("robust")

DATASETS: Mapping[str, int] = {
    "made-up-math": 500,
    "made-up-aime": 30,
    "made-up-amc": 40,
    "made-up-minerva": 272,
    "made-up-olympiad": 675,
    "made-up-gsm": 1603,
}
"""Problems of each set: those of table 1, the last one larger, so that a row has 3,120 problems."""

ROWS = (
    ("tiny-s", "none", "base", 0.35),
    ("tiny-s", "tiny-xs", "rast", 0.45),
    ("tiny-s", "none", "rl", 0.55),
    ("tiny-m", "none", "base", 0.40),
    ("tiny-m", "tiny-xs", "rast", 0.50),
    ("tiny-m", "tiny-s", "rast", 0.54),
    ("tiny-m", "none", "rl", 0.60),
    ("tiny-l", "none", "base", 0.45),
    ("tiny-l", "tiny-xs", "rast", 0.54),
    ("tiny-l", "tiny-s", "rast", 0.58),
    ("tiny-l", "tiny-m", "rast", 0.62),
    ("tiny-l", "none", "rl", 0.66),
)
"""Base model, ΔR, method and mean accuracy."""


def overrides(folder: Path, samples: int) -> list[str]:
    """Return what follows `rast-bench table synthetic_table1`, without --config-dir."""
    return [f"results_dir={folder / 'results'}", f"grader={GRADER}", f"decoding.n={samples}"]


def make_table(folder: Path, samples: int, share: float, seed: int = 0) -> int:
    """Write configuration, data sets and ledger below `folder`; return the number of verdicts.

    Args:
        samples: of each problem.
        share: of every data set's problems, at least two.
    """
    _write_configuration(folder, share)
    rng = np.random.default_rng(seed)
    job = job_of_overrides(
        [f"experiment={EXPERIMENT}", *overrides(folder, samples)], str(config_dir(folder))
    )
    ledger = Ledger(folder / "results")
    manifests = CellManifests(ledger, RUN)  # they name the data sets
    books: dict[str, AnswerBook] = {}
    skills = [skill for *_, skill in ROWS for _ in DATASETS]
    verdicts = 0
    for planned, skill in zip(plan_jobs([job])[0].planned, skills, strict=True):
        name = planned.cell.dataset.name
        if name not in books:
            books[name] = answer_book(len(planned.problems), rng)
        ledger.register(planned.cell_id, planned.identity, cell_display(planned.cell))
        cell = ledger.cell_folder(planned.cell_id)
        ids = [problem.problem_id for problem in planned.problems]
        for made, judged in cell_tables(ids, books[name], samples, skill, rng):
            write_shard(cell, SAMPLES, _with_seeds(made, planned.cell_id))
            write_shard(cell, verdict_family(GRADER), judged)
            verdicts += judged.num_rows
        manifests.begin(planned)
        manifests.end(planned.cell_id, "complete")
    return verdicts


def _with_seeds(made: pa.Table, cell_id: str) -> pa.Table:
    seeds = column_of(sample_seeds(made, cell_id))
    return made.set_column(made.column_names.index("seed"), made.schema.field("seed"), seeds)


def config_dir(folder: Path) -> Path:
    return folder / "conf"


def _write_configuration(folder: Path, share: float) -> None:
    """JSON is YAML too."""
    data = folder / "data"
    data.mkdir(parents=True)
    rows = [
        {
            "label": {"base": base, "rast": f"+ ΔR {delta}", "rl": "RL ceiling"}[method],
            "base_model": base,
            "delta": delta,
            "method": method,
            "role": {"base": "base", "rast": "rast", "rl": "ceiling"}[method],
        }
        for base, delta, method, _ in ROWS
    ]
    experiment = {
        "name": EXPERIMENT,
        "title": "A made-up table 1",
        "datasets": list(DATASETS),
        "rows": rows,
    }
    for group in ("experiment", "dataset"):
        (config_dir(folder) / group).mkdir(parents=True)
    (config_dir(folder) / "experiment" / f"{EXPERIMENT}.yaml").write_text(
        "# @package _global_\n" + json.dumps({"experiment": experiment}, ensure_ascii=False),
        encoding="utf-8",
    )
    for name, problems in DATASETS.items():
        path = data / f"{name}.jsonl"
        lines = [
            json.dumps(
                {"problem_id": f"p{i}", "question": f"{name} {i} ?", "answer": str(i + 1000)}
            )
            for i in range(max(2, round(problems * share)))
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        (config_dir(folder) / "dataset" / f"{name}.yaml").write_text(
            json.dumps({"name": name, "path": str(path), "id_field": "problem_id"})
        )
