import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import dataset_fingerprint, limited, load_problems
from rast_bench.domain import Problem
from rast_bench.errors import DatasetError

ROWS: list[dict[str, Any]] = [
    {"problem_id": "b", "question": "1 + 1?", "answer": "2"},
    {"problem_id": "a", "question": "2 + 2?", "answer": "4"},
]


def config(path: Path, **options: Any) -> DatasetConfig:
    return DatasetConfig(name="set", path=str(path), **options)


def jsonl(folder: Path, *lines: Any) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines) + "\n")
    return path


def test_problems_come_in_file_order(tmp_path: Path) -> None:
    cfg = config(jsonl(tmp_path, *ROWS), id_field="problem_id")
    assert load_problems(cfg) == [Problem("b", "1 + 1?", "2"), Problem("a", "2 + 2?", "4")]


def test_without_id_field_the_position_is_the_id(tmp_path: Path) -> None:
    problems = load_problems(config(jsonl(tmp_path, *ROWS)))
    assert [problem.problem_id for problem in problems] == ["00000", "00001"]


def test_parquet_equals_jsonl(tmp_path: Path) -> None:
    pd.DataFrame(ROWS).to_parquet(tmp_path / "set.parquet")
    theirs = load_problems(config(tmp_path / "set.parquet", id_field="problem_id"))
    assert theirs == load_problems(config(jsonl(tmp_path, *ROWS), id_field="problem_id"))


def test_the_limit_is_left_to_the_plan(tmp_path: Path) -> None:
    path = jsonl(tmp_path, *ROWS)
    assert load_problems(config(path, limit=1)) == load_problems(config(path))


def test_without_a_seed_the_limit_takes_the_first() -> None:
    problems = [Problem(f"p{i}", "?", "1") for i in range(9)]
    cfg = DatasetConfig(name="set", path="set.jsonl")
    assert limited(problems, cfg) == tuple(problems)
    assert limited(problems, cfg.model_copy(update={"limit": 3})) == tuple(problems[:3])


def test_with_a_seed_the_limit_draws_and_a_larger_one_keeps_what_was_drawn() -> None:
    """Two subjects, the first of them first: a draw has both about equally."""
    problems = [Problem(f"{'ab'[i // 500]}{i}", "?", "1") for i in range(1000)]

    def drawn(limit: int, seed: int, among: list[Problem] = problems) -> list[str]:
        cfg = DatasetConfig(name="set", path="set.jsonl", limit=limit, limit_seed=seed)
        return [problem.problem_id for problem in limited(among, cfg)]

    ids = drawn(200, 0)
    assert len(ids) == len(set(ids)) == 200
    assert 70 < sum(one.startswith("a") for one in ids) < 130  # 5 standard deviations are 32
    assert ids == sorted(ids, key=lambda one: int(one[1:]))  # in file order
    assert set(ids) <= set(drawn(300, 0))
    assert set(ids) == set(drawn(200, 0, problems[::-1]))
    assert set(ids) != set(drawn(200, 1))
    assert len(drawn(2000, 0)) == 1000


def test_a_seed_alone_draws_nothing() -> None:
    with pytest.raises(ValueError, match="it needs limit"):
        DatasetConfig(name="set", path="set.jsonl", limit_seed=0)


@pytest.mark.parametrize(
    ("answer", "gold"), [(27, "27"), (27.0, "27.0"), ("007", "007"), (["x"], "x"), ([3], "3")]
)
def test_answers_may_be_text_numbers_or_a_list_of_one(
    answer: Any, gold: str, tmp_path: Path
) -> None:
    cfg = config(jsonl(tmp_path, {"q": "?", "a": answer}), question_field="q", answer_field="a")
    assert load_problems(cfg)[0].gold == gold


@pytest.mark.parametrize("answer", [None, True, {"a": 1}, [], ["a", "b"]])
def test_other_answers_are_refused(answer: Any, tmp_path: Path) -> None:
    cfg = config(jsonl(tmp_path, ROWS[0], {"question": "?", "answer": answer}))
    with pytest.raises(DatasetError, match=r"set\.jsonl line 2 has \w+ in 'answer'"):
        load_problems(cfg)


def test_a_missing_field_names_those_there_are(tmp_path: Path) -> None:
    cfg = config(jsonl(tmp_path, *ROWS), question_field="problem")
    with pytest.raises(DatasetError, match="line 1 has no field 'problem'") as caught:
        load_problems(cfg)
    assert caught.value.hint == (
        "it has answer, problem_id, question; set dataset.question_field=…"
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "has no rows"),
        (["", "  "], "has no rows"),
        ([ROWS[0], "", '{"question": '], "line 3 is not JSON"),
        ([[1, 2]], "line 1 is a JSON list"),
        ([{"question": " ", "answer": "1"}], "line 1 has an empty 'question'"),
    ],
)
def test_broken_files_name_the_line(lines: list[Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=message):
        load_problems(config(jsonl(tmp_path, *lines)))


def test_repeated_ids_name_both_lines(tmp_path: Path) -> None:
    cfg = config(jsonl(tmp_path, *ROWS, ROWS[0]), id_field="problem_id")
    with pytest.raises(DatasetError, match=r"'b' at set.jsonl line 1 comes again at .* line 3"):
        load_problems(cfg)


def test_the_fingerprint_is_stable_and_free_of_order() -> None:
    problems = [Problem("b", "1 + 1?", "2"), Problem("a", "2 + 2?", "é")]
    golden = "sha256:06456faee9b7bc6e1759bcaca5a6ceb8ed4c320f773c929d5a1dbf42226ad352"
    assert dataset_fingerprint(problems) == dataset_fingerprint(problems[::-1]) == golden


@pytest.mark.parametrize("changed", [("x", "q", "1"), ("a", "x", "1"), ("a", "q", "x")])
def test_the_fingerprint_covers_every_field(changed: tuple[str, str, str]) -> None:
    assert dataset_fingerprint([Problem("a", "q", "1")]) != dataset_fingerprint([Problem(*changed)])


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ({}, ""),
        ({"known_rows": (2,)}, ""),
        ({"known_rows": (1, 2)}, ""),
        ({"known_rows": (674, 1675)}, "2 problems, where 674 or 1,675 are known"),
        ({"known_fingerprints": ("sha256:other",)}, "is not that of a known copy"),
    ],
)
def test_an_unknown_copy_is_used_with_a_warning(
    known: dict[str, Any], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = load_problems(config(jsonl(tmp_path, *ROWS), **known))
    assert len(problems) == 2
    err = capsys.readouterr().err
    assert err.startswith("warning: data set set: ") if line else not err
    assert line in err


def test_a_benchmark_with_other_rows_than_known_is_refused(tmp_path: Path) -> None:
    jsonl(tmp_path, *ROWS).rename(tmp_path / "amc23.jsonl")
    amc23 = DatasetConfig(
        name="amc23", path="math-ai/amc23", data_dir=str(tmp_path), known_rows=(40,)
    )
    with pytest.raises(DatasetError, match="amc23: 2 problems, where 40 are known") as refused:
        load_problems(amc23)
    assert "set dataset.known_rows=[2]" in str(refused.value.hint)
    assert len(load_problems(amc23.model_copy(update={"known_rows": (2,)}))) == 2


def test_a_known_copy_is_known_by_its_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jsonl(tmp_path, *ROWS)
    known = dataset_fingerprint(load_problems(config(path, id_field="problem_id")))
    load_problems(config(path, id_field="problem_id", known_fingerprints=("sha256:x", known)))
    assert not capsys.readouterr().err
