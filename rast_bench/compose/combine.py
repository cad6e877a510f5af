"""The formulas of `compose.methods`, as pure functions of one step's logits.

Every row is computed from its own logits and parameters alone.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from rast_bench.compose.methods import Method
from rast_bench.compose.sampling import nucleus
from rast_bench.errors import EngineError


@dataclass(frozen=True)
class Step:
    """The logits of one step, cut to the shared vocabulary, and each row's parameters.

    Attributes:
        main: [rows, V] float32 logits of M_base.
        rl, base: [rows, V] of every pair's S_RL and S_base, any float dtype; empty if the method
            does not read them.
        weights: One per pair.
        lambda_: [rows] float32.
        drawn: [rows] int64, tokens that the response has so far.
        parameters: [rows] float64 by name.
        layers: [rows, N, V] float32 logits of M_base after its embedding and its layers but the
            last; None if the method does not read them.
        permutation: [V] ids; the null control takes ΔR's values in this order.
        words: [V] bool, the ids of behaviour words; None if the method does not read them.
    """

    main: Tensor
    rl: Sequence[Tensor]
    base: Sequence[Tensor]
    weights: Sequence[float]
    lambda_: Tensor
    drawn: Tensor
    parameters: Mapping[str, Tensor]
    permutation: Tensor | None = None
    layers: Tensor | None = None
    words: Tensor | None = None

    @cached_property
    def delta(self) -> Tensor:
        """ΔR = Σᵢ wᵢ · (S_RL,i − S_base,i), [rows, V] float32."""
        pairs = zip(self.rl, self.base, self.weights, strict=True)
        delta = sum(((rl.float() - base.float()) * weight for rl, base, weight in pairs))
        assert isinstance(delta, Tensor), "a method that reads ΔR has a pair"
        return delta if self.permutation is None else delta[:, self.permutation]

    @cached_property
    def entropy(self) -> Tensor:
        """Of p_M, [rows, 1] float64 nats."""
        logs = self.main.double().log_softmax(-1)
        return -(logs.exp() * logs).nan_to_num(nan=0.0).sum(-1, keepdim=True)

    @cached_property
    def confidence(self) -> Tensor:
        """The largest probability of p_M, [rows, 1] float32."""
        return self.main.softmax(-1).amax(-1, keepdim=True)

    def column(self, name: str) -> Tensor:
        """A parameter as [rows, 1]."""
        return self.parameters[name][:, None]


def combine(method: Method, step: Step) -> Tensor:
    """Return the composed logits [rows, V] float32; −inf for ids that a method excludes.

    Raises:
        EngineError: a user's own method returns another shape.
    """
    function: Callable[[Step], Tensor] = method.function or globals()[method.name]
    found = function(step)
    if found.shape != step.main.shape:
        raise EngineError(
            f"method {method.name} returns a tensor of shape {list(found.shape)}, not "
            f"{list(step.main.shape)}",
            hint="it returns one score per row and id of the shared vocabulary",
        )
    return found


def open_rows(method: Method, step: Step) -> Tensor:
    """Return [rows] bool: whether a small model changes this step's scores, for a gated method."""
    opened = _GATES[method.name](step)[:, 0]
    return opened & (step.lambda_ != 0) if method.uses_lambda else opened


def combine_padded(
    method: Method,
    main: Tensor,
    rl: Sequence[Tensor],
    base: Sequence[Tensor],
    weights: Sequence[float],
    lambda_: Tensor,
    drawn: Tensor,
    parameters: Tensor,
    *,
    vocabulary: int,
    permutation: Tensor | None = None,
    layers: Tensor | None = None,
    words: Tensor | None = None,
    opened: Tensor | None = None,
) -> Tensor:
    """Return `combine` over the shared vocabulary and −inf for ids that are some model's padding.

    Args:
        main: [rows, V_M] float32.
        rl, base: [rows, V_i] of every pair, V_i ≥ `vocabulary`; empty if not read.
        weights, lambda_, drawn, permutation, layers, words: as in `Step`.
        parameters: [rows, parameters] float64, in the order of the method's definition.
        opened: [rows] bool, set to `open_rows` if given.

    Returns:
        [rows, V_M] float32, a new tensor.
    """
    step = Step(
        main=main[:, :vocabulary],
        rl=[part[:, :vocabulary] for part in rl],
        base=[part[:, :vocabulary] for part in base],
        weights=weights,
        lambda_=lambda_,
        drawn=drawn,
        parameters={one.name: parameters[:, i] for i, one in enumerate(method.parameters)},
        permutation=permutation,
        layers=layers,
        words=words,
    )
    composed = torch.full_like(main, -torch.inf)
    composed[:, :vocabulary] = combine(method, step)
    if opened is not None:
        opened.copy_(open_rows(method, step))
    return composed


