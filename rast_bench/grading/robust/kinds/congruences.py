r"""Congruences: `x \equiv 1, 3 \pmod 8`."""

import re
from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import all_of, same_in_any_order
from rast_bench.grading.robust.kinds.notation import AND, is_name, plain_name, split, split_relation

_MODULUS = re.compile(
    r",? ?(?P<open>\()? ?\\?(?:p|b)?mod(?![A-Za-z]) ?\{? ?(?P<modulus>[0-9]{1,40}|[a-zA-Z])"
    r" ?\}?(?(open) ?\))\Z"
)
_INTEGER = re.compile(r"-? ?[0-9]{1,400}")


@dataclass(frozen=True)
class Congruence:
    r"""Residues of one modulus: `x \equiv 1, 3 \pmod 8`.

    `operation`: written as a remainder (`17 \bmod 10`), not as a residue class.
    """

    residues: tuple[str, ...]
    modulus: str
    name: str = ""
    operation: bool = False
    kind: str = "congruence"

    def numbers(self) -> tuple[frozenset[int], int] | None:
        """Return the least residues and the modulus, if all are plain integers."""
        if not self.modulus.isdigit() or not int(self.modulus):
            return None
        if not all(_INTEGER.fullmatch(residue) for residue in self.residues):
            return None
        modulus = int(self.modulus)
        values = (int(residue.replace(" ", "")) for residue in self.residues)
        return frozenset(value % modulus for value in values), modulus

    def compare(self, gold: Self, compare: Compare) -> Decision:
        if self.name and gold.name and plain_name(self.name) != plain_name(gold.name):
            return different("relation", "other unknowns")
        mine, wanted = self.numbers(), gold.numbers()
        if mine and wanted:
            if mine[1] == wanted[1]:
                same = mine[0] == wanted[0]
                return (equal if same else different)("exact", "residues of one modulus")
            lifted = _lifted(*mine, wanted[1]), _lifted(*wanted, mine[1])
            if None in lifted:
                return undecided("limit")
            if lifted[0] == lifted[1]:
                return equal("exact", "residues of another modulus")
            return different("exact", "residues of another modulus")
        return all_of(
            (
                compare(self.modulus, gold.modulus),
                same_in_any_order(self.residues, gold.residues, compare),
            )
        )

    def compare_number(self, number: str, compare: Compare) -> Decision:
        """Compare with a gold number without modulus: the residue as written."""
        if len(self.residues) > 1:
            return different("count")
        decision = compare(self.residues[0], number)
        mine = self.numbers()
        if decision.outcome == "equal":
            least = mine and int(self.residues[0].replace(" ", "")) in mine[0]
            return decision if least else undecided("relation", "a residue that is not the least")
        if decision.outcome != "different" or not mine or not _INTEGER.fullmatch(number):
            return decision
        if int(number.replace(" ", "")) % mine[1] in mine[0]:
            return undecided("exact", "another residue of the same class")
        return decision


def _lifted(residues: frozenset[int], modulus: int, other: int) -> frozenset[int] | None:
    """Return residues of a modulus as those of its least common multiple with another."""
    from math import lcm

    common = lcm(modulus, other)
    if common // modulus * len(residues) > 10_000:
        return None
    return frozenset(
        residue + modulus * turn for residue in residues for turn in range(common // modulus)
    )


def read_congruence(text: str) -> Congruence | None:
    modulus = _MODULUS.search(text)
    if modulus is None:
        return None
    main = text[: modulus.start()].strip()
    sides, signs = split_relation(main)
    if not all(sides) or len(signs) > 1 or (signs and signs[0] not in ("==", "=")):
        return None
    if signs and not is_name(sides[0]):
        return None
    residues = split(sides[-1], rf"[,;]|{AND}|(?<![A-Za-z])or(?![A-Za-z])|\{{ ?or ?\}}")
    residues = [residue for residue in residues if residue]
    operation = not signs and not modulus["open"] and "pmod" not in modulus[0]
    return Congruence(tuple(residues), modulus["modulus"], sides[0] if signs else "", operation)
