"""Eq. 6 against numpy."""

import numpy as np
import pytest
import torch

from rast_bench.analysis.similarity import delta_cosine, plausible_tokens


def numpy_cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


@pytest.fixture
def deltas() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(12, 30, generator=generator)
    return first, 0.5 * first + torch.randn(12, 30, generator=generator)


def test_equals_numpy(deltas: tuple[torch.Tensor, torch.Tensor]) -> None:
    first, second = (delta.double().numpy() for delta in deltas)
    expected = [numpy_cosine(a, b) for a, b in zip(first, second, strict=True)]
    assert delta_cosine(*deltas).tolist() == pytest.approx(expected, abs=1e-12)


def test_among_some_tokens_it_equals_numpy_on_those_columns(
    deltas: tuple[torch.Tensor, torch.Tensor],
) -> None:
    among = torch.rand(12, 30, generator=torch.Generator().manual_seed(2)) < 0.4
    expected = [
        numpy_cosine(a[keep].double().numpy(), b[keep].double().numpy())
        for a, b, keep in zip(*deltas, among, strict=True)
    ]
    assert delta_cosine(*deltas, among).tolist() == pytest.approx(expected, abs=1e-12)


def test_extremes() -> None:
    delta = torch.tensor([[1.0, -2.0, 0.5]])
    assert delta_cosine(delta, 3 * delta).item() == pytest.approx(1)
    assert delta_cosine(delta, -delta).item() == pytest.approx(-1)
    assert delta_cosine(delta, torch.zeros(1, 3)).isnan().all()
    last_only = torch.tensor([[False, False, True]])
    assert delta_cosine(delta, torch.tensor([[9.0, 9.0, 0.0]]), last_only).isnan().all()


def test_plausible_tokens_are_those_near_the_likeliest() -> None:
    probabilities = torch.tensor([[0.5, 0.3, 0.06, 0.04, 0.1], [0.96, 0.01, 0.01, 0.01, 0.01]])
    logits = probabilities.log() + 7  # any constant
    expected = [[True, True, True, False, True], [True, False, False, False, False]]
    assert plausible_tokens(logits, 0.1).tolist() == expected
    assert plausible_tokens(logits, 1.0).sum(-1).tolist() == [1, 1]
