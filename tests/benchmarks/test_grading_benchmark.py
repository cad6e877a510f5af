"""The grading benchmark on a few made-up responses, and what it reads and writes."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import grading
import pytest
from grading_checks.cases import Case, score, total
from grading_checks.disagreements import read_file
from grading_checks.suites import (
    SUITES,
    Suite,
    assertions,
    choices,
    named_parameters,
    rewards,
    scoring_examples,
    tables,
)

from rast_bench.errors import DatasetError

ROWS = [
    ("math500", "7", r"so \boxed{7}", True, True),
    ("math500", "7", r"so \boxed{8}", False, False),
    ("math500", "9", r"so \boxed{9}", True, True),
    ("gsm8k", "100", "The answer is 1.", True, False),
    ("gsm8k", "12", "She has 12 left.", True, True),
]
ALGEBRA = ("math500", "x^2+2x+1", r"so \boxed{(x+1)^2}", True, True)  # costs a worker process
FIELDS = ("dataset", "gold", "response", "simplerl_correct", "math_verify_correct")
FAULTS = [
    ("one", "integer", "7", r"\boxed{7}", "correct"),
    ("two", "integer", "7", r"\boxed{9}", "wrong"),
    ("three", "words", "8", r"\boxed{9}", "correct"),
]
FAULT_FIELDS = ("id", "kind", "gold", "response", "right_verdict")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write(tmp_path / "grader_dev.jsonl", FIELDS, ROWS)
    write(tmp_path / "grader_faults.jsonl", FAULT_FIELDS, FAULTS)
    return tmp_path


def write(path: Path, fields: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    path.write_text("\n".join(json.dumps(dict(zip(fields, row, strict=True))) for row in rows))


def run(*arguments: object) -> int:
    return grading.main([*map(str, arguments), "--workers", "1", "--repeats", "1"])


def test_all_ways_are_timed_side_by_side(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = corpus / "bench" / "grading.json"
    write(corpus / "grader_dev.jsonl", FIELDS, [*ROWS, ALGEBRA])
    cores = os.sched_getaffinity(0)
    assert run("--data-dir", corpus, "--sections", "speed", "--out", out) == 0
    assert os.sched_getaffinity(0) == cores
    table = capsys.readouterr().out
    assert "6 responses, one core" in table
    assert "verdicts changed by the fast paths: simplerl 0, robust 0" in table
    result = json.loads(out.read_text())["speed"]
    assert result["verdicts"]["simplerl"] == {"correct": 5, "wrong": 1}
    assert result["verdicts"]["robust"] == {"correct": 4, "wrong": 2}
    assert result["verdicts"]["math-verify"] == {"correct": 4, "wrong": 2}
    assert result["ratio"]["math-verify"] == {"min": 1, "median": 1, "max": 1}
    for name in ("simplerl", "robust", "math-verify"):
        fastest = 6 / min(each["cpu"] for each in result["seconds"][name])
        assert result["pairs_per_second"][name]["max"] == pytest.approx(fastest)
    warm, cold = (result["pairs_per_second"][name]["max"] for name in ("robust, warm", "robust"))
    assert warm > cold


def test_agreement_overall_and_on_each_set(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--data-dir", corpus, "--sections", "agreement", "--check") == 0
    table = capsys.readouterr().out
    assert "| all | 5 | 100.00% | 100.00% | 80.00% | 80.00% |" in table
    assert "| gsm8k | 2 | 100.00% | 100.00% | 50.00% | 50.00% |" in table
    assert "| all | 5 | 80.00% | 80.00% | 60.00% | 60.00% |" in table
    assert "| simplerl = SimpleRL: 99.9 % | 100.00% | met |" in table


def test_a_target_that_is_missed_is_an_exit_code(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = corpus / "grader_dev.jsonl"
    path.write_text(
        path.read_text().replace('"simplerl_correct": false', '"simplerl_correct": true')
    )
    assert run("--data-dir", corpus, "--sections", "agreement") == 0
    assert run("--data-dir", corpus, "--sections", "agreement", "--check") == 1
    assert "| simplerl = SimpleRL: 99.9 % | 80.00% | missed |" in capsys.readouterr().out


def test_what_a_reader_said_of_a_disagreement_is_kept_and_used(corpus: Path) -> None:
    path, out = corpus / "disagreements.jsonl", corpus / "grading.json"
    data = corpus / "grader_dev.jsonl"
    recorded = data.read_text()
    data.write_text(recorded.replace('"math_verify_correct": true', '"math_verify_correct": false'))
    options = ("--data-dir", corpus, "--sections", "agreement", "--disagreements", path)
    assert run(*options, "--out", out) == 0
    entries = list(read_file(path).values())
    assert {(entry["gold"], entry["answer"]) for entry in entries} == {
        ("7", "7"),
        ("9", "9"),
        ("12", "12"),
    }
    first = json.loads(out.read_text())["agreement"]
    assert first["disagreements"] == {"entries": 3, "unread": 3}
    assert first["where_math_verify_is_right"] == {"responses": 5, "agreement": 0.4}
    for entry in entries:
        entry["right_verdict"] = "wrong" if entry["gold"] == "12" else "correct"
        entry["note"] = "read"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert run(*options, "--out", out) == 0
    second = json.loads(out.read_text())["agreement"]
    assert second["disagreements"] == {"entries": 3, "unread": 0}
    assert second["where_math_verify_is_right"] == {"responses": 3, "agreement": 2 / 3}
    assert second["read_by_a_person"] == {
        "responses": 3,
        "robust_right": 2,
        "math_verify_right": 1,
    }
    data.write_text(recorded)  # no disagreement left
    assert run(*options) == 0
    assert [entry["note"] for entry in read_file(path).values()] == ["read"] * 3


def test_faults_are_counted_by_kind_of_error(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = corpus / "grading.json"
    assert run("--data-dir", corpus, "--sections", "faults", "--out", out, "--check") == 1
    result = json.loads(out.read_text())
    part = result["faults"][result["grader"]]
    assert part["lists"] == {"false_corrects": [], "false_wrongs": ["three"], "undecided": []}
    assert part["by_kind"]["integer"] == {"right": 2, "cases": 2}
    assert "| faults: 97 % right | 2 of 3 | missed |" in capsys.readouterr().out


def test_undecided_is_neither_right_nor_a_false_correct() -> None:
    cases = [Case(str(i), "k", "7", "8", right=False) for i in range(4)]
    counted = score(cases, ["correct", "wrong", "undecided", "unparsed"])
    assert counted["right"] == 2
    assert counted["lists"] == {
        "false_corrects": ["0"],
        "false_wrongs": [],
        "undecided": ["2 (undecided)"],
    }
    twice = total(iter([counted, counted]))
    assert (twice["cases"], twice["right"], twice["false_corrects"]) == (8, 4, 2)


def test_made_up_pairs_and_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "grading.json"
    assert run("--sections", "pairs", "memory", "--pairs", 12, "--out", out) == 0
    result = json.loads(out.read_text())
    assert result["pairs"]["right"][result["grader"]]["cases"] == 12
    assert 20 * 2**20 < result["memory"]["peak_bytes"] < 2**30
    assert "24 answers: at most " in capsys.readouterr().out


def test_what_is_not_here_is_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sections = ("faults", "agreement", "suites", "speed")
    assert run("--sections", *sections, "--check") == 0
    assert run("--sections", *sections, "--data-dir", tmp_path, "--suites-dir", tmp_path) == 0
    told = capsys.readouterr().out
    assert "## faults\nnot measured: needs --data-dir" in told
    assert f"## speed\nnot measured: {tmp_path} has no grader_dev.jsonl" in told
    assert f"olympiadbench not measured: {tmp_path} has no OlympiadBench" in told


def test_a_broken_corpus_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "grader_dev.jsonl").write_text('{"dataset": "math500"}\n')
    assert run("--data-dir", tmp_path, "--sections", "agreement") == 2
    assert "grader_dev.jsonl line 1 lacks gold, response" in capsys.readouterr().err


def test_an_unknown_grader_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--grader", "rubost") == 2
    assert "unknown grader 'rubost'" in capsys.readouterr().err


def test_a_suite_is_read_from_a_clone_at_its_commit(tmp_path: Path) -> None:
    clone = tmp_path / "Thing"
    clone.mkdir()
    (clone / "test_a.py").write_text(
        "@pytest.mark.parametrize('gold, pred, expected', [('1', '1', 1), ('1', '2', 0)])\n"
        "def test_it(gold, pred, expected): ...\n"
    )
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "x")):
        subprocess.run(["git", "-C", clone, *command], check=True)
    head = subprocess.run(
        ["git", "-C", clone, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    (clone / "test_a.py").write_text("changed since")
    suite = Suite("thing", "owner/Thing", head, "MIT", (("test_a.py", tables()),))
    found = suite.read(tmp_path)
    assert found is not None
    assert [(c.name, c.gold, c.response, c.expected) for c in found] == [
        ("thing/test_a/test_it/0", "1", "1", True),
        ("thing/test_a/test_it/1", "1", "2", False),
    ]
    assert suite.read(tmp_path / "elsewhere") is None
    with pytest.raises(DatasetError, match="has no test_b"):
        Suite("thing", "owner/Thing", head, "MIT", (("test_b.py", tables()),)).read(tmp_path)


def test_tables_of_several_forms() -> None:
    source = """
