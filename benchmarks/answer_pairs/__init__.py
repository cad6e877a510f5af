r"""Pairs of a response and a gold answer with known truth, by construction.

A maker draws an answer of one kind and writes it in other correct forms (order, notation, exact
conversions) and in forms that are wrong but close (off by one, a sign, a bracket, a missing
element). Truth follows from the construction: exact integers and fractions, products expanded
here, textbook identities. No grader and no computer algebra is used. Then the answer is put into a
response in the style of a language model. Everything is determined by the seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from answer_pairs.algebra import ALGEBRA
from answer_pairs.made import Made, Maker, Written
from answer_pairs.numbers import NUMBERS
from answer_pairs.responses import HEDGES, respond, start
from answer_pairs.structures import STRUCTURES
from answer_pairs.worded import WORDED

KINDS: dict[str, Maker] = {**NUMBERS, **ALGEBRA, **STRUCTURES, **WORDED}
HEDGED = "hedge"
"""A kind of wrong pairs alone: the response names the gold answer, but does not give it."""


@dataclass(frozen=True)
class Pair:
    """A response and a gold answer; `right` is whether the response gives the gold answer.

    Attributes:
        answer: the answer's LaTeX in the response.
        change: how the answer differs from the gold answer.
        style: of the response.
    """

    id: str
    kind: str
    change: str
    style: str
    gold: str
    answer: str
    response: str
    right: bool


def pairs(right: bool, count: int, seed: int = 0) -> list[Pair]:
    """Return distinct pairs of one class, balanced over kinds, always the same for a seed."""
    return list(islice(endless(right, seed), count))


def endless(right: bool, seed: int) -> Iterator[Pair]:
    rng = Random(f"{seed}/{right}")
    seen = set()
    kinds = list(KINDS) if right else [*KINDS, HEDGED]
    for number, kind in enumerate(cycle(kinds)):
        pair = one(rng, kind, right, f"{'right' if right else 'wrong'}-{seed}-{number}")
        if (pair.gold, pair.response) not in seen:
            seen.add((pair.gold, pair.response))
            yield pair


def one(rng: Random, kind: str, right: bool, name: str) -> Pair:
    """One pair of a kind."""
    if kind == HEDGED:
        return hedge(rng, name)
    made = KINDS[kind](rng)
    written = rng.choice(made.right if right else made.wrong)
    decoy = made.gold if not right and rng.random() < 0.3 else None
    style, response = respond(rng, written, decoy)
    return Pair(name, kind, written.change, style, made.gold, written.latex, response, right)


def hedge(rng: Random, name: str) -> Pair:
    gold = rng.randint(2, 999)
    other = str(rng.choice([n for n in range(gold - 5, gold + 6) if n != gold]))
    template = rng.choice(HEDGES)
    response = template.format(start=start(rng), gold=gold, other=other)
    return Pair(name, HEDGED, "hedge", "sentence", str(gold), other, response, right=False)


__all__ = ["KINDS", "Made", "Maker", "Pair", "Written", "endless", "one", "pairs"]
