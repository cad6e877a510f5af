"""Where ΔR acts: for each token of a sample, how it changes the next-token distribution there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rast_bench.analysis.divergence import kl_divergence, log_probabilities
from rast_bench.analysis.policies import Policy
from rast_bench.analysis.scored import Piece, ScoredStudy

TOP = 5
"""The most likely tokens that are kept of each distribution."""

MEASURES: Mapping[str, tuple[str, str]] = {
    "delta": ("‖ΔR‖₂ over the vocabulary", "logits"),
    "chosen": ("ΔR of the token", "logits"),
    "kl": ("KL(M ‖ composition)", "nats"),
    "rank": ("places that ΔR lifts the token", "ranks"),
    "entropy": ("entropy of M", "nats"),
}
"""Title and unit by name. Distributions are at τ = 1, whatever the sample was drawn with."""


@dataclass(frozen=True)
class SampleTokens:
    """The measures along one sample, in the order of its tokens.

    Attributes:
        texts: Of the tokens; joined they are the response.
        values: By name of the measure.
        top: The TOP tokens with their probabilities, by model: M, S_RL, S_base, composition.
    """

    problem_id: str
    sample_index: int
    policy: str
    lambda_: float
    texts: Sequence[str]
    values: Mapping[str, Sequence[float]]
    top: Mapping[str, Sequence[Sequence[tuple[str, float]]]]

    @property
    def changed(self) -> int:
        """How often the composition's most likely token is another than M's."""
        pairs = zip(self.top["M"], self.top["composition"], strict=True)
        return sum(first[0][0] != second[0][0] for first, second in pairs)


def token_measures(scored: ScoredStudy, policies: Sequence[Policy]) -> Iterator[SampleTokens]:
    """Yield the measures of every path.

    Args:
        policies: For each path, the composition whose ΔR is looked at.
    """
    for (trajectory, pieces), policy in zip(scored.by_path(), policies, strict=True):
        texts: list[str] = []
        values: dict[str, list[float]] = {name: [] for name in MEASURES}
        top: dict[str, list[list[tuple[str, float]]]] = {}
        for piece in pieces:
            texts += piece.texts
            logs = _distributions(piece, policy)
            for name, numbers in _values(piece, policy, logs).items():
                values[name] += [_short(one) for one in numbers.tolist()]
            for name, own in logs.items():
                top.setdefault(name, []).extend(_top(own, scored))
        yield SampleTokens(
            trajectory.problem_id,
            trajectory.sample_index,
            policy.name,
            policy.lambda_,
            texts,
            values,
            top,
        )


def _distributions(piece: Piece, policy: Policy) -> dict[str, Tensor]:
    """Return log probabilities [n, vocabulary] of the models; further pairs are numbered."""
    assert policy.shift is not None, "a composition has a ΔR"
    found = {"M": log_probabilities(piece.logits(policy.main))}
    for number, pair in enumerate(policy.shift.pairs, 1):
        ending = "" if number == 1 else f" {number}"
        found[f"S_RL{ending}"] = log_probabilities(piece.logits(pair.rl))
        found[f"S_base{ending}"] = log_probabilities(piece.logits(pair.base))
    found["composition"] = log_probabilities(policy.logits(piece.logits))
    return found


def _values(piece: Piece, policy: Policy, logs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the MEASURES at each token, [n]."""
    assert policy.shift is not None, "a composition has a ΔR"
    main, composed = logs["M"], logs["composition"]
    delta = policy.shift.logits(piece.logits).double()
    token = piece.token_ids[:, None]
    return {
        "delta": torch.linalg.vector_norm(delta, dim=-1),
        "chosen": delta.gather(1, token)[:, 0],
        "kl": kl_divergence(main, composed),
        "rank": _rank(main, token) - _rank(composed, token),
        "entropy": -(main.exp() * main).sum(-1),
    }


def _rank(logs: Tensor, token: Tensor) -> Tensor:
    """Return the place of each token among all, [n]; 1 is the most likely."""
    rank: Tensor = 1 + (logs > logs.gather(1, token)).sum(-1)
    return rank


def _top(logs: Tensor, scored: ScoredStudy) -> list[list[tuple[str, float]]]:
    best = logs.topk(min(TOP, logs.shape[1]), dim=-1)
    return [
        [(scored.text(token), round(share, 4)) for token, share in zip(tokens, shares, strict=True)]
        for tokens, shares in zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    ]


def _short(number: float) -> float:
    """Return four digits: a page holds many thousands."""
    return float(f"{number:.4g}")


def as_json(tokens: SampleTokens) -> dict[str, Any]:
    """Return the measures as the viewer reads them."""
    measures = {
        name: {"title": title, "unit": unit, "values": list(tokens.values[name])}
        for name, (title, unit) in MEASURES.items()
    }
    return {
        "problem_id": tokens.problem_id,
        "sample": tokens.sample_index,
        "composition": f"M {tokens.policy}",
        "lambda": tokens.lambda_,
        "tokens": list(tokens.texts),
        "measures": measures,
        "top": {name: list(places) for name, places in tokens.top.items()},
    }
