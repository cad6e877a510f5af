"""Peak memory of a grader's worker process, measured from a small process of its own.

    python -m grading_checks.memory GRADER < ANSWERS

ANSWERS are JSON arrays of text, gold, finish reason and data set, one a line. Prints bytes. A
process that is started inherits the peak of the one that starts it, hence the small one; what it
gives is an upper bound.
"""

import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from grading_checks.cases import by_grader
from rast_bench.errors import EngineError
from rast_bench.grading import Answer


def peak_bytes(grader: str, answers: Sequence[Answer]) -> int:
    """Return the largest resident set of a worker that compares all these. Raises EngineError."""
    here = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    run = subprocess.run(
        [sys.executable, "-m", "grading_checks.memory", grader],
        input="\n".join(map(json.dumps, answers)),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    if run.returncode:
        raise EngineError(f"the memory of {grader} was not measured: {run.stderr.strip()[-400:]}")
    return int(run.stdout.split()[-1])


def main() -> int:
    answers = [Answer(*json.loads(line)) for line in sys.stdin]
    by_grader(sys.argv[1], answers, workers=1)
    gc.collect()  # ends the worker, whose peak counts from then on
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
    return 0


if __name__ == "__main__":
    sys.exit(main())
