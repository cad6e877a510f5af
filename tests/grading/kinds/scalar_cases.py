"""Pairs of answers and gold answers with the outcome of their comparison, by kind."""

import json
from pathlib import Path

import pytest


def cases(kind: str) -> list[object]:
    """pytest parameters (answer, gold, outcome) of scalar_cases.jsonl."""
    lines = Path(__file__).with_name("scalar_cases.jsonl").read_text("utf-8").splitlines()
    return [
        pytest.param(case["answer"], case["gold"], case["outcome"])
        for case in map(json.loads, lines)
        if case["kind"] == kind
    ]
