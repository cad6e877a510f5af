"""Build the list of an experiment's results from its cells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rast_bench.metrics.accuracy import holm
from rast_bench.metrics.lemmas import LemmaCounter, lemma_counter
from rast_bench.paper.published import Published
from rast_bench.results.cells import Experiment, MeasuredCell, PathMeans, check_cells
from rast_bench.results.measures import table_ks
from rast_bench.results.published import is_of_cell, verdict_on
from rast_bench.results.registry import BEHAVIOURS, MEASURES, VOTES
from rast_bench.results.result import Measure, Result, UnavailableError, Value

PAPER_KS = (4, 8, 16, 32)  # of figures 3 and 8


def build_results(
    name: str,
    cells: Sequence[MeasuredCell],
    *,
    requested: Sequence[Measure] = (),
    published: Sequence[Published] = (),
    paths: Mapping[str, PathMeans] | None = None,
    counter: LemmaCounter | None = None,
    seed: int = 0,
    compare_with: str | None = None,
    beside: Sequence[Measure] = (),
) -> list[Result]:
    """Return every number of the experiment: requested measures first, each in the order of cells.

    A requested measure has a result for every cell, even without a number; all other measures that
    are not optional have one if there are samples.

    Args:
        name: of the experiment.
        published: the numbers that may be compared with ours (`published_of`).
        paths: saved analyses, by measure.
        counter: how words become lemmas; `lemma_counter()` by default.
        seed: of the paper's draws and of the bootstrap.
        compare_with: the label of the row that all others of its section are compared with.
        beside: optional measures that the experiment has without requesting them.

    Raises:
        ConfigError: the cells do not form a table (`check_cells`).
    """
    check_cells(cells)
    ks = frozenset(one.k for one in published if one.k is not None)
    experiment = Experiment(cells, paths or {}, counter or lemma_counter(), seed, ks, compare_with)
    others = [
        one for one in MEASURES if (not one.optional or one in beside) and one not in requested
    ]
    measures = (*requested, *others)
    found = {
        measure: [
            result
            for cell in _cells_of(measure, cells)
            for result in _results(
                name, measure, cell, experiment, published if measure in requested else None
            )
        ]
        # Last what is being prepared meanwhile: answers are read, then words are counted.
        for measure in sorted(measures, key=_place)
    }
    return _with_holm([result for measure in measures for result in found[measure]])


def _place(measure: Measure) -> int:
    return 1 if measure in VOTES else 2 if measure in BEHAVIOURS.values() else 0


def _cells_of(measure: Measure, cells: Sequence[MeasuredCell]) -> Iterable[MeasuredCell]:
    """Return the cells that have the measure: for a measure of a row, its first cell."""
    firsts: set[tuple[str, str]] = set()
    for cell in cells:
        if cell.grid is not None:
            if measure.grids:
                yield cell
        elif measure.rows and cell.role in measure.roles:
            place = (cell.section, cell.row)
            if measure.level != "row" or place not in firsts:
                yield cell
            firsts.add(place)


def _results(
    name: str,
    measure: Measure,
    cell: MeasuredCell,
    experiment: Experiment,
    published: Sequence[Published] | None,
) -> Iterable[Result]:
    """Return the results at one cell. `published` is None for a measure that is not requested."""
    requested = published is not None and (
        cell.grid is not None or cell.role in measure.table_roles
    )
    ks = _ks(measure, cell, published or ()) if requested else ()
    try:
        values = [*experiment.values(measure, cell), *_too_few(ks, cell)]
    except UnavailableError as why:
        values = [Value(None, k=k, status=why.status, reason=why.reason) for k in ks]
    for value in values:
        result = _result(name, measure, cell, value, experiment)
        if requested and value.main and value.k in ks:
            result = _beside(result, cell, experiment, published or ())
        yield result


def _ks(
    measure: Measure, cell: MeasuredCell, published: Sequence[Published]
) -> Sequence[int | None]:
    """Return the requested k: the published ones, else the paper's up to the number of samples."""
    if not measure.by_k:
        return (None,)
    stated = sorted({one.k for one in published if one.metric == measure.name and one.k})
    if stated:
        return stated
    return PAPER_KS if cell.outcome is None else table_ks(cell.outcome.kinds.shape[1])


def _too_few(ks: Sequence[int | None], cell: MeasuredCell) -> list[Value]:
    """Return values for each k above the cell's number of samples."""
    if cell.outcome is None:
        return []
    samples = cell.outcome.kinds.shape[1]
    return [
        Value(None, k=k, status="too few samples", reason=f"n = {samples}")
        for k in ks
        if k is not None and k > samples
    ]


def _result(
    name: str, measure: Measure, cell: MeasuredCell, value: Value, experiment: Experiment
) -> Result:
    row = measure.level == "row"
    members = experiment.cells_of_row(cell) if row else [cell]
    outcomes = [one.outcome for one in members if one.outcome is not None]
    problems = samples = None
    if not row and outcomes:
        problems, samples = outcomes[0].kinds.shape
    return Result(
        experiment=name,
        section=cell.section,
        row=cell.row,
        role=cell.role,
        grid=cell.grid,
        dataset=None if row else cell.dataset,
        cell_ids=tuple(one.cell_id for one in outcomes),
        measure=measure,
        value=value,
        lambda_=cell.lambda_,
        temperature=cell.temperature,
        problems=problems if value.problems is None else value.problems,
        samples=samples,
        delta=cell.stands_for.delta,
    )


def _beside(
    result: Result, cell: MeasuredCell, experiment: Experiment, published: Sequence[Published]
) -> Result:
    """Return a requested result with its published numbers, range and verdicts."""
    measure, value = result.measure, result.value
    numbers = tuple(one for one in published if is_of_cell(one, cell, measure, value.k))
    replication = None
    if value.estimate is not None and measure.replicate is not None:
        count = next((one.samples for one in numbers if one.samples), None)
        if measure.level == "cell":
            replication = measure.replicate(experiment.samples(cell), value, count)
        else:
            replication = measure.replicate(cell, experiment, value, count)
    verdicts = tuple(verdict_on(one, measure, value, replication) for one in numbers)
    return replace(
        result, requested=True, published=numbers, replication=replication, verdicts=verdicts
    )


def _with_holm(results: Sequence[Result]) -> list[Result]:
    """Apply Holm's correction over all comparisons of one measure in a section or grid."""
    families: dict[tuple[str | None, ...], list[int]] = {}
    for index, result in enumerate(results):
        if result.value.p_value is not None:
            # Grids on several data sets may share a name.
            dataset = None if result.grid is None else result.dataset
            family = (result.measure.name, result.section, result.grid, dataset)
            families.setdefault(family, []).append(index)
    corrected = list(results)
    for members in families.values():
        p_values = holm([float(results[index].value.p_value or 0.0) for index in members])
        for index, p_value in zip(members, p_values, strict=True):
            corrected[index] = replace(corrected[index], holm_p_value=p_value)
    return corrected
