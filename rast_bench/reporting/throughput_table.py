"""Tokens per second: the published speeds of reply 4, and ours from the ledger's runs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rast_bench.config.experiment import ExperimentCell, ExperimentConfig
from rast_bench.config.schema import CellConfig
from rast_bench.paper.published import Published, select
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.estimate import RunThroughput
from rast_bench.planning.history import History
from rast_bench.reporting.numbers import DASH, decimal
from rast_bench.reporting.paper_texts import MISSING_NOTE, printed
from rast_bench.reporting.table import Column, RowStyle, Table, TableRow, TableSection, TextCell

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

RowKey = tuple[str, str]
"""Section and label of a row."""

Speeds = Mapping[RowKey, RunThroughput]

INPUT, OUTPUT = "input speed", "output speed"  # tokens per second in results/paper/

MEASURED_NOTE = (
    "ours: response tokens of the longest run that made samples of the row, all sequences of its "
    "batches together, by the seconds from the loaded engine to the last sample. The ledger does "
    "not count prompt tokens."
)
RATIO_NOTE = (
    "of RL: output in percent of the RL-trained model's; of ours where host, device and engine are "
    "the same. Other work on the machine meanwhile is not known here."
)
VERDICT_NOTE = (
    "No verdict: speeds of other hardware, data and batches need not agree. What carries over is "
    "the share of RL."
)


def measured_speeds(
    entries: Sequence[ExperimentCell], planned: Sequence[PlannedCell | None], ledger: "Ledger"
) -> dict[RowKey, RunThroughput]:
    """Return the speed at which a row's cells were made, if any, by section and label.

    `entries` and `planned` are parallel.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    history = History(ledger)
    ids: dict[RowKey, list[str]] = {}
    for entry, cell in zip(entries, planned, strict=True):
        if entry.row is not None and cell is not None:
            ids.setdefault((entry.section, entry.row.label), []).append(cell.cell_id)
    found = {row: history.run_throughput(cell_ids) for row, cell_ids in ids.items()}
    return {row: speed for row, speed in found.items() if speed is not None}


def throughput_table(
    experiment: ExperimentConfig,
    rows: Mapping[RowKey, CellConfig],
    numbers: Sequence[Published],
    speeds: Speeds,
) -> Table:
    """Return one line per row; of `numbers` those count whose source the experiment names.

    Args:
        rows: one cell of each row, which identifies the row.
        speeds: of the rows that were run.
    """
    sources = experiment.published.sources if experiment.published else ()
    stated = [number for number in numbers if number.source in sources]
    headings = ["output", "of RL, %"]
    if stated:
        headings = ["paper: input", *headings, "ours: output", "of RL, %"]

    def line(key: RowKey) -> TableRow:
        cell = rows[key]
        reference = next((one for one in rows if one[0] == key[0] and _is_rl(rows[one])), key)
        texts = [*_ours(key, reference, speeds, 2 if stated else 0)]
        if stated:
            texts = [*_published(cell, rows[reference], stated), *texts]
        style: RowStyle = "ceiling" if _is_rl(cell) else "plain"
        return TableRow(tuple(map(TextCell, (key[1], *texts))), style)

    return Table(
        "throughput",
        "tokens per second",
        (Column("", "left"), *map(Column, headings)),
        tuple(
            TableSection(section, tuple(line(key) for key in rows if key[0] == section))
            for section in dict.fromkeys(section for section, _ in rows)
        ),
        _footnotes(experiment, rows, stated, speeds),
    )


def _is_rl(cell: CellConfig) -> bool:
    return cell.method.name == "rl"


def _published(cell: CellConfig, reference: CellConfig, stated: Sequence[Published]) -> list[str]:
    """Return input, output and share of RL."""
    made = _numbers_of(cell, OUTPUT, stated)
    against = _numbers_of(reference, OUTPUT, stated)
    share = DASH
    if made and against and not _is_rl(cell):
        share = decimal(float(100 * made[0].value / against[0].value), 1)
    return [_listed(_numbers_of(cell, INPUT, stated)), _listed(made), share]


def _numbers_of(cell: CellConfig, metric: str, stated: Sequence[Published]) -> list[Published]:
    method = cell.method.name
    delta = cell.delta.name if method == "rast" else None
    return select(stated, metric=metric, model=cell.base_model.name, method=method, delta=delta)


def _listed(numbers: Sequence[Published]) -> str:
    return " or ".join(map(printed, numbers)) or DASH


def _ours(key: RowKey, reference: RowKey, speeds: Speeds, decimals: int) -> list[str]:
    """Return output and share of RL."""
    if key not in speeds:
        return ["not run", DASH]
    speed, against = speeds[key], speeds.get(reference)
    share = DASH
    if key != reference and against is not None and speed.conditions == against.conditions:
        share = decimal(100 * speed.tokens_per_second / against.tokens_per_second, 1)
    return [decimal(speed.tokens_per_second, decimals), share]


def _footnotes(
    experiment: ExperimentConfig,
    rows: Mapping[RowKey, CellConfig],
    stated: Sequence[Published],
    speeds: Speeds,
) -> tuple[str, ...]:
    notes = [RATIO_NOTE]
    if stated:
        where = dict.fromkeys(one.note for one in stated if one.metric == OUTPUT)
        totals = (f"{one.metric} {printed(one)} {one.unit}" for one in stated if not one.model)
        notes.append(f"paper: {', '.join(where)}; it also states: {', '.join(totals)}.")
    if speeds:
        notes.append(MEASURED_NOTE)
        notes += [f"{section} {label}: {_place(one)}." for (section, label), one in speeds.items()]
    if stated:
        notes.append(VERDICT_NOTE)
    if len(speeds) < len(rows):
        notes.append(MISSING_NOTE.format(name=experiment.name))
    return tuple(notes)


def _place(speed: RunThroughput) -> str:
    return f"{speed.device}, host {speed.host}; {speed.engine}; run {speed.run_id}"
