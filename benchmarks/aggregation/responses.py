"""Synthetic graded responses with realistic statistics: answers, verdicts, lengths, texts.

Answers and texts resemble the 2,870 responses of shared/data/grader_dev.jsonl: 62 % of the answers
are plain numbers, a response has 1,080 characters on average, 4 % of them have non-ASCII
characters. Tokens per character and the shares of the other verdicts are assumed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rast_bench.ledger.codec import REASONS, SAMPLE_SCHEMA, SMALL_STEPS, VERDICT_SCHEMA
from rast_bench.metrics.estimate import FloatArray, IntArray

WRONG_ANSWERS = 40  # that the samples of one problem choose from, by a Zipf law
SHARD_ROWS = 16_384

_SENTENCES = (
    "First, we need to consider the values that satisfy the given equation.",
    "Let's denote the number of ways by $n$ and check the small cases again.",
    "However, this contradicts the assumption, so we try another approach.",
    "Substituting $x = 3$ back into the equation, we get $2x^2 - 5x + 1 = 4$.",
    "Therefore, the total is \\( 12 \\cdot 7 + 5 = 89 \\), which we verify below.",
    "The area of the triangle is \\[ \\frac{1}{2} \\times 6 \\times 8 = 24. \\]",
    "Now we simplify the expression and combine like terms on both sides.",
    "Suppose that the sequence is increasing; then every difference is positive.",
    "But the problem asks for the remainder, so the last step has to be changed.",
    "By the Pythagorean theorem the hypotenuse has length $\\sqrt{a^2 + b^2}$.",
    "There are two options here, and both of them lead to the same result.",
    "Multiplying both sides by the denominator gives a quadratic in $t$.",
)
_BEYOND_ASCII = "Since π ≈ 3.14159, the circle’s circumference is about 18.85 — let’s check it."
_BEYOND_ASCII_SHARE = 0.04
_CHARACTERS = 1_080
_TOKENS_A_CHARACTER = 0.33

_TOKEN_KINDS = 5_000

_OTHER_KINDS = (("unparsed", 0.02), ("truncated", 0.03), ("timeout", 0.001))  # of all responses
_ALGEBRA = 0.38  # of the wrong answers; each form below is one of them
_FORMS = (
    "\\frac{{{a}}}{{{b}}}",
    "{a}\\sqrt{{{b}}}",
    "\\sqrt{{{a}}} + {b}",
    "{a}x^2 - {b}x + 1",
    "({a}, {b})",
    "{a}\\pi",
    "\\frac{{{a}\\pi}}{{{b}}}",
    "[{a}, {b})",
    "x = {a}",
    "{a}e^{{-{b}t}}",
    "{a}, {b}",
    "{a} \\text{{ meters in }} {b}",
)


@dataclass(frozen=True)
class AnswerBook:
    """The answers that samples of one data set give. `wrong` is [problems][WRONG_ANSWERS]."""

    gold: list[str]
    wrong: list[list[str]]


def answer_book(problems: int, rng: np.random.Generator) -> AnswerBook:
    """Return distinct answers for every problem; every tenth wrong one rewrites another."""
    numbers = rng.integers(2, 1000, (problems, WRONG_ANSWERS, 2))
    algebra = rng.random(problems) < _ALGEBRA
    wrong = [
        [
            _wrong_answer(int(a), int(b), rank, algebraic=bool(algebraic))
            for rank, (a, b) in enumerate(pairs.tolist())
        ]
        for pairs, algebraic in zip(numbers, algebra, strict=True)
    ]
    return AnswerBook([str(i + 1000) for i in range(problems)], wrong)


def _wrong_answer(a: int, b: int, rank: int, *, algebraic: bool) -> str:
    if not algebraic:
        return f"{a}.0" if rank % 10 == 9 else str(a)
    return _FORMS[rank % len(_FORMS)].format(a=a, b=b)


RUN = "20260101-000000-made-up"


def cell_tables(
    problem_ids: list[str], book: AnswerBook, samples: int, skill: float, rng: np.random.Generator
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield samples and verdicts of one cell as the ledger stores them, SHARD_ROWS at a time.

    Seeds are synthetic too. Problem i is answered correctly with a probability drawn from
    Beta(2·skill, 2·(1 − skill)).

    Args:
        samples: of each problem.
        skill: the mean accuracy, in (0, 1).
    """
    chances = rng.beta(2 * skill, 2 * (1 - skill), len(problem_ids))
    for start in range(0, len(problem_ids) * samples, SHARD_ROWS):
        rows = np.arange(start, min(start + SHARD_ROWS, len(problem_ids) * samples))
        places, indices = np.divmod(rows, samples)
        ids = [problem_ids[place] for place in places.tolist()]
        kinds = _kinds(chances[places], rng)
        yield (
            _samples(ids, indices, kinds, rng),
            pa.table(
                {
                    "problem_id": ids,
                    "sample_index": indices,
                    "kind": kinds.tolist(),
                    "extracted": _answers(places, kinds, book, rng),
                    **{name: [None] * len(ids) for name in REASONS},
                    "run_id": [RUN] * len(ids),
                },
                schema=VERDICT_SCHEMA,
            ),
        )


