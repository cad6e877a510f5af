"""Tables that follow from an experiment's cells alone: memory, FLOPs (by paper/cost.py), decoding.

They need no samples, and no checkpoints of the models in paper/checkpoints.json: other sizes come
from the config.json of a checkpoint that is here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import rast_bench.paper
from rast_bench.config.experiment import CostKind, ExperimentCell, ExperimentConfig
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.engines.check import read_json
from rast_bench.errors import ConfigError
from rast_bench.paper.cost import (
    ACTIVATIONS_PER_GPU,
    BUFFERS_PER_GPU,
    GB,
    Span,
    attention_flops,
    forward_flops,
    multiplied_parameters,
    training_bytes,
)
from rast_bench.paper.published import Published, select
from rast_bench.planning.checkpoints import checkpoint_folder, config_parameters
from rast_bench.planning.memory import BYTES
from rast_bench.reporting.numbers import DASH, decimal
from rast_bench.reporting.table import Cell, Column, Table, TableRow, TableSection, TextCell
from rast_bench.reporting.throughput_table import RowKey, Speeds, throughput_table

CHECKPOINTS_FILE = Path(rast_bench.paper.__file__).with_name("checkpoints.json")
TENSOR_PARALLEL = 4  # appendix D's example
FLOPS_LENGTH = 2048  # tokens of context
DTYPE = "bfloat16"
MB, BILLION = 10**6, 10**9
NOTHING = Span(Fraction(0), Fraction(0))

TRAINING_NOTE = (
    f"training: appendix D's formula for GRPO on M over {TENSOR_PARALLEL} devices (policy, critic "
    "and reference in 16 bits, activations 12 to 25 GB and buffers 5 to 8 GB a device; optimizer "
    "states stay on the CPU)."
)
SMALL_TRAINING_NOTE = (
    "training: the weights of appendix D's formula for GRPO on M (policy, critic and reference in "
    "16 bits). Its 17 to 33 GB of activations and buffers a device are of models of billions, so "
    "they are left out: RAST saves at least what is said here."
)
DECODING_NOTE = (
    "decoding: weights of M, S_RL and S_base in 16 bits, and the key-value cache of one response "
    "of the full length. saved: 1 − decoding / training. {unit}: {bytes} bytes."
)
UNRECOVERED_MEMORY_NOTE = (
    "The published numbers of table 4 could not be recovered; its text says: up to 50 % saved."
)
FLOPS_NOTES = (
    "2 · parameters: the reply's formula over all models that run, at the checkpoints' sizes.",
    "exact: without the embedding, which is looked up, and with attention over "
    f"{FLOPS_LENGTH:,} tokens (Kaplan et al. 2020).",
    "The reply's number for RAST is not what its own formula gives: `rast-bench audit-paper`.",
)
UNRECOVERED_DECODING_NOTES = (
    "The published table could not be recovered; section 3.1 states these settings.",
)


def cost_tables(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    facts: Sequence[Published],
    speeds: Speeds = MappingProxyType({}),
) -> list[Table]:
    """One table for each of the experiment's `costs`, a line a row.

    Raises ConfigError for a model of which neither paper/checkpoints.json nor a checkpoint that is
    here tells the size, ModelError for a checkpoint that is broken.
    """
    rows: dict[RowKey, CellConfig] = {}
    for entry in entries:
        if entry.row is not None:
            rows.setdefault((entry.section, entry.row.label), entry.cell)
    published = experiment.published is not None
    build: dict[CostKind, Callable[[], Table]] = {
        "memory": lambda: _memory_table(rows, published=published),
        "flops": lambda: _flops_table(rows, facts),
        "decoding": lambda: _decoding_table(rows, published=published),
        "throughput": lambda: throughput_table(experiment, rows, facts, speeds),
    }
    return [build[kind]() for kind in experiment.costs]


@cache
def _checkpoints() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(CHECKPOINTS_FILE.read_text(encoding="utf-8"))
    return {name: config for name, config in found.items() if name != "source"}


def checkpoint_config(name: str, ref: ModelRef) -> Mapping[str, Any]:
    """The sizes of a checkpoint by its name in conf/base_model, else by its own config.json.

    Raises ConfigError where neither is there, ModelError for a checkpoint that is broken.
    """
    known = _checkpoints()
    if name in known:
        return known[name]
    folder = checkpoint_folder(ref)
    if folder is None:
        raise ConfigError(
            f"the size of model {name} is not known",
            hint=f"download {ref.path}; without a download known are {', '.join(known)}",
        )
    return read_json(ref.path, folder / "config.json")


def decoding_configs(cell: CellConfig) -> list[Mapping[str, Any]]:
    """The configs of all models that decode a cell: M, and for RAST both models of each pair."""
    main = checkpoint_config(cell.base_model.name, cell.base_model.base)
    if cell.method.name != "rast":
        return [main]
    pairs = [checkpoint_config(cell.delta.name, pair.base) for pair in cell.delta.pairs]
    return [main, *(config for config in pairs for _ in ("RL", "base"))]


def decoding_bytes(configs: Sequence[Mapping[str, Any]], length: int) -> int:
    """Weights in 16 bits and the key-value cache of one row of `length` tokens."""
    size = BYTES[DTYPE]
    return sum(config_parameters(one) * size + length * _cache(one, size) for one in configs)


def _cache(config: Mapping[str, Any], size: int) -> int:
    heads = int(config["num_attention_heads"])
    head_dim = int(config.get("head_dim") or int(config["hidden_size"]) // heads)
    return (
        2 * int(config["num_hidden_layers"]) * int(config["num_key_value_heads"]) * head_dim * size
    )


def _memory_table(rows: Mapping[RowKey, CellConfig], *, published: bool) -> Table:
    steered = {key: cell for key, cell in rows.items() if cell.method.name == "rast"}
    configs = {key: decoding_configs(cell) for key, cell in steered.items()}
    sizes = {key: config_parameters(models[0]) for key, models in configs.items()}
    small = max(sizes.values(), default=0) < BILLION
    activations, buffers = (NOTHING, NOTHING) if small else (ACTIVATIONS_PER_GPU, BUFFERS_PER_GPU)
    unit, divisor, bytes_ = ("MB", MB, "10⁶") if small else ("GB", GB, "10⁹")
    decimals = 1 if small else 0
    lines = []
    for (section, label), cell in steered.items():
        key = section, label
        training = training_bytes(
            sizes[key], TENSOR_PARALLEL, activations=activations, buffers=buffers
        )
        decoding = decoding_bytes(configs[key], cell.decoding.max_tokens)
        low, high = float(training.low), float(training.high)
        texts = (
            _span(low / divisor, high / divisor, decimals),
            decimal(decoding / divisor, decimals),
            _span(100 * (1 - decoding / low), 100 * (1 - decoding / high), 0),
        )
        lines.append(_line(f"{section} {label}", texts))
    notes = [
        SMALL_TRAINING_NOTE if small else TRAINING_NOTE,
        DECODING_NOTE.format(unit=unit, bytes=bytes_),
        *([UNRECOVERED_MEMORY_NOTE] if published else []),
    ]
    columns = (f"training, {unit}", f"decoding, {unit}", "saved, %")
    return _table("memory", "GPU memory (appendix D)", columns, lines, notes)


def _span(low: float, high: float, decimals: int) -> str:
    texts = (decimal(low, decimals), decimal(high, decimals))
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def _flops_table(rows: Mapping[RowKey, CellConfig], facts: Sequence[Published]) -> Table:
    lines = []
    for (section, label), cell in rows.items():
        configs = decoding_configs(cell)
        steered = cell.method.name == "rast"
        published = select(
            facts,
            metric="inference FLOPs",
            model=cell.base_model.name,
            method=cell.method.name,
            delta=cell.delta.name if steered else None,
        )
        exact = forward_flops(map(multiplied_parameters, configs)) + sum(
            attention_flops(one, FLOPS_LENGTH) for one in configs
        )
        texts = (
            " or ".join(f"{float(one.value):.3g}" for one in published) or DASH,
            f"{float(forward_flops(map(config_parameters, configs))):.3g}",
            f"{float(exact):.3g}",
        )
        lines.append(_line(f"{section} {label}", texts))
    columns = ("paper", "2 · parameters", "exact")
    return _table(
        "flops", "FLOPs a decoded token (reply to reviewer 2)", columns, lines, FLOPS_NOTES
    )


def _decoding_table(rows: Mapping[RowKey, CellConfig], *, published: bool) -> Table:
    lines = []
    for (_, label), cell in rows.items():
        decoding = cell.decoding
        greedy = decoding.greedy
        texts = (
            f"{decoding.lambda_:g}" if cell.method.name == "rast" else DASH,
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
