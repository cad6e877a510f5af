"""Adapters on made-up rows with the fields of the hub's data sets."""

import json
from pathlib import Path
from typing import Any

import pytest

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.adapters import ADAPTERS, STEM_SUBJECTS, get_adapter
from rast_bench.datasets.entries import read_entries
from rast_bench.datasets.rows import Row, RowError
from rast_bench.errors import ConfigError, DatasetError

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "adapter_cases.json").read_text())


def case(adapter: str) -> dict[str, Any]:
    return next(case for case in CASES if case["adapter"] == adapter)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["adapter"]))
def test_rows_become_items(case: dict[str, Any]) -> None:
    item = get_adapter(case["adapter"])(Row("row 0", case["fields"]))
    assert item is not None
    assert item.question == case["question"]
    assert item.gold == case.get("gold", "")
    assert item.problem_id == case.get("id")
    assert item.reference == case.get("reference")


def test_every_adapter_has_a_case() -> None:
    assert {case["adapter"] for case in CASES} == set(ADAPTERS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["adapter"]))
def test_a_missing_field_is_named(case: dict[str, Any]) -> None:
    needed = 0
    for field in case["fields"]:
        fields = {name: value for name, value in case["fields"].items() if name != field}
        try:
            get_adapter(case["adapter"])(Row("set.jsonl line 4", fields))
        except RowError as error:
            needed += 1
            assert error.message == f"set.jsonl line 4 has no field {field!r}"
    assert needed >= 2


@pytest.mark.parametrize(
    ("adapter", "changes", "message"),
    [
        ("gsm8k", {"answer": "1,202"}, "has no '#### …'"),
        ("gsm8k", {"answer": "He has two.\n####  "}, "has no '#### …'"),
        ("mmlu", {"answer": 4}, "answer 4 of 4 choices"),
        ("mmlu", {"answer": -1}, "answer -1 of 4 choices"),
        ("mmlu", {"answer": "B"}, "has str in 'answer', not an index"),
        ("mmlu", {"answer": True}, "has bool in 'answer', not an index"),
        ("mmlu", {"choices": ["a", 2]}, "has list in 'choices', not a list of texts"),
        ("mmlu", {"choices": "abcd"}, "has str in 'choices', not a list of texts"),
        ("mbpp", {"test_list": []}, "an empty 'test_list'"),
        ("humaneval", {"prompt": None}, "has NoneType in 'prompt', not text"),
        ("livecodebench", {"private_test_cases": []}, "has list in 'private_test_cases', not text"),
    ],
)
def test_rows_that_make_no_sense_are_refused(
    adapter: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RowError, match=r"^row 3") as caught:
        get_adapter(adapter)(Row("row 3", {**case(adapter)["fields"], **changes}))
    assert message in caught.value.message


def test_the_order_of_gpqas_choices_is_that_of_no_file() -> None:
    fields = dict(case("gpqa")["fields"])
    turned = {**fields, "Incorrect Answer 1": "nine", "Incorrect Answer 3": "two"}
    first, second = (get_adapter("gpqa")(Row("row 0", row)) for row in (fields, turned))
    assert first == second
    letters = set()
    for number in range(40):
        item = get_adapter("gpqa")(Row("row 0", {**fields, "Record ID": f"rec{number}"}))
        assert item is not None
        assert f"({item.gold}) six" in item.question
        letters.add(item.gold)
    assert letters == set("ABCD")


def test_other_subjects_are_left_out_and_do_not_count(tmp_path: Path) -> None:
    row = case("mmlu-stem")["fields"]
    subjects = ["philosophy", "astronomy", "management", "college_physics"]
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps({**row, "subject": name}) + "\n" for name in subjects))
    cfg = DatasetConfig(name="set", path=str(path), adapter="mmlu-stem")
    assert [entry.problem.problem_id for entry in read_entries(cfg)] == ["00000", "00001"]
    assert len(STEM_SUBJECTS) == 18


def test_the_id_field_serves_where_an_adapter_has_no_id(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps({**case("gsm8k")["fields"], "nr": 5}) + "\n")
    cfg = DatasetConfig(name="set", path=str(path), adapter="gsm8k", id_field="nr")
    assert [entry.problem.problem_id for entry in read_entries(cfg)] == ["5"]


def test_faults_name_the_data_set(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"question": "?"}\n')
    cfg = DatasetConfig(name="mine", path=str(path), adapter="gsm8k")
    with pytest.raises(DatasetError, match=r"^data set mine: set\.jsonl line 1 has no field"):
        list(read_entries(cfg))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gsm9k", "there is no such adapter"),
        ("no_such_module:adapt", "No module named 'no_such_module'"),
        ("json:no_such_function", "has no attribute 'no_such_function'"),
    ],
)
def test_an_adapter_that_is_not_there_is_a_mistake_of_the_configuration(
    name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        get_adapter(name)
    assert caught.value.hint
