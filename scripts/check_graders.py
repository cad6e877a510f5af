"""How far do our graders agree with the recorded verdicts of the graders they stand for?

    python scripts/check_graders.py --data-dir DIR

DIR holds grader_dev.jsonl: real responses with the verdicts of SimpleRL and math-verify (fields
dataset, gold, response, simplerl_correct, math_verify_correct, simplerl_extracted). Markdown tables
go to stdout: agreement overall and on each set, then how often simplerl and robust disagree. With
--show, every disagreement with its own reference. Exit code 1 when simplerl agrees with its
reference on less than 99 % of all or 97 % of any set.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rast_bench.errors import DatasetError, RastBenchError
from rast_bench.grading import Answer, Judgement, get_grader, newest_version

CORPUS = "grader_dev.jsonl"
FIELDS = ("dataset", "gold", "response", "simplerl_correct", "math_verify_correct")
LEAST_OVERALL, LEAST_ON_A_SET = 0.99, 0.97

Row = dict[str, Any]
Agrees = Callable[[int], bool]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        rows = read_corpus(options.data_dir)
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    simplerl, robust = (grade(rows, name, options.workers) for name in ("simplerl", "robust"))
    columns: dict[str, Agrees] = {
        "simplerl = SimpleRL": lambda i: correct(simplerl[i]) == rows[i]["simplerl_correct"],
        "robust = math-verify": lambda i: correct(robust[i]) == rows[i]["math_verify_correct"],
        "robust = SimpleRL": lambda i: correct(robust[i]) == rows[i]["simplerl_correct"],
        "robust = simplerl": lambda i: correct(robust[i]) == correct(simplerl[i]),
    }
    shares = agreement(rows, columns)
    print(render(rows, shares))
    print(render_accuracy(rows, simplerl, robust))
    if options.show:
        show(rows, simplerl, "SimpleRL", "simplerl_correct")
        show(rows, robust, "math-verify", "math_verify_correct")
    ours = shares["simplerl = SimpleRL"]
    on_sets = min(share for name, share in ours.items() if name != "all")
    return int(ours["all"] < LEAST_OVERALL or on_sets < LEAST_ON_A_SET)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--workers", type=int, help="processes (default: one per core)")
    parser.add_argument("--show", action="store_true", help="print every disagreement")
    return parser.parse_args(arguments)


def read_corpus(folder: Path) -> list[Row]:
    """The corpus's rows. Raises DatasetError where it is missing or lacks a field."""
    path = folder / CORPUS
    try:
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read {path}", hint=f"--data-dir holds {CORPUS}") from error
    for number, row in enumerate(rows, start=1):
        missing = [name for name in FIELDS if name not in row]
        if missing:
            raise DatasetError(f"{path} line {number} lacks {', '.join(missing)}")
    if not rows:
        raise DatasetError(f"{path} is empty")
    return rows


def grade(rows: Sequence[Row], name: str, workers: int | None) -> list[Judgement]:
    grader = get_grader(newest_version(name), workers=workers)
    return grader.grade_many(
        [Answer(row["response"], row["gold"], "eos", row["dataset"]) for row in rows]
    )


def correct(judgement: Judgement) -> bool:
    return judgement.kind == "correct"


def sets_of(rows: Sequence[Row]) -> dict[str, list[int]]:
    """The rows' positions by data set, all of them first."""
    sets: dict[str, list[int]] = {"all": list(range(len(rows)))}
    for position, row in enumerate(rows):
        sets.setdefault(row["dataset"], []).append(position)
    return sets


def agreement(rows: Sequence[Row], columns: dict[str, Agrees]) -> dict[str, dict[str, float]]:
    """The share of rows on which a column holds, by column and data set."""
    return {
        title: {
            name: sum(map(agrees, positions)) / len(positions)
            for name, positions in sets_of(rows).items()
        }
        for title, agrees in columns.items()
    }


def render(rows: Sequence[Row], shares: dict[str, dict[str, float]]) -> str:
    lines = [f"| set | n | {' | '.join(shares)} |", f"|---|---:|{'---:|' * len(shares)}"]
    for name, positions in sets_of(rows).items():
        cells = (f"{share[name]:.2%}" for share in shares.values())
        lines.append(f"| {name} | {len(positions):,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def render_accuracy(
    rows: Sequence[Row], simplerl: Sequence[Judgement], robust: Sequence[Judgement]
) -> str:
    """Accuracy by each grader and by each reference."""
    lines = [
        "",
        "| set | simplerl | SimpleRL | robust | math-verify |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, positions in sets_of(rows).items():
        shares = (
            sum(map(judge, positions)) / len(positions)
            for judge in (
                lambda i: correct(simplerl[i]),
                lambda i: bool(rows[i]["simplerl_correct"]),
                lambda i: correct(robust[i]),
                lambda i: bool(rows[i]["math_verify_correct"]),
            )
        )
        lines.append(f"| {name} | {' | '.join(f'{share:.2%}' for share in shares)} |")
    return "\n".join(lines)


def show(rows: Sequence[Row], judgements: Sequence[Judgement], reference: str, field: str) -> None:
    seen: set[tuple[str, str | None]] = set()
    for row, judgement in zip(rows, judgements, strict=True):
        pair = row["gold"], judgement.extracted
        if correct(judgement) != row[field] and pair not in seen:
            seen.add(pair)
            theirs = "correct" if row[field] else "wrong"
            print(
                f"{row['dataset']}: {judgement.kind}, {reference} {theirs}: "
                f"gold {row['gold'][:80]!r}, answer {(judgement.extracted or '')[:80]!r}"
            )


if __name__ == "__main__":
    sys.exit(main())
