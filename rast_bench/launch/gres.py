"""GPUs in the words of SLURM (pure): `gres=gpu:h100:4`, `constraint=a100|h100`."""

import re
from dataclasses import dataclass

from rast_bench.known.cards import CARDS

_GPU = re.compile(r"(?P<before>^|,)gpu(?P<type>:[A-Za-z][\w.-]*)?(?P<count>:\d+)?(?=,|$)")


@dataclass(frozen=True)
class Gres:
    """What a gres says of GPUs; None for what it leaves open."""

    card: str | None  # as the site names it
    count: int | None


def gpus_of_gres(gres: str | None) -> Gres | None:
    """The GPUs of a gres; None where it asks for none."""
    match = _GPU.search(gres or "")
    if match is None:
        return None
    card, count = match["type"], match["count"]
    return Gres(card and card[1:], int(count[1:]) if count else None)


def gres_for(gres: str | None, devices: int) -> str | None:
    """The gres with so many GPUs, where it asks for any."""
    return gres and _GPU.sub(rf"\g<before>gpu\g<type>:{devices}", gres)


def card_of_constraint(constraint: str | None) -> str | None:
    """The card that every node with these features has, the smallest of several; None if unknown.

    Features are joined by `|` (or) and `&` or `,` (and).
    """
    found = []
    for choice in (constraint or "").split("|"):
        cards = [word for word in re.split(r"[&,\[\]() ]", choice) if word.lower() in CARDS]
        if not cards:
            return None
        found.append(cards[0].lower())
    return min(found, key=lambda card: CARDS[card].memory)
