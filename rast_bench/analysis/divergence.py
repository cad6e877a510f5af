"""Divergence of two models' next-token distributions (section 4.2, figure 5)."""

from torch import Tensor


def log_probabilities(logits: Tensor) -> Tensor:
    """Return log P of every token at τ = 1, in nats: finite logits [n, V] to [n, V] float64."""
    logs: Tensor = logits.double().log_softmax(-1)
    return logs


def kl_divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Return KL(P ‖ Q) = Σ P log(P/Q) of next-token distributions, in nats.

    Args:
        log_p, log_q: `log_probabilities` of P and of Q, [n, V] float64.

    Returns:
        [n] float64, at least 0.
    """
    # Rounding can leave −1e-17 if P and Q are equal.
    return (log_p.exp() * (log_p - log_q)).sum(-1).clamp(min=0.0)
