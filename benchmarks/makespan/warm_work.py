"""Seconds of generation of a sweep, or a part of it, by warm engines in this process.

    python warm_work.py PART PARTS COMMAND-LINE-OF-THE-SWEEP…

Every group's engine is loaded, makes a few samples, and is then timed on the part's requests of all
its cells in one stream. Nothing is written, graded or composed meanwhile. JSON goes to stdout.
"""

import json
import sys
import time
from collections.abc import Sequence
from itertools import islice

from rast_bench.config.frontend import jobs_of_command_line
from rast_bench.domain import Request
from rast_bench.engines import load_engine
from rast_bench.pipeline import plan_jobs
from rast_bench.planning.cells import EngineGroup, group_cells
from rast_bench.planning.work import requests_for

WARM_UP = 8  # requests
BLOCK = 64  # consecutive requests that one part takes: samples of a problem share its prefill


def main(part: int, parts: int, words: Sequence[str]) -> int:
    """Prints seconds, samples and tokens of part 0 ≤ `part` < `parts`."""
    seconds, samples, tokens = 0.0, 0, 0
    jobs = jobs_of_command_line(words)
    cells = [cell for job in plan_jobs(jobs) for cell in job.planned]
    for group in group_cells(cells):
        engine = load_engine(group.key, group.config)
        requests = requests_of(group)
        list(engine.generate(islice(requests, WARM_UP)))
        asked = share(requests, part, parts)
        begin = time.monotonic()
        made = list(engine.generate(asked))
        seconds += time.monotonic() - begin
        samples += len(made)
        tokens += sum(len(sample.token_ids) for sample in made)
        engine.close()
    print(json.dumps({"seconds": seconds, "samples": samples, "tokens": tokens}))
    return 0


def requests_of(group: EngineGroup) -> list[Request]:
    return [request for cell in group.cells for request in requests_for(cell, cell.wanted_keys())]


def share(requests: Sequence[Request], part: int, parts: int) -> list[Request]:
    """Return every `parts`-th block of requests, from block `part` on."""
    return [item for place, item in enumerate(requests) if place // BLOCK % parts == part]


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
