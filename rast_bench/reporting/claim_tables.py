"""Claims in the paper's layout: its rows and columns, and under each published number ours."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rast_bench.config.experiment import Measure
from rast_bench.reporting.claim_texts import (
    footnotes_of,
    ours_text,
    published_text,
    range_text,
    verdict_text,
)
from rast_bench.reporting.claims import PERCENT, Claim
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

SCORES: tuple[Measure, ...] = (
    *("accuracy", "recovery rate", "cosine similarity", "mean recovery rate", "gain", "mean gain"),
)
"""Measures that share one table, accuracy first; each other one has a table of its own."""

MEAN = "mean"
MEAN_OF_RATIOS = "mean of ratios"  # of recovery rates: there is a ratio of means, too
SPREAD: Measure = "standard deviation over runs"


@dataclass(frozen=True)
class Layout:
    """Where a claim stands: its section, row and column."""

    section: Callable[[Claim], str]
    row: Callable[[Claim], str]
    column: Callable[[Claim], str]


def claim_tables(
    claims: Sequence[Claim], name: str, *, published: bool, notes: Sequence[str] = ()
) -> list[Table]:
    """The tables of an experiment: scores first, then a table per measure, then one per grid.

    Args:
        name: of the experiment, for the commands in the footnotes.
        published: whether there is something to compare with at all.
        notes: footnotes on the protocol.
    """
    rows = [claim for claim in claims if claim.grid is None]
    groups: list[tuple[str, list[Claim]]] = []
    scores = [claim for claim in rows if claim.measure in SCORES]
    if scores:
        groups.append(("accuracy", scores))
    for measure in dict.fromkeys(claim.measure for claim in rows if claim.measure not in SCORES):
        groups.append((measure, [claim for claim in rows if claim.measure == measure]))
    for grid in dict.fromkeys(claim.grid for claim in claims if claim.grid is not None):
        groups.append((grid, [claim for claim in claims if claim.grid == grid]))
    return [
        table for title, group in groups for table in _tables(title, group, name, published, notes)
    ]


def _tables(
    title: str, claims: Sequence[Claim], name: str, published: bool, notes: Sequence[str]
) -> Iterable[Table]:
    """One table; of a grid of two dimensions with its spread over runs, two."""
    others = [claim for claim in claims if claim.grid is None or claim.measure != SPREAD]
    spread = [claim for claim in claims if claim.grid is not None and claim.measure == SPREAD]
    first, second = (others, spread) if others else (spread, [])
    layout = _layout(first)
    if len(_columns(first, layout)) == 1:
        yield _tall_table(
            title, first, layout, footnotes_of(claims, name, published, notes), second
        )
        return
    for group in filter(None, (first, second)):
        yield _table(title, group, name, published, notes)


def _table(
    title: str, claims: Sequence[Claim], name: str, published: bool, notes: Sequence[str]
) -> Table:
    layout = _layout(claims)
    columns = _columns(claims, layout)
    sections = list(dict.fromkeys(map(layout.section, claims)))
    whose = any(claim.published for claim in claims)
    return Table(
        name=title.replace(" ", "-"),
        title=_title(title, claims),
        columns=(*([Column("", "left")] * (1 + whose)), *map(Column, columns)),
        sections=tuple(
            TableSection(
                one,
                tuple(
                    line
                    for row, measure, members in _rows(claims, layout, one)
                    for line in _lines(row, measure, members, layout, columns, whose=whose)
                ),
            )
            for one in sections
        ),
        footnotes=footnotes_of(claims, name, published, notes),
    )


def _tall_table(
    title: str,
    claims: Sequence[Claim],
    layout: Layout,
    footnotes: tuple[str, ...],
    spread: Sequence[Claim] = (),
) -> Table:
    """Of one column: a line per row, with the published number, ours, range and verdict in it.

    `spread`, the standard deviations over runs of the same places, makes one more column.
    """
    compared = any(claim.published for claim in claims)
    texts: dict[str, Callable[[Claim], str]] = {"ours": ours_text}
    if compared:
        texts = {"paper": published_text, **texts, "range": range_text, "verdict": verdict_text}
    spread_of = {(layout.section(one), layout.row(one)): one for one in spread}
    if spread:
        texts["sd over runs"] = lambda claim: ours_text(
            spread_of[layout.section(claim), layout.row(claim)]
        )
    column = layout.column(claims[0])
    several = len(set(map(_line_measure, claims))) > 1
    return Table(
        name=title.replace(" ", "-"),
        title=_title(title, claims) + ("" if column in _MEANS else f"; {column}"),
        columns=(Column("", "left"), *map(Column, texts)),
        sections=tuple(
            TableSection(
                section,
                tuple(
                    TableRow(
                        (
                            TextCell(_label(row, measure) if several else row),
                            *(TextCell(text(claim)) for text in texts.values()),
                        ),
                        "ceiling" if claim.role == "ceiling" else "plain",
                    )
                    for row, measure, (claim,) in _rows(claims, layout, section)
                ),
            )
            for section in dict.fromkeys(map(layout.section, claims))
        ),
        footnotes=footnotes,
    )


def _label(row: str, measure: Measure) -> str:
    named = measure in ("recovery rate", "cosine similarity", "gain")
    return f"{row}, {measure}" if named else row


def _layout(claims: Sequence[Claim]) -> Layout:
    first = claims[0]
    if first.grid is not None:
        if len({claim.temperature for claim in claims}) == 1:
            return Layout(_grid_title, _strength, _tau)
        return Layout(_grid_title, _tau, _strength)
    if first.k is not None:
        several = len({claim.section for claim in claims}) > 1
        return Layout(
            lambda c: f"{c.section}, {c.dataset}" if several else str(c.dataset),
            lambda c: c.label,
            lambda c: f"k = {c.k}",
        )
    return Layout(lambda c: c.section, lambda c: c.label, lambda c: c.dataset or _mean_heading(c))


_MEANS = (MEAN, MEAN_OF_RATIOS)


def _mean_heading(claim: Claim) -> str:
    return MEAN_OF_RATIOS if claim.measure == "mean recovery rate" else MEAN


def _grid_title(claim: Claim) -> str:
    return f"{claim.label} on {claim.dataset}"


def _strength(claim: Claim) -> str:
    return f"λ = {claim.lambda_:g}"


def _tau(claim: Claim) -> str:
    return f"τ = {claim.temperature:g}"


def _columns(claims: Sequence[Claim], layout: Layout) -> list[str]:
    """In order of first appearance; λ, τ and k by size; means last."""
    first = claims[0]
    ordered = list(claims)
    if first.grid is not None:
        ordered.sort(key=lambda claim: (claim.lambda_ or 0, claim.temperature or 0))
    elif first.k is not None:
        ordered.sort(key=lambda claim: claim.k or 0)
    names = list(dict.fromkeys(map(layout.column, ordered)))
    return sorted(names, key=_MEANS.__contains__)


def _rows(
    claims: Sequence[Claim], layout: Layout, section: str
) -> Iterable[tuple[str, Measure, list[Claim]]]:
    """(row, measure, its claims) of one section; means stand in the line of what they average."""
    members = [claim for claim in claims if layout.section(claim) == section]
    if members[0].grid is not None and len(set(map(layout.column, members))) > 1:
        members.sort(key=lambda claim: (-(claim.temperature or 0), claim.lambda_ or 0))
    for row in dict.fromkeys(map(layout.row, members)):
        mine = [claim for claim in members if layout.row(claim) == row]
        for measure in dict.fromkeys(_line_measure(claim) for claim in mine):
            yield row, measure, [claim for claim in mine if _line_measure(claim) == measure]


def _line_measure(claim: Claim) -> Measure:
    if claim.measure == "mean recovery rate":
        return "recovery rate"
    return "gain" if claim.measure == "mean gain" else claim.measure


def _lines(
    row: str,
    measure: Measure,
    claims: Sequence[Claim],
    layout: Layout,
    columns: Sequence[str],
    *,
    whose: bool,
) -> Iterable[TableRow]:
    """The published numbers, then ours with range and verdict; one line where nothing was run.

    With `whose` the second cell says which of them a line has.
    """
    by_column = {layout.column(claim): claim for claim in claims}
    style: RowStyle = "ceiling" if claims[0].role == "ceiling" else "plain"
    label = _label(row, measure)

    def line(what: str, text: Callable[[Claim], str], *, first: bool, sub: bool) -> TableRow:
        cells: list[Cell] = [
            TextCell(text(by_column[one])) if one in by_column else BlankCell() for one in columns
        ]
        head: Cell = TextCell(label) if first else BlankCell()
        names = (head, TextCell(what)) if whose else (head,)
        return TableRow((*names, *cells), "sub" if sub else style)

    compared = any(claim.published for claim in claims)
    if compared:
        yield line("paper", published_text, first=True, sub=False)
    yield line("ours", ours_text, first=not compared, sub=False)
    if compared and any(claim.ours and claim.ours.low is not None for claim in claims):
        yield line("range", range_text, first=False, sub=True)
        yield line("verdict", verdict_text, first=False, sub=True)


_UNITS: dict[Measure, str] = {
    "accuracy": "accuracy (avg@n), in percent",
    "PCR": "path coverage rate (eq. 2), in percent",
    SPREAD: "standard deviation over runs of the accuracy, in points",
    "cosine similarity": "cosine similarity of ΔR (eq. 6)",
    "response length": "output tokens per response",
    "mean recovery rate": "mean recovery rate (mean of ratios, eq. 5), in percent",
}

_BESIDE: dict[Measure, str] = {
    "recovery rate": "recovery rate (eq. 5), in percent",
    "cosine similarity": "cosine similarity of ΔR (eq. 6)",
}
"""Measures that stand in the table of another, and what its title says of them."""


def _title(title: str, claims: Sequence[Claim]) -> str:
    measure = claims[0].measure
    unit = "in percent" if measure in PERCENT else "per response"
    unit = _UNITS.get(measure, f"{measure}, {unit}")
    if claims[0].grid is not None:
        return f"{title}: {unit}"
    others = {claim.measure for claim in claims[1:]} - {measure}
    return "; ".join([unit, *(words for one, words in _BESIDE.items() if one in others)])
