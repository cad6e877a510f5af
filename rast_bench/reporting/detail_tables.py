"""Tables of details: pass@k, majority@k, lengths and behaviour."""

from collections.abc import Callable, Iterable, Sequence

from rast_bench.metrics.estimate import Estimate
from rast_bench.metrics.paper import DRAWS
from rast_bench.reporting.index import ResultIndex, Row, estimate_of
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
from rast_bench.results.registry import (
    ACCURACY,
    BEHAVIOURS,
    CORRECT_LENGTH,
    LENGTH,
    MAJORITY_AT_K,
    MEDIAN_LENGTH,
    PASS_AT_K,
    TRUNCATED,
    UNPARSED,
    VERDICT_SHARES,
    WRONG_LENGTH,
)
from rast_bench.results.result import Measure, Result

DRAWN = f"{DRAWS} draws"  # a sub-row: the paper's estimator on our samples

SHORT_HEADINGS = {
    "branching": "branch.",
    "backtracking": "backtr.",
    "self-verification": "self-ver.",
}

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
    "mean and median: output tokens per sample, counted with the model's own tokenizer; correct "
    "and wrong: mean over samples with that verdict. trunc.: stopped by max_tokens; unpars.: ended "
    "without an answer."
)
UNDECIDED_NOTE = (
    "undec.: the answer is neither proven equal to the gold answer nor refuted; such samples count "
    "as not correct, and in none of the means by verdict."
)
BEHAVIOUR_NOTE = (
    "The last columns count behaviour words per sample, by lemmas as found by {lemmatizer}."
)


def detail_tables(index: ResultIndex, notes: Sequence[str] = ()) -> tuple[Table, ...]:
    """Return pass@k, majority@k, and lengths with behaviour, one line per row and data set."""
    return (
        _estimator_table(index, PASS_AT_K, "pass_at_k", "pass", (PASS_NOTE, *notes)),
        _estimator_table(index, MAJORITY_AT_K, "majority_at_k", "maj", (MAJORITY_NOTE, *notes)),
        _generation_table(index, notes),
    )


def _estimator_table(
    index: ResultIndex, measure: Measure, name: str, heading: str, footnotes: tuple[str, ...]
) -> Table:
    """Return exact estimates at 1 and at the k of the paper's protocol, its draws below them.

    The full curve goes to the CSV.
    """

    def estimates(row: Row, dataset: str) -> tuple[dict[int, Estimate], dict[int, Estimate]]:
        drawn = index.curve(row, dataset, measure, "paper")
        exact = index.curve(row, dataset, measure)
        return {k: one for k, one in exact.items() if k == 1 or k in drawn}, drawn

    ks = sorted(
        {
            k
            for row in index.rows
            for dataset in index.datasets_of(row)
            for k in estimates(row, dataset)[0]
        }
    )
    columns = (
        Column("", "left"),
        Column("data set", "left"),
        Column("problems"),
        Column("N"),
        *(Column(f"{heading}@{k}") for k in ks),
    )

    def lines(row: Row) -> Iterable[TableRow]:
        for head, dataset in _heads(index, row):
            exact, drawn = estimates(row, dataset)
            accuracy = index.get(row, dataset, ACCURACY)
            assert accuracy is not None, "the row was run on the data set"
            yield TableRow(
                (
                    head,
                    TextCell(dataset),
                    CountCell(accuracy.problems or 0),
                    CountCell(accuracy.samples or 0),
                    *(RateCell(exact[k]) if k in exact else EmptyCell() for k in ks),
                ),
                row_style(row),
            )
            if drawn:
                blanks = (BlankCell(),) * 2
                rates = (RateCell(drawn[k]) if k in drawn else BlankCell() for k in ks)
                yield TableRow((BlankCell(), TextCell(DRAWN), *blanks, *rates), "sub")

    title = f"{measure.name} in percent"
    return Table(name, title, columns, _detail_sections(index, lines), footnotes)


def _generation_table(index: ResultIndex, notes: Sequence[str]) -> Table:
    undecided = VERDICT_SHARES["undecided"]
    shares = {"trunc. %": TRUNCATED, "unpars. %": UNPARSED}
    places = [(row, dataset) for row in index.rows for dataset in index.datasets_of(row)]
    footnotes = [GENERATION_NOTE]
    if any(index.get(*place, undecided) for place in places):  # most tables have none
        shares["undec. %"] = undecided
        footnotes.append(UNDECIDED_NOTE)
    counted = [
        one for place in places for one in (index.get(*place, BEHAVIOURS["branching"]),) if one
    ]
    if counted:
        footnotes.append(BEHAVIOUR_NOTE.format(lemmatizer=counted[0].value.counted_by))
    lengths = {
        "mean": LENGTH,
        "median": MEDIAN_LENGTH,
        "correct": CORRECT_LENGTH,
        "wrong": WRONG_LENGTH,
    }
    behaviours = {SHORT_HEADINGS.get(name, name): one for name, one in BEHAVIOURS.items()}

    def lines(row: Row) -> Iterable[TableRow]:
        for head, dataset in _heads(index, row):
            yield TableRow(
                (
                    head,
                    TextCell(dataset),
                    *(_quantity(index.get(row, dataset, one)) for one in lengths.values()),
                    *(_share(index.get(row, dataset, one)) for one in shares.values()),
                    *(_quantity(index.get(row, dataset, one)) for one in behaviours.values()),
                ),
                row_style(row),
            )

    return Table(
        "generation",
        "Output tokens per sample (mean, median, of correct and of wrong samples) and behaviour",
        (
            Column("", "left"),
            Column("data set", "left"),
            *(Column(heading) for heading in (*lengths, *shares, *behaviours)),
        ),
        _detail_sections(index, lines),
        (*footnotes, *notes),
    )


def _quantity(result: Result | None) -> Cell:
    if result is None or result.estimate is None:
        return EmptyCell()
    return QuantityCell(result.estimate, result.measure.decimals)


def _share(result: Result | None) -> Cell:
    """Return a share; a verdict that does not occur has no result."""
    return RateCell(estimate_of(result) if result else Estimate(0.0, None))


def _heads(index: ResultIndex, row: Row) -> Iterable[tuple[Cell, str]]:
    """Yield the first cell of each line and its data set; the label is in the first line."""
    for place, dataset in enumerate(index.datasets_of(row)):
        yield BlankCell() if place else TextCell(row.label), dataset


def _detail_sections(
    index: ResultIndex, lines: Callable[[Row], Iterable[TableRow]]
) -> tuple[TableSection, ...]:
    return tuple(
        TableSection(name, tuple(line for row in index.section(name) for line in lines(row)))
        for name in index.section_names()
    )
