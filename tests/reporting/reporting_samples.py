"""Hand-made results for the tests of tables and figures: no formula is computed here."""

from dataclasses import replace
from math import sqrt
from typing import Any

from rast_bench.config.experiment import Role
from rast_bench.results.registry import (
    ACCURACY,
    BEHAVIOURS,
    CORRECT_LENGTH,
    DIFFERENCE_FROM_HIGHEST,
    LENGTH,
    MAJORITY_AT_K,
    MEAN_ACCURACY,
    MEDIAN_LENGTH,
    PASS_AT_K,
    RATIO_OF_MEANS,
    RECOVERY,
    RERUN_ERROR,
    TIMEOUT,
    TRUNCATED,
    UNPARSED,
    WRONG_LENGTH,
)
from rast_bench.results.result import Measure, Result, Value

DATASETS = ("tiny-easy", "tiny-mid", "tiny-hard", "tiny-ood")
PROBLEMS = 200


def result(measure: Measure, value: Value, **changed: Any) -> Result:
    """A number of the row `+ ΔR` of tiny-l, on tiny-easy."""
    fields: dict[str, Any] = {
        "experiment": "test",
        "section": "tiny-l",
        "row": "+ ΔR",
        "role": "rast",
        "grid": None,
        "dataset": "tiny-easy",
        "cell_ids": ("0123456789abcdef",),
        "problems": PROBLEMS,
        "samples": 32,
    }
    return Result(**fields | changed, measure=measure, value=value)


def recovery(estimate: float | None, *interval: float, **changed: Any) -> Value:
    low, high = interval or (None, None)
    return Value(estimate, low=low, high=high, **changed)


def cell(avg: float, samples: int, rate: Value | None) -> list[tuple[Measure, Value]]:
    """pass@k = 1 − (1 − avg)^k: what problems of one common difficulty would give."""

    def value(share: float, k: int | None = None, estimator: str = "") -> Value:
        error = sqrt(share * (1 - share) / PROBLEMS)
        return Value(share, error, k=k, estimator=estimator)

    def passing(k: int) -> float:
        return 1 - (1 - avg) ** k

    def drawn(share: float, k: int) -> Value:
        return Value(share, k=k, estimator="paper", main=False)

    ks = [k for k in (4, 8, 16, 32) if k <= samples]
    behaviours = ((0.125, 0.02), (0.0, 0.0), (1.5, 0.1))
    return [
        (ACCURACY, value(passing(1))),
        *([(RECOVERY, rate)] if rate else []),
        *((PASS_AT_K, value(passing(k), k, "unbiased")) for k in range(1, samples + 1)),
        *((PASS_AT_K, drawn(passing(k), k)) for k in ks),
        *((MAJORITY_AT_K, value(passing(1), k, "exact")) for k in ks),
        *((MAJORITY_AT_K, drawn(avg, k)) for k in ks),
        (LENGTH, Value(41.25, 0.75)),
        (RERUN_ERROR, Value(0.0045) if samples > 1 else Value(None, status="undefined")),
        (MEDIAN_LENGTH, Value(38.0)),
        (CORRECT_LENGTH, Value(36.5)),
        (WRONG_LENGTH, Value(48.0)),
        (TRUNCATED, Value(0.015)),
        (UNPARSED, Value(0.021)),
        (TIMEOUT, Value(0.0)),
        *(
            (measure, Value(*numbers, counted_by="simplemma 1.1.2", comparable=False))
            for measure, numbers in zip(BEHAVIOURS.values(), behaviours, strict=True)
        ),
    ]


def row(
    label: str,
    role: Role,
    averages: tuple[float, ...],
    section: str = "tiny-l",
    samples: int = 32,
    rate: Value | None = None,
) -> list[Result]:
    place: dict[str, Any] = {"section": section, "row": label, "role": role}
    numbers = [
        result(measure, value, dataset=name, samples=samples, **place)
        for name, avg in zip(DATASETS, averages, strict=False)
        for measure, value in cell(avg, samples, rate)
    ]
    place |= {"dataset": None, "problems": None, "samples": None}
    mean = Value(sum(averages) / len(averages), 0.0123)
    means = [result(MEAN_ACCURACY, mean, **place)]
    if rate:
        means.append(result(RATIO_OF_MEANS, rate, **place))
    return [*numbers, *means]


def rows() -> list[list[Result]]:
    """Two sections; the second has neither ceiling nor recovery."""
    found = recovery(0.4512, 0.3149, 0.6021)
    negative = recovery(-0.054, -0.31, 0.004)
    unsure = recovery(0.1234, status="not identified")
    undefined = recovery(None, status="undefined")
    return [
        row("base (greedy)", "base", (0.45, 0.30, 0.12, 0.06), samples=1),
        row("+ ΔR tiny-m", "rast", (0.62, 0.41, 0.20, 0.09), rate=found),
        row("+ ΔR tiny-s seed 1", "rast", (0.55, 0.37, 0.16, 0.08), rate=negative),
        row("+ ΔR tiny-s seed 2", "rast", (0.54, 0.36, 0.15, 0.08), rate=found),
        row("RL ceiling", "ceiling", (0.71, 0.52, 0.29, 0.11)),
        row("ΔR shuffled", "control", (0.31, 0.17, 0.05, 0.02), rate=unsure),
        row("base τ = 0.6", "control", (0.46, 0.31, 0.11, 0.05), rate=undefined),
        row("base (greedy)", "base", (0.25, 0.12), "tiny-m", samples=1),
        row("+ ΔR tiny_s", "rast", (0.33, 0.18), "tiny-m"),
    ]


def results() -> list[Result]:
    return [result for members in rows() for result in members]


def grid(label: str = "tiny-l + ΔR tiny-s") -> list[Result]:
    """avg@8 at 27 of 28 points; those below 54 % are significantly below the highest."""
    accuracies = [
        result(
            ACCURACY,
            Value(0.5 + 0.2 * lambda_ - 0.1 * lambda_**2 - 0.15 * temperature**2, 0.021),
            row="tiny-l + ΔR tiny-s",
            grid=label,
            dataset="tiny-mid",
            samples=8,
            lambda_=lambda_,
            temperature=temperature,
        )
        for lambda_ in (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
        for temperature in (0.4, 0.7, 1.0, 1.3)
        if (lambda_, temperature) != (1.5, 1.3)
    ]
    highest = max(accuracies, key=lambda one: one.estimate or 0.0)
    differences = [
        replace(
            one,
            measure=DIFFERENCE_FROM_HIGHEST,
            value=Value((one.estimate or 0.0) - (highest.estimate or 0.0), 0.02, p_value=0.01),
            holm_p_value=1.0 if (one.estimate or 0.0) > 0.54 else 0.01,
        )
        for one in accuracies
        if one is not highest
    ]
    return [*accuracies, *differences]


def only_grid(**changed: Any) -> list[Result]:
    """A grid of one point per λ, all of them at 50 %."""
    return [
        result(
            ACCURACY, Value(0.5 + 0.001 * lambda_, 0.02), grid="pair", lambda_=lambda_, **changed
        )
        for lambda_ in (0.0, 1.0)
    ]
