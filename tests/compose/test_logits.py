"""Equation 3 against numbers worked out by hand, and its properties."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.compose.logits import compose_logits, shuffled_vocabulary

CASES = json.loads((Path(__file__).parent / "logit_cases.json").read_text())

finite = st.floats(-50, 50, width=32)


def tensor(row: list[Any]) -> torch.Tensor:
    return torch.tensor([[float(value) for value in row]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_by_hand(case: dict[str, Any]) -> None:
    permutation = case.get("permutation")
    composed = compose_logits(
        tensor(case["main"]),
        [tensor(row) for row in case["rl"]],
        [tensor(row) for row in case["base"]],
        case["weights"],
        torch.tensor([case["lambda"]]),
        vocabulary=case["vocabulary"],
        permutation=None if permutation is None else torch.tensor(permutation),
    )
    assert composed.dtype == torch.float32
    torch.testing.assert_close(composed, tensor(case["expected"]), rtol=0, atol=0)


@st.composite
def triples(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rows, vocabulary = draw(st.integers(1, 4)), draw(st.integers(1, 9))
    size = rows * vocabulary
    return tuple(  # type: ignore[return-value]
        torch.tensor(draw(st.lists(finite, min_size=size, max_size=size))).view(rows, vocabulary)
        for _ in range(3)
    )


def compose(
    main: torch.Tensor, rl: torch.Tensor, base: torch.Tensor, lambda_: torch.Tensor
) -> torch.Tensor:
    return compose_logits(main, [rl], [base], [1.0], lambda_, vocabulary=main.shape[1])


@given(triples())
def test_lambda_zero_is_the_base_model_bit_for_bit(
    models: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    main, rl, base = models
    rl[0, 0], base[-1, -1] = torch.nan, torch.inf
    composed = compose(main, rl, base, torch.zeros(len(main)))
    assert torch.equal(composed.view(torch.int32), main.view(torch.int32))


@given(triples(), st.floats(0, 4, width=32))
def test_equal_small_models_change_nothing(
    models: tuple[torch.Tensor, torch.Tensor, torch.Tensor], lambda_: float
) -> None:
    main, rl, _ = models
    assert torch.equal(compose(main, rl, rl, torch.full((len(main),), lambda_)), main)


@given(triples(), st.integers(0, 3))
def test_each_row_has_its_own_lambda(
    models: tuple[torch.Tensor, torch.Tensor, torch.Tensor], seed: int
) -> None:
    main, rl, base = models
    lambda_ = torch.rand(len(main), generator=torch.Generator().manual_seed(seed))
    together = compose(main, rl, base, lambda_)
    for i in range(len(main)):
        row = slice(i, i + 1)
        assert torch.equal(together[row], compose(main[row], rl[row], base[row], lambda_[row]))


@given(triples(), st.floats(-9, 9, width=32))
def test_a_constant_added_to_a_small_model_changes_no_probability(
    models: tuple[torch.Tensor, torch.Tensor, torch.Tensor], shift: float
) -> None:
    """Logits have meaning only up to a constant, so ΔR must not bring one into the softmax."""
    main, rl, base = models
    ones = torch.ones(len(main))
    before = compose(main, rl, base, ones).softmax(-1)
    torch.testing.assert_close(compose(main, rl + shift, base, ones).softmax(-1), before)


@pytest.mark.parametrize("weights", [[], [1.0, 1.0]])
def test_one_weight_for_each_pair(weights: list[float]) -> None:
    one = torch.ones(1, 3)
    with pytest.raises(ValueError, match="zip"):
        compose_logits(one, [one], [one], weights, torch.ones(1), vocabulary=3)


def test_nan_of_one_row_stays_there() -> None:
    main, rl = torch.zeros(2, 2), torch.tensor([[torch.nan, 1.0], [1.0, 1.0]])
    found = compose(main, rl, main, torch.ones(2)).isnan()
    assert found.tolist() == [[True, False], [False, False]]


def test_inputs_are_left_alone() -> None:
    main, rl, base = torch.randn(3, 2, 5).unbind()
    copies = main.clone(), rl.clone(), base.clone()
    compose_logits(main, [rl], [base], [2.0], torch.ones(2), vocabulary=4)
    assert all(torch.equal(a, b) for a, b in zip(copies, (main, rl, base), strict=True))


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_shuffles_are_permutations_that_depend_on_the_seed_alone(size: int, seed: int) -> None:
    shuffle = shuffled_vocabulary(size, seed)
    assert sorted(shuffle.tolist()) == list(range(size))
    torch.rand(3)  # the global generator plays no part
    assert torch.equal(shuffle, shuffled_vocabulary(size, seed))


def test_other_seeds_give_other_shuffles() -> None:
    assert len({tuple(shuffled_vocabulary(50, seed).tolist()) for seed in range(20)}) == 20
