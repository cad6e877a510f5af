"""From outcomes to measures: the one place where the reporting part calls the metrics."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import TypeVar

from rast_bench.errors import ConfigError
from rast_bench.metrics.accuracy import (
    accuracy_per_problem,
    avg_at_n,
    holm,
    mean_over_datasets,
    paired_difference,
    se_over_reruns,
)
from rast_bench.metrics.behaviour import behaviour_frequencies
from rast_bench.metrics.estimate import BoolArray, Curve, Estimate
from rast_bench.metrics.lemmas import LemmaCounter, lemma_counter
from rast_bench.metrics.length import response_length
from rast_bench.metrics.majority import majority_at_k
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.metrics.paper import paper_majority_at_k, paper_pass_at_k
from rast_bench.metrics.pass_at_k import pass_at_k
from rast_bench.metrics.recovery import (
    AccuracyTriple,
    RecoveryRate,
    mean_recovery_rate,
    recovery_rate,
)
from rast_bench.reporting.measures import (
    CellMeasures,
    Difference,
    GridCell,
    GridMeasures,
    Lengths,
    Measurements,
    Recovery,
    RowMeasures,
    VerdictLengths,
)
from rast_bench.reporting.records import (
    GridPoint,
    ReportRow,
    RowSection,
    dataset_order,
    sections,
)

SMALLEST_K = 4  # figures 3 and 8 of the paper: k = 4, 8, 16, 32
SIGNIFICANCE = 0.05

Key = TypeVar("Key", bound=Hashable)


def measure_rows(
    rows: Sequence[ReportRow], *, seed: int = 0, counter: LemmaCounter | None = None
) -> Measurements:
    """All numbers of a report.

    Args:
        seed: of the paper's draws and of the bootstrap.
        counter: how words become lemmas; `lemma_counter()` by default.

    Raises:
        ConfigError: rows that `records.sections` refuses, or a section whose rows are not over the
            same problems of a data set.
    """
    counter = counter or lemma_counter()
    datasets = dataset_order(rows)
    done: dict[object, CellMeasures] = {}
    measured = []
    for section in sections(rows):
        _check_problems(section)
        differences = _differences(_against_base(section))
        for row in section.rows:
            cells = {}
            for name in datasets:
                if name in row.outcomes:
                    outcome = row.outcomes[name]
                    # One cell may stand in several sections, as a small RL model alone does; its
                    # id says nothing about how many of its problems and samples are asked for.
                    key = (outcome.cell_id, outcome.problem_ids, outcome.kinds.shape)
                    if key not in done:
                        done[key] = _measure_cell(outcome, seed, counter)
                    difference = differences.get((row.label, name))
                    cells[name] = replace(done[key], difference=difference)
            measured.append(_measure_row(row, section, datasets, cells, seed))
    return Measurements(datasets, tuple(measured), counter.name)


def measure_grid(label: str, dataset: str, points: Sequence[GridPoint]) -> GridMeasures:
    """avg@n over a λ × τ grid, and which cells a paired test cannot tell from the highest.

    Each cell is compared with the highest on the same problems (exact sign-flip test), with Holm's
    correction over all comparisons at 5 %.

    Raises:
        ConfigError: no points, two points of one (λ, τ), or points over different problems or
            numbers of samples.
    """
    _check_grid(label, dataset, points)
    correct = [point.outcome.correct for point in points]
    estimates = [avg_at_n(one) for one in correct]
    best = max(range(len(points)), key=lambda i: estimates[i].value)
    differences = _differences(
        {i: (one, correct[best]) for i, one in enumerate(correct) if i != best}
    )
    worse = {i for i, one in differences.items() if one.adjusted_p_value <= SIGNIFICANCE}
    problems, samples = correct[0].shape
    return GridMeasures(
        label,
        dataset,
        problems,
        samples,
        tuple(
            GridCell(point.lambda_, point.temperature, estimate, i not in worse, differences.get(i))
            for i, (point, estimate) in enumerate(zip(points, estimates, strict=True))
        ),
    )


def _against_base(
    section: RowSection,
) -> dict[tuple[str, str], tuple[BoolArray, BoolArray]]:
    """The verdicts of every other row beside the base's, by (label, data set)."""
    if section.base is None:
        return {}
    base = section.base.outcomes
    return {
        (row.label, name): (outcome.correct, base[name].correct)
        for row in section.rows
        if row is not section.base
        for name, outcome in row.outcomes.items()
        if name in base
    }


def _differences(
    pairs: Mapping[Key, tuple[BoolArray, BoolArray]],
) -> dict[Key, Difference]:
    """The first of each pair less the second; the pairs are one family of comparisons."""
    found = {key: paired_difference(*pair) for key, pair in pairs.items()}
    adjusted = holm([one.p_value for one in found.values()])
    return {
        key: Difference(one.value, one.standard_error, one.p_value, p_value)
        for (key, one), p_value in zip(found.items(), adjusted, strict=True)
    }