def _kinds(chances: FloatArray, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    fates = rng.random(len(chances))
    kinds = np.where(rng.random(len(chances)) < chances, "correct", "wrong").astype("U9")
    ends = np.cumsum([share for _, share in _OTHER_KINDS])
    for (kind, share), end in zip(_OTHER_KINDS, ends.tolist(), strict=True):
        kinds[(end - share <= fates) & (fates < end)] = kind
    return kinds


def _answers(
    places: IntArray, kinds: npt.NDArray[np.str_], book: AnswerBook, rng: np.random.Generator
) -> list[str | None]:
    zipf = 1 / np.arange(1, WRONG_ANSWERS + 1)
    choices = rng.choice(WRONG_ANSWERS, len(places), p=zipf / zipf.sum())
    return [
        None
        if kind in ("unparsed", "truncated")
        else book.gold[place]
        if kind == "correct"
        else book.wrong[place][choice]
        for place, kind, choice in zip(
            places.tolist(), kinds.tolist(), choices.tolist(), strict=True
        )
    ]


def _samples(
    ids: list[str], indices: IntArray, kinds: npt.NDArray[np.str_], rng: np.random.Generator
) -> pa.Table:
    texts = _texts(len(ids), rng)
    counts = np.array([max(1, int(len(text) * _TOKENS_A_CHARACTER)) for text in texts])
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    tokens = pa.array(rng.integers(_TOKEN_KINDS, size=int(ends[-1])), type=pa.int32())
    return pa.table(
        {
            "problem_id": ids,
            "sample_index": indices,
            "seed": rng.integers(2**62, size=len(ids)),
            "prompt_sha256": [hashlib.sha256(name.encode()).hexdigest() for name in ids],
            "token_ids": pa.ListArray.from_arrays(pa.array(ends), tokens),
            "text": texts,
            "finish_reason": np.where(kinds == "truncated", "length", "eos").tolist(),
            "token_count": counts,
            "run_id": [RUN] * len(ids),
            SMALL_STEPS: [None] * len(ids),
        },
        schema=SAMPLE_SCHEMA,
    )


def _texts(count: int, rng: np.random.Generator) -> list[str]:
    """Sentences in random order; lengths are log-normal around the real mean."""
    mean = _CHARACTERS / (sum(map(len, _SENTENCES)) / len(_SENTENCES) + 1)
    spread = 0.6
    lengths = np.exp(rng.normal(np.log(mean) - spread**2 / 2, spread, count))
    sentences = np.maximum(1, np.round(lengths)).astype(np.int64)
    chosen = rng.integers(len(_SENTENCES), size=int(sentences.sum())).tolist()
    numbers = rng.integers(10_000, size=count).tolist()
    beyond = (rng.random(count) < _BEYOND_ASCII_SHARE).tolist()
    texts, start = [], 0
    for length, number, special in zip(sentences.tolist(), numbers, beyond, strict=True):
        parts = [_SENTENCES[i] for i in chosen[start : start + length]]
        start += length
        texts.append(" ".join([_BEYOND_ASCII] * special + parts + [f"So it is {number}."]))
    return texts
