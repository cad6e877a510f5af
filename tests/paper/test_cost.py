"""The authors' cost formulas on their own examples and on real configurations."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from rast_bench.paper.cost import (
    GB,
    attention_flops,
    forward_flops,
    multiplied_parameters,
    optimizer_bytes,
    training_bytes,
    training_flops,
    weight_bytes_per_gpu,
)

HERE = Path(__file__).parent
EXAMPLES = json.loads((HERE / "cost_examples.json").read_text())
CONFIGS = {
    known["name"]: known["config"]
    for known in json.loads((HERE.parent / "planning" / "data" / "known_models.json").read_text())
}


def examples(formula: str) -> Any:
    return pytest.mark.parametrize("case", EXAMPLES[formula], ids=lambda case: str(case["source"]))


@examples("weights")
def test_weights(case: dict[str, Any]) -> None:
    found = weight_bytes_per_gpu(int(case["parameters"]), case["tensor_parallel"], case["models"])
    assert found == case["gigabytes"] * GB


@examples("optimizer")
def test_optimizer_states(case: dict[str, Any]) -> None:
    assert optimizer_bytes(int(case["parameters"]), case["models"]) == case["gigabytes"] * GB


@examples("training")
def test_training_memory(case: dict[str, Any]) -> None:
    span = training_bytes(int(case["parameters"]), case["tensor_parallel"])
    assert (span.low, span.high) == (case["low"] * GB, case["high"] * GB)


@examples("training_flops")
def test_flops_of_training(case: dict[str, Any]) -> None:
    peak = case["teraflops"] * 10**12
    found = training_flops(case["gpus"], case["hours"] * 3600, peak, Fraction(1, 2))
    assert f"{float(found):.2e}".replace("e+", "e") == case["printed"]


@examples("forward_flops")
def test_flops_of_a_token(case: dict[str, Any]) -> None:
    assert forward_flops(map(int, case["parameters"])) == case["flops"]


@pytest.mark.parametrize("case", EXAMPLES["checkpoints"], ids=lambda case: str(case["name"]))
def test_of_checkpoints_the_embedding_is_not_multiplied(case: dict[str, Any]) -> None:
    config = CONFIGS[case["name"]]
    assert multiplied_parameters(config) == case["multiplied"]
    assert attention_flops(config, 2048) == case["attention_at_2048"]


def test_attention_is_the_mean_over_a_causal_sequence() -> None:
    config = {"num_hidden_layers": 3, "num_attention_heads": 2, "head_dim": 5, "hidden_size": 7}
    length = 1000
    # 2 FLOPs a product and sum, for query · key and for weight · value, over all tokens before.
    each = [3 * 2 * 2 * (2 * 5) * before for before in range(length + 1)]
    assert sum(each) / len(each) == attention_flops(config, length)
