"""The tables of rules in docs/graders.md, example by example."""

import re
from pathlib import Path

import pytest

from rast_bench.grading import Answer
from rast_bench.grading.pool import compare_limited
from rast_bench.grading.robust.extraction.find import find
from rast_bench.grading.robust.grader import RobustGrader

PAGE = Path(__file__).parents[2] / "docs" / "graders.md"
VERDICTS = ("correct", "wrong", "undecided")
CODE = re.compile(r"`([^`]+)`")
CELL = re.compile(r"(?<!\\)\|")
GRADER = RobustGrader(workers=1)


def rows(columns: int) -> list[list[str]]:
    lines = PAGE.read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in CELL.split(line)[1:-1]] for line in lines]
    return [row for row in cells if len(row) == columns]


def examples() -> list[tuple[str, str, str]]:
    """(answer, gold answer, verdict)"""
    found = []
    for _rule, gold, *verdicts in rows(5):
        if not CODE.search(gold):
            continue
        for verdict, cell in zip(VERDICTS, verdicts, strict=True):
            for answer in CODE.findall(cell):
                found.append((answer, CODE.findall(gold)[0], verdict))
    return [(answer.replace(r"\|", "|"), gold.replace(r"\|", "|"), v) for answer, gold, v in found]


@pytest.mark.parametrize(("answer", "gold", "verdict"), examples())
def test_comparison(answer: str, gold: str, verdict: str) -> None:
    sample = Answer(f"\\boxed{{{answer}}}", gold, "eos")
    found = GRADER.extract(sample)
    assert found is not None
    outcome = compare_limited(RobustGrader.thorough, found.text, GRADER.reference(sample), 10.0)
    assert outcome.outcome == verdict


def test_there_are_examples() -> None:
    assert len(examples()) > 150
    assert len(rows(4)) > 15


@pytest.mark.parametrize("row", [row for row in rows(4) if row[0].isdigit()], ids=str)
def test_extraction(row: list[str]) -> None:
    _number, rule, finds, place = row
    response = CODE.findall(place)[-1]
    golds = {"truth value": "False", "conclusion": "Ann", "box": "4, 5"}
    gold = "A" if "gold letter" in finds else golds.get(rule, "7")
    if rule in ("table", "code output"):
        response = {"table": "| Answer | 7 |\n", "code output": "```output\n7\n```"}[rule]
    found = find(response, gold=gold)
    wanted = CODE.findall(finds)
    if wanted:
        assert found is not None
        assert (found.text.lower(), found.rule) == (wanted[0].lower(), rule)
    else:
        assert found is None
