"""Hand-made measures for the tests of tables and figures: no metric is computed here."""

from math import sqrt

from rast_bench.metrics.estimate import Estimate
from rast_bench.reporting.measures import (
    CellMeasures,
    GridCell,
    GridMeasures,
    Lengths,
    Measurements,
    Recovery,
    RowMeasures,
)
from rast_bench.reporting.records import Role

DATASETS = ("tiny-easy", "tiny-mid", "tiny-hard", "tiny-ood")


def cell(
    avg: float, samples: int = 32, recovery: Recovery | None = None, problems: int = 200
) -> CellMeasures:
    """pass@k = 1 − (1 − avg)^k: what problems of one common difficulty would give."""

    def error(rate: float) -> float:
        return sqrt(rate * (1 - rate) / problems)

    curve = {
        k: Estimate(1 - (1 - avg) ** k, error(1 - (1 - avg) ** k)) for k in range(1, samples + 1)
    }
    ks = [k for k in (1, 4, 8, 16, 32) if k <= samples]
    return CellMeasures(
        cell_id="0123456789abcdef",
        problems=problems,
        samples=samples,
        avg=curve[1],
        rerun_standard_error=0.0045 if samples > 1 else None,
        pass_at_k=curve,
        paper_pass_at_k={k: curve[k].value for k in ks if k > 1},
        majority_at_k={k: curve[1] for k in ks if k > 1},
        paper_majority_at_k={k: avg for k in ks if k > 1},
        lengths=Lengths(Estimate(41.25, 0.75), 38.0, 36.5 if avg > 0 else None, 48.0),
        truncated_share=0.015,
        unparsed_share=0.021,
        timeout_share=0.0,
        behaviour={
            "branching": Estimate(0.125, 0.02),
            "backtracking": Estimate(0.0, 0.0),
            "self-verification": Estimate(1.5, 0.1),
        },
        recovery=recovery,
    )


def row(
    label: str,
    role: Role,
    averages: tuple[float, ...],
    section: str = "tiny-l",
    samples: int = 32,
    recovery: Recovery | None = None,
) -> RowMeasures:
    cells = {
        name: cell(avg, samples, recovery) for name, avg in zip(DATASETS, averages, strict=False)
    }
    mean = Estimate(sum(averages) / len(averages), 0.0123)
    return RowMeasures(label, section, role, cells, mean, recovery)


def measurements() -> Measurements:
    """Two sections; the second has neither ceiling nor recovery."""
    found = Recovery("identified", 0.4512, 0.3149, 0.6021)
    negative = Recovery("identified", -0.054, -0.31, 0.004)
    rows = (
        row("base (greedy)", "base", (0.45, 0.30, 0.12, 0.06), samples=1),
        row("+ ΔR tiny-m", "rast", (0.62, 0.41, 0.20, 0.09), recovery=found),
        row("+ ΔR tiny-s seed 1", "rast", (0.55, 0.37, 0.16, 0.08), recovery=negative),
        row("+ ΔR tiny-s seed 2", "rast", (0.54, 0.36, 0.15, 0.08), recovery=found),
        row("RL ceiling", "ceiling", (0.71, 0.52, 0.29, 0.11)),
        row(
            "ΔR shuffled",
            "control",
            (0.31, 0.17, 0.05, 0.02),
            recovery=Recovery("not identified", 0.1234),
        ),
        row("base τ = 0.6", "control", (0.46, 0.31, 0.11, 0.05), recovery=Recovery("undefined")),
        row("base (greedy)", "base", (0.25, 0.12), "tiny-m", samples=1),
        row("+ ΔR tiny_s", "rast", (0.33, 0.18), "tiny-m"),
    )
    return Measurements(DATASETS, rows, "simplemma 1.1.2")


def grid() -> GridMeasures:
    cells = []
    for lambda_ in (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5):
        for temperature in (0.4, 0.7, 1.0, 1.3):
            if (lambda_, temperature) == (1.5, 1.3):
                continue
            value = 0.5 + 0.2 * lambda_ - 0.1 * lambda_**2 - 0.15 * temperature**2
            cells.append(GridCell(lambda_, temperature, Estimate(value, 0.021), value > 0.54))
    return GridMeasures("tiny-l + ΔR tiny-s", "tiny-mid", 200, 8, tuple(cells))
