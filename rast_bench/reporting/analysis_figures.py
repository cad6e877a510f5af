"""Figures 4 and 5, drawn from what `rast-bench analyse` saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.experiment import ExperimentConfig
from rast_bench.errors import LedgerError
from rast_bench.reporting.claims import Claim
from rast_bench.reporting.figure_style import MARKERS, MUTED, PALETTE, house_style
from rast_bench.reporting.kl_page import kl_page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ALL_TOKENS = "all"  # of the vocabulary, as in eq. 6


@dataclass(frozen=True)
class SimilarityPoint:
    """One ΔR at one base model on one data set: eq. 6 against the base's own ΔR, and eq. 5."""

    label: str
    base_model: str
    dataset: str
    cosine: float
    cosine_error: float | None
    recovery: float  # percent
    recovery_low: float | None
    recovery_high: float | None


def analysis_figures(
    experiment: ExperimentConfig, claims: Sequence[Claim], results: Path
) -> dict[str, "Figure"]:
    """Figure 4 by its file stem, where the experiment asks for it.

    Raises LedgerError, with the command to run, where an analysis is not there: also for figure 1a
    where there is neither a PCR of ours nor a published one to draw.
    """
    from rast_bench.analysis.saved import load_summary

    drawable = any(one.measure == "PCR" and (one.ours or one.published) for one in claims)
    if "pcr" in experiment.figures and not drawable:
        load_summary(results, experiment.name, "pcr")
    if "similarity" not in experiment.figures:
        return {}
    points = similarity_points(load_summary(results, experiment.name, "similarity"), claims)
    if not points:
        raise LedgerError(
            f"experiment {experiment.name}: no ΔR has both a similarity and a recovery rate",
            hint=f"`python run.py experiment={experiment.name}` makes the samples that are missing",
        )
    return {"similarity": similarity_figure(points)}


def analysis_pages(experiment: ExperimentConfig, results: Path) -> dict[str, bytes]:
    """Figure 5 as an HTML file by name, where the experiment asks for it.

    Raises LedgerError, with the command to run, where the analysis is not there.
    """
    if "kl" not in experiment.figures:
        return {}
    from rast_bench.analysis.saved import load_records

    records = load_records(results, experiment.name, "kl", "rast")
    return {"kl.html": kl_page(experiment.title or experiment.name, records).encode()}


def similarity_points(
    summary: "pd.DataFrame", claims: Sequence[Claim]
) -> tuple[SimilarityPoint, ...]:
    """The pairs (base model's own ΔR, transferred ΔR) that have an identified recovery rate.

    Args:
        summary: of `rast-bench analyse similarity`, where a base model's own ΔR bears its name.
    """
    rates = {
        (claim.section, claim.delta, claim.dataset): claim.ours
        for claim in claims
        if claim.measure == "recovery rate" and claim.ours is not None and claim.role == "rast"
    }
    points = []
    for row in summary[summary["tokens"] == ALL_TOKENS].to_dict("records"):
        base, delta, dataset = str(row["base_model"]), str(row["second"]), str(row["dataset"])
        rate = rates.get((base, delta, dataset))
        if str(row["first"]) != base or rate is None:
            continue
        error = float(row["standard_error"])
        points.append(
            SimilarityPoint(
                f"ΔR {base} and ΔR {delta}",
                base,
                dataset,
                float(row["cosine"]),
                error if error == error else None,
                rate.value,
                rate.low,
                rate.high,
            )
        )
    return tuple(points)


def similarity_figure(points: Sequence[SimilarityPoint]) -> "Figure":
    """Figure 4: recovery rate against the cosine of ΔR; a colour a base model."""
    from matplotlib.figure import Figure

    bases = list(dict.fromkeys(point.base_model for point in points))
    datasets = list(dict.fromkeys(point.dataset for point in points))
    with house_style():
        figure = Figure(figsize=(7.0, 4.6), layout="constrained")
        axis = figure.add_subplot()
        for index, point in enumerate(points):
            name = point.label if len(datasets) == 1 else f"{point.label}, {point.dataset}"
            low, high = point.recovery_low, point.recovery_high
            reach = (
                None
                if low is None or high is None
                else [[point.recovery - low], [high - point.recovery]]
            )
            axis.errorbar(
                point.cosine,
                point.recovery,
                xerr=point.cosine_error,
                yerr=reach,
                color=PALETTE[bases.index(point.base_model) % len(PALETTE)],
                marker=MARKERS[index % len(MARKERS)],
                linestyle="none",
                capsize=2,
                elinewidth=0.8,
                label=name,
            )
        axis.set_xlabel("cosine similarity of ΔR (eq. 6)")
        axis.set_ylabel("recovery rate (%)")
        axis.grid(color="#E3E3E3", linewidth=0.8)
        axis.set_axisbelow(True)
        axis.margins(x=0.12, y=0.12)
        figure.suptitle("Similarity of ΔR and what it transfers", fontsize=12)
        figure.legend(loc="outside right upper", fontsize=8)
        figure.supxlabel(
            "horizontal: ± one standard error over paths; vertical: where 95 % of reruns lie",
            fontsize=8,
            color=MUTED,
        )
    return figure
