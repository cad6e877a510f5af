"""Tables that need no samples: memory, FLOPs (by paper/cost.py), decoding.

Sizes come from config.json if a checkpoint is here, else from the facts that ship (known/).
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from rast_bench.config.experiment import CostKind, ExperimentCell, ExperimentConfig
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.errors import ConfigError
from rast_bench.paper.cost import (
    attention_flops,
    forward_flops,
    multiplied_parameters,
)
from rast_bench.paper.published import Published, select
from rast_bench.planning.checkpoints import config_parameters, configuration
from rast_bench.planning.memory import BYTES
from rast_bench.reporting.memory_table import DTYPE, memory_table
from rast_bench.reporting.numbers import DASH
from rast_bench.reporting.table import Cell, Column, Table, TableRow, TableSection, TextCell
from rast_bench.reporting.throughput_table import RowKey, Speeds, throughput_table

FLOPS_LENGTH = 2048  # tokens of context

EXACT_NOTE = (
    "exact: without the embedding, which is looked up, and with attention over "
    f"{FLOPS_LENGTH:,} tokens (Kaplan et al. 2020)."
)
READS_NOTES = (
    "models: those that the row's method reads in every step, whatever it then uses of them; "
    "weights: in the engine's dtype, MB: 10⁶ bytes. 2 · parameters: FLOPs, summed over the models.",
    EXACT_NOTE,
    "Not counted: what dola adds, the head after every layer of M_base.",
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


def checkpoint_config(ref: ModelRef) -> Mapping[str, Any]:
    """Return a checkpoint's config.json, or the shipped facts if it is not here.

    Raises:
        ConfigError: nothing is known about it.
        ModelError: the checkpoint is broken.
    """
    config = configuration(ref)
    if not config:
        raise ConfigError(
            f"the size of model {ref.path} is not known",
            hint="download it, or give its folder instead of the hub id",
        )
    return config


def decoding_configs(cell: CellConfig) -> list[Mapping[str, Any]]:
    """Return the configs of all models that decode a cell: M, and what its method reads of each
    pair.
    """
    main, method = checkpoint_config(cell.base_model.base), cell.method.composition
    if method is None:
        return [main]
    pairs = [checkpoint_config(pair.base) for pair in cell.delta.pairs]
    return [main, *(config for config in pairs for _ in method.roles)]


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
            f"{float(_exact_flops(configs)):.3g}",
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
        configs, method = decoding_configs(cell), cell.method.composition
        names = [{"rl": "RL"}.get(cell.method.name, "M_base")]
        for role in method.roles if method else ():
            names.append({"rl": "S_RL", "base": "S_base"}[role])
        dtype = cell.engine.dtype
        width = BYTES[dtype if dtype in BYTES else DTYPE]
        weights = width * sum(map(config_parameters, configs))
        texts = (
            " ".join(names),
            f"{weights / 10**6:,.1f}",
            f"{float(forward_flops(map(config_parameters, configs))):.3g}",
            f"{float(_exact_flops(configs)):.3g}",
        )
        lines.append(_line(label, texts))
    columns = ("models", "weights, MB", "2 · parameters", "exact")
    title = "Models read per decoded token: bytes of weights, FLOPs"
    return _table("flops", title, columns, lines, READS_NOTES)


def _exact_flops(configs: Sequence[Mapping[str, Any]]) -> Fraction:
    return forward_flops(map(multiplied_parameters, configs)) + sum(
        attention_flops(one, FLOPS_LENGTH) for one in configs
    )


def _decoding_table(rows: Mapping[RowKey, CellConfig], *, published: bool) -> Table:
    lines = []
    for (_, label), cell in rows.items():
        decoding = cell.decoding
        greedy = decoding.greedy
        texts = (
            DASH if cell.weight is None else f"{cell.weight:g}",
            "greedy" if greedy else f"{decoding.temperature:g}",
            DASH if greedy else f"{decoding.top_p:g}",
            str(decoding.samples_per_problem),
            f"{decoding.max_tokens:,}",
            cell.prompt.name,
        )
        lines.append(_line(label, texts))
    columns = ("λ", "τ", "top-p", "samples", "max tokens", "prompt")
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
