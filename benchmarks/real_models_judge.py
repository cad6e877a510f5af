"""EvalPlus's own verdicts on responses. Runs in an environment with evalplus 0.3.1, not in ours.

    HUMANEVAL_OVERRIDE_PATH=… python real_models_judge.py humaneval < RESPONSES > VERDICTS

A line of RESPONSES is {"task_id", "response"}, in the form of EvalPlus's own data; one of VERDICTS
{"task_id", "base", "plus", "program"}: EvalPlus's status on its base tests and on all further ones,
and what its sanitiser left of the response. It runs the programs of a model with no more than
EvalPlus's own guard. Its limits of time are raised, so that a busy machine fails no right program.
"""

import json
import sys

from evalplus.data import (  # type: ignore[import-not-found]
    get_human_eval_plus,
    get_human_eval_plus_hash,
    get_mbpp_plus,
    get_mbpp_plus_hash,
)
from evalplus.eval._special_oracle import (  # type: ignore[import-not-found]
    MBPP_OUTPUT_NOT_NONE_TASKS,
)
from evalplus.evaluate import check_correctness, get_groundtruth  # type: ignore[import-not-found]
from evalplus.sanitize import sanitize  # type: ignore[import-not-found]

SECONDS_PER_TEST = 20.0


def main() -> None:
    (dataset,) = sys.argv[1:]
    if dataset == "humaneval":
        problems, known, not_none = get_human_eval_plus(), get_human_eval_plus_hash(), []
    else:
        problems, known = get_mbpp_plus(), get_mbpp_plus_hash()
        not_none = MBPP_OUTPUT_NOT_NONE_TASKS
    verdicts, sys.stdout = sys.stdout, sys.stderr  # EvalPlus talks there
    expected = get_groundtruth(problems, known, not_none)
    for number, line in enumerate(sys.stdin):
        row = json.loads(line)
        task_id = row["task_id"]
        problem = problems[task_id]
        program = sanitize(row["response"], problem["entry_point"])
        found = check_correctness(
            dataset,
            number,
            problem,
            program,
            expected[task_id],
            fast_check=True,
            min_time_limit=SECONDS_PER_TEST,
        )
        statuses = {tests: found[tests][0] for tests in ("base", "plus")}
        print(
            json.dumps({"task_id": task_id, **statuses, "program": program}),
            file=verdicts,
            flush=True,
        )


if __name__ == "__main__":
    main()
