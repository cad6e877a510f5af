"""Rows beside the one that they are compared with: accuracy, difference and cost in one line."""

from collections.abc import Iterable, Sequence

from rast_bench.reporting.comparison_tables import difference_text, p_value_text
from rast_bench.reporting.index import ResultIndex, Row, estimate_of
from rast_bench.reporting.numbers import decimal
from rast_bench.reporting.table import (
    Cell,
    Column,
    EmptyCell,
    RateCell,
    Table,
    TableRow,
    TableSection,
    TextCell,
)
from rast_bench.reporting.tables import row_style
from rast_bench.results.registry import (
    ACCURACY,
    ACCURACY_BY_OTHERS,
    EQUAL_BYTES,
    FLOPS,
    MEAN_ACCURACY,
    MEAN_ACCURACY_BY_OTHERS,
    MEAN_DIFFERENCE,
    MEAN_EQUAL_BYTES,
    SMALL_SHARE,
    WEIGHTS_READ,
)
from rast_bench.results.result import Measure, Result

MEANS_NOTE = (
    "Means over the data sets, in percent, ± standard error; − {row}: in points, paired over "
    "problems, p corrected by Holm over the rows of the section (all data sets: in the details)."
)
OTHERS_NOTE = "by {names}: the same samples, judged by another grader."
COSTS_NOTE = (
    "weights and FLOPs: of one decoded token, of all models that the method reads in every step "
    "whatever it then uses of them; FLOPs without the embedding, with attention over 2,048 tokens, "
    "and with the heads that DoLa adds."
)
SMALL_SHARE_NOTE = (
    "steps with S: share of the drawn tokens whose scores S_RL or S_base changes, in percent, mean "
    "over the data sets; –: not recorded. The engines run S in the other steps, too, as its caches "
    "need these tokens."
)
EQUAL_BYTES_NOTE = (
    "maj@k: self-consistency at equal bytes, the majority of the largest k ≥ 1 samples that "
    "together read no more weights than one sample of {row}: k = ⌊(w' t') / (w t)⌋ on each data "
    "set, with w the bytes per token and t the mean tokens of a response, ' those of {row}; exact "
    "over all subsets of k samples; –: a sample reads more, or the row has fewer samples. As if "
    "every sample were decoded alone: those of a batch share the reads."
)


def side_by_side_table(index: ResultIndex) -> tuple[Table, ...]:
    """Return one line per row with its means and costs; no table without costs or if there is
    nothing to compare yet.
    """
    members = [
        row for row in index.rows if index.get(row, None, MEAN_ACCURACY) and _cost(index, row)
    ]
    differences = (index.get(row, None, MEAN_DIFFERENCE) for row in members)
    reference = next((one.value.estimator for one in differences if one), None)
    if reference is None:
        return ()
    others = _others(index, members, [None], MEAN_ACCURACY_BY_OTHERS)
    reads = [one.estimate or 0.0 for row in members if (one := _cost(index, row))]
    size, prefix = (10**6, "M") if max(reads) < 10**9 else (10**9, "G")

    def line(row: Row) -> TableRow:
        difference = index.get(row, None, MEAN_DIFFERENCE)
        read, flops = index.get(row, None, WEIGHTS_READ), index.get(row, None, FLOPS)
        assert read is not None and flops is not None, "a row with costs has both"
        return TableRow(
            (
                TextCell(row.label),
                _rate(index.get(row, None, MEAN_ACCURACY)),
                *(_rate(_by(index, row, None, MEAN_ACCURACY_BY_OTHERS, name)) for name in others),
                EmptyCell() if difference is None else TextCell(difference_text(difference)),
                EmptyCell()
                if difference is None
                else TextCell(p_value_text(difference.holm_p_value)),
                TextCell(decimal((read.estimate or 0.0) / size, 1)),
                TextCell(decimal((flops.estimate or 0.0) / size, 1)),
                _percent(index.get(row, None, SMALL_SHARE)),
                _rate(index.get(row, None, MEAN_EQUAL_BYTES)),
                _ks(index, row),
            ),
            row_style(row),
        )

    columns = (
        Column("", "left"),
        Column("avg@n"),
        *(Column(f"by {name}") for name in others),
        *map(Column, (f"− {reference}", "p (Holm)", f"weights, {prefix}B", f"{prefix}FLOPs")),
        *map(Column, ("steps with S", "maj@k", "k")),
    )
    sections = tuple(
        TableSection(name, tuple(line(row) for row in index.section(name) if row in members))
        for name in index.section_names()
        if any(row in members for row in index.section(name))
    )
    notes = (
        MEANS_NOTE.format(row=reference),
        *((OTHERS_NOTE.format(names=", ".join(others)),) if others else ()),
        COSTS_NOTE,
        SMALL_SHARE_NOTE,
        EQUAL_BYTES_NOTE.format(row=reference),
    )
    title = "Side by side: accuracy, cost per token, self-consistency at equal bytes"
    return (Table("side_by_side", title, columns, sections, notes),)


