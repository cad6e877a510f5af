"""Exact majority@k: is the most frequent answer among k samples correct? (appendix C.1, figure 8)

Nothing is drawn at random: every k-subset of the N samples counts, by its numbers of each answer.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rast_bench.metrics.estimate import Curve, IntArray, mean_curve

if TYPE_CHECKING:
    from rast_bench.ledger.derived import Derived
    from rast_bench.metrics.outcomes import CellOutcome


class Votes(NamedTuple):
    """One problem's N samples by answer: the correct one, each wrong one (sorted), and none."""

    correct: int
    wrong: tuple[int, ...]
    abstained: int

    @property
    def samples(self) -> int:
        return self.correct + sum(self.wrong) + self.abstained


def majority_at_k(outcome: "CellOutcome", ks: Sequence[int]) -> Curve:
    """Return exact majority@k with standard errors over problems.

    Answers that the grader calls correct are the same answer, however they are written; wrong ones
    are equal if their values are (`answer_form`). Samples without an answer never win; ties share.

    Raises:
        ValueError: a k is below 1 or above the number of samples.
    """
    check_ks(ks, outcome.kinds.shape[1])
    scores = np.array(
        [majority_probabilities(votes, tuple(ks)) for votes in votes_per_problem(outcome)]
    )
    return mean_curve(np.asarray(ks, dtype=np.int64), scores)


def check_ks(ks: Sequence[int], samples: int) -> None:
    """Raise ValueError for a k that is not in 1 … samples."""
    for k in ks:
        if not 1 <= k <= samples:
            raise ValueError(f"k = {k} is not between 1 and the {samples} samples of a problem")


def votes_per_problem(outcome: "CellOutcome") -> list[Votes]:
    """Return the votes of each problem, in order.

    Without a correct answer nothing can win, so wrong ones are then counted as they are written.
    """
    if outcome.of_verdicts is None:
        return _count_votes(outcome)
    rows = outcome.of_verdicts.array(_VOTES, _readers(), lambda: _as_array(_count_votes(outcome)))
    return [
        Votes(correct, tuple(filter(None, wrong)), abstained)
        for correct, abstained, *wrong in rows.tolist()
    ]


_VOTES = "votes"


def _readers() -> str:
    """Return what the values of answers depend on."""
    from rast_bench.ledger.derived import code_version

    return code_version("grading", "metrics")


def _count_votes(outcome: "CellOutcome") -> list[Votes]:
    votes = []
    for correct, wrong, samples in _answers_per_problem(outcome):
        abstained = samples - correct - wrong.total()
        counts = _by_value(wrong) if _may_win(correct, wrong) else wrong
        votes.append(Votes(correct, tuple(sorted(counts.values())), abstained))
    return votes


def _as_array(votes: Sequence[Votes]) -> IntArray:
    """Return rows of correct samples, those without an answer and each wrong answer's, or zeros."""
    width = max((len(one.wrong) for one in votes), default=0)
    rows = np.zeros((len(votes), 2 + width), dtype=np.int64)
    for row, one in zip(rows, votes, strict=True):
        row[: 2 + len(one.wrong)] = one.correct, one.abstained, *one.wrong
    return rows


def votes_stored(of_verdicts: "Derived") -> bool:
    """Return whether `votes_per_problem` need not count."""
    return of_verdicts.stored(_VOTES, _readers())


def read_answers_ahead(outcome: "CellOutcome") -> None:
    """Start to read the answers that `votes_per_problem` will compare, unless votes are stored."""
    if outcome.of_verdicts is None or votes_stored(outcome.of_verdicts):
        return
    from rast_bench.metrics.answer_forms import read_ahead

    read_ahead(
        answer
        for correct, wrong, _ in _answers_per_problem(outcome)
        if _may_win(correct, wrong)
        for answer, was_read in wrong
        if was_read
    )


Wrong = Counter[tuple[str, bool]]
"""How often each incorrect answer was given, and whether the grader could read it."""


