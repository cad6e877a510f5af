"""Path coverage rate: how much of an RL-trained model's greedy path another model would follow."""

from collections.abc import Sequence

from rast_bench.engines.base import Engine


def path_coverage_rate(ranks: Sequence[int]) -> float:
    """PCR of one trajectory t_1 … t_n (eq. 1 and 2): a share between 0 and 1.

    Args:
        ranks: for each token its rank under the other model, given all tokens before it; 1 is the
            argmax. The first token counts neither above nor below the line (n − 1).

    Raises:
        ValueError: fewer than two tokens, for which eq. 2 has no value.
    """
    if len(ranks) < 2:
        raise ValueError("the path coverage rate needs at least two tokens")
    return sum(rank == 1 for rank in ranks[1:]) / (len(ranks) - 1)


def path_coverage(
    engine: Engine, prompt: str, token_ids: Sequence[int], *, lambda_: float = 0.0
) -> float:
    """PCR of a trajectory under the engine's models composed at λ (eq. 3); 0 is M_base alone.

    Raises as `Engine.score` and `path_coverage_rate`.
    """
    return path_coverage_rate(engine.score(prompt, token_ids, lambda_).ranks)
