r"""Sets of real numbers: intervals, unions, inequalities in one unknown, set-builder notation.

A set is read as a tree of intervals, points, unions, intersections and complements. Two sets are
compared on the *cells* of the line: all ends of both in order, and the gaps between them. A set
is then the cells that it covers, whatever its notation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import (
    AND_OR,
    read_set,
    same_in_any_order,
    with_sign,
)
from rast_bench.grading.robust.kinds.notation import (
    AND,
    NAME,
    OR,
    TURNED,
    enclosed,
    is_name,
    plain_name,
    separators,
    split,
    split_list,
    split_relation,
)

MAX_ENDS = 60
MAX_DEPTH = 8

_CUP = r"\\(?:big)?cup(?![A-Za-z])|∪|(?<![A-Za-z\\])U(?![A-Za-z])"
_CAP = r"\\(?:big)?cap(?![A-Za-z])|∩"
_MINUS = r"\\(?:setminus|backslash)(?![A-Za-z])|(?<=[})\]R]) ?[-\\] ?(?=\\?\{)"
_SUCH_THAT = r"\\(?:mid|vert|colon)(?![A-Za-z])|[|:]"
_INFINITY = re.compile(r"(?P<sign>[-+]?) ?(?:\\infty|∞|infinity)", re.IGNORECASE)
_EXTENDED = re.compile(r"\[ ?[-+]? ?(?:\\infty|∞)|(?:\\infty|∞) ?\]")
_REALS = re.compile(
    r"\\mathbb ?\{? ?R ?\}?|\\Reals?|ℝ|R"
    r"|(?i:\{? ?(?:the )?(?:set of )?(?:all )?real(?:s| numbers?| values)(?: of)?(?: ?\{?[a-z]\}?)?"
    r" ?\}?)",
)
_POSITIVE = re.compile(r"(?:\\mathbb ?\{? ?R ?\}?|R) ?(?:\^ ?\{?\+\}?|_ ?\{? ?(?:\+|> ?0) ?\}?)")
_SIGNED = re.compile(
    r"\{? ?(?:the )?(?:set of )?(?:all )?(?P<sign>positive|negative|non-? ?negative|non-? ?positive"
    r"|non-? ?zero) (?:real (?:numbers?|values)|reals)(?: ?[a-z])? ?\}?",
    re.IGNORECASE,
)
_OF_SIGN = {"positive": ">", "negative": "<", "nonnegative": ">=", "nonpositive": "<="}
_EXCEPT = re.compile(
    r"\{? ?(?:the )?(?:set of )?all (?:real )?(?:numbers?|values|reals)(?: of)?(?: ?[a-z])?"
    r",? (?:except|other than|but|excluding|not equal to|besides)(?: for| when| at| that)? ?\}?"
    r" ?(?P<points>.+)",
    re.IGNORECASE,
)
_MEMBER = re.compile(rf"(?P<name>{NAME}) ?(?P<sign>\\in|\\notin|\\not ?\\in|∈)(?![A-Za-z]) ?")
_ABSOLUTE = re.compile(rf"\| ?(?P<name>{NAME}) ?(?:(?P<sign>[-+]) ?(?P<shift>[^|]+?))? ?\|")


@dataclass(frozen=True)
class Interval:
    low: str
    high: str
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True)
class Points:
    values: tuple[str, ...]


@dataclass(frozen=True)
class Either:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Intersection:
    """An intersection.

    `loose`: of bounds joined by "and" or a comma, which may mean a union (`x<2, x>5`).
    `word`: whether the conjunction is "and".
    """

    parts: "tuple[Node, ...]"
    loose: bool = False
    word: bool = False


@dataclass(frozen=True)
class Complement:
    part: "Node"


Node = Interval | Points | Either | Intersection | Complement
REALS = Interval(r"-\infty", r"\infty", False, False)


@dataclass(frozen=True)
class Region:
    """A set of real numbers.

    Attributes:
        name: the free unknown of inequalities, if any.
        extended: written as closed at infinity (`[1, \\infty]`), which may be a slip or not.
    """

    node: Node
    name: str = ""
    extended: bool = False
    kind: str = "interval"

    def compare(self, gold: Self, compare: Compare) -> Decision:
        decision = self._compare_finite(gold, compare)
        if decision.outcome == "equal" and self.extended != gold.extended:
            return undecided("brackets", "closed at infinity")
        return decision

    def _compare_finite(self, gold: Self, compare: Compare) -> Decision:
        """Compare as subsets of the real line, which are open at infinity."""
        if self.name and gold.name and plain_name(self.name) != plain_name(gold.name):
            return different("relation", "other unknowns")
        ends = [end for node in (self.node, gold.node) for end in _ends(node)]
        if len(ends) > 2 * MAX_ENDS:
            return undecided("limit")
        ranks = _ranks(
            list(dict.fromkeys(_ends(self.node))), list(dict.fromkeys(_ends(gold.node))), compare
        )
        if ranks is None:
            return self._compare_by_ends(gold, compare)
        cells = 2 * len(set(ranks.values())) + 1
        mine, wanted = (_covered(node, ranks, cells) for node in (self.node, gold.node))
        if not mine or not wanted:
            return undecided("elements", "no number at all")
        if mine == wanted:
            as_written = [
                _covered(node, ranks, cells, strict=True) for node in (self.node, gold.node)
            ]
            if as_written[0] != as_written[1]:
                return undecided("elements", AND_OR)
            return equal("elements", "the same set of numbers")
        rule = "brackets" if _differ_in_points(mine, wanted) else "elements"
        return different("brackets" if rule == "brackets" else "elements", "other numbers")

    def _compare_by_ends(self, gold: "Region", compare: Compare) -> Decision:
        """Compare interval by interval, as the order of the ends is unknown."""
        mine, wanted = as_intervals(self.node), as_intervals(gold.node)
        if mine is None or wanted is None:
            return undecided("elements", "ends of unknown order")
        if len(mine) != len(wanted):
            return undecided("count", "ends of unknown order")
        numbers = tuple(map(str, range(len(mine))))

        def same(one: str, other: str) -> Decision:
            return _same_interval(mine[int(one)], wanted[int(other)], compare)

        if len(mine) == 1:
            return same("0", "0")
        first = [f" {number}" for number in numbers]  # make equal numbers distinct
        return same_in_any_order(first, [f"{number} ." for number in numbers], _stripped(same))


def _stripped(same: Compare) -> Compare:
    return lambda one, other: same(one.strip(" ."), other.strip(" ."))


def _same_interval(mine: Interval, wanted: Interval, compare: Compare) -> Decision:
    low = _same_end(mine.low, wanted.low, compare)
    high = _same_end(mine.high, wanted.high, compare)
    for decision in (low, high):
        if decision.outcome == "different":
            return decision
    if (mine.low_closed, mine.high_closed) != (wanted.low_closed, wanted.high_closed):
        return different("brackets", "open here and closed there")
    return low if low.outcome == "undecided" else high


def _same_end(mine: str, wanted: str, compare: Compare) -> Decision:
    infinite = _infinite(mine), _infinite(wanted)
    if any(infinite):
        return (equal if infinite[0] == infinite[1] else different)("elements")
    return compare(mine, wanted)


def is_infinite(end: str) -> bool:
    return _infinite(end) != 0


def _infinite(end: str) -> int:
    match = _INFINITY.fullmatch(end)
    return 0 if match is None else -1 if match["sign"] == "-" else 1


def _ends(node: Node) -> Iterator[str]:
    """Yield the finite ends and points of a set."""
    match node:
        case Interval(low, high):
            yield from (end for end in (low, high) if not _infinite(end))
        case Points(values):
            yield from values
        case Complement(part):
            yield from _ends(part)
        case Either(parts) | Intersection(parts):
            for part in parts:
                yield from _ends(part)


def as_intervals(node: Node) -> list[Interval] | None:
    """Return a union as its intervals; None for other sets or if it takes arithmetic."""
    match node:
        case Interval():
            return [node]
        case Either(parts):
            inner = [part for part in parts if isinstance(part, Interval)]
            return inner if len(inner) == len(parts) else None
        case Intersection((Interval() as one, Interval() as other)):
            for below, above in ((one, other), (other, one)):
                if _infinite(below.high) > 0 and _infinite(above.low) < 0:
                    return [Interval(below.low, above.high, below.low_closed, above.high_closed)]
    return None


def _ranks(mine: list[str], wanted: list[str], compare: Compare) -> dict[str, int] | None:
    """Return the rank of each end on the line, or None if unknown.

    An end of the answer that equals one of the gold answer, perhaps rounded, shares its rank.
    """
    same: dict[str, str] = {end: end for end in wanted}
    for end in mine:
        if end in same:
            continue
        decisions = [(compare(end, other), other) for other in wanted]
        partner = next((other for one, other in decisions if one.outcome == "equal"), None)
        if partner is None and any(one.outcome == "undecided" for one, _ in decisions):
            return None
        same[end] = partner or end
    distinct = list(dict.fromkeys(same.values()))
    if len(distinct) < 2:
        return dict.fromkeys(same, 0)
    order = _sorted(distinct)
    if order is None:
        return None
    return {end: order[other] for end, other in same.items()}


def _sorted(ends: list[str]) -> dict[str, int] | None:
    from rast_bench.grading.robust.kinds.algebra import order  # loads sympy

    groups: list[list[str]] = []  # groups of equal ends, in ascending order
    for end in ends:
        low, high = 0, len(groups)
        while low < high:
            middle = (low + high) // 2
            sign = order(end, groups[middle][0])
            if sign is None:
                return None
            if sign == 0:
                groups[middle].append(end)
                break
            if sign < 0:
                high = middle
            else:
                low = middle + 1
        else:
            groups.insert(low, [end])
    return {end: rank for rank, group in enumerate(groups) for end in group}


def _covered(
    node: Node, ranks: dict[str, int], cells: int, *, strict: bool = False
) -> frozenset[int]:
    """Return the cells of a set: cell 2r + 1 is the end of rank r, even cells are the gaps.

    Args:
        strict: the word "and" never means a union.
    """
    match node:
        case Interval(low, high, low_closed, high_closed):
            begin = 0 if _infinite(low) else 2 * ranks[low] + (1 if low_closed else 2)
            if _infinite(low) > 0 or _infinite(high) < 0:
                return frozenset()
            end = cells - 1 if _infinite(high) else 2 * ranks[high] + (1 if high_closed else 0)
            return frozenset(range(begin, end + 1))
        case Points(values):
            return frozenset(2 * ranks[value] + 1 for value in values)
        case Complement(part):
            return frozenset(range(cells)) - _covered(part, ranks, cells, strict=strict)
        case Either(parts):
            return frozenset().union(
                *(_covered(part, ranks, cells, strict=strict) for part in parts)
            )
        case Intersection(parts, loose, word):
            covered = [_covered(part, ranks, cells, strict=strict) for part in parts]
            both = covered[0].intersection(*covered[1:])
            loose &= not (word and strict)
            return frozenset().union(*covered) if loose and not both else both


def _differ_in_points(mine: frozenset[int], wanted: frozenset[int]) -> bool:
    return all(cell % 2 for cell in mine ^ wanted)


def read_region(text: str) -> Region | None:
    """Read an interval or equivalent; None for a finite set and for other texts."""
    found = _Reader()
    node = found.read(_with_usual_brackets(text), 0)
    if node is None or len(found.names) > 1 or not _is_infinite(node):
        return None
    return Region(node, next(iter(found.names), ""), bool(_EXTENDED.search(text)))


_REVERSED = re.compile(r"(?P<low>[][(])(?P<ends>[^][(),;]{1,60}[,;][^][(),;]{1,60})(?P<high>[])[])")


def _with_usual_brackets(text: str) -> str:
    """Rewrite `]1, 2[` as (1, 2), so that brackets pair up."""
    if "]" not in text and "[" not in text:
        return text
    opening, closing = {"]": "("}, {"[": ")"}
    return _REVERSED.sub(
        lambda match: (
            opening.get(match["low"], match["low"])
            + match["ends"]
            + closing.get(match["high"], match["high"])
        ),
        text,
    )


def region_of_set(items: tuple[str, ...]) -> Region:
    return Region(Points(items))


def _is_infinite(node: Node) -> bool:
    match node:
        case Points():
            return False
        case Interval() | Complement():
            return True
        case Either(parts) | Intersection(parts):
            return any(map(_is_infinite, parts))


class _Reader:
    """Parses a text into a tree and collects the unknowns that are not bound in it."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def read(self, text: str, depth: int) -> Node | None:
        text = text.strip(" ,.;")
        if not text or depth > MAX_DEPTH:
            return None
        exception = _EXCEPT.fullmatch(text)
        if exception:
            return self._except(exception["points"])
        if _REALS.fullmatch(text):
            return REALS
        signed = _SIGNED.fullmatch(text)
        if signed:
            word = signed["sign"].lower().replace("-", "").replace(" ", "")
            return _half_line(_OF_SIGN.get(word, "!="), "0")
        if _POSITIVE.fullmatch(text):
            return Interval("0", r"\infty", False, False)
        for separator, join in ((OR, _either), (rf",|;|{AND}|\\quad", _loose)):
            parts = [part for part in split(text, separator) if part]
            if len(parts) > 1 and not (
                _is_bare_list(parts) if join is _either else _are_pairs(parts)
            ):
                nodes = self._all(parts, depth, after_comma=join is _loose)
                word = next(separators(text, AND), None) is not None
                return None if nodes is None else join(nodes, word)
        for separator, combine in ((_CUP, Either), (_CAP, Intersection)):
            parts = split(text, separator)
            if len(parts) > 1:
                member = _MEMBER.match(parts[0])
                if member:
                    break
                nodes = self._all(parts, depth)
                return None if nodes is None else combine(nodes)
        member = _MEMBER.match(text)
        if member:
            return self._member(member, text[member.end() :], depth)
        parts = split(text, _MINUS)
        if len(parts) == 2:
            nodes = self._all(parts, depth)
            return None if nodes is None else Intersection((nodes[0], Complement(nodes[1])))
        return self._single(text, depth)

    def _all(
        self, parts: list[str], depth: int, *, after_comma: bool = False
    ) -> tuple[Node, ...] | None:
        nodes: list[Node] = []
        for part in parts:
            node = self.read(part, depth + 1)
            if node is None and after_comma and nodes and _is_not_equal(nodes[-1]):
                node = Complement(Points((part,)))  # the 3 of `x \ne 2, 3`
            if node is None:
                return None
            nodes.append(node)
        return tuple(nodes)

    def _member(self, member: re.Match[str], rest: str, depth: int) -> Node | None:
        self.names.add(plain_name(member["name"]))
        node = self.read(rest, depth + 1)
        if node is None:
            return None
        return node if member["sign"] in (r"\in", "∈") else Complement(node)

    def _except(self, points: str) -> Node | None:
        values = []
        for part in split_list(points.strip(" {}") if enclosed(points) else points):
            sides, signs = split_relation(part)
            if signs and (signs not in (["="], ["!="]) or not is_name(sides[0])):
                return None
            values.append(sides[-1])
        return Complement(Points(_with_both_signs(values))) if values else None

    def _single(self, text: str, depth: int) -> Node | None:
        interval = _interval(text)
        if interval:
            return interval
        finite = read_set(text)
        if finite and not split_relation(text[2:-2])[1]:
            built = self._built(text, depth)
            return built or Points(finite.items)
        if enclosed(text) and text[0] in "\\{":
            return self._built(text, depth)
        if enclosed(text) and text[0] == "(":
            return self.read(text[1:-1], depth + 1)
        return self._inequality(text)

    def _built(self, text: str, depth: int) -> Node | None:
        r"""Read `\{x \mid x > 2\}`, whose x is bound."""
        size = 2 if text.startswith(r"\{") else 1
        inner = text[size : -size if text.endswith(r"\}") else -1]
        parts = split(inner, _SUCH_THAT)
        if len(parts) < 2:
            return None
        condition = inner[inner.index(parts[0]) + len(parts[0]) :].lstrip()
        condition = re.sub(rf"\A(?:{_SUCH_THAT})", "", condition).strip()
        before = set(self.names)
        member = _MEMBER.match(parts[0])
        if member:
            domain = self._member(member, parts[0][member.end() :], depth)
        elif is_name(parts[0]):
            self.names.add(plain_name(parts[0]))
            domain = REALS
        else:
            domain = None
        node = self.read(condition, depth + 1) if domain is not None else None
        bound = self.names - before
        self.names = before
        if node is None or domain is None or len(bound) > 1:
            return None
        return node if domain == REALS else Intersection((domain, node))

    def _inequality(self, text: str) -> Node | None:
        r"""Read `a < x \le b`, `x > a`, `x \ne a`, `x = a`, `|x - a| < r`."""
        sides, signs = split_relation(text)
        if not signs or not all(sides) or any(sign in ("~", "==") for sign in signs):
            return None
        if len(signs) == 2:
            return self._between(sides, signs)
        if len(signs) > 2:
            return None
        left, right, sign = sides[0], sides[1], signs[0]
        if is_name(right) or _ABSOLUTE.fullmatch(right):
            left, right, sign = right, left, TURNED.get(sign, sign)
        absolute = _ABSOLUTE.fullmatch(left)
        if absolute:
            self.names.add(plain_name(absolute["name"]))
            return _around(absolute, sign, right)
        if not is_name(left) or is_name(right) or _mentions(left, right):
            return None
        self.names.add(plain_name(left))
        return _half_line(sign, right)

    def _between(self, sides: list[str], signs: list[str]) -> Node | None:
        low, name, high = sides
        if all(sign in (">", ">=") for sign in signs):
            low, high = high, low
            signs = [TURNED[sign] for sign in reversed(signs)]
        if any(sign not in ("<", "<=") for sign in signs):
            return None
        absolute = _ABSOLUTE.fullmatch(name)
        if absolute:
            self.names.add(plain_name(absolute["name"]))
            above, below = (
                _around(absolute, signs[1], high),
                _around(absolute, _MORE[signs[0]], low),
            )
            return None if above is None or below is None else Intersection((above, below))
        if not is_name(name) or _mentions(name, low) or _mentions(name, high):
            return None
        self.names.add(plain_name(name))
        return _ended(low, high, signs[0] == "<=", signs[1] == "<=")


