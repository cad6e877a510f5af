"""Numbers made of numbers: deviations, tests of frequencies, bytes that a decoding step reads."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from rast_bench.planning.checkpoints import config_parameters, sized
from rast_bench.planning.memory import cache_per_token


def deviation(differences: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Largest absolute value and root mean square."""
    values = np.asarray(differences, dtype=np.float64)
    if values.size == 0:
        raise ValueError("no differences to summarise")
    return {"max": float(np.abs(values).max()), "rms": float(np.sqrt((values**2).mean()))}


def first_difference(ours: Sequence[int], theirs: Sequence[int]) -> int | None:
    """Return the first place with other tokens; None if one sequence begins the other."""
    places = zip(ours, theirs, strict=False)
    return next((i for i, (a, b) in enumerate(places) if a != b), None)


def chi_square(
    counts: np.ndarray, probabilities: np.ndarray, least: float = 5.0
) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom.

    Args:
        counts: [ids] how often each id was drawn.
        probabilities: [ids] that they were drawn from, summing to 1.
        least: ids that are expected less often are taken together (Cochran's rule), so the
            statistic follows the chi-square distribution.
    """
    expected = probabilities * counts.sum()
    order = np.argsort(-expected, kind="stable")
    bins: list[tuple[float, float]] = []
    seen = wanted = 0.0
    for index in order:
        seen += counts[index]
        wanted += expected[index]
        if wanted >= least:
            bins.append((seen, wanted))
            seen = wanted = 0.0
    if bins:
        bins[-1] = (bins[-1][0] + seen, bins[-1][1] + wanted)
    statistic = sum((o - e) ** 2 / e for o, e in bins)
    return float(statistic), max(0, len(bins) - 1)


def next_token_groups(
    sequences: Sequence[Sequence[int]], depth: int, least: int
) -> dict[tuple[int, ...], Counter[int]]:
    """Return what followed each beginning of up to `depth` tokens that `least` sequences share."""
    found: dict[tuple[int, ...], Counter[int]] = {}
    for sequence in sequences:
        for length in range(min(depth + 1, len(sequence))):
            beginning = tuple(sequence[:length])
            found.setdefault(beginning, Counter())[sequence[length]] += 1
    return {key: counts for key, counts in found.items() if counts.total() >= least}


def weight_bytes_per_step(config: dict[str, Any], bytes_each: int) -> int:
    """Weights that one decoding step of a Qwen2 model reads: all but the rows it does not look up.

    A tied embedding is read whole, as the head; an untied one gives a row per token, which is left
    out. `config` is the content of config.json.
    """
    looked_up = 0 if config["tie_word_embeddings"] else config["vocab_size"] * config["hidden_size"]
    return int(bytes_each * (parameters(config) - looked_up))


def parameters(config: dict[str, Any]) -> int:
    """Return all parameters of a Qwen2 model."""
    return config_parameters(config | {"model_type": "qwen2"})


def key_value_bytes(config: dict[str, Any], tokens: float, bytes_each: int) -> float:
    """Keys and values of `tokens` positions of a Qwen2 model."""
    model = sized("", config | {"model_type": "qwen2"}, "config")
    assert model is not None
    return float(cache_per_token(model, bytes_each) * tokens)