def _measure_cell(outcome: CellOutcome, seed: int, counter: LemmaCounter) -> CellMeasures:
    correct = outcome.correct
    problems, samples = correct.shape
    ks = table_ks(samples)
    length = response_length(outcome)
    behaviour = behaviour_frequencies(outcome.texts, counter)
    mean_by_kind = {kind: statistics.mean for kind, statistics in length.by_kind.items()}
    paper_pass = paper_pass_at_k(correct, ks, seed=seed).tolist()
    paper_majority = paper_majority_at_k(outcome, ks, seed=seed).tolist()
    return CellMeasures(
        cell_id=outcome.cell_id,
        problems=problems,
        samples=samples,
        avg=avg_at_n(correct),
        rerun_standard_error=se_over_reruns(correct),
        pass_at_k=_by_k(pass_at_k(correct)),
        paper_pass_at_k=dict(zip(ks, paper_pass, strict=True)),
        majority_at_k=_by_k(majority_at_k(outcome, ks)) if ks else {},
        paper_majority_at_k=dict(zip(ks, paper_majority, strict=True)),
        lengths=Lengths(
            length.mean, length.median, mean_by_kind.get("correct"), mean_by_kind.get("wrong")
        ),
        truncated_share=length.truncated_share,
        unparsed_share=float((outcome.kinds == "unparsed").mean()),
        timeout_share=float((outcome.kinds == "timeout").mean()),
        behaviour=behaviour.behaviours,
        by_verdict={
            kind: VerdictLengths(one.samples / correct.size, one.mean, one.median)
            for kind, one in length.by_kind.items()
        },
    )


def table_ks(samples: int) -> tuple[int, ...]:
    """The k of the detail tables beside 1: 4, 8, 16, 32 and on in powers of two up to N."""
    return tuple(2**i for i in range(samples.bit_length()) if SMALLEST_K <= 2**i <= samples)


def _by_k(curve: Curve) -> dict[int, Estimate]:
    return {k: curve.at(k) for k in curve.k.tolist()}


def _measure_row(
    row: ReportRow,
    section: RowSection,
    datasets: Sequence[str],
    cells: dict[str, CellMeasures],
    seed: int,
) -> RowMeasures:
    triples = _triples(row, section)
    for name, triple in triples.items():
        cells[name] = replace(cells[name], recovery=_recovery(triple, seed))
    everywhere = len(cells) == len(datasets)
    recovered = len(triples) == len(datasets)
    return RowMeasures(
        row.label,
        section.name,
        row.role,
        cells,
        mean_over_datasets([cell.avg for cell in cells.values()]) if everywhere else None,
        _ratio_of_means(list(triples.values()), seed) if recovered else None,
        _mean_of_ratios([cells[name].recovery for name in triples]) if recovered else None,
    )


def _triples(row: ReportRow, section: RowSection) -> dict[str, AccuracyTriple]:
    """By data set, where row, base and ceiling have it; only RAST rows and controls recover."""
    base, ceiling = section.base, section.ceiling
    if row.role not in ("rast", "control") or base is None or ceiling is None:
        return {}
    return {
        name: AccuracyTriple(
            *(
                accuracy_per_problem(member.outcomes[name].correct)
                for member in (base, row, ceiling)
            )
        )
        for name in row.outcomes
        if name in base.outcomes and name in ceiling.outcomes
    }


def _recovery(triple: AccuracyTriple, seed: int) -> Recovery:
    gap = float((triple.rl - triple.base).sum())
    return _as_recovery(recovery_rate(*triple, seed=seed), gap)


def _ratio_of_means(triples: Sequence[AccuracyTriple], seed: int) -> Recovery:
    gap = sum(float((triple.rl - triple.base).mean()) for triple in triples)
    return _as_recovery(mean_recovery_rate(triples, seed=seed), gap)


def _mean_of_ratios(parts: Sequence[Recovery | None]) -> Recovery:
    rates = [one.value for one in parts if one is not None and one.value is not None]
    if len(rates) < len(parts):
        return Recovery("undefined")
    identified = all(one is not None and one.status == "identified" for one in parts)
    return Recovery("identified" if identified else "not identified", fmean(rates))


def _as_recovery(rate: RecoveryRate, gap: float) -> Recovery:
    """`gap` is the ceiling's lead over the base; only its sign counts."""
    if rate.estimate is None:
        return Recovery("undefined")
    if not rate.identified:
        return Recovery(
            "not identified", rate.estimate, fieller=rate.fieller, bootstrap=rate.bootstrap
        )
    return Recovery(
        "identified",
        rate.estimate,
        rate.low,
        rate.high,
        inverted=gap < 0,
        fieller=rate.fieller,
        bootstrap=rate.bootstrap,
    )


def _check_problems(section: RowSection) -> None:
    """Recovery rates pair problems: rows of one section must be over the same ones."""
    first: dict[str, ReportRow] = {}
    for row in section.rows:
        for name, outcome in row.outcomes.items():
            other = first.setdefault(name, row)
            if outcome.problem_ids != other.outcomes[name].problem_ids:
                raise ConfigError(
                    f"section {section.name}: {row.label!r} and {other.label!r} are over different "
                    f"problems of {name}",
                    hint="give all rows of a section the same dataset with the same limit",
                )


def _check_grid(label: str, dataset: str, points: Sequence[GridPoint]) -> None:
    place = f"grid {label} on {dataset}"
    if not points:
        raise ConfigError(f"{place} has no points", hint="name at least one λ and one τ")
    if len({(point.lambda_, point.temperature) for point in points}) < len(points):
        raise ConfigError(f"{place} has a point twice", hint="name every λ and every τ once")
    shapes = {(point.outcome.problem_ids, point.outcome.kinds.shape) for point in points}
    if len(shapes) > 1:
        raise ConfigError(
            f"{place}: its points differ in their problems or numbers of samples",
            hint="give all points of a grid one dataset, one limit and one n",
        )
