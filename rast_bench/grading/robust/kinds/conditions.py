r"""Answers with a condition behind them: `f(x) = cx \text{ for any real } c`, `y = x^2, x > 0`."""

import re
from dataclasses import dataclass

from rast_bench.grading.decision import Decision, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.relations import unknowns
from rast_bench.grading.robust.kinds.writing import NAME, separators, split, split_relation

_WORD = (
    r"(?:\{ ?|(?<=[\s,;]))(?:where|for|with|if|when|whenever|provided|such that|given|assuming"
    r"|as long as|here|on)(?![A-Za-z])"
)
_MEMBERS = re.compile(rf"{NAME}(?: ?, ?{NAME}){{0,4}} ?(?:\\in(?![A-Za-z])|∈).+")
_DOMAIN = re.compile(rf"{NAME}(?: ?, ?{NAME}){{0,4}} ?(?:<|>|!=|\\(?:le|ge|ne|in)(?![A-Za-z])).*")
_BUILT = re.compile(r"\\?\{ ?[A-Za-z] ?(?:\\mid|[|:])")
_FREE = re.compile(
    r"\{? ?(?:for |where |with |and )?(?:all|any|every|some|each|an? arbitrary|real|constants?"
    r"|arbitrary|integers?|positive|nonnegative|negative|number|numbers|is|are|an?|the|any|domain"
    r"|values?|of|which|defined|fixed|parameter|where|[ {},.]|\\mathbb|\\in|[A-Za-z](?![A-Za-z])"
    r"|_|\d)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Conditioned:
    """What is answered, and the conditions as they are written."""

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
        """Where the gold has no condition: one that only says what unknowns are is none."""
        decision = compare(self.main, gold)
        harmless = all(is_domain(condition) for condition in self.conditions)
        if decision.outcome == "equal" and not harmless:
            return undecided("relation", "a condition that the gold answer lacks")
        return decision


def is_domain(condition: str) -> bool:
    """Whether it only says which values an unknown may have."""
    bare = re.sub(r"\A(?:\{ ?)?(?:where|for|with|if|when|on)(?![A-Za-z])", "", condition)
    bare = re.sub(r"^[ {}]*(?:all|any|every|some)?[ {}]*", "", bare)
    return bool(_DOMAIN.fullmatch(bare.strip(" {}")) or _FREE.fullmatch(condition))


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
