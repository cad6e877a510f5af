from copy import deepcopy
from typing import Any

import pytest
from plain_cells import plain_cell

from rast_bench.config.expand import Composition, expand
from rast_bench.config.experiment import ExperimentCell, ExperimentConfig
from rast_bench.config.validate import validated
from rast_bench.errors import ConfigError


class MadeUpOptions:
    """conf/ as a dictionary."""

    def __init__(self, files: dict[str, dict[str, Any]]) -> None:
        self.files = files

    def read(self, group: str, name: str) -> dict[str, Any]:
        try:
            return deepcopy(self.files[f"{group}/{name}"])
        except KeyError:
            raise ConfigError(
                f"{group} has no option {name!r}", hint="the options here are"
            ) from None


@pytest.fixture
def cell(tmp_path: Any) -> dict[str, Any]:
    return plain_cell(tmp_path) | {"method": {"name": "auto"}}


@pytest.fixture
def options(cell: dict[str, Any]) -> MadeUpOptions:
    pair = cell["delta"]["pairs"][0]
    return MadeUpOptions(
        {
            "base_model/m": cell["base_model"] | {"name": "m"},
            "delta/none": {"name": "none", "pairs": []},
            "delta/xs": {"name": "xs", "pairs": [pair]},
            "method/rl": {"name": "rl"},
            "dataset/easy": {"name": "easy", "path": "easy.jsonl"},
            "dataset/hard": {"name": "hard", "path": "${dataset.name}.jsonl", "limit": 50},
            "decoding/greedy": {"greedy": True, "max_tokens": 7},
            "prompt/code": {"name": "code", "template": "{question} code", "stop": []},
            "prompt/chat": {"name": "chat", "template": "{question} chat", "stop": []},
        }
    )


def expanded(
    experiment: dict[str, Any],
    cell: dict[str, Any],
    options: MadeUpOptions,
    *,
    picked: dict[str, str] | None = None,
    assigned: dict[str, Any] | None = None,
) -> list[ExperimentCell]:
    config = validated(ExperimentConfig, {"name": "e", "datasets": ["easy"], **experiment})
    return expand(config, Composition(cell, picked or {}, assigned or {}), options)


def test_rows_times_data_sets_row_by_row(cell: dict[str, Any], options: MadeUpOptions) -> None:
    rows = [{"label": "a", "delta": "none"}, {"label": "b", "delta": "xs"}]
    cells = expanded({"rows": rows, "datasets": ["easy", "hard"]}, cell, options)
    assert [(e.cell.label, e.cell.dataset.name, e.cell.method.name) for e in cells] == [
        ("a", "easy", "base"),
        ("a", "hard", "base"),
        ("b", "easy", "rast"),
        ("b", "hard", "rast"),
    ]
    assert cells[1].cell.dataset.path == "hard.jsonl"


def test_what_a_row_leaves_out_comes_from_the_command_line(
    cell: dict[str, Any], options: MadeUpOptions
) -> None:
    cell["decoding"]["n"] = 9
    (entry,) = expanded({"rows": [{"label": "a"}]}, cell, options)
    assert (entry.cell.base_model.name, entry.cell.decoding.n) == ("l", 9)


def test_the_command_line_reaches_options_that_rows_choose(
    cell: dict[str, Any], options: MadeUpOptions
) -> None:
    rows = [{"label": "a", "decoding": "greedy"}]
    (entry,) = expanded({"rows": rows}, cell, options, assigned={"decoding.max_tokens": 8})
    assert (entry.cell.decoding.greedy, entry.cell.decoding.max_tokens) == (True, 8)


def test_a_key_that_the_row_fixes_stays(cell: dict[str, Any], options: MadeUpOptions) -> None:
    rows = [
        {"label": "a", "decoding.temperature": 0.5},
        {"label": "b"},
        {"label": "c", "delta.shuffle_vocabulary_seed": 4},
    ]
    assigned = {"decoding.temperature": 0.7, "delta.shuffle_vocabulary_seed": 3}
    cells = expanded({"rows": rows}, cell, options, assigned=assigned)
    assert [e.cell.decoding.temperature for e in cells] == [0.5, 0.7, 0.7]
    assert [e.cell.delta.shuffle_vocabulary_seed for e in cells] == [3, 3, 4]


@pytest.mark.parametrize(
    ("limit", "assigned", "limits"),
    [(None, {}, [None, 50]), (20, {}, [20, 20]), (20, {"dataset.limit": 5}, [5, 5])],
)
def test_limits(
    limit: int | None,
    assigned: dict[str, Any],
    limits: list[int | None],
    cell: dict[str, Any],
    options: MadeUpOptions,
) -> None:
    experiment = {"rows": [{"label": "a"}], "datasets": ["easy", "hard"], "limit": limit}
    cells = expanded(experiment, cell, options, assigned=assigned)
    assert [e.cell.dataset.limit for e in cells] == limits


def test_a_prompt_for_each_data_set_yields_to_those_of_rows_and_of_the_command_line(
    cell: dict[str, Any], options: MadeUpOptions
) -> None:
    experiment = {
        "rows": [{"label": "a"}, {"label": "b", "prompt": "chat"}],
        "grids": [{"name": "g", "dataset": "hard", "lambda": [1], "temperature": [1]}],
        "datasets": ["hard", "easy"],
        "prompts": {"hard": "code"},
    }
    plain = cell["prompt"]["name"]
    cells = expanded(experiment, cell, options)
    assert [e.cell.prompt.name for e in cells] == ["code", plain, "chat", "chat", "code"]
    typed = cell | {"prompt": options.read("prompt", "chat")}
    cells = expanded(experiment, typed, options, picked={"prompt": "chat"})
    assert {e.cell.prompt.name for e in cells} == {"chat"}
    cells = expanded(experiment, cell, options, assigned={"prompt.stop": ["x"]})
    assert {e.cell.prompt.stop for e in cells} == {("x",)}


