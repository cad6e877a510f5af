"""Results in the paper's layout: its rows and columns, with ours below each published number."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rast_bench.reporting.ours import ours_of
from rast_bench.reporting.paper_texts import (
    footnotes_of,
    ours_text,
    published_text,
    range_text,
    verdict_text,
)
from rast_bench.reporting.table import (
    BlankCell,
    Cell,
    Column,
    RowStyle,
    Table,
    TableRow,
    TableSection,
    TextCell,
)
from rast_bench.results.registry import (
    ACCURACY,
    COSINE,
    GAIN,
    MEAN_ACCURACY,
    MEAN_GAIN,
    MEAN_RECOVERY,
    RATIO_OF_MEANS,
    RECOVERY,
    SPREAD,
)
from rast_bench.results.result import Measure, Result, Unit

SCORES = (
    *(ACCURACY, MEAN_ACCURACY, RECOVERY, RATIO_OF_MEANS, COSINE, MEAN_RECOVERY, GAIN, MEAN_GAIN),
)
"""Measures that share one table, accuracy first; each other one has its own table."""

BESIDE = {
    RECOVERY: "recovery rate (eq. 5), in percent",
    COSINE: "cosine similarity of ΔR (eq. 6)",
}
"""Measures shown in another measure's table, and what its title says about them."""

LINES = {
    MEAN_ACCURACY: ACCURACY,
    RATIO_OF_MEANS: RECOVERY,
    MEAN_RECOVERY: RECOVERY,
    MEAN_GAIN: GAIN,
}
"""Means, and the measure in whose line they are shown."""

UNITS: dict[Unit, str] = {
    "fraction": "in percent",
    "tokens": "in tokens",
    "occurrences": "per response",
    "cosine": "",
    "bytes": "in bytes",
    "FLOPs": "",
}

MEAN = "mean"
MEAN_OF_RATIOS = "mean of ratios"  # of recovery rates; there is also a ratio of means


@dataclass(frozen=True)
class Layout:
    """The position of a result: its section, row and column."""

    section: Callable[[Result], str]
    row: Callable[[Result], str]
    column: Callable[[Result], str]


def paper_tables(
    results: Sequence[Result], name: str, *, published: bool, notes: Sequence[str] = ()
) -> list[Table]:
    """Return an experiment's tables: scores first, then one per measure, then one per grid.

    Args:
        name: of the experiment, for the commands in the footnotes.
        published: whether there are any published numbers.
        notes: footnotes on the protocol.
    """
    rows = [result for result in results if result.grid is None]
    groups: list[tuple[str, list[Result]]] = []
    scores = [result for result in rows if result.measure in SCORES]
    if scores:
        groups.append(("accuracy", scores))
    for measure in dict.fromkeys(result.measure for result in rows if result.measure not in SCORES):
        groups.append((measure.name, [result for result in rows if result.measure == measure]))
    for grid in dict.fromkeys(result.grid for result in results if result.grid is not None):
        groups.append((grid, [result for result in results if result.grid == grid]))
    return [
        table for title, group in groups for table in _tables(title, group, name, published, notes)
    ]


def _tables(
    title: str, results: Sequence[Result], name: str, published: bool, notes: Sequence[str]
) -> Iterable[Table]:
    """Yield one table, or for a grid of two dimensions with its spread over runs, two."""
    others = [result for result in results if result.grid is None or result.measure != SPREAD]
    spread = [result for result in results if result.grid is not None and result.measure == SPREAD]
    first, second = (others, spread) if others else (spread, [])
    layout = _layout(first)
    if len(_columns(first, layout)) == 1:
        yield _tall_table(
            title, first, layout, footnotes_of(results, name, published, notes), second
        )
        return
    for group in filter(None, (first, second)):
        yield _table(title, group, name, published, notes)


def _table(
    title: str, results: Sequence[Result], name: str, published: bool, notes: Sequence[str]
) -> Table:
    layout = _layout(results)
    columns = _columns(results, layout)
    sections = list(dict.fromkeys(map(layout.section, results)))
    whose = any(result.published for result in results)
    return Table(
        name=title.replace(" ", "-"),
        title=_title(title, results),
        columns=(*([Column("", "left")] * (1 + whose)), *map(Column, columns)),
        sections=tuple(
            TableSection(
                one,
                tuple(
                    line
                    for row, measure, members in _rows(results, layout, one)
                    for line in _lines(row, measure, members, layout, columns, whose=whose)
                ),
            )
            for one in sections
        ),
        footnotes=footnotes_of(results, name, published, notes),
    )


