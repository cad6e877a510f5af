"""Tables that need no samples: memory, FLOPs (by paper/cost.py), decoding."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rast_bench.config.experiment import CostKind, ExperimentCell, ExperimentConfig
from rast_bench.config.schema import CellConfig
from rast_bench.paper.cost import forward_flops
from rast_bench.paper.published import Published, select
from rast_bench.planning.checkpoints import config_parameters
from rast_bench.reporting.memory_table import memory_table
from rast_bench.reporting.numbers import DASH
from rast_bench.reporting.table import Cell, Column, Table, TableRow, TableSection, TextCell
from rast_bench.reporting.throughput_table import RowKey, Speeds, throughput_table
from rast_bench.results.token_cost import FLOPS_LENGTH, decoding_configs, exact_flops, token_cost

EXACT_NOTE = (
    "exact: without the embedding, which is looked up, and with attention over "
    f"{FLOPS_LENGTH:,} tokens (Kaplan et al. 2020)."
)
READS_NOTES = (
    "models: those that the row's method reads in every step, whatever it then uses of them; "
    "weights: in the engine's dtype, MB: 10⁶ bytes. 2 · parameters: FLOPs, summed over the models.",
    EXACT_NOTE + " With dola also the head after the embedding and all layers but the last.",
)
FLOPS_NOTES = (
    "2 · parameters: the reply's formula over all models that run, at the checkpoints' sizes.",
    EXACT_NOTE,
    "The reply's number for RAST is not what its own formula gives: `rast-bench audit-paper`.",
)
UNRECOVERED_DECODING_NOTES = (
    "The published table could not be recovered; section 3.1 states these settings.",
)


def cost_tables(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    numbers: Sequence[Published],
    speeds: Speeds = MappingProxyType({}),
) -> list[Table]:
    """Return one table for each of the experiment's `costs`, one line per row.

    Raises:
        ConfigError: the size of a model is unknown.
        ModelError: a checkpoint is broken.
    """
    rows: dict[RowKey, CellConfig] = {}
    for entry in entries:
        if entry.row is not None:
            rows.setdefault((entry.section, entry.row.label), entry.cell)
    published = experiment.published is not None
    named = experiment.published.sources if experiment.published else ()
    steered = {key: cell for key, cell in rows.items() if cell.method.name == "rast"}
    build: dict[CostKind, Callable[[], Table]] = {
        "memory": lambda: memory_table(
            steered,
            {key: decoding_configs(cell) for key, cell in steered.items()},
            select(numbers, source="table 4") if "table 4" in named else (),
        ),
        "flops": lambda: _flops_table(rows, numbers) if published else _reads_table(rows),
        "decoding": lambda: _decoding_table(rows, published=published),
        "throughput": lambda: throughput_table(experiment, rows, numbers, speeds),
    }
    return [build[kind]() for kind in experiment.costs]


def _flops_table(rows: Mapping[RowKey, CellConfig], numbers: Sequence[Published]) -> Table:
    lines = []
    for (section, label), cell in rows.items():
        configs = decoding_configs(cell)
        published = select(
            numbers,
            metric="inference FLOPs",
            model=cell.base_model.name,
            method=cell.method.name,
            delta=cell.delta.name if cell.steered else None,
        )
        texts = (
            " or ".join(f"{float(one.value):.3g}" for one in published) or DASH,
            f"{float(forward_flops(map(config_parameters, configs))):.3g}",
            f"{float(exact_flops(configs, cell.method.composition)):.3g}",
        )
        lines.append(_line(f"{section} {label}", texts))
    columns = ("paper", "2 · parameters", "exact")
    return _table(
        "flops", "FLOPs per decoded token (reply to reviewer 2)", columns, lines, FLOPS_NOTES
    )


def _reads_table(rows: Mapping[RowKey, CellConfig]) -> Table:
    """Return the weights and FLOPs of the models that each row's method reads."""
    lines = []
    for (_, label), cell in rows.items():
        configs, method, cost = decoding_configs(cell), cell.method.composition, token_cost(cell)
        names = [{"rl": "RL"}.get(cell.method.name, "M_base")]
        for role in method.roles if method else ():
            names.append({"rl": "S_RL", "base": "S_base"}[role])
        texts = (
            " ".join(names),
            f"{cost.weights / 10**6:,.1f}",
            f"{float(forward_flops(map(config_parameters, configs))):.3g}",
            f"{cost.flops:.3g}",
        )
        lines.append(_line(label, texts))
    columns = ("models", "weights, MB", "2 · parameters", "exact")
    title = "Models read per decoded token: bytes of weights, FLOPs"
    return _table("flops", title, columns, lines, READS_NOTES)


def _decoding_table(rows: Mapping[RowKey, CellConfig], *, published: bool) -> Table:
    lines = []
    penalised = any(cell.decoding.repetition_penalty != 1 for cell in rows.values())
    for (_, label), cell in rows.items():
        decoding = cell.decoding
        greedy = decoding.greedy
        texts = (
            DASH if cell.weight is None else f"{cell.weight:g}",
            "greedy" if greedy else f"{decoding.temperature:g}",
            DASH if greedy else f"{decoding.top_p:g}",
            *([f"{decoding.repetition_penalty:g}"] if penalised else []),
            str(decoding.samples_per_problem),
            f"{decoding.max_tokens:,}",
            cell.prompt.name,
        )
        lines.append(_line(label, texts))
    penalty = ["repetition penalty"] if penalised else []
    columns = ("λ", "τ", "top-p", *penalty, "samples", "max tokens", "prompt")
    return _table(
        "decoding",
        "Decoding configurations",
        columns,
        lines,
        UNRECOVERED_DECODING_NOTES if published else (),
    )


def _line(label: str, texts: Sequence[str]) -> TableRow:
    cells: tuple[Cell, ...] = (TextCell(label), *map(TextCell, texts))
    return TableRow(cells)


def _table(
    name: str, title: str, columns: Sequence[str], lines: Sequence[TableRow], notes: Sequence[str]
) -> Table:
    return Table(
        name,
        title,
        (Column("", "left"), *map(Column, columns)),
        (TableSection("computed", tuple(lines)),),
        tuple(notes),
    )
