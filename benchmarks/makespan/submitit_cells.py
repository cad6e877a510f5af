"""Every cell as a job of submitit's LocalExecutor, started as a script of its own.

    python submitit_cells.py CELLS.json FOLDER SLOTS

LocalExecutor starts whatever it is given at once, so this waits for a free slot before the next.
"""

import json
import sys
import time
from pathlib import Path

import submitit

from rast_bench.cli import main as rast_bench

POLL_SECONDS = 0.05
MINUTES = 60


def main(cells: Path, folder: Path, slots: int) -> int:
    """Runs all cells; 1 when one failed."""
    executor = submitit.LocalExecutor(folder=folder / "submitit")
    executor.update_parameters(timeout_min=MINUTES)
    waiting = json.loads(cells.read_text(encoding="utf-8"))
    jobs: list[submitit.Job[int]] = []
    while waiting or not all(job.done() for job in jobs):
        if waiting and sum(not job.done() for job in jobs) < slots:
            jobs.append(executor.submit(rast_bench, ["run", *waiting.pop(0)]))
        else:
            time.sleep(POLL_SECONDS)
    codes = [job.result() for job in jobs]
    return int(any(codes))


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