def graders_table(index: ResultIndex) -> tuple[Table, ...]:
    """Return the accuracy on every data set by the first grader and by others; no table without."""
    places = [*index.datasets, *([None] if len(index.datasets) > 1 else [])]
    others = _others(index, index.rows, index.datasets, ACCURACY_BY_OTHERS)
    if not others:
        return ()

    def lines(row: Row) -> Iterable[TableRow]:
        first = [index.get(row, one, ACCURACY if one else MEAN_ACCURACY) for one in places]
        yield TableRow((TextCell(row.label), *map(_rate, first)), row_style(row))
        for name in others:
            found = [
                _by(index, row, one, ACCURACY_BY_OTHERS if one else MEAN_ACCURACY_BY_OTHERS, name)
                for one in places
            ]
            yield TableRow((TextCell(f"by {name}"), *map(_rate, found)), "sub")

    sections = tuple(
        TableSection(name, tuple(line for row in index.section(name) for line in lines(row)))
        for name in index.section_names()
    )
    columns = (Column("", "left"), *(Column(one or "mean") for one in places))
    title = f"avg@n of the same samples by the first grader and by {', '.join(others)}"
    return (Table("graders", title, columns, sections, ()),)


def _others(
    index: ResultIndex, rows: Iterable[Row], datasets: Sequence[str | None], measure: Measure
) -> list[str]:
    """Return the names of the other graders of these data sets, in their order."""
    results = (one for row in rows for dataset in datasets for one in index.at(row, dataset))
    found = (one for one in results if one.measure == measure)
    return list(dict.fromkeys(one.value.estimator for one in found))


def _by(
    index: ResultIndex, row: Row, dataset: str | None, measure: Measure, grader: str
) -> Result | None:
    found: Sequence[Result] = [one for one in index.at(row, dataset) if one.measure == measure]
    return next((one for one in found if one.value.estimator == grader), None)


def _cost(index: ResultIndex, row: Row) -> Result | None:
    return index.get(row, None, WEIGHTS_READ)


def _rate(result: Result | None) -> Cell:
    return RateCell(estimate_of(result)) if result and result.estimate is not None else EmptyCell()


def _percent(result: Result | None) -> Cell:
    if result is None or result.estimate is None:
        return EmptyCell()
    return TextCell(decimal(100 * result.estimate, 1))


def _ks(index: ResultIndex, row: Row) -> Cell:
    """Return the k of the data sets, `13` or `13–17`; none if one of them has none."""
    if index.get(row, None, MEAN_EQUAL_BYTES) is None:
        return EmptyCell()
    ks = sorted(
        one.k
        for dataset in index.datasets
        for one in index.at(row, dataset)
        if one.measure == EQUAL_BYTES and one.k is not None
    )
    return TextCell(str(ks[0]) if ks[0] == ks[-1] else f"{ks[0]}–{ks[-1]}")
