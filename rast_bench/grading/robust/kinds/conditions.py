r"""Answers followed by a condition: `f(x) = cx \text{ for any real } c`, `y = x^2, x > 0`."""

import re
from dataclasses import dataclass

from rast_bench.grading.decision import Decision, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.equations import unknowns
from rast_bench.grading.robust.kinds.notation import NAME, separators, split, split_relation

_WORD = (
    r"(?:\{ ?[,;]? ?|(?<=[\s,;]))(?:where|for|with|if|when|whenever|provided|such that|given"
    r"|assuming|as long as|here|on)(?![A-Za-z])"
)
_MEMBERS = re.compile(rf"{NAME}(?: ?, ?{NAME}){{0,4}} ?(?:\\in(?![A-Za-z])|∈).+")
_OF_ALL = re.compile(
    rf"(?P<names>{NAME}(?: ?, ?{NAME}){{0,4}}) ?(?:\\in(?![A-Za-z])|∈) ?"
    r"\{? ?(?:\\mathbb ?)?\{? ?(?P<set>[ZNRCQ]) ?\}? ?\}?(?:\^\+|\^\{ ?\+ ?\}|_\+)?"
)
_FROM_START = re.compile(r"n ?(?:\\ge(?![A-Za-z]) ?[01]|> ?0)")  # of a sequence
_HALF = re.compile(r"\b(?:positive|non-?negative|natural)\b", re.IGNORECASE)
_WHOLE = frozenset("ijklmn")
_BUILT = re.compile(r"\\?\{ ?[A-Za-z] ?(?:\\mid|[|:])")
_FREE = re.compile(
    r"\{? ?,? ?(?:for |where |with |and )?(?:all|any|every|some|each|an? arbitrary|real|constants?"
    r"|arbitrary|integers?|(?:positive|non-?negative|natural) (?:integers?|numbers?)"
    r"|numbers?|is|are|an?|the|any|of|which|fixed|parameter|where|[ {},.]|\\mathbb|\\in"
    r"|[A-Za-z](?![A-Za-z])|_|\d)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Conditioned:
    """The answer and its conditions as written."""

    main: str
    conditions: tuple[str, ...]
    kind: str = "answer with a condition"

    def compare(self, gold: "Conditioned", compare: Compare) -> Decision:
        decision = compare(self.main, gold.main)
        if decision.outcome != "equal":
            return decision
        for wanted in gold.conditions:
            for mine in self.conditions:
                if _name(mine) and _name(mine) == _name(wanted):
                    other = compare(mine, wanted)
                    if other.outcome == "different":
                        return other
                    if other.outcome == "undecided":
                        return undecided("relation", "conditions")
        return decision

    def compare_without(self, gold: str, compare: Compare) -> Decision:
        """Compare with a gold answer without a condition: mere quantifiers are none."""
        decision = compare(self.main, gold)
        harmless = all(is_free(condition, self.main) for condition in self.conditions)
        if decision.outcome == "equal" and not harmless:
            return undecided("relation", "a condition that the gold answer lacks")
        return decision


def is_free(condition: str, main: str) -> bool:
    r"""Return whether it only quantifies: "for any real c", `k \in \mathbb{Z}`; not `x > 0`.

    Args:
        main: the answer; the k of `2k\pi` is an integer that may be negative.
    """
    bare = re.sub(r"\A(?:\{ ?)?[,;]? ?(?:where|for|with)(?![A-Za-z])", "", condition)
    bare = re.sub(r"^[ {}]*(?:all|any|every)?[ {}]*", "", bare).strip(" {}")
    periodic = r"\pi" in main or r"\degree" in main
    among = _OF_ALL.fullmatch(bare) or _OF_ALL.fullmatch(bare + "}")
    if among:
        whole = bool(set(among["names"]) & _WHOLE)
        return among["set"] not in ("RCQ" if whole else "") + ("N" if periodic else "")
    if _FROM_START.fullmatch(bare):
        return not periodic
    if periodic and _HALF.search(condition):
        return False
    return bool(_FREE.fullmatch(condition))


def _name(condition: str) -> str:
    match = re.match(rf" ?({NAME})", re.sub(_WORD, "", condition).strip(" {}"))
    return match[1] if match else ""


def read_conditioned(text: str) -> Conditioned | None:
    word = next((match for match in separators(text, _WORD)), None)
    if word is not None and word.start() > 0:
        main = text[: word.start()].rstrip(" ,;({")
        condition = text[word.start() :].strip(" )")
        return Conditioned(main, (condition,)) if main else None
    parts = [part for part in split(text, r"[,;]") if part]
    count = 0
    while count < len(parts) - 1 and _is_condition(parts[-1 - count]):
        count += 1
    if not count:
        return None
    answers, conditions = parts[:-count], parts[-count:]
    if len(answers) == 1 and _is_condition(answers[0]):
        return None  # a system of inequalities
    about = frozenset().union(*map(unknowns, answers))
    if not all(unknowns(condition) & about for condition in conditions):
        return None  # `x = 1, y > 2`
    return Conditioned(", ".join(answers), tuple(conditions))


def _is_condition(part: str) -> bool:
    bare = part.strip(" (){}")
    if _MEMBERS.fullmatch(bare) or _BUILT.match(part):
        return True
    signs = split_relation(bare)[1]
    return bool(signs) and all(sign in ("<", ">", "<=", ">=", "!=") for sign in signs)
