"""Systems of relations: `x + y = 3, x - y = 1`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import (
    all_of,
    read_tuple,
    same_in_any_order,
    same_in_order,
)
from rast_bench.grading.robust.kinds.equations import read_equation, unknowns
from rast_bench.grading.robust.kinds.notation import (
    AND,
    OR,
    is_name,
    separators,
    split,
    split_relation,
)

MAX_SYSTEM = 40
_CASES = re.compile(
    r"(?P<name>[^\\{}]{0,40}=)? ?(?:\\\{)? ?\\begin ?\{(?P<environment>cases|aligned?|array|split"
    r"|gathered)\*?\} ?(?:\{[lcr| ]*\})?(?P<rows>.*)\\end ?\{(?P=environment)\*?\}",
    re.DOTALL,
)
_ROW = re.compile(r"\\\\(?:\[[^\]]*\])?|\\cr(?![A-Za-z])")
_SEPARATOR = rf"[,;]|{AND}"


@dataclass(frozen=True)
class System:
    """Relations that hold simultaneously, in any order."""

    items: tuple[str, ...]
    kind: str = "system"

    def assignment(self) -> dict[str, str] | None:
        """Return the value of each unknown if every relation gives one: `x = 1, y = 2`."""
        values: dict[str, str] = {}
        for item in self.items:
            equation = read_equation(item)
            name = None if equation is None else equation.single_name()
            if equation is None or name is None or name in values:
                return None
            values[name] = equation.value
        return values

    def may_be_number_set(self) -> bool:
        """Return whether it has one unknown, so that its solutions are numbers."""
        return len(unknowns(" ".join(self.items))) == 1

    def compare(self, gold: Self, compare: Compare) -> Decision:
        values, wanted = self.assignment(), gold.assignment()
        if values is not None and wanted is not None:
            if values.keys() == wanted.keys():
                decision = all_of(compare(values[name], wanted[name]) for name in wanted)
                names = sorted(wanted)
                if decision.outcome == "different" and _has_parameter(values, wanted):
                    return same_lines(
                        [values[name] for name in names], [wanted[name] for name in names]
                    )
                return decision
            return different("relation", "other unknowns")
        decision = same_in_any_order(self.items, gold.items, compare)
        if decision.outcome != "different":
            return decision
        return self._compare_one_relation(gold, compare)

    def _compare_one_relation(self, gold: Self, compare: Compare) -> Decision:
        """Compare systems with all relations but one in common: this one decides if independent.

        Other systems that look different may have the same solutions.
        """
        mine, rest = self.items, list(gold.items)
        left = []
        for item in mine:
            partner = next((each for each in rest if compare(item, each).outcome == "equal"), None)
            if partner is None:
                left.append(item)
            else:
                rest.remove(partner)
        if len(left) == len(rest) == 1:
            about = unknowns(left[0]) | unknowns(rest[0])
            others = (item for item in (*mine, *gold.items) if item not in (*left, *rest))
            if not any(unknowns(item) & about for item in others):
                return compare(left[0], rest[0])
        return undecided("relation", "systems of other equations")

    def compare_values(
        self, values: tuple[str, ...], compare: Compare, *, ordered: bool
    ) -> Decision:
        """Compare the values of the unknowns in alphabetical order (or as written).

        Args:
            ordered: the other side is a tuple; in a list, those of x_1 and x_2 have no order.
        """
        assigned = self.assignment()
        if assigned is None:
            number = len(unknowns(" ".join(self.items)))
            if number == 1 or number == len(values):
                return undecided("relation", "a system that is not solved")
            return different("kind", "values for relations")
        equations = [read_equation(value) for value in values]
        unknown = {name.partition("_")[0] for name in assigned}
        names = {name for equation in equations if equation for name in equation.names}
        if len(unknown) == 1 and names <= unknown and not ordered:
            given = [
                each.value if each else value for each, value in zip(equations, values, strict=True)
            ]
            return same_in_any_order(tuple(assigned.values()), given, compare)
        if any(split_relation(value)[1] for value in values):
            return different("kind", "values for relations")
        in_order = tuple(assigned[name] for name in sorted(assigned))
        decision = same_in_order(in_order, values, compare)
        as_written = tuple(assigned.values())
        letters = all(len(name) == 1 for name in assigned)
        usual = letters and _follow_in_alphabet(assigned)
        if decision.outcome == "equal" and (usual or in_order == as_written):
            return decision
        other = same_in_order(as_written, values, compare)
        if other.outcome == "equal" and not ordered and letters and not usual:
            return equal("elements", "values in the order in which they are written")
        if decision.outcome == other.outcome == "different":
            if ordered or usual:
                return decision
            anyhow = same_in_any_order(as_written, values, compare)
            return anyhow if anyhow.outcome == "different" else undecided("order")
        return undecided("order")


def _follow_in_alphabet(letters: Iterable[str]) -> bool:
    """Return whether the letters are consecutive, as x, y, z: their order is clear."""
    return all(ord(after) == ord(before) + 1 for before, after in pairwise(sorted(letters)))


def _has_parameter(values: dict[str, str], wanted: dict[str, str]) -> bool:
    """Return whether both use one parameter each: `x = 1 + t, y = 2t`."""
    return all(
        len(frozenset().union(*map(unknowns, each.values())) - each.keys()) == 1
        for each in (values, wanted)
    )


def same_lines(values: list[str], wanted: list[str]) -> Decision:
    from rast_bench.grading.robust.kinds.lines import same_line  # loads sympy

    return same_line(values, wanted)


def read_system(text: str) -> System | None:
    r"""Read `x + y = 3, x - y = 1`, a `cases` environment, `(x, y) = (1, 2)`, `x = y = 2`."""
    environment = _CASES.fullmatch(text)
    if environment and not environment["name"] and r"\begin" not in environment["rows"]:
        rows = _ROW.split(environment["rows"])
        parts = [row.replace("&", " ").strip(" ,.;") for row in rows]
    elif next(separators(text, OR), None):  # alternatives
        return None
    else:
        parts = [part.strip() for part in split(text, _SEPARATOR)]
    parts = [part for part in parts if part]
    relations = [split_relation(part)[1] for part in parts]
    if not parts or not all(relations) or len(parts) > MAX_SYSTEM:
        return None
    if len(parts) == 1:
        return _from_one(parts[0])
    equations = [read_equation(part) for part in parts]
    names = [
        (single,) if (single := equation.single_name()) else equation.names
        for equation in equations
        if equation and equation.is_definition()
    ]
    if len(names) == len(parts) and (len(set(names)) == 1 or _repeat(names)):
        return None  # values of one unknown or several solutions: a list
    return System(tuple(parts))


def _repeat(names: Sequence[tuple[str, ...]]) -> int:
    """Return the number of names if they recur in the same order, else 0."""
    size = names.index(names[0], 1) if names and names[0] in names[1:] else 0
    if not size or len(names) % size or len(set(names[:size])) < size:
        return 0
    return size if all(name == names[at % size] for at, name in enumerate(names)) else 0


def read_solutions(text: str) -> tuple[str, ...]:
    """Return the solutions of `p = 5, q = 2; p = 7, q = 2`, one text each; else empty."""
    parts = [part for part in split(text, _SEPARATOR) if part]
    if len(parts) > MAX_SYSTEM or len(parts) < 4:
        return ()
    equations = [read_equation(part) for part in parts]
    names = [equation.names for equation in equations if equation and equation.is_definition()]
    size = _repeat(names) if len(names) == len(parts) else 0
    if size < 2:
        return ()
    return tuple(", ".join(parts[at : at + size]) for at in range(0, len(parts), size))


def _from_one(text: str) -> System | None:
    sides, signs = split_relation(text)
    if set(signs) != {"="}:
        return None
    if len(sides) > 2 and all(map(is_name, sides[:-1])) and not is_name(sides[-1]):
        return System(tuple(f"{side} = {sides[-1]}" for side in sides[:-1]))
    if len(sides) != 2:
        return None
    names, values = read_tuple(sides[0]), read_tuple(sides[1])
    if names is None or values is None or not all(map(is_name, names.items)):
        return None
    if len(names.items) != len(values.items) or len(names.items) < 2:
        return None
    items = zip(names.items, values.items, strict=True)
    return System(tuple(f"{name} = {value}" for name, value in items))
