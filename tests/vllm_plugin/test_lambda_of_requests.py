import json
from pathlib import Path
from typing import Any

import pytest

from rast_bench.vllm_plugin import rast_sampling_params
from rast_bench.vllm_plugin.sampling import LAMBDA, request_lambda

CASES = json.loads(Path(__file__).with_name("lambda_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["value"])[:20])
def test_lambda_is_a_number_from_0_to_a_million(case: dict[str, Any]):
    if case["lambda"] is not None:
        made = rast_sampling_params(case["value"])
        assert request_lambda(made.extra_args, default=9.0) == case["lambda"]
        return
    with pytest.raises(ValueError, match=r"λ must be (a finite number ≥ 0|at most 1,000,000)"):
        rast_sampling_params(case["value"])
    with pytest.raises(ValueError, match=r"λ must be (a finite number ≥ 0|at most 1,000,000)"):
        request_lambda({LAMBDA: case["value"]}, default=9.0)


@pytest.mark.parametrize("extra_args", [None, {}, {"other": 1}])
def test_a_request_without_lambda_has_the_default(extra_args: dict[str, Any] | None):
    assert request_lambda(extra_args, default=0.75) == 0.75


def test_other_parameters_are_kept():
    params = rast_sampling_params(0.5, temperature=0.3, extra_args={"other": 1})
    assert params.temperature == 0.3
    assert params.extra_args == {"other": 1, LAMBDA: 0.5}


@pytest.mark.parametrize("key", ["rast_lamda", "rast", "Rast_Lambda", "lambda", "λ", "rast-lambda"])
def test_another_spelling_is_refused(key: str):
    with pytest.raises(
        ValueError, match=f"{key} is not a key of a request: did you mean rast_lambda"
    ):
        rast_sampling_params(0.5, extra_args={key: 0})
