"""Path coverage rate: how much of an RL-trained model's greedy path another model follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.engines.base import Engine

if TYPE_CHECKING:
    from torch import Tensor


def followed(logits: "Tensor", token_ids: "Tensor") -> "Tensor":
    """Return 𝕀[t' = t] of eq. 1: would greedy decoding take this token, given the path before it?

    Args:
        logits: [n, V], at each position before its token is known. For equal logits the lowest id
            counts, as in greedy decoding.
        token_ids: [n] int64, the path.

    Returns:
        [n] bool.
    """
    return logits.argmax(-1) == token_ids


def path_coverage_rate(matches: "Sequence[bool] | Tensor") -> float:
    """Return the PCR of one path t_1 … t_n (eq. 2): a share between 0 and 1.

    Args:
        matches: `followed` of each token, [n]. The first token counts neither in the numerator nor
            in the denominator (n − 1).

    Raises:
        ValueError: fewer than two tokens, for which eq. 2 has no value.
    """
    if len(matches) < 2:
        raise ValueError("the path coverage rate needs at least two tokens")
    return sum(map(bool, matches[1:])) / (len(matches) - 1)


def path_coverage(
    engine: Engine, prompt: str, token_ids: Sequence[int], *, lambda_: float = 0.0
) -> float:
    """Return the PCR of a path under the engine's models composed at λ (eq. 3); 0 is M_base alone.

    Raises:
        ValueError, EngineError: as `path_coverage_rate` and `Engine.score`.
    """
    return path_coverage_rate([r == 1 for r in engine.score(prompt, token_ids, lambda_).ranks])
