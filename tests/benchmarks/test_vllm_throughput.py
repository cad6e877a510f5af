"""The arithmetic of the comparison, on made-up speeds."""

from types import SimpleNamespace

import pytest
from vllm_throughput import (
    COMPOSITE,
    LAMBDAS,
    MIXED,
    PLAIN,
    TRANSFORMERS,
    Steps,
    bound,
    ratios,
    render,
    run_in_turns,
)


def test_bound_is_the_share_of_the_base_models_parameters() -> None:
    assert bound({"main": 60, "small-rl": 20, "small-base": 20}) == 0.6


def constant(prefill: float, step: float) -> Steps:
    """A variant that takes `prefill` seconds for prompts and `step` for each further token."""
    return lambda prompts, tokens: (len(prompts) * tokens, prefill + step * (tokens - 1))


def test_prompts_do_not_count() -> None:
    variants = {"slow prompts": constant(9.0, 0.5), "fast prompts": constant(0.1, 0.5)}
    options = SimpleNamespace(rows=[1, 4], repeats=2)
    found = run_in_turns(variants, options)
    for rows, speeds in found.items():
        for values in speeds.values():
            assert values == pytest.approx([int(rows) / 0.5] * 2)


def test_ratios_pair_repetitions_and_the_table_shows_them() -> None:
    speeds = {name: [40.0, 60.0] for name in LAMBDAS}
    speeds |= {PLAIN: [100.0, 100.0], TRANSFORMERS: [20.0, 60.0], MIXED: [20.0, 60.0]}
    found = ratios(speeds, best=0.8)
    assert found["composite over plain"] == {"min": 0.4, "median": 0.5, "max": 0.6}
    assert found["share of the bound"]["median"] == pytest.approx(0.625)
    assert found["composite over the transformers engine"]["max"] == 2.0
    assert found["mixed λ over one λ"]["min"] == 0.5
    result = {
        "tokens_per_second": {"8": speeds},
        "ratios": {"8": found},
        "environment": {"threads": 1, "gpus": [], "cpu": {"model": "a processor"}},
        "parameters": {"main": 46_200_000, "small-rl": 10_500_000, "small-base": 10_500_000},
        "bound": 0.8,
    }
    table = render(result)
    assert f"| {COMPOSITE} | 50 (40 to 60) |" in table
    assert "| composite over plain | 0.50 (0.40 to 0.60) |" in table


def test_noise_is_called_noise() -> None:
    """What a busy machine measures: negative times, and speeds that differ by far."""
    calls = iter([1.0, 5.0, 4.0, 2.0, 1.0, 3.0])

    def busy(prompts: list[list[int]], tokens: int) -> tuple[int, float]:
        return len(prompts) * tokens, next(calls)

    speeds = run_in_turns({"busy": busy}, SimpleNamespace(rows=[1], repeats=2))["1"]["busy"]
    assert speeds == [0.0, 16.0]
    steady = {name: [40.0, 60.0] for name in (*LAMBDAS, PLAIN, TRANSFORMERS)}
    found = ratios(steady | {PLAIN: speeds, TRANSFORMERS: [1.0, 9.0]}, best=0.8)
    assert found["composite over plain"] is None
    assert found["composite over the transformers engine"] is None
    assert found["mixed λ over one λ"] is not None
    table = render(
        {
            "tokens_per_second": {"8": steady | {PLAIN: speeds}},
            "ratios": {"8": found},
            "environment": {"threads": 1, "gpus": [], "cpu": {"model": "a processor"}},
            "parameters": {"main": 46_200_000, "small-rl": 10_500_000, "small-base": 10_500_000},
            "bound": 0.8,
        }
    )
    assert f"| {PLAIN} | too noisy |" in table
    assert "| composite over plain | too noisy |" in table