def rast(step: Step) -> Tensor:
    """`compose.logits.compose_logits` does this in place, and with vLLM's rows."""
    return _steered(step, torch.ones_like(step.main, dtype=torch.bool))


def dexperts(step: Step) -> Tensor:
    one = torch.ones_like(step.lambda_)
    ids, masses = nucleus(step.main, one, step.parameters["filter_p"])
    inside = torch.zeros_like(step.main, dtype=torch.bool).scatter_(1, ids, masses > 0)
    return rast(step).masked_fill(~inside, -torch.inf)


def contrastive(step: Step) -> Tensor:
    beta = step.column("beta")
    (amateur,) = step.base
    scores = ((1 + beta) * step.main - beta * amateur.float()).float()
    return _plausible(step, scores, step.main)


def dola(step: Step) -> Tensor:
    """With layer = −1 a row takes the layer with the largest Jensen-Shannon divergence from the
    last, among all but the embedding, which predicts the token that it is given.
    """
    layers = step.layers
    assert layers is not None, "the engine gives a method what it reads"
    final = step.main.double().log_softmax(-1)
    divergences = [_js_divergence(final, early) for early in layers.unbind(1)[1:]]
    fixed = step.column("layer").long()
    widest = torch.stack(divergences, 1).argmax(1, keepdim=True) + 1 if divergences else fixed
    chosen = torch.where(fixed < 0, widest, fixed)[:, :, None].expand(-1, 1, layers.shape[2])
    early = layers.gather(1, chosen)[:, 0].double().log_softmax(-1)
    return _plausible(step, (final - early).float(), final)


def _js_divergence(final: Tensor, early: Tensor) -> Tensor:
    """Return JS(p_final ‖ p_early) [rows] of log-probabilities [rows, V] and logits [rows, V]."""
    logs = early.double().log_softmax(-1)
    mean = torch.logaddexp(final, logs) - math.log(2)
    parts = (one.exp() * (one - mean) for one in (final, logs))
    return sum((part.nan_to_num(nan=0.0).sum(-1) for part in parts), torch.zeros(())) / 2


def geometric_mean(step: Step) -> Tensor:
    weight = step.column("weight")
    ours, others = _log_probabilities(step)
    return ((1 - weight) * ours + weight * others).float()


def mixture(step: Step) -> Tensor:
    weight = step.column("weight")
    ours, others = _log_probabilities(step)
    return torch.logaddexp((1 - weight).log() + ours, weight.log() + others).float()


def nudging(step: Step) -> Tensor:
    (others,) = step.rl
    return torch.where(_GATES["nudging"](step), others.float(), step.main)


def rast_gated(step: Step) -> Tensor:
    return _steered(step, _GATES["rast_gated"](step))


def rast_first(step: Step) -> Tensor:
    return _steered(step, _GATES["rast_first"](step))


def rast_top(step: Step) -> Tensor:
    order = step.delta.abs().sort(dim=-1, descending=True, stable=True).indices
    ranks = torch.empty_like(order).scatter_(
        1, order, torch.arange(order.shape[1], device=order.device).expand_as(order)
    )
    return _steered(step, ranks < step.column("count"))


def rast_words(step: Step) -> Tensor:
    assert step.words is not None, "the engine gives a method what it reads"
    return _steered(step, step.words ^ (step.column("never") == 1))


_GATES: Mapping[str, Callable[[Step], Tensor]] = {
    "nudging": lambda step: step.confidence < step.column("threshold"),
    "rast_gated": lambda step: step.entropy > step.column("entropy"),
    "rast_first": lambda step: step.drawn[:, None] < step.column("tokens"),
}
"""Of the gated methods: [rows, 1] bool, whether the small models change the scores of the step."""


def _steered(step: Step, where: Tensor) -> Tensor:
    """Return l_M + λ D where the mask ([rows, V] or [rows, 1]) holds, l_M bit for bit elsewhere."""
    column = step.lambda_[:, None]
    return torch.where(where & (column != 0), step.main + column * step.delta, step.main)


def _plausible(step: Step, scores: Tensor, logs: Tensor) -> Tensor:
    """Return the scores, −inf where M_base's logits or log-probabilities are too far below their
    maximum.
    """
    lowest = logs.amax(-1, keepdim=True) + step.column("alpha").log()
    return scores.masked_fill(logs < lowest, -torch.inf)


def _log_probabilities(step: Step) -> tuple[Tensor, Tensor]:
    (others,) = step.rl
    return step.main.double().log_softmax(-1), others.double().log_softmax(-1)