def _answers_per_problem(outcome: "CellOutcome") -> Iterator[tuple[int, Wrong, int]]:
    """Yield correct samples, wrong answers and all samples of each problem."""
    problems, samples = outcome.kinds.shape
    correct = outcome.correct
    was_read = outcome.kinds == "wrong"
    rows, columns = np.nonzero(~correct & (outcome.answer_numbers >= 0))
    numbers = outcome.answer_numbers[rows, columns]
    keys = (rows * samples + numbers) * 2 + was_read[rows, columns]
    keys, first, counts = np.unique(keys, return_index=True, return_counts=True)
    rows, columns = rows[first], columns[first]
    answers = zip(
        outcome.answers[rows, columns].tolist(), was_read[rows, columns].tolist(), strict=True
    )
    wrong = list(zip(answers, counts.tolist(), strict=True))
    ends = np.searchsorted(rows, np.arange(problems + 1)).tolist()
    for count, (begin, end) in zip(correct.sum(axis=1).tolist(), pairwise(ends), strict=True):
        yield count, Counter(dict(wrong[begin:end])), samples


def _may_win(correct: int, wrong: Wrong) -> bool:
    """Return whether merging wrong answers may change the votes: then the correct one may lose."""
    return correct > 0 and len(wrong) > 1


def _by_value(wrong: Wrong) -> Counter[Hashable]:
    """Return the total counts of equal answers."""
    from rast_bench.metrics.answer_forms import answer_form, spelled_form  # the graders' readers

    counts: Counter[Hashable] = Counter()
    for (answer, was_read), count in wrong.items():
        counts[answer_form(answer) if was_read else spelled_form(answer)] += count
    return counts


@lru_cache(maxsize=65_536)
def majority_probabilities(votes: Votes, ks: tuple[int, ...]) -> tuple[float, ...]:
    """Return P(the correct answer wins the vote of a random k-subset), [len(ks)].

    P = Σ_j C(c_*, j) Σ_t [x^(k−j) y^t] ∏_a(Σ_{u<j} C(c_a, u) x^u + y C(c_a, j) x^j) · (1+x)^c_∅
        / ((t+1) C(N, k))
    where the correct answer has j votes, t wrong answers have j as well and the others fewer; such
    a tie counts 1/(t+1). Integer arithmetic up to the last division.
    """
    samples = votes.samples
    totals = [0.0] * len(ks)
    for j in range(1, min(votes.correct, max(ks)) + 1):
        product = _product(votes.wrong, votes.abstained, j, samples)
        ways = math.comb(votes.correct, j)
        ties = sum(count >= j for count in votes.wrong)
        for place, k in enumerate(ks):
            if k >= j:
                totals[place] += sum(
                    ways
                    * _coefficient(product, k - j, t, samples)
                    / ((t + 1) * math.comb(samples, k))
                    for t in range(min(ties, k // j - 1) + 1)
                )
    return tuple(totals)


# A polynomial Σ a_ut x^u y^t with a_ut < 2^bits is stored as its value at x = 2^bits, y = x^(N+1)
# (Kronecker substitution): a product of polynomials is then a product of integers. The coefficients
# of each product count subsets of N samples, so bits = N + 1 is enough.


def _product(wrong: tuple[int, ...], abstained: int, j: int, samples: int) -> int:
    """Return ∏_a(Σ_{u<j} C(c_a, u) x^u + y C(c_a, j) x^j) · (1 + x)^c_∅."""
    product = _subsets(abstained, abstained, samples)
    for count, repeats in Counter(wrong).items():
        product *= _wrong_answers(count, repeats, j, samples)
    return product


@lru_cache(maxsize=65_536)
def _wrong_answers(count: int, repeats: int, j: int, samples: int) -> int:
    """Return the factor of `repeats` wrong answers with `count` samples each."""
    bits = samples + 1
    tied = math.comb(count, j) << (bits * j + bits * (samples + 1))
    return int((_subsets(count, j - 1, samples) + tied) ** repeats)


@lru_cache(maxsize=65_536)
def _subsets(count: int, most: int, samples: int) -> int:
    """Return Σ_{u ≤ most} C(count, u) x^u."""
    return sum(math.comb(count, u) << ((samples + 1) * u) for u in range(min(most, count) + 1))


def _coefficient(product: int, u: int, t: int, samples: int) -> int:
    """Return the coefficient of x^u y^t."""
    bits = samples + 1
    return (product >> (bits * (u + t * (samples + 1)))) & ((1 << bits) - 1)
