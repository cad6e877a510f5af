"""From measures to the tables of details: pass@k, majority@k, lengths and behaviour."""

from collections.abc import Callable, Iterable, Sequence

from rast_bench.metrics.estimate import Estimate
from rast_bench.metrics.paper import DRAWS
from rast_bench.reporting.measures import CellMeasures, Measurements, RowMeasures
from rast_bench.reporting.table import (
    BlankCell,
    Cell,
    Column,
    CountCell,
    EmptyCell,
    QuantityCell,
    RateCell,
    Table,
    TableRow,
    TableSection,
    TextCell,
)
from rast_bench.reporting.tables import row_style

DRAWN = f"{DRAWS} draws"  # a sub-row: the paper's estimator on our samples

SHORT_HEADINGS = {"self-verification": "self-verif."}

PASS_NOTE = (
    "pass@k: the unbiased estimator 1 − C(N−c, k) / C(N, k), ± standard error over problems. "
    f"“{DRAWN}”: the paper's estimator, k of the N samples drawn {DRAWS} times."
)
MAJORITY_NOTE = (
    "majority@k: exact over classes of equal answers; samples without an answer never win, ties "
    f"share; ± standard error over problems. “{DRAWN}”: the authors' estimator, a vote among "
    f"answer strings, an empty one included, over {DRAWS} draws, ties broken at random."
)
GENERATION_NOTE = (
    "mean and median: output tokens a sample, counted with the model's own tokenizer; correct and "
    "wrong: mean over samples judged so. trunc.: ended by max_tokens; unpars.: ended by itself, "
    "but without an answer."
)
UNDECIDED_NOTE = (
    "undec.: with an answer that is neither proven equal to the gold answer nor safely refuted; "
    "not correct, and in none of the means by verdict."
)
BEHAVIOUR_NOTE = "The last columns count behaviour lemmas a sample, as found by {lemmatizer}."


def detail_tables(measurements: Measurements, notes: Sequence[str] = ()) -> tuple[Table, ...]:
    """pass@k, majority@k, and lengths with behaviour, one line per row and data set."""
    behaviour_note = BEHAVIOUR_NOTE.format(lemmatizer=measurements.lemmatizer)
    return (
        _estimator_table(
            measurements,
            "pass_at_k",
            "pass@k in percent",
            "pass",
            # The full curve goes to the CSV; the table shows the k of the paper's protocol.
            lambda cell: {
                k: estimate
                for k, estimate in cell.pass_at_k.items()
                if k == 1 or k in cell.paper_pass_at_k
            },
            lambda cell: {k: v for k, v in cell.paper_pass_at_k.items() if k > 1},
            (PASS_NOTE, *notes),
        ),
        _estimator_table(
            measurements,
            "majority_at_k",
            "majority@k in percent",
            "maj",
            lambda cell: dict(cell.majority_at_k),
            lambda cell: dict(cell.paper_majority_at_k),
            (MAJORITY_NOTE, *notes),
        ),
        _generation_table(measurements, (GENERATION_NOTE, behaviour_note, *notes)),
    )


def _estimator_table(
    measurements: Measurements,
    name: str,
    title: str,
    heading: str,
    exact: Callable[[CellMeasures], dict[int, Estimate]],
    paper: Callable[[CellMeasures], dict[int, float]],
    footnotes: tuple[str, ...],
) -> Table:
    ks = sorted(
        {k for row in measurements.rows for cell in row.cells.values() for k in exact(cell)}
    )
    columns = (
        Column("", "left"),
        Column("data set", "left"),
        Column("problems"),
        Column("N"),
        *(Column(f"{heading}@{k}") for k in ks),
    )

    def lines(row: RowMeasures) -> Iterable[TableRow]:
        for first, dataset, cell in _cells(row, measurements.datasets):
            estimates, draws = exact(cell), paper(cell)
            yield TableRow(
                (
                    TextCell(row.label) if first else BlankCell(),
                    TextCell(dataset),
                    CountCell(cell.problems),
                    CountCell(cell.samples),
                    *(RateCell(estimates[k]) if k in estimates else EmptyCell() for k in ks),
                ),
                row_style(row),
            )
            if draws:
                blanks = (BlankCell(),) * 2
                yield TableRow(
                    (
                        BlankCell(),
                        TextCell(DRAWN),
                        *blanks,
                        *(
                            RateCell(Estimate(draws[k], None)) if k in draws else BlankCell()
                            for k in ks
                        ),
                    ),
                    "sub",
                )

    return Table(name, title, columns, _detail_sections(measurements, lines), footnotes)


def _generation_table(measurements: Measurements, footnotes: tuple[str, ...]) -> Table:
    behaviours = tuple(
        dict.fromkeys(
            name
            for row in measurements.rows
            for cell in row.cells.values()
            for name in cell.behaviour
        )
    )
    undecided = any(
        cell.undecided_share for row in measurements.rows for cell in row.cells.values()
    )
    headings = ["mean", "median", "correct", "wrong", "trunc. %", "unpars. %"]
    if undecided:  # most tables have none
        headings.append("undec. %")
        footnotes = (footnotes[0], UNDECIDED_NOTE, *footnotes[1:])
    columns = (
        Column("", "left"),
        Column("data set", "left"),
        *map(Column, headings),
        *(Column(SHORT_HEADINGS.get(name, name)) for name in behaviours),
    )

    def lines(row: RowMeasures) -> Iterable[TableRow]:
        for first, dataset, cell in _cells(row, measurements.datasets):
            lengths = cell.lengths
            yield TableRow(
                (
                    TextCell(row.label) if first else BlankCell(),
                    TextCell(dataset),
                    QuantityCell(lengths.mean.value, 1),
                    QuantityCell(lengths.median, 1),
                    _optional(lengths.correct_mean),
                    _optional(lengths.wrong_mean),
                    RateCell(Estimate(cell.truncated_share, None)),
                    RateCell(Estimate(cell.unparsed_share, None)),
                    *((RateCell(Estimate(cell.undecided_share, None)),) if undecided else ()),
                    *(
                        QuantityCell(cell.behaviour[name].value, 3)
                        if name in cell.behaviour
                        else EmptyCell()
                        for name in behaviours
                    ),
                ),
                row_style(row),
            )

    return Table(
        "generation",
        "Output tokens a sample (mean, median, of correct and of wrong samples) and behaviour",
        columns,
        _detail_sections(measurements, lines),
        footnotes,
    )


def _optional(number: float | None) -> Cell:
    return EmptyCell() if number is None else QuantityCell(number, 1)


def _cells(row: RowMeasures, datasets: Sequence[str]) -> Iterable[tuple[bool, str, CellMeasures]]:
    """(is it the row's first, data set, cell) of every data set that the row has."""
    present = [dataset for dataset in datasets if dataset in row.cells]
    for dataset in present:
        yield dataset == present[0], dataset, row.cells[dataset]


def _detail_sections(
    measurements: Measurements, lines: Callable[[RowMeasures], Iterable[TableRow]]
) -> tuple[TableSection, ...]:
    return tuple(
        TableSection(name, tuple(line for row in measurements.section(name) for line in lines(row)))
        for name in measurements.section_names()
    )
