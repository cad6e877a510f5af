"""What a family learns: its words, its problems and its documents, under one name."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rast_bench.zoo import corpus, dial_corpus, dials, problems, tokenizer
from rast_bench.zoo.corpus import Document
from rast_bench.zoo.problems import Problem, Shares, Split, draw_difficulty


@dataclass(frozen=True, slots=True)
class Task:
    """`documents(seed, mixture)` is what pre-training reads, `draw` makes problems for RL; neither
    touches an evaluation split.
    """

    prefix: str  # of the benchmarks' file names
    words: Callable[[], list[str]]
    difficulties: tuple[str, ...]
    documents: Callable[[int, Any], Iterator[Document]]
    benchmark: Callable[[str, Split, int, int], Sequence[Problem]]
    draw: Callable[[random.Random, Shares], Problem]


def draw_piles(rng: random.Random, shares: Shares) -> Problem:
    difficulty = problems.DIFFICULTIES[draw_difficulty(rng, shares)]
    return problems.random_problem(rng, difficulty, "train")


def draw_dials(rng: random.Random, shares: Shares) -> Problem:
    difficulty = dials.DIFFICULTIES[draw_difficulty(rng, shares)]
    return dials.random_problem(rng, difficulty, "train")


TASKS = {
    "piles": Task(
        "tiny",
        tokenizer.vocabulary,
        tuple(problems.DIFFICULTIES),
        corpus.documents,
        lambda name, *rest: problems.benchmark(problems.DIFFICULTIES[name], *rest),
        draw_piles,
    ),
    "dials": Task(
        "dials",
        dial_corpus.vocabulary,
        tuple(dials.DIFFICULTIES),
        dial_corpus.documents,
        lambda name, *rest: dials.benchmark(dials.DIFFICULTIES[name], *rest),
        draw_dials,
    ),
}
