"""The figures that an experiment asks for, by kind, from its claims."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.config.experiment import FigureKind, Measure
from rast_bench.reporting.claim_figures import (
    bar_figure,
    dot_figure,
    k_figure,
    strength_figure,
)
from rast_bench.reporting.claim_numbers import BEHAVIOURS
from rast_bench.reporting.claims import Claim
from rast_bench.reporting.joint_grid import grid_figure
from rast_bench.reporting.stems import file_stem

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def claim_figures(
    kinds: Sequence[FigureKind], claims: Sequence[Claim], title: str
) -> dict[str, "Figure"]:
    """By file stem; one per section for pass@k and majority@k, one for all grids of one dimension.

    Figures 4 and 5 (similarity, kl) are not among them: see analysis_figures.
    """
    found: dict[str, Figure] = {}
    for kind in kinds:
        if kind in ("pass@k", "majority@k"):
            for section, members in _by_section(claims, kind).items():
                stem = file_stem(found, kind.replace("@", "_at_"), section)
                found[stem] = k_figure(f"{kind} of {section}", members)
        elif kind == "grids":
            found |= _grids(claims, title)
        elif kind == "behaviour":
            members = [claim for claim in claims if claim.measure in BEHAVIOURS]
            found["behaviour"] = bar_figure(title, members, "per response")
        elif kind == "length":
            found["length"] = bar_figure(title, _of(claims, "response length"), "tokens")
        elif kind == "pcr":
            members = [claim for claim in _of(claims, "PCR") if claim.ours or claim.published]
            if members:  # without an analysis and a published number there is nothing to draw
                found["path_coverage"] = dot_figure(title, members, "PCR (%)")
    return found


def _by_section(claims: Sequence[Claim], measure: Measure) -> dict[str, list[Claim]]:
    members = _of(claims, measure)
    sections = dict.fromkeys(claim.section for claim in members)
    return {one: [claim for claim in members if claim.section == one] for one in sections}


def _of(claims: Sequence[Claim], measure: Measure) -> list[Claim]:
    return [claim for claim in claims if claim.measure == measure and claim.grid is None]


def _grids(claims: Sequence[Claim], title: str) -> dict[str, "Figure"]:
    """Grids of one dimension side by side in one figure, each of two in one of its own."""
    lines: list[Claim] = []
    found: dict[str, Figure] = {}
    for grid in dict.fromkeys(claim.grid for claim in claims if claim.grid is not None):
        members = [claim for claim in claims if claim.grid == grid and claim.measure == "accuracy"]
        strengths = {claim.lambda_ for claim in members}
        temperatures = {claim.temperature for claim in members}
        if len(strengths) > 1 and len(temperatures) > 1:
            first = members[0]
            stem = file_stem(found, "grid", grid)
            found[stem] = grid_figure(f"{first.label} on {first.dataset}", members)
        else:
            lines += members
    if lines:
        found["strength"] = strength_figure(title, lines)
    return found