_MORE = {"<": ">", "<=": ">="}


def _either(parts: tuple[Node, ...], _word: bool) -> Node:
    return Either(parts)


def _loose(parts: tuple[Node, ...], word: bool) -> Node:
    bounds = all(isinstance(part, Interval) for part in parts)
    return Intersection(parts, loose=bounds and len(parts) == 2, word=word)


def _is_bare_list(parts: list[str]) -> bool:
    return not any(split_relation(part)[1] or part[:1] in "([\\{" for part in parts)


def _are_pairs(parts: list[str]) -> bool:
    """Return whether commas separate points or intervals, which makes a list."""
    return len(parts) > 1 and any(part[:1] in ("(", "[") for part in parts)


def _is_not_equal(node: Node) -> bool:
    return isinstance(node, Complement) and isinstance(node.part, Points)


def _mentions(name: str, text: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z\\]){re.escape(plain_name(name))}(?![A-Za-z])", text))


def _with_both_signs(values: list[str]) -> tuple[str, ...]:
    written: list[str] = []
    for value in values:
        signed = r"\pm" in value or r"\mp" in value
        written += [with_sign(value, "+"), with_sign(value, "-")] if signed else [value]
    return tuple(written)


def _interval(text: str) -> Interval | None:
    if text[:1] not in ("(", "[") or text[-1] not in ")]" or not enclosed(text):
        return None
    parts = split(text[1:-1], r"[,;]")
    if len(parts) != 2 or not all(parts) or any(split_relation(part)[1] for part in parts):
        return None
    return _ended(parts[0], parts[1], text[0] == "[", text[-1] == "]")


def _ended(low: str, high: str, low_closed: bool, high_closed: bool) -> Interval:
    """Return an interval that is open at infinity, whatever is written."""
    return Interval(
        low, high, low_closed and not _infinite(low), high_closed and not _infinite(high)
    )


def _half_line(sign: str, end: str) -> Node | None:
    match sign:
        case "<" | "<=":
            return _ended(r"-\infty", end, False, sign == "<=")
        case ">" | ">=":
            return _ended(end, r"\infty", sign == ">=", False)
        case "!=":
            return Complement(Points(_with_both_signs([end])))
        case "=":
            return Points(_with_both_signs([end]))
    return None


def _around(absolute: re.Match[str], sign: str, radius: str) -> Node | None:
    centre = absolute["shift"] or "0"
    if absolute["sign"] == "+":
        centre = f"-({centre})"
    low, high = f"{centre} - ({radius})", f"{centre} + ({radius})"
    inside = _ended(low, high, sign in ("<=", ">"), sign in ("<=", ">"))
    if sign in ("<", "<="):
        return inside
    return Complement(inside) if sign in (">", ">=") else None
