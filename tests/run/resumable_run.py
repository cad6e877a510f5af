"""Run as a program, interrupted or killed and run again: RESULTS ENGINE WORKERS.

ENGINE is a loader in fake_engine, or a delay in seconds for an engine that prints each sample's key
on stdout as soon as it is made; `together` waits after its first sample for another process to come
as far, `stuck` before its first one for ever.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import fake_engine

import rast_bench.engines
from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, Sample
from rast_bench.guard import guarded
from rast_bench.ledger import Ledger
from rast_bench.planning.plan import plan_cells
from rast_bench.run.direct import run_cells


class TellingEngine(fake_engine.FakeEngine):
    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for sample in super().generate(requests):
            key = sample.key
            print(key.cell_id, key.problem_id, key.sample_index, flush=True)
            yield sample


class EngineOfTwo(TellingEngine):
    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        folder = Path(sys.argv[1])
        for sample in super().generate(requests):
            (folder / f"begun-{os.getpid()}").touch()
            fake_engine.wait_until(lambda: len(list(folder.glob("begun-*"))) == 2)
            yield sample


def load(key: EngineKey, _config: EngineConfig) -> TellingEngine:
    if sys.argv[2] == "together":
        return EngineOfTwo(delay=0.005)
    if sys.argv[2] == "stuck":
        (Path(key.main.path) / f"stuck-{os.getpid()}").touch()
        time.sleep(fake_engine.LONG_STEP_SECONDS)
    return TellingEngine(delay=float(sys.argv[2]))


def main() -> int:
    results, workers = Path(sys.argv[1]), int(sys.argv[3])
    rast_bench.engines.check_models = lambda _key: None
    cells = [fake_engine.make_cell(results, seed=seed, problems=40, n=8) for seed in range(3)]
    engine = getattr(fake_engine, sys.argv[2]) if workers > 1 else load
    run_cells(plan_cells(cells), Ledger(results), load_engine=engine, workers=workers)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