@pytest.mark.parametrize("problem, response, expected", [({"answer": 1}, "B", True)])
def test_choice(problem, response, expected): ...
@pytest.mark.parametrize("prediction,reference,expected", [("2", "3", False), (f"{x}", "3", True)])
def test_equal(prediction, reference, expected): ...
@pytest.mark.parametrize("input_str,expected", [("It is 5.", "5"), ("none", "")])
def test_extract(input_str, expected): ...
"""
    assert list(tables(skip=("test_choice",))(source)) == [
        ("test_equal", "3", "2", False),
        ("test_extract", "5", "It is 5.", True),
    ]
    assert list(tables(answers=True, skip=("test_equal", "test_extract"))(source)) == [
        ("test_choice", "B", "\\boxed{B}", True)
    ]


def test_assertions_parameters_rewards_and_json() -> None:
    asserted = """
class Test:
    def test_it(self):
        a = "1"
        b = "one"
        self.assertTrue(is_equiv(a, b))
        for x, y in rows:
            self.assertFalse(is_equiv(x, y))
"""
    source = asserted.replace('        a = "1"', '        rows = [("2", "3")]\n        a = "1"')
    assert list(assertions(source)) == [
        ("test_it", "1", "\\boxed{one}", True),
        ("test_it", "2", "\\boxed{3}", False),
    ]
    parameters = """
