r"""Our verdicts on a model's programs beside EvalPlus's own, response by response.

    python -m venv /tmp/evalplus && /tmp/evalplus/bin/pip install evalplus==0.3.1
    python benchmarks/real_models_evalplus.py --results DIR --python /tmp/evalplus/bin/python \
        --evalplus-data DIR --out results/real/evalplus_agreement.json

Takes every cell of HumanEval+ and MBPP+ in the ledger below --results whose samples are graded.
--evalplus-data holds humanevalplus_evalplus.jsonl and mbppplus_evalplus.jsonl, EvalPlus's data in
its own format. EvalPlus sanitises and runs the whole response in its own environment
(real_models_judge.py): models' programs, without our sandbox. A summary goes to stdout, every
disagreement with both programs' fates to --out.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from command_line import make_parser, read_options, run_benchmark

from rast_bench.grading.registry import CODE_TESTS
from rast_bench.ledger import Ledger
from rast_bench.provenance import now

JUDGE = Path(__file__).with_name("real_models_judge.py")


class Form(NamedTuple):
    """What EvalPlus calls a data set and its problems."""

    name: str
    variable: str
    file: str
    task: str


FORMS = {
    "humanevalplus": Form(
        "humaneval", "HUMANEVAL_OVERRIDE_PATH", "humanevalplus_evalplus.jsonl", "{}"
    ),
    "mbppplus": Form("mbpp", "MBPP_OVERRIDE_PATH", "mbppplus_evalplus.jsonl", "Mbpp/{}"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    return run_benchmark(lambda: measure(options), render, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--results", type=Path, required=True, help="holds the ledger")
    parser.add_argument("--python", required=True, help="of an environment with evalplus")
    parser.add_argument("--evalplus-data", type=Path, required=True)
    return read_options(parser, arguments, __file__)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return every cell's counts and disagreements."""
    ledger = Ledger(options.results)
    cells = []
    for cell_id in ledger.cells():
        record = ledger.cell(cell_id)
        dataset = record and record["display"].get("dataset")
        if dataset in FORMS and (ours := ledger.verdicts(cell_id, CODE_TESTS)).shape[0]:
            print(f"{cell_id}: {len(ours)} responses to {dataset}", file=sys.stderr)
            cells.append(compared(ledger, cell_id, dataset, options))
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "evalplus": version_of(options.python),
        "grader": CODE_TESTS,
        "cells": cells,
    }


def compared(
    ledger: Ledger, cell_id: str, dataset: str, options: argparse.Namespace
) -> dict[str, Any]:
    """One cell: how many pass by each, and the responses that pass by one alone."""
    form = FORMS[dataset]
    keys = ["problem_id", "sample_index"]
    rows = ledger.samples(cell_id, [*keys, "text"]).merge(
        ledger.verdicts(cell_id, CODE_TESTS), on=keys
    )
    asked = [
        {"task_id": form.task.format(problem), "response": text}
        for problem, text in zip(rows["problem_id"], rows["text"], strict=True)
    ]
    theirs = list(judged(form, asked, options))
    passes = [found["base"] == found["plus"] == "pass" for found in theirs]
    ours = list(rows["kind"] == "correct")
    differing = [
        {
            "task_id": found["task_id"],
            "ours": kind,
            "evalplus": {tests: found[tests] for tests in ("base", "plus")},
            "response": response["text"],
            "evalplus_program": found["program"],
        }
        for found, passed, correct, kind, response in zip(
            theirs, passes, ours, rows["kind"], rows.to_dict("records"), strict=True
        )
        if passed != correct
    ]
    return {
        "cell_id": cell_id,
        "dataset": dataset,
        "responses": len(rows),
        "ours": sum(ours),
        "evalplus": sum(passes),
        "evalplus_base_tests": sum(found["base"] == "pass" for found in theirs),
        "equal": len(rows) - len(differing),
        "differing": differing,
    }


def judged(
    form: Form, asked: Sequence[dict[str, Any]], options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """EvalPlus's verdicts, in order."""
    place = str((options.evalplus_data / form.file).absolute())
    done = subprocess.run(
        [options.python, str(JUDGE), form.name],
        input="".join(json.dumps(row) + "\n" for row in asked),
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        | {form.variable: place},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    yield from map(json.loads, done.stdout.splitlines())


def version_of(python: str) -> str:
    code = "from importlib.metadata import version; print(version('evalplus'))"
    done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def render(result: dict[str, Any]) -> str:
    lines = [
        f"{result['grader']} beside EvalPlus {result['evalplus']}",
        "",
        "| data set | responses | equal | pass by ours | pass by EvalPlus | its base tests alone |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {cell['dataset']} | {cell['responses']} | {cell['equal']} | {cell['ours']} | "
        f"{cell['evalplus']} | {cell['evalplus_base_tests']} |"
        for cell in result["cells"]
    ]
    for cell in result["cells"]:
        lines += [
            f"{cell['dataset']} {entry['task_id']}: ours {entry['ours']}, EvalPlus "
            f"{entry['evalplus']}"
            for entry in cell["differing"]
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
