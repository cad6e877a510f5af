"""The commands of a user on the smallest models that ship, in processes of their own or in this.

A process of its own imports PyTorch and transformers anew, 7 s of CPU time. What is killed, held or
interrupted needs one; what only has to run to its end is called here.
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pandas as pd
from held import PATIENCE, Hold

from rast_bench.cli import main
from rast_bench.ledger import Ledger
from rast_bench.ledger.codec import SAMPLES
from rast_bench.ledger.shards import read_shard, shard_names

RUN = Path(__file__).parents[2] / "run.py"
CELL = (
    "base_model=tiny-s",
    "delta=tiny-xs",
    "dataset=tiny-easy",
    "dataset.limit=10",
    "decoding.n=4",
    "engine.max_num_seqs=8",
    "workers=1",
)
SAMPLES_OF_CELL = 10 * 4


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str


def command(results: Path, *overrides: str) -> list[str]:
    return [sys.executable, str(RUN), *(overrides or CELL), f"results_dir={results}"]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}


def start(results: Path, *overrides: str, hold: Hold | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(results, *overrides),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | (hold.environment() if hold else {}),
        cwd=results.parent,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> Finished:
    out, err = process.communicate(timeout=PATIENCE)
    return Finished(process.returncode, out, err)


def run(results: Path, *overrides: str) -> Finished:
    return finish(start(results, *overrides))


def rast_bench(*words: str, variables: Mapping[str, str] | None = None) -> Finished:
    """`rast-bench` with these words, called in this process, on one thread as in `environment`."""
    out, err = io.StringIO(), io.StringIO()
    settings = {"OMP_NUM_THREADS": "1", "COLUMNS": "100"} | dict(variables or {})
    with (
        mock.patch.dict(os.environ, settings),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(words)
    return Finished(code, out.getvalue(), err.getvalue())


def run_here(results: Path, *overrides: str) -> Finished:
    """`run` without a process of its own."""
    with contextlib.chdir(results.parent):
        return rast_bench("run", *(overrides or CELL), f"results_dir={results}")


def table_of(finished: Finished, results: Path) -> str:
    """What was printed, without the places of files."""
    return finished.out.replace(str(results), "RESULTS")


def samples(results: Path) -> pd.DataFrame:
    """The samples of the one cell in these results."""
    (cell_id,) = Ledger(results).cells()
    frame = Ledger(results).samples(cell_id)
    frame["token_ids"] = frame["token_ids"].map(tuple)
    return frame


def stored_rows(results: Path) -> int:
    """Rows over all shards, duplicates counted."""
    rows = 0
    for folder in results.glob("ledger/*/"):
        for name in shard_names(folder, SAMPLES):
            table = read_shard(folder / name, SAMPLES, None)
            assert table is not None
            rows += table.num_rows
    return rows
