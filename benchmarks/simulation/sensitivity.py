"""The same simulation under other assumptions, each changed alone."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from simulation.scenario import Outcome, Scenario, simulate

VARIED: dict[str, tuple[Any, ...]] = {
    "load_seconds": (0.0, 60.0, 300.0, 600.0),
    "max_rows": (16, 64, 1024),
    "runaway_tokens": (0.0, 0.05, 0.3),
    "sigma": (0.3, 0.9),
    "length_scale": (0.5, 2.0),
    "samples": (1, 4, 64),
    "efficiency": (0.4, 1.0),
    "devices": (1, 4, 8),
    "cards_an_engine": (8,),
    "card": ("h100",),
    "seed": (1, 2),
}


def variations(base: Scenario, measured_slope: float) -> Iterator[tuple[str, Any, Outcome]]:
    """(assumption, its value, both ways).

    Args:
        measured_slope: per_row over fixed of a measured curve, taken for the card's own.
    """
    values = VARIED | {"per_row_over_fixed": (measured_slope,)}
    for name, others in values.items():
        for value in others:
            if asdict(base)[name] != value:
                yield name, value, simulate(replace(base, **{name: value}))