@parameterized.named_parameters(dict(given_answer="1", ground_truth="2", expected=False))
def test_it(): ...
"""
    assert list(named_parameters(parameters)) == [("test_it", "2", "\\boxed{1}", False)]
    reward = """
def test_it():
    model_response = "so 4"
    task_info = {"ground_truth": ["4", "four"]}
    assert output.is_correct is True
    model_response = "so 5"
    assert not output.is_correct
"""
    assert list(rewards(reward)) == [
        ("test_it", "4", "so 4", True),
        ("test_it", "4", "so 5", False),
    ]
    examples = [{"GT": "1", "Ans": [{"answer": "\\boxed{1}", "equal": True}]}]
    assert list(scoring_examples(json.dumps(examples))) == [("examples", "1", "\\boxed{1}", True)]
    cases = {
        "test_cases": [
            {
                "doc": {"choices": ["A", "B"], "gold_index": 1},
                "model_response": {"text": ["Answer: B"]},
                "expected_output": {"extractive_match": 1.0},
            }
        ]
    }
    assert list(choices(json.dumps(cases))) == [("gpqa_instruct", "B", "Answer: B", True)]


def test_every_case_that_is_called_wrong_is_of_a_known_suite() -> None:
    lines = grading.SUITE_WRONG.read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert {entry["case"].split("/")[0] for entry in entries} <= {suite.name for suite in SUITES}
    assert len({entry["case"] for entry in entries}) == len(entries)
    assert all(entry["reason"] for entry in entries)
