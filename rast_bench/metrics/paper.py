"""The paper's own estimators of pass@k and majority@k: k of the N samples, drawn 10 times.

They estimate the same quantities as pass_at_k and majority, with the noise of the draws added, and
appear in tables only beside those. Each k has its own random numbers, so its value does not depend
on which other k are computed.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rast_bench.ledger.recent import Recent
from rast_bench.metrics.estimate import BoolArray, FloatArray, IntArray
from rast_bench.metrics.majority import check_ks

if TYPE_CHECKING:
    from rast_bench.metrics.outcomes import CellOutcome

DRAWS = 10


def paper_pass_at_k(
    correct: BoolArray, ks: Sequence[int], *, seed: int = 0, draws: int = DRAWS
) -> FloatArray:
    """Return eq. 4 with section 3.3's protocol: k of N samples per problem, 10 draws, averaged.

    Args:
        correct: [problems, samples].

    Returns:
        [len(ks)].

    Raises:
        ValueError: a k is below 1 or above the number of samples.
    """
    check_ks(ks, correct.shape[1])
    return np.array(
        [
            np.mean(
                [
                    np.take_along_axis(correct, chosen, axis=1).any(axis=1).mean()
                    for chosen in _subsets(correct.shape, k, seed, draws)
                ]
            )
            for k in ks
        ]
    )


def paper_majority_at_k(
    outcome: "CellOutcome", ks: Sequence[int], *, seed: int = 0, draws: int = DRAWS
) -> FloatArray:
    """Return appendix C.1: the most frequent answer string of k of N samples is graded; 10 draws.

    Strings vote: correct answers that are written differently split their votes. One of several
    tied strings is chosen at random. Samples without an answer vote too, as in the authors' code:
    for the empty string, which is wrong.

    Returns:
        [len(ks)].

    Raises:
        ValueError: a k is below 1 or above the number of samples.
    """
    check_ks(ks, outcome.kinds.shape[1])
    strings, is_correct = _encode_strings(outcome)
    return np.array(
        [
            np.mean(
                [
                    _vote(np.take_along_axis(strings, chosen, axis=1), is_correct, noise).mean()
                    for chosen, noise in zip(
                        _subsets(strings.shape, k, seed, draws),
                        _tie_noise(is_correct.shape, k, seed, draws),
                        strict=True,
                    )
                ]
            )
            for k in ks
        ]
    )


_drawn: Recent[tuple[tuple[int, ...], int, int, int], IntArray] = Recent(
    64 * 2**20, keeps_one=False
)
"""A table has many cells over the same few data sets, and two measures draw from each."""


def _subsets(shape: tuple[int, ...], k: int, seed: int, draws: int) -> IntArray:
    """Return `draws` times k different sample indices per problem, [draws, problems, k]."""

    def draw() -> IntArray:
        rng = np.random.default_rng([seed, k, 0])
        chosen = np.empty((draws, shape[0], k), dtype=np.min_scalar_type(shape[1]))
        for one in chosen:
            one[:] = np.argsort(rng.random(shape), axis=1)[:, :k]
        return chosen

    return _drawn.get((shape, k, seed, draws), draw)


def _tie_noise(shape: tuple[int, ...], k: int, seed: int, draws: int) -> Iterator[FloatArray]:
    rng = np.random.default_rng([seed, k, 1])
    for _ in range(draws):
        yield rng.random(shape)


def _encode_strings(outcome: "CellOutcome") -> tuple[IntArray, BoolArray]:
    """Number the strings of each problem: codes [problems, samples], correct [problems, codes].

    The last code stands for the empty string of "no answer" and is never correct.
    """
    problems, samples = outcome.kinds.shape
    numbers = outcome.answer_numbers
    codes = np.where(numbers < 0, samples, numbers)
    is_correct = np.zeros((problems, samples + 1), dtype=np.bool_)
    rows, columns = np.nonzero(outcome.correct & (numbers >= 0))
    is_correct[rows, codes[rows, columns]] = True
    return codes, is_correct


def _vote(strings: IntArray, is_correct: BoolArray, noise: FloatArray) -> BoolArray:
    """Return whether the winner is correct: strings [problems, k], others [problems, codes]."""
    problems, codes = is_correct.shape
    flat = strings + codes * np.arange(problems)[:, None]
    votes = np.bincount(flat.ravel(), minlength=problems * codes).reshape(problems, codes)
    winners = np.argmax(votes + noise, axis=1)  # noise < 1 breaks ties only
    return np.asarray(is_correct[np.arange(problems), winners])
