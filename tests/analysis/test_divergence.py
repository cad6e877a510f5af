"""KL(P ‖ Q) against PyTorch's own, and its limits."""

import math

import pytest
import torch
import torch.nn.functional as F

from rast_bench.analysis.divergence import kl_divergence, log_probabilities


def kl_of_logits(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    return kl_divergence(log_probabilities(p), log_probabilities(q))


def test_equals_pytorchs_kl_div() -> None:
    generator = torch.Generator().manual_seed(0)
    p, q = (4 * torch.randn(20, 31, generator=generator) for _ in range(2))
    log_p, log_q = p.double().log_softmax(-1), q.double().log_softmax(-1)
    expected = F.kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1)
    torch.testing.assert_close(kl_of_logits(p, q), expected)
    assert not torch.allclose(kl_of_logits(q, p), expected)


def test_by_hand_in_nats() -> None:
    p = torch.tensor([[0.5, 0.5]]).log()
    q = torch.tensor([[0.9, 0.1]]).log()
    expected = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    assert kl_of_logits(p, q).item() == pytest.approx(expected, rel=1e-6)


def test_logits_that_differ_by_a_constant_are_one_distribution() -> None:
    p = torch.randn(50, 40, generator=torch.Generator().manual_seed(1))
    assert (kl_of_logits(p, p + 3.0) >= 0).all()
    assert kl_of_logits(p, p + 3.0).max() < 1e-10


def test_tokens_that_neither_model_knows_add_nothing_even_far_below() -> None:
    p, q = torch.tensor([[0.0, 1.0, -2e4]]), torch.tensor([[0.5, 0.0, -1e4]])
    assert kl_of_logits(p, q).item() == pytest.approx(kl_of_logits(p[:, :2], q[:, :2]).item())
