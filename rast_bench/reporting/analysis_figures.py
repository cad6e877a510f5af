"""Figure 4, drawn from what `rast-bench analyse` saved; figure 5 is in the viewer's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.experiment import ExperimentConfig
from rast_bench.errors import LedgerError
from rast_bench.reporting.figure_style import (
    MARKERS,
    ONLY_PUBLISHED,
    PALETTE,
    add_legend,
    grid_lines,
    hollow,
    house_style,
)
from rast_bench.reporting.ours import Ours, ours_of
from rast_bench.results.registry import COSINE, PCR, RECOVERY
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OURS = (
    "horizontal: ± one standard error over paths;\n"
    "vertical: 95 % of published numbers lie there if both runs measure the same"
)
BOTH = "filled: ours; hollow: published\n" + OURS


@dataclass(frozen=True)
class SimilarityPoint:
    """One ΔR at one base model on one data set: eq. 6 with the base's own ΔR against eq. 5.

    `ours` and `published` are (cosine, recovery rate in percent), None if one of them is missing.
    Results of one base model have one `section`.
    """

    label: str
    section: str
    ours: tuple[Ours, Ours] | None
    published: tuple[float, float] | None


def check_tokens(experiment: ExperimentConfig, results_dir: Path) -> bool:
    """Return whether the experiment requests figure 5, whose tokens the viewer's page shows.

    Raises:
        LedgerError: the analysis was not run; the hint is the command to run.
    """
    if "kl" not in experiment.figures:
        return False
    from rast_bench.analysis.saved import load_provenance

    load_provenance(results_dir, experiment.name, "kl", "rast")
    return True


def analysis_figures(
    experiment: ExperimentConfig, results: Sequence[Result], results_dir: Path
) -> dict[str, "Figure"]:
    """Return figure 4 by its file stem, if the experiment requests it.

    Raises:
        LedgerError: there is neither an analysis of ours nor a published number to draw, also for
            figure 1a; the hint is the command to run.
    """
    from rast_bench.analysis.saved import load_summary

    drawable = any(one.measure == PCR and (ours_of(one) or one.published) for one in results)
    if "pcr" in experiment.figures and not drawable:
        load_summary(results_dir, experiment.name, "pcr")
    if "similarity" not in experiment.figures:
        return {}
    points = similarity_points(results)
    if not points:
        load_summary(results_dir, experiment.name, "similarity")
        raise LedgerError(
            f"experiment {experiment.name}: no ΔR has both a similarity and a recovery rate",
            hint=f"`python run.py experiment={experiment.name}` makes the missing samples",
        )
    return {"similarity": similarity_figure(experiment.title or experiment.name, points)}


def similarity_points(results: Sequence[Result]) -> tuple[SimilarityPoint, ...]:
    """Return the pairs (base model's own ΔR, transferred ΔR) with something to draw, in order."""
    rates = {
        (result.section, result.row, result.dataset): result
        for result in results
        if result.measure == RECOVERY and result.role == "rast"
    }
    several = len({result.dataset for result in rates.values()}) > 1
    points = []
    for cosine in results:
        rate = rates.get((cosine.section, cosine.row, cosine.dataset))
        if cosine.measure != COSINE or rate is None:
            continue
        ours, rate_of_ours = ours_of(cosine), ours_of(rate)
        both = cosine.published and rate.published
        point = SimilarityPoint(
            f"ΔR {cosine.section} v. ΔR {cosine.delta}"
            + (f", {cosine.dataset}" if several else ""),
            cosine.section,
            (ours, rate_of_ours) if ours and rate_of_ours else None,
            (float(cosine.published[0].value), float(rate.published[0].value)) if both else None,
        )
        if point.ours or point.published:
            points.append(point)
    return tuple(points)


def similarity_figure(title: str, points: Sequence[SimilarityPoint]) -> "Figure":
    """Draw figure 4: recovery rate against the cosine of ΔR; a colour for each base model."""
    from matplotlib.figure import Figure

    sections = list(dict.fromkeys(point.section for point in points))
    with house_style():
        figure = Figure(figsize=(7.0, 4.8), layout="constrained")
        axis = figure.add_subplot()
        for index, point in enumerate(points):
            colour = PALETTE[sections.index(point.section) % len(PALETTE)]
            marker = MARKERS[index % len(MARKERS)]
            if point.ours:
                cosine, recovery = point.ours
                axis.errorbar(
                    cosine.value,
                    recovery.value,
                    xerr=cosine.standard_error,
                    yerr=_reach(recovery),
                    color=colour,
                    marker=marker,
                    linestyle="none",
                    capsize=2,
                    elinewidth=0.8,
                    label=point.label,
                )
            if point.published:
                axis.plot(
                    *([one] for one in point.published),
                    linestyle="none",
                    label=None if point.ours else point.label,
                    **hollow(colour, marker),
                )
        axis.set_xlabel("cosine similarity of ΔR (eq. 6)")
        axis.set_ylabel("recovery rate (%)")
        grid_lines(axis, "both")
        axis.margins(x=0.12, y=0.12)
        figure.suptitle(title, fontsize=12)
        run = any(point.ours for point in points)
        published = any(point.published for point in points)
        words = BOTH if run and published else OURS if run else ONLY_PUBLISHED
        add_legend(figure, [axis], figure.get_figwidth(), title=words)
    return figure


def _reach(number: Ours) -> list[list[float]] | None:
    """Return how far its range reaches below and above it, as matplotlib takes it."""
    if number.low is None or number.high is None:
        return None
    return [[number.value - number.low], [number.high - number.value]]
