"""How far graders agree with the recorded verdicts of the graders that they stand for."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from grading_checks.cases import Row, read_rows
from rast_bench.errors import DatasetError
from rast_bench.grading import Answer, Judgement, get_grader

CORPUS = "grader_dev.jsonl"
FIELDS = ("dataset", "gold", "response", "simplerl_correct", "math_verify_correct")

Agrees = Callable[[int], bool]


def read_corpus(folder: Path) -> list[Row]:
    """Real responses with the verdicts of SimpleRL and math-verify. Raises DatasetError."""
    path = folder / CORPUS
    rows = read_rows(path, FIELDS)
    if not rows:
        raise DatasetError(f"{path} is empty")
    return rows


def answers_of(rows: Sequence[Row]) -> list[Answer]:
    return [Answer(row["response"], row["gold"], "eos", row["dataset"]) for row in rows]


def grade(rows: Sequence[Row], name: str, workers: int | None) -> list[Judgement]:
    return get_grader(name, workers=workers).grade_many(answers_of(rows))


def measure_agreement(
    rows: Sequence[Row],
    simplerl: Sequence[Judgement],
    robust: Sequence[Judgement],
    truth: dict[int, bool],
) -> dict[str, Any]:
    """Shares of rows by data set, and accuracies.

    Args:
        truth: what a reader found, by a row's position: whether the response is right.
    """

    def simplerl_correct(i: int) -> bool:
        return bool(rows[i]["simplerl_correct"])

    def math_verify_correct(i: int) -> bool:
        return bool(rows[i]["math_verify_correct"])

    def ours(i: int) -> bool:
        return robust[i].kind == "correct"

    def simplerl_ours(i: int) -> bool:
        return simplerl[i].kind == "correct"

    columns: dict[str, Agrees] = {
        "simplerl = SimpleRL": lambda i: simplerl_ours(i) == simplerl_correct(i),
        "robust = math-verify": lambda i: ours(i) == math_verify_correct(i),
        "robust = SimpleRL": lambda i: ours(i) == simplerl_correct(i),
        "robust = simplerl": lambda i: ours(i) == simplerl_ours(i),
    }
    accuracies: dict[str, Agrees] = {
        "simplerl": simplerl_ours,
        "SimpleRL": simplerl_correct,
        "robust": ours,
        "math-verify": math_verify_correct,
    }
    sound = [
        i
        for i in range(len(rows))
        if truth.get(i, math_verify_correct(i)) == math_verify_correct(i)
    ]
    read = [i for i in truth if i < len(rows)]
    return {
        "responses": len(rows),
        "sets": {name: len(positions) for name, positions in sets_of(rows).items()},
        "agreement": shares(rows, columns),
        "accuracy": shares(rows, accuracies),
        "where_math_verify_is_right": {
            "responses": len(sound),
            "agreement": sum(ours(i) == math_verify_correct(i) for i in sound) / len(sound),
        },
        "read_by_a_person": {
            "responses": len(read),
            "robust_right": sum(ours(i) == truth[i] for i in read),
            "math_verify_right": sum(math_verify_correct(i) == truth[i] for i in read),
        },
        "robust_undecided": [str(each.kind) for each in robust].count("undecided"),
    }


def sets_of(rows: Sequence[Row]) -> dict[str, list[int]]:
    """Return the rows' positions by data set, all of them first."""
    sets: dict[str, list[int]] = {"all": list(range(len(rows)))}
    for position, row in enumerate(rows):
        sets.setdefault(row["dataset"], []).append(position)
    return sets


def shares(rows: Sequence[Row], columns: dict[str, Agrees]) -> dict[str, dict[str, float]]:
    """Return the share of rows on which a column holds, by column and data set."""
    return {
        title: {
            name: sum(map(holds, positions)) / len(positions)
            for name, positions in sets_of(rows).items()
        }
        for title, holds in columns.items()
    }


def render_agreement(result: dict[str, Any]) -> str:
    lines = []
    for table in ("agreement", "accuracy"):
        columns = result[table]
        lines += [f"| set | n | {' | '.join(columns)} |", f"|---|---:|{'---:|' * len(columns)}"]
        for name, count in result["sets"].items():
            cells = (f"{share[name]:.2%}" for share in columns.values())
            lines.append(f"| {name} | {count:,} | {' | '.join(cells)} |")
        lines.append("")
    where = result["where_math_verify_is_right"]
    lines.append(
        f"where math-verify is right ({where['responses']:,}): robust agrees on "
        f"{where['agreement']:.2%}; undecided {result['robust_undecided']}"
    )
    return "\n".join(lines)
