import json
from pathlib import Path

import pytest
from made_rows import humaneval_row

from rast_bench.code_tests.consent import check_code_execution
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import load_problems
from rast_bench.errors import ConfigError
from rast_bench.grading import Answer, get_grader

RIGHT = "```python\ndef plus_one(x):\n    return x + 1\n```"


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetConfig:
    path = tmp_path / "made.jsonl"
    rows = [humaneval_row("Made/0"), humaneval_row("Made/1")]
    rows[1]["test"] = rows[1]["test"].replace("[2, 3]", "[3, 4]")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return DatasetConfig(name="made", path=str(path), adapter="humaneval", id_field="task_id")


def test_each_end_has_its_verdict(dataset: DatasetConfig) -> None:
    grader = get_grader("code-tests-2", datasets=[dataset], allow_code_execution=True, workers=1)
    first, second = (problem.gold for problem in load_problems(dataset))
    answers = [
        Answer(RIGHT, first, "eos"),
        Answer(RIGHT, second, "eos"),
        Answer("    return x + 1\n", first, "stop"),
        Answer(RIGHT.replace("x + 1", "x + 2"), second, "eos"),
        Answer("import os\nos._exit(0)", first, "eos"),
        Answer("", first, "eos"),
        Answer("", first, "length"),
        Answer("```python\ndef plus_one(x):\n    import time; time.sleep(99)\n```", first, "eos"),
    ]

    kinds = [judgement.kind for judgement in grader.grade_many(answers)]

    assert kinds == [
        *("correct", "wrong", "correct", "correct", "wrong", "unparsed", "truncated", "timeout"),
    ]


def test_a_program_is_run_once(dataset: DatasetConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    grader = get_grader("code-tests-2", datasets=[dataset], allow_code_execution=True)
    gold = load_problems(dataset)[0].gold
    grader.grade(RIGHT, gold, "eos")
    monkeypatch.setattr("subprocess.Popen", None)

    judged = grader.grade_many([Answer(RIGHT, gold, "eos")] * 3)
    assert [one[:2] for one in judged] == [("correct", RIGHT[10:-3])] * 3


def test_without_permission_nothing_is_run(
    dataset: DatasetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    grader = get_grader("code-tests-2", datasets=[dataset])

    with pytest.raises(ConfigError, match="not allowed yet") as caught:
        grader.grade(RIGHT, load_problems(dataset)[0].gold, "eos")
    assert "allow_code_execution=true" in str(caught.value.hint)


def test_gold_answer_without_tests_is_refused(dataset: DatasetConfig) -> None:
    grader = get_grader("code-tests-2", datasets=[dataset], allow_code_execution=True)

    with pytest.raises(ConfigError, match="no tests for the gold answer '42'"):
        grader.grade(RIGHT, "42", "eos")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["dataset=humanevalplus"], "not allowed yet"),
        (["dataset=humanevalplus", "grader=robust-1"], "robust-1 cannot judge data set human"),
        (["dataset=tiny-easy", "grader=code-tests-2"], "code-tests-2 cannot judge data set tiny"),
    ],
)
def test_what_cannot_be_graded_is_said_first(overrides: list[str], message: str) -> None:
    job = job_of_overrides(overrides)

    with pytest.raises(ConfigError, match=message):
        check_code_execution(
            job.cells,
            job.options.grader,
            allow_code_execution=job.options.allow_code_execution,
        )


@pytest.mark.parametrize("dataset", ["humanevalplus", "tiny-easy"])
def test_what_can_be_graded_goes_on(dataset: str) -> None:
    job = job_of_overrides([f"dataset={dataset}", "allow_code_execution=true"])

    check_code_execution(
        job.cells, job.options.grader, allow_code_execution=job.options.allow_code_execution
    )
