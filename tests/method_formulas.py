"""The formulas of `compose.methods`, written down again in numpy over plain forward passes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from composed_reference import model_logits, plain_model

from rast_bench.compose.methods import METHODS

VOCABULARY = 48
BEHAVIOUR_WORDS = ("w5", "w11", "w30", "w47")  # among the words of the random checkpoints
BEHAVIOUR = np.isin([f"w{i}" for i in range(VOCABULARY)], BEHAVIOUR_WORDS)
Row = np.ndarray


@dataclass(frozen=True)
class Place:
    """One token's place: the logits of M_base, S_RL and S_base there, λ and the parameters."""

    m: Row
    r: Row
    b: Row
    lambda_: float
    own: Mapping[str, float]
    before: int  # tokens of the response
    layers: Row | None = None  # [N, V] after the embedding and every layer but the last

    @property
    def rast(self) -> Row:
        return self.m + self.lambda_ * (self.r - self.b)


def log_softmax(row: Row) -> Row:
    return row - np.logaddexp.reduce(row)


def dexperts(at: Place) -> Row:
    order = np.argsort(-at.m, kind="stable")
    p = np.exp(log_softmax(at.m))[order]
    kept = order[: 1 + int(np.sum(np.cumsum(p)[:-1] < at.own["filter_p"]))]
    row = np.full_like(at.m, -np.inf)
    row[kept] = at.rast[kept]
    return row


def contrastive(at: Place) -> Row:
    logs, alpha, beta = log_softmax(at.m), at.own["alpha"], at.own["beta"]
    plausible = logs >= logs.max() + (np.log(alpha) if alpha else -np.inf)
    return np.where(plausible, (1 + beta) * at.m - beta * at.b, -np.inf)


def dola(at: Place) -> Row:
    final, layer = log_softmax(at.m), int(at.own["layer"])
    assert at.layers is not None
    early = [log_softmax(row) for row in at.layers]

    def divergence(other: Row) -> float:
        p, q = np.exp(final), np.exp(other)
        mean = np.log((p + q) / 2)
        return float((p * (final - mean)).sum() + (q * (other - mean)).sum()) / 2

    if layer < 0:
        layer = 1 + int(np.argmax([divergence(one) for one in early[1:]]))
    alpha = at.own["alpha"]
    plausible = final >= final.max() + (np.log(alpha) if alpha else -np.inf)
    return np.where(plausible, final - early[layer], -np.inf)


def geometric_mean(at: Place) -> Row:
    weight = at.own["weight"]
    return (1 - weight) * log_softmax(at.m) + weight * log_softmax(at.r)


def mixture(at: Place) -> Row:
    weight = at.own["weight"]
    return np.log((1 - weight) * np.exp(log_softmax(at.m)) + weight * np.exp(log_softmax(at.r)))


def nudging(at: Place) -> Row:
    return at.r if np.exp(log_softmax(at.m)).max() < at.own["threshold"] else at.m


def rast_gated(at: Place) -> Row:
    logs = log_softmax(at.m)
    return at.rast if -(np.exp(logs) * logs).sum() > at.own["entropy"] else at.m


def rast_first(at: Place) -> Row:
    return at.rast if at.before < at.own["tokens"] else at.m


def rast_words(at: Place) -> Row:
    return np.where(BEHAVIOUR ^ bool(at.own["never"]), at.rast, at.m)


def rast_top(at: Place) -> Row:
    largest = np.argsort(-np.abs(at.r - at.b), kind="stable")[: int(at.own["count"])]
    row = at.m.copy()
    row[largest] = at.rast[largest]
    return row


def early_logits(folder: str, ids: list[int]) -> Row:
    """[time, N, vocab]: every state but the last through the final norm and the head."""
    model = plain_model(folder)
    with torch.no_grad():
        states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[:-1]
        return torch.stack([model.lm_head(model.model.norm(one))[0] for one in states], 1).numpy()


FORMULAS: dict[str, Callable[[Place], Row]] = {
    one.__name__: one
    for one in (
        *(dexperts, contrastive, dola, geometric_mean, mixture),
        *(nudging, rast_gated, rast_first, rast_top, rast_words),
    )
}
VALUES: dict[str, tuple[float, ...]] = {
    "filter_p": (0.3, 0.9, 1.0),
    "beta": (0.0, 0.5, 2.0),
    "alpha": (0.0, 0.1, 0.5, 1.0),
    "weight": (0.0, 0.3, 1.0),
    "threshold": (0.0, 0.1, 1.0),
    "entropy": (0.0, 3.0, 3.5, 20.0),
    "tokens": (0, 1, 5, 1000),
    "layer": (-1, 0, 1),
    "count": (0, 1, 5, 1000),
    "never": (0, 1),
}
"""Values of every parameter, its limits among them."""


def composed(
    method: str,
    models: Sequence[str],
    prompt: list[int],
    tokens: Sequence[int],
    lambda_: float,
    parameters: Sequence[float],
) -> list[Row]:
    """The composed logits in each token's place; the folders of M_base, S_RL and S_base."""
    parts = [model_logits(name, [*prompt, *tokens])[:, :VOCABULARY] for name in models]
    names = (one.name for one in METHODS[method].parameters)
    own = dict(zip(names, parameters, strict=True))
    first, early = len(prompt) - 1, None
    if METHODS[method].layers:
        early = early_logits(models[0], [*prompt, *tokens])[first:, :, :VOCABULARY]
    places = [
        Place(
            *(part[first + t] for part in parts),
            lambda_,
            own,
            t,
            None if early is None else early[t],
        )
        for t in range(len(tokens))
    ]
    with np.errstate(divide="ignore"):
        return [FORMULAS[method](place) for place in places]