def _tall_table(
    title: str,
    results: Sequence[Result],
    layout: Layout,
    footnotes: tuple[str, ...],
    spread: Sequence[Result] = (),
) -> Table:
    """Return a table of one column as lines: published number, ours, range and verdict of each row.

    `spread`, the standard deviations over runs of the same results, adds a column.
    """
    compared = any(result.published for result in results)
    texts: dict[str, Callable[[Result], str]] = {"ours": ours_text}
    if compared:
        texts = {"paper": published_text, **texts, "range": range_text, "verdict": verdict_text}
    spread_of = {(layout.section(one), layout.row(one)): one for one in spread}
    if spread:
        texts["sd over runs"] = lambda result: ours_text(
            spread_of[layout.section(result), layout.row(result)]
        )
    column = layout.column(results[0])
    several = len(set(map(_line_measure, results))) > 1
    return Table(
        name=title.replace(" ", "-"),
        title=_title(title, results) + ("" if column in _MEANS else f"; {column}"),
        columns=(Column("", "left"), *map(Column, texts)),
        sections=tuple(
            TableSection(
                section,
                tuple(
                    TableRow(
                        (
                            TextCell(_label(row, measure) if several else row),
                            *(TextCell(text(result)) for text in texts.values()),
                        ),
                        "ceiling" if result.role == "ceiling" else "plain",
                    )
                    for row, measure, (result,) in _rows(results, layout, section)
                ),
            )
            for section in dict.fromkeys(map(layout.section, results))
        ),
        footnotes=footnotes,
    )


def _label(row: str, measure: Measure) -> str:
    return f"{row}, {measure.name}" if measure in (RECOVERY, COSINE, GAIN) else row


def _layout(results: Sequence[Result]) -> Layout:
    first = results[0]
    if first.grid is not None:
        if len({result.temperature for result in results}) == 1:
            return Layout(_grid_title, _lambda, _tau)
        return Layout(_grid_title, _tau, _lambda)
    if first.k is not None:
        several = len({result.section for result in results}) > 1
        return Layout(
            lambda c: f"{c.section}, {c.dataset}" if several else str(c.dataset),
            lambda c: c.row,
            lambda c: f"k = {c.k}",
        )
    return Layout(lambda c: c.section, lambda c: c.row, lambda c: c.dataset or _mean_heading(c))


_MEANS = (MEAN, MEAN_OF_RATIOS)


def _mean_heading(result: Result) -> str:
    return MEAN_OF_RATIOS if result.measure == MEAN_RECOVERY else MEAN


def _grid_title(result: Result) -> str:
    return f"{result.row} on {result.dataset}"


def _lambda(result: Result) -> str:
    return f"λ = {result.lambda_:g}"


def _tau(result: Result) -> str:
    return f"τ = {result.temperature:g}"


def _columns(results: Sequence[Result], layout: Layout) -> list[str]:
    """Return headings in order of first appearance; λ, τ and k by size; means last."""
    first = results[0]
    ordered = list(results)
    if first.grid is not None:
        ordered.sort(key=lambda result: (result.lambda_ or 0, result.temperature or 0))
    elif first.k is not None:
        ordered.sort(key=lambda result: result.k or 0)
    names = list(dict.fromkeys(map(layout.column, ordered)))
    return sorted(names, key=_MEANS.__contains__)


def _rows(
    results: Sequence[Result], layout: Layout, section: str
) -> Iterable[tuple[str, Measure, list[Result]]]:
    """Yield (row, measure, results) of a section; means are in the line of what they average."""
    members = [result for result in results if layout.section(result) == section]
    if members[0].grid is not None and len(set(map(layout.column, members))) > 1:
        members.sort(key=lambda result: (-(result.temperature or 0), result.lambda_ or 0))
    for row in dict.fromkeys(map(layout.row, members)):
        mine = [result for result in members if layout.row(result) == row]
        for measure in dict.fromkeys(_line_measure(result) for result in mine):
            yield row, measure, [result for result in mine if _line_measure(result) == measure]


def _line_measure(result: Result) -> Measure:
    return LINES.get(result.measure, result.measure)


def _lines(
    row: str,
    measure: Measure,
    results: Sequence[Result],
    layout: Layout,
    columns: Sequence[str],
    *,
    whose: bool,
) -> Iterable[TableRow]:
    """Yield the published numbers, then ours with range and verdict; one line without samples.

    With `whose` the second cell says which of them a line has.
    """
    by_column = {layout.column(result): result for result in results}
    style: RowStyle = "ceiling" if results[0].role == "ceiling" else "plain"
    label = _label(row, measure)

    def line(what: str, text: Callable[[Result], str], *, first: bool, sub: bool) -> TableRow:
        cells: list[Cell] = [
            TextCell(text(by_column[one])) if one in by_column else BlankCell() for one in columns
        ]
        head: Cell = TextCell(label) if first else BlankCell()
        names = (head, TextCell(what)) if whose else (head,)
        return TableRow((*names, *cells), "sub" if sub else style)

    compared = any(result.published for result in results)
    if compared:
        yield line("paper", published_text, first=True, sub=False)
    yield line("ours", ours_text, first=not compared, sub=False)
    if compared and any(one.low is not None for result in results if (one := ours_of(result))):
        yield line("range", range_text, first=False, sub=True)
        yield line("verdict", verdict_text, first=False, sub=True)


def _title(title: str, results: Sequence[Result]) -> str:
    measure = results[0].measure
    unit = measure.title or ", ".join(filter(None, (measure.name, UNITS[measure.unit])))
    if results[0].grid is not None:
        return f"{title}: {unit}"
    others = {_line_measure(result) for result in results[1:]} - {measure}
    return "; ".join([unit, *(words for one, words in BESIDE.items() if one in others)])