def test_limits_may_be_drawn(cell: dict[str, Any], options: MadeUpOptions) -> None:
    experiment = {"rows": [{"label": "a"}], "limit": 20, "limit_seed": 3}
    (entry,) = expanded(experiment, cell, options)
    assert (entry.cell.dataset.limit, entry.cell.dataset.limit_seed) == (20, 3)
    (entry,) = expanded(experiment, cell, options, assigned={"dataset.limit_seed": 4})
    assert entry.cell.dataset.limit_seed == 4


def test_sections_are_base_models_unless_named(
    cell: dict[str, Any], options: MadeUpOptions
) -> None:
    rows = [
        {"label": "a"},
        {"label": "a", "base_model": "m"},
        {"label": "alone", "base_model": "m", "method": "rl", "section": "l"},
    ]
    cells = expanded({"rows": rows}, cell, options)
    assert [e.section for e in cells] == ["l", "m", "l"]


def test_a_grid_is_lambda_times_temperature(cell: dict[str, Any], options: MadeUpOptions) -> None:
    grid = {
        "name": "g",
        "dataset": "hard",
        "lambda": [0.5, 1],
        "temperature": [0.7, 1.0],
        "n": 2,
        "limit": 30,
    }
    assigned = {"decoding.n": 99, "decoding.top_p": 0.5}
    cells = expanded(
        {"grids": [grid], "datasets": [], "limit": 40}, cell, options, assigned=assigned
    )
    points = [(e.cell.decoding.lambda_, e.cell.decoding.temperature) for e in cells]
    assert points == [(0.5, 0.7), (0.5, 1.0), (1.0, 0.7), (1.0, 1.0)]
    assert {(e.cell.decoding.n, e.cell.decoding.top_p, e.cell.dataset.limit) for e in cells} == {
        (2, 0.5, 30)
    }


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        ({}, "it has neither rows nor grids"),
        ({"rows": [{"label": "a"}], "datasets": []}, "its rows need datasets"),
        ({"rows": [{"label": "a"}], "datasets": ["easy", "easy"]}, "2 data sets are 'easy'"),
        ({"rows": [{"label": "a"}, {"label": "a"}]}, "section l has 2 rows 'a'"),
        ({"rows": [{"label": "a"}], "limit_seed": 1}, "it needs limit"),
        (
            {"rows": [{"label": "a"}], "prompts": {"hadr": "code"}},
            "experiment e, prompts: dataset has no option 'hadr'",
        ),
        (
            {"rows": [{"label": "a"}], "prompts": {"easy": "cod"}},
            "row 'a': prompt has no option 'cod'",
        ),
        ({"rows": [{"label": "a", "role": "best"}]}, "rows.0.role=best: must be"),
        ({"rows": [{"label": "a", "detla": "xs"}]}, "there is no key 'rows.0.detla'"),
        ({"rows": [{"label": "a", "delta": "s"}]}, "row 'a': delta has no option 's'"),
        ({"rows": [{"label": "a", "decoding.m": 1}]}, "row 'a': there is no key 'decoding.m'"),
        (
            {"rows": [{"label": "a", "grader.x": 1}]},
            "'grader.x' is not in any group of a cell",
        ),
        ({"rows": [{"label": "a", "decoding.n": 0}]}, "row 'a': decoding.n=0"),
        ({"rows": [{"label": "a", "method": "rl", "base_model.rl": None}]}, "no RL-trained"),
        (
            {"grids": [{"name": "g", "dataset": "easy", "lambda": [-1], "temperature": [1]}]},
            "grids.0.lambda.0=-1: must be greater than or equal to 0",
        ),
        (
            {"grids": [{"name": "g", "dataset": "easy", "lambda": [], "temperature": [1]}]},
            "grids.0.lambda: Tuple should have at least 1 item",
        ),
        (
            {
                "grids": [
                    {"name": "g", "dataset": "easy", "lambda": [1, 0.5, 1.0], "temperature": [1]}
                ]
            },
            "λ = 1 is listed 2 times",
        ),
        (
            {"rows": [{"label": "a", "role": "base"}, {"label": "b", "role": "base"}]},
            "section l has 2 rows of the role 'base': a, b",
        ),
    ],
)
def test_bad_experiments_are_named(
    experiment: dict[str, Any], message: str, cell: dict[str, Any], options: MadeUpOptions
) -> None:
    with pytest.raises(ConfigError) as caught:
        expanded(experiment, cell, options)
    assert message in caught.value.message


def test_a_choice_that_some_rows_obey_is_no_mistake(
    cell: dict[str, Any], options: MadeUpOptions
) -> None:
    rows = [{"label": "a", "delta": "xs"}, {"label": "b"}]
    expanded({"rows": rows}, cell, options, picked={"delta": "s"})
    with pytest.raises(ConfigError, match="delta=s changes nothing"):
        expanded({"rows": rows[:1]}, cell, options, picked={"delta": "s"})


def test_rows_do_not_touch_each_other(cell: dict[str, Any], options: MadeUpOptions) -> None:
    before = deepcopy(cell)
    rows = [{"label": "a", "decoding.n": 1, "delta.pairs.0.weight": 0.5}, {"label": "b"}]
    cells = expanded({"rows": rows}, cell, options)
    assert [(e.cell.decoding.n, e.cell.delta.pairs[0].weight) for e in cells] == [(1, 0.5), (4, 1)]
    assert cell == before
