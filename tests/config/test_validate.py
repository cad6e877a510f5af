from typing import Any

import pytest

from rast_bench.config.experiment import ExperimentConfig
from rast_bench.config.schema import CellConfig, DecodingConfig
from rast_bench.config.validate import did_you_mean, known_keys, shown, validated
from rast_bench.errors import ConfigError


@pytest.mark.parametrize(
    ("path", "some"),
    [
        ([], {"base_model", "label"}),
        (["decoding"], {"lambda", "n"}),
        (["base_model", "rl"], {"path", "revision"}),
        (["delta", "pairs", 0], {"rl", "base", "weight"}),
        (["delta", "pairs", 0, "rl"], {"path"}),
    ],
)
def test_known_keys_along_a_path(path: list[str | int], some: set[str]) -> None:
    assert some <= set(known_keys(CellConfig, path))


@pytest.mark.parametrize("path", [["no"], ["decoding", "n"], ["decoding", "n", "x"]])
def test_no_keys_where_the_path_ends(path: list[str | int]) -> None:
    assert known_keys(CellConfig, path) == []


def test_keys_of_lists_of_rows() -> None:
    assert {"label", "role"} <= set(known_keys(ExperimentConfig, ["rows", 3]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"lamda": 1}, "there is no key 'lamda'"),
        ({"n": 0, "lamda": 1}, "there is no key 'lamda' (and 1 more)"),
        ({"n": None}, "n=null: must be a valid integer"),
        ({"lambda": 1e39}, "lambda=1e+39: must be less than or equal to 1000000"),
        ({"temperature": 1e39}, "temperature=1e+39: must be less than or equal to 1000000"),
        ({"n": True}, "n=true: must not be a truth value"),
        ({"greedy": "perhaps"}, "greedy=perhaps: must be a valid boolean"),
    ],
)
def test_one_line_for_all_findings(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validated(DecodingConfig, data, context="here")
    assert caught.value.message.startswith(f"here: {message}")


def test_valid_data_pass() -> None:
    assert validated(DecodingConfig, {"lambda": 2}).lambda_ == 2.0


def test_hints_name_the_closest_and_all() -> None:
    assert did_you_mean("bta", ["alpha", "beta"]) == (
        "did you mean beta? the keys here are alpha, beta"
    )
    assert did_you_mean("zzz", ["alpha"], "options") == "the options here are alpha"
    assert did_you_mean("zzz", []) == "there are no keys here"


def test_long_values_are_cut() -> None:
    assert shown("x" * 100) == "x" * 59 + "…"
    assert [shown(value) for value in (None, False, 0.5)] == ["null", "false", "0.5"]
