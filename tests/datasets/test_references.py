import json
from pathlib import Path
from typing import Any

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import dataset_fingerprint, iter_references, load_problems

ROW = {
    "task_id": "Made/1",
    "prompt": "def double(x):\n",
    "canonical_solution": "    return 2 * x\n",
    "entry_point": "double",
    "test": "def check(f):\n    assert f(2) == 4\n",
}


def config(folder: Path, *rows: dict[str, Any]) -> DatasetConfig:
    path = folder / "set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return DatasetConfig(name="set", path=str(path), adapter="humaneval")


def test_the_gold_answer_leads_to_the_tests(tmp_path: Path) -> None:
    cfg = config(tmp_path, ROW, {**ROW, "task_id": "Made/2"})
    references = dict(iter_references(cfg))
    for problem in load_problems(cfg):
        assert problem.gold.startswith("tests-sha256:")
        assert len(problem.gold) < 80
        assert references[problem.gold]["task_id"] == problem.problem_id
        assert references[problem.gold]["test"] == ROW["test"]


def test_other_tests_are_another_data_set(tmp_path: Path) -> None:
    before = dataset_fingerprint(load_problems(config(tmp_path, ROW)))
    after = dataset_fingerprint(load_problems(config(tmp_path, {**ROW, "test": "assert True"})))
    assert before != after


def test_sets_without_programs_have_no_references(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text('{"question": "?", "answer": "1"}\n')
    assert list(iter_references(DatasetConfig(name="s", path=f"{tmp_path}/set.jsonl"))) == []
