"""The arithmetic of gpu_check, against published numbers and simulated draws."""

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("name", "billions", "without_embeddings"),  # the model cards of Qwen2.5
    [
        ("0.5B", 0.49, 0.36),
        ("1.5B", 1.54, 1.31),
        ("7B", 7.61, 6.53),
        ("14B", 14.7, 13.1),
        ("32B", 32.5, 31.0),
    ],
)
def test_shapes_have_the_published_numbers_of_parameters(
    name: str, billions: float, without_embeddings: float
) -> None:
    from gpu_checks.checkpoints import qwen2_shapes
    from gpu_checks.measures import parameters, weight_bytes_per_step

    shape = qwen2_shapes()[name]
    embedding = shape["vocab_size"] * shape["hidden_size"]
    assert parameters(shape) == pytest.approx(billions * 1e9, rel=0.01)
    assert weight_bytes_per_step(shape, 1) - embedding == pytest.approx(
        without_embeddings * 1e9, rel=0.01
    )


def test_parameters_are_those_of_the_real_model() -> None:
    import torch
    from gpu_checks.checkpoints import qwen2_shapes
    from gpu_checks.measures import parameters
    from transformers import Qwen2Config, Qwen2ForCausalLM

    for name in ("miniature", "miniature-small"):
        shape = qwen2_shapes()[name]
        with torch.device("meta"):
            model = Qwen2ForCausalLM(Qwen2Config(**shape))
        assert parameters(shape) == sum(p.numel() for p in model.parameters())


def test_cache_of_one_token() -> None:
    from gpu_checks.checkpoints import qwen2_shapes
    from gpu_checks.measures import key_value_bytes

    assert key_value_bytes(qwen2_shapes()["7B"], 1, 2) == 2 * 2 * 28 * 4 * 128


@pytest.mark.parametrize(
    ("statistic", "degrees", "p"),  # a table of the distribution
    [(3.841, 1, 0.05), (18.307, 10, 0.05), (149.449, 100, 0.001), (2.558, 10, 0.99), (7.0, 0, 1.0)],
)
def test_p_values(statistic: float, degrees: int, p: float) -> None:
    from rast_bench.metrics.agreement import chi_square_tail

    assert chi_square_tail(statistic, degrees) == pytest.approx(p, rel=1e-3)


def test_chi_square_of_a_die() -> None:
    from gpu_checks.measures import chi_square

    found = chi_square(np.array([5, 8, 9, 8, 10, 20]), np.full(6, 1 / 6))
    assert found == pytest.approx((13.4, 5))


def test_rare_ids_are_taken_together() -> None:
    from gpu_checks.measures import chi_square

    counts, probabilities = np.array([90, 4, 3, 3]), np.array([0.9, 0.04, 0.03, 0.03])
    assert chi_square(counts, probabilities) == pytest.approx((0.0, 1))


def test_right_draws_pass_and_wrong_ones_do_not() -> None:
    from gpu_checks.exactness import LEAST_P
    from gpu_checks.measures import chi_square

    from rast_bench.metrics.agreement import chi_square_tail

    generator = np.random.default_rng(3)
    right, wrong = generator.dirichlet(np.full(512, 0.3), size=2)
    mixed = 0.9 * right + 0.1 * wrong  # a draft's tokens let through now and then
    values = []
    for drawn_from in (right, mixed):
        for _ in range(20):
            counts = generator.multinomial(8192, drawn_from)
            values.append(chi_square_tail(*chi_square(counts, right)))
    assert min(values[:20]) > LEAST_P
    assert max(values[20:]) < LEAST_P


def test_groups_by_beginning() -> None:
    from gpu_checks.measures import next_token_groups

    groups = next_token_groups([(1, 2, 3), (1, 2, 4), (1, 5), (6,)], depth=2, least=2)
    assert {key: dict(counts) for key, counts in groups.items()} == {
        (): {1: 3, 6: 1},
        (1,): {2: 2, 5: 1},
        (1, 2): {3: 1, 4: 1},
    }


def test_deviation() -> None:
    from gpu_checks.measures import deviation

    assert deviation([3.0, -4.0]) == pytest.approx({"max": 4.0, "rms": 12.5**0.5})
    with pytest.raises(ValueError, match="no differences"):
        deviation([])


def test_ratios_and_bounds() -> None:
    from gpu_checks.checkpoints import qwen2_shapes
    from gpu_checks.measures import weight_bytes_per_step
    from gpu_checks.throughput import compare

    main, small = (qwen2_shapes()[name] for name in ("7B", "1.5B"))
    weights = [weight_bytes_per_step(shape, 2) for shape in (main, small)]
    bandwidth = 4e12
    steps = {
        "plain": weights[0] / bandwidth,  # exactly at the bound
        "composite": (weights[0] + 2 * weights[1]) / bandwidth * 2,  # half of it
    }
    runs = {
        name: [{"step_seconds": step, "decode_tokens_per_second": 32 / step}] * 2
        for name, step in steps.items()
    }
    found = compare(runs["plain"], runs["composite"], 32, main, small, 2, bandwidth)
    assert found["plain_share_of_bandwidth"]["median"] == pytest.approx(1.0)
    assert found["composite_share_of_bandwidth"]["median"] == pytest.approx(0.5)
    assert found["parameter_bound"] == pytest.approx(weights[0] / (weights[0] + 2 * weights[1]))
    assert found["share_of_parameter_bound"]["median"] == pytest.approx(0.5)
    assert found["composite_share_of_bandwidth_with_cache"]["median"] > 0.5


def test_acceptance() -> None:
    from gpu_checks.speculation import acceptance

    before = {"drafts": 10, "draft_tokens": 40, "accepted_tokens": 5}
    after = {"drafts": 20, "draft_tokens": 80, "accepted_tokens": 25}
    assert acceptance(before, after) == {"rate": 0.5, "tokens_per_step": 3.0}
    with pytest.raises(ValueError, match="drafted"):
        acceptance(after, after)


def test_where_sequences_part() -> None:
    from gpu_checks.measures import first_difference

    assert first_difference([1, 2, 3], [1, 5, 3]) == 1
    assert first_difference([1, 2], [1, 2, 3]) is None
