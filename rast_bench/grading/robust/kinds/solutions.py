r"""General solutions with an integer parameter: `x = \frac{\pi}{4} + k\pi, k \in \mathbb{Z}`."""

import re
from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import read_list, read_set
from rast_bench.grading.robust.kinds.congruences import Congruence
from rast_bench.grading.robust.kinds.equations import unknowns
from rast_bench.grading.robust.kinds.notation import (
    NAME,
    is_name,
    plain_name,
    split,
    split_relation,
)

MAX_FAMILIES = 40

_GAP = r"[ {}(),]{0,4}"
_SET = (
    r"(?:\\mathbb ?\{? ?(?P<set>[ZN]) ?\}?|\\(?P<command>[ZN])(?![A-Za-z])|(?P<sign>ℤ|ℕ)"
    r"|(?P<letter>[ZN])(?![A-Za-z])|(?:the )?(?:set of )?(?P<word>integers?)(?![A-Za-z]))"
    r"(?P<part>[_^] ?\{?[^ {}]{1,6}\}?)?"
)
_DECLARATION = re.compile(
    rf"(?:(?:where|for|with|here|and|if){_GAP})?(?:(?:all|any|every|some|each|an|arbitrary){_GAP})?"
    rf"(?:(?:(?P<sort>positive|non-?negative) )?(?:integers?|integral values?)(?: of)?{_GAP}"
    rf"(?P<after>{NAME})"
    rf"|(?P<before>{NAME}){_GAP}(?:\\in(?![A-Za-z])|∈|in(?![A-Za-z])"
    rf"|(?:is|be|being|any|an|arbitrary| )*(?=[ {{]*integer)){_GAP}{_SET})[ {{}}.)]{{0,6}}\Z"
)
_PERIOD = re.compile(r"\\pi(?![A-Za-z])|\\degree|°|180|360")
_PARAMETERS = frozenset("knmlpq")


@dataclass(frozen=True)
class GeneralSolution:
    """Families of values, one for each integer.

    Attributes:
        families: the values as texts with the parameter in them.
        parameter: its name.
        domain: "Z", or another one as written.
        name: the unknown that is solved for.
    """

    families: tuple[str, ...]
    parameter: str
    domain: str = "Z"
    name: str = ""
    kind: str = "general solution"

    def compare(self, gold: Self, _compare: Compare) -> Decision:
        from rast_bench.grading.robust.kinds.families import same_families  # loads sympy

        return same_families(self, gold)


def of_congruence(congruence: Congruence) -> GeneralSolution:
    r"""Rewrite `x \equiv 3 \pmod 7` as 3 + 7k."""
    families = tuple(f"{residue} + ({congruence.modulus})k" for residue in congruence.residues)
    return GeneralSolution(families, "k", name=congruence.name)


def read_solution(text: str) -> GeneralSolution | None:
    r"""Read a text with a declared integer parameter, or an unmistakable `x = a + k\pi`."""
    built = _set_builder(text)
    if built:
        return built
    declared = _DECLARATION.search(text)
    if declared is None:
        return _undeclared(text)
    parameter = declared["after"] or declared["before"]
    main = text[: declared.start()].rstrip(" ,.;:({|").removesuffix(r"\quad").rstrip(" ,")
    families, name = _families(main)
    if declared["sort"] and not name:
        return None  # `2^n for every positive integer n` is a formula, not a family
    inside = families and all(parameter in unknowns(family) for family in families)
    return GeneralSolution(families, parameter, _domain(declared), name) if inside else None


def as_solution(text: str) -> GeneralSolution | None:
    """Read a text without a declaration beside one with it: its only unknown is the parameter."""
    families, name = _families(text)
    free = frozenset().union(*map(unknowns, families))
    if len(free) > 1 or not families:
        return None
    return GeneralSolution(families, next(iter(free), ""), name=name)


def _set_builder(text: str) -> GeneralSolution | None:
    if text[:1] not in "\\{" or text[-1:] != "}":
        return None
    inner = text[2:-2] if text.startswith(r"\{") else text[1:-1]
    parts = split(inner, r"\\mid(?![A-Za-z])|[|:]")
    if len(parts) != 2:
        return None
    declared = _DECLARATION.fullmatch(parts[1])
    if declared is None:
        return None
    parameter = declared["after"] or declared["before"]
    families, name = _families(parts[0])
    if not all(parameter in unknowns(family) for family in families):
        return None
    return GeneralSolution(families, parameter, _domain(declared), name)


def _domain(declared: re.Match[str]) -> str:
    if declared["sort"]:
        return declared["sort"]
    named = declared["set"] or declared["command"] or declared["letter"]
    named = named or ("N" if declared["sign"] == "ℕ" else "Z")
    return f"{named}{declared['part'] or ''}"


def _undeclared(text: str) -> GeneralSolution | None:
    families, name = _families(text)
    if not name or not families:
        return None
    free = {frozenset(unknowns(family)) for family in families}
    parameter = next(iter(next(iter(free))), "")
    certain = len(free) == 1 and len(next(iter(free))) == 1 and parameter in _PARAMETERS
    if not certain or not all(_PERIOD.search(family) for family in families):
        return None
    return GeneralSolution(families, parameter, name=name)


def _families(text: str) -> tuple[tuple[str, ...], str]:
    """Return the values in a list and the unknown they are for."""
    collection = read_set(text) or read_list(text)
    items = collection.items if collection else (text,)
    names, values = set(), []
    for item in items:
        sides, signs = split_relation(item)
        if len(sides) > 2 or (signs and (signs != ["="] or not is_name(sides[0]))):
            return (), ""
        if signs:
            names.add(plain_name(sides[0]))
        values.append(sides[-1])
    if len(names) > 1 or len(values) > MAX_FAMILIES or not all(values):
        return (), ""
    return tuple(values), next(iter(names), "")
