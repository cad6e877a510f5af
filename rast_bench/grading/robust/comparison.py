r"""Compare an answer with the gold answer: read both as every kind they may be, then decide.

1. The same characters, blanks aside, are equal.
2. `readings.READERS` read each text, in their order. The first kind of the gold answer that the
   answer can also be read as decides, by the rules of that kind (`kinds/`). If its rules find that
   one of them cannot be read after all, the next kind is asked.
3. Without a common kind, a rule of `crossings.CROSSINGS` may let one kind stand for another.
4. If none applies, the answer is different if both are clearly something, else undecided.

Parts (elements of a list, sides of a chain) are compared in the same way, to a depth of
`MAX_LEVELS` and at most `MAX_COMPARISONS` times in total.
"""

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.crossings import (
    Pair,
    crossing,
    general_solutions,
    number_for_congruence,
)
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.expressions import Expression
from rast_bench.grading.robust.kinds.notation import (
    bare,
    has_lone_arrow,
    has_modulus,
    without_arrows,
)
from rast_bench.grading.robust.readings import QUICK_READERS, Text, body, read, stands_alone

MAX_LEVELS = 8
MAX_COMPARISONS = 50_000


def quick(answer: str, gold: str) -> Decision | None:
    """Decide by characters, plain numbers, letters and truth values, or return None.

    It needs no sympy and never contradicts `compare`: it uses the first of the readers.
    """
    same = _same_characters(answer, gold)
    if same is not None:
        return same
    if has_modulus(answer) or has_modulus(gold):
        return None
    for reader in QUICK_READERS:
        wanted = reader(body(gold))
        mine = None if wanted is None else reader(body(answer))
        if wanted is not None and mine is not None:
            try:
                decision = mine.compare(wanted, _compared_later)
            except _NotQuickError:
                return None
            return None if decision.reason == "unread" else decision
    return None


class _NotQuickError(Exception):
    """The parts would have to be compared."""


def _compared_later(_answer: str, _gold: str) -> Decision:
    raise _NotQuickError


def load_libraries() -> None:
    """Load what comparing needs, so that it does not count as the first comparison's time."""
    import pint  # noqa: F401

    from rast_bench.grading.robust.kinds import algebra  # noqa: F401  # loads sympy and flint


def compare(answer: str, gold: str) -> Decision:
    """Compare a cleaned answer with the cleaned gold answer."""
    decision = _Comparison().compare(without_arrows(answer), without_arrows(gold), 0)
    if decision.outcome == "equal" and has_lone_arrow(answer, gold):
        return undecided("relation", "an arrow on one side only")
    return decision


def _same_characters(answer: str, gold: str) -> Decision | None:
    if not answer or not gold:
        return undecided("unread", "nothing is written")
    return equal("same text") if bare(answer) == bare(gold) else None


class _Comparison:
    """One comparison and those of its parts."""

    def __init__(self) -> None:
        self._left = MAX_COMPARISONS
        self._known: dict[tuple[str, str, int], Decision] = {}

    def compare(self, answer: str, gold: str, level: int) -> Decision:
        same = _same_characters(answer, gold)
        if same is not None:
            return same
        key = answer, gold, level
        known = self._known.get(key)
        if known is None:
            self._left -= 1
            if level > MAX_LEVELS or self._left < 0:
                return undecided("limit")
            known = self._known[key] = self._by_kinds(read(answer), read(gold), level)
        return known

    def _by_kinds(self, answer: Text, gold: Text, level: int) -> Decision:
        def below(one: str, other: str) -> Decision:
            return self.compare(one, other, level + 1)

        unread: Decision | None = None
        complete = True  # nothing failed but the attempt to read both as expressions
        for wanted in gold.readings:
            for mine in answer.readings:
                if mine.kind == wanted.kind:
                    decision = mine.compare(wanted, below)
                    if isinstance(wanted, Expression):
                        decision = _beside_unit(answer, gold, decision, below)
                    if decision.reason != "unread":
                        return _with_modulus(decision, answer, gold)
                    unread = decision
                    complete &= isinstance(wanted, Expression)
        for wanted in filter(stands_alone, gold.readings):
            for mine in filter(stands_alone, answer.readings):
                rule = crossing(mine.kind, wanted.kind)
                if rule is not None:
                    crossed = rule(Pair(answer, gold, mine, wanted, below))
                    if crossed is not None:
                        known = rule in (number_for_congruence, general_solutions)
                        return crossed if known else _with_modulus(crossed, answer, gold)
        if unread is not None and not (complete and answer.is_structure() and gold.is_structure()):
            return unread
        if not (answer.is_clear() and gold.is_clear()):
            return undecided("unread")
        return different("kind", f"{answer.kind} for {gold.kind}")


def _with_modulus(decision: Decision, answer: Text, gold: Text) -> Decision:
    """Return undecided for what is equal to a remainder or residue class without its modulus."""
    if decision.outcome != "equal" or has_modulus(answer.text) == has_modulus(gold.text):
        return decision
    return undecided("relation", "a modulus on one side only")


def _beside_unit(answer: Text, gold: Text, decision: Decision, compare: Compare) -> Decision:
    r"""Compare expressions of which one may be a quantity: the N of `2450\\pi N` is a unit then."""
    units = [text.quantity() for text in (answer, gold)]
    if decision.outcome == "equal" or (units[0] is None) == (units[1] is None):
        return decision
    if units[1] is not None:
        other = units[1].compare_answer(answer.text, compare)
    elif units[0] is not None:
        other = units[0].compare_gold(gold.text, compare)
    sure = decision.outcome == "different" and other.outcome == "different"
    return decision if sure or other.reason == "unread" else other
