"""Cases with a known verdict, how graders judge them, and how that is counted."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rast_bench.errors import DatasetError
from rast_bench.grading import Answer, get_grader
from rast_bench.grading.limits import CpuLimitError, within_cpu_limit
from rast_bench.grading.math_verify_grader import MATH_VERIFY, math_verify_verdicts

FAULTS = "grader_faults.jsonl"
MOST_SECONDS = 5.0  # of CPU time that a response may take in the main process
NO_VERDICT = ("undecided", "timeout", "hung")

Row = dict[str, Any]
Verdicts = list[str]


@dataclass(frozen=True)
class Case:
    """A response, a gold answer, and whether the response is right; `about` is for lists."""

    name: str
    kind: str
    gold: str
    response: str
    right: bool
    about: str = ""

    def answer(self) -> Answer:
        return Answer(self.response, self.gold, "eos")


def read_rows(path: Path, fields: Sequence[str]) -> list[Row]:
    """Return the rows of a JSONL file.

    Raises:
        DatasetError: it lacks a field or cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read {path}", hint="it has one JSON object per line") from error
    for number, row in enumerate(rows, start=1):
        missing = [name for name in fields if name not in row]
        if missing:
            raise DatasetError(f"{path} line {number} lacks {', '.join(missing)}")
    return rows


def read_faults(folder: Path) -> list[Case]:
    """Return the failing inputs with their right verdicts. Raises DatasetError."""
    fields = ("id", "kind", "gold", "response", "right_verdict")
    return [
        Case(
            row["id"],
            row["kind"],
            row["gold"],
            row["response"],
            row["right_verdict"] == "correct",
        )
        for row in read_rows(folder / FAULTS, fields)
    ]


def by_grader(name: str, answers: Sequence[Answer], workers: int | None = None) -> Verdicts:
    """One by one: `hung` where the main process, which no grader may keep busy, is kept busy."""
    grader = get_grader(name, workers=workers)

    def verdict(answer: Answer) -> str:
        try:
            return within_cpu_limit(MOST_SECONDS, lambda: grader.grade_many([answer])[0].kind)
        except CpuLimitError:
            return "hung"

    return [verdict(answer) for answer in answers]


def judge(name: str, cases: Sequence[Case], workers: int | None = None) -> Verdicts:
    answers = [case.answer() for case in cases]
    return (
        list(math_verify_verdicts(answers))
        if name == MATH_VERIFY
        else by_grader(name, answers, workers)
    )


def score(cases: Sequence[Case], verdicts: Verdicts) -> dict[str, Any]:
    """Return how many verdicts are correct, and the names of the others by their error.

    A correct answer must be `correct`; a wrong one `wrong`, `unparsed` or `truncated`. None of
    `NO_VERDICT` is correct, but only `correct` on a wrong answer is a false `correct`.
    """
    kinds: dict[str, list[int]] = {}
    lists: dict[str, list[str]] = {"false_corrects": [], "false_wrongs": [], "undecided": []}
    for case, verdict in zip(cases, verdicts, strict=True):
        counts = kinds.setdefault(case.kind, [0, 0])
        counts[1] += 1
        if verdict in NO_VERDICT:
            lists["undecided"].append(told(case, verdict))
        elif (verdict == "correct") == case.right:
            counts[0] += 1
        else:
            name = "false_wrongs" if case.right else "false_corrects"
            lists[name].append(told(case, verdict))
    return {
        "cases": len(cases),
        "right": sum(right for right, _ in kinds.values()),
        **{name: len(names) for name, names in lists.items()},
        "by_kind": {kind: {"right": right, "cases": n} for kind, (right, n) in kinds.items()},
        "lists": lists,
    }


def told(case: Case, verdict: str) -> str:
    shown = f"{case.name} ({verdict})" if verdict not in ("correct", "wrong") else case.name
    return f"{shown}: {case.about}" if case.about else shown


def total(scores: Iterable[dict[str, Any]]) -> dict[str, int]:
    parts = list(scores)
    names = ("cases", "right", "false_corrects", "false_wrongs", "undecided")
    return {name: sum(part[name] for part in parts) for name in names}
