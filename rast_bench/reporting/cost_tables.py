"""Tables that follow from an experiment's cells alone: memory, FLOPs (by paper/cost.py), decoding.

They need no samples and no checkpoints: sizes come from paper/checkpoints.json.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import rast_bench.paper
from rast_bench.config.experiment import CostKind, ExperimentCell
from rast_bench.config.schema import CellConfig
from rast_bench.errors import ConfigError
from rast_bench.paper.cost import (
    GB,
    attention_flops,
    forward_flops,
    multiplied_parameters,
    training_bytes,
)
from rast_bench.paper.published import Published, select
from rast_bench.planning.checkpoints import config_parameters
from rast_bench.planning.memory import BYTES
from rast_bench.reporting.numbers import DASH, decimal
from rast_bench.reporting.table import Cell, Column, Table, TableRow, TableSection, TextCell

CHECKPOINTS_FILE = Path(rast_bench.paper.__file__).with_name("checkpoints.json")
TENSOR_PARALLEL = 4  # appendix D's example
FLOPS_LENGTH = 2048  # tokens of context
DTYPE = "bfloat16"

MEMORY_NOTES = (
    f"training: appendix D's formula for GRPO on M over {TENSOR_PARALLEL} devices (policy, critic "
    "and reference in 16 bits, activations 12 to 25 GB and buffers 5 to 8 GB a device; optimizer "
    "states stay on the CPU).",
    "decoding: weights of M, S_RL and S_base in 16 bits, and the key-value cache of one response "
    "of the full length. saved: 1 − decoding / training. GB: 10⁹ bytes.",
    "The published numbers of table 4 could not be recovered; its text says: up to 50 % saved.",
)
FLOPS_NOTES = (
    "2 · parameters: the reply's formula over all models that run, at the checkpoints' sizes.",
    "exact: without the embedding, which is looked up, and with attention over "
    f"{FLOPS_LENGTH:,} tokens (Kaplan et al. 2020).",
    "The reply's number for RAST is not what its own formula gives: `rast-bench audit-paper`.",
)
DECODING_NOTES = ("The published table could not be recovered; section 3.1 states these settings.",)


def cost_tables(
    kinds: Sequence[CostKind], entries: Sequence[ExperimentCell], facts: Sequence[Published]
) -> list[Table]:
    """One table a kind, a line a row of the experiment.

    Raises ConfigError for a model whose size is not in paper/checkpoints.json.
    """
    rows: dict[tuple[str, str], CellConfig] = {}
    for entry in entries:
        if entry.row is not None:
            rows.setdefault((entry.section, entry.row.label), entry.cell)
    build: dict[CostKind, Callable[[Mapping[tuple[str, str], CellConfig]], Table]] = {
        "memory": _memory_table,
        "flops": lambda given: _flops_table(given, facts),
        "decoding": _decoding_table,
    }
    return [build[kind](rows) for kind in kinds]


@cache
def _checkpoints() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(CHECKPOINTS_FILE.read_text(encoding="utf-8"))
    return {name: config for name, config in found.items() if name != "source"}


def checkpoint_config(name: str) -> dict[str, Any]:
    """The sizes of a checkpoint by its name in conf/base_model. Raises ConfigError."""
    known = _checkpoints()
    if name not in known:
        raise ConfigError(
            f"the size of model {name} is not known", hint=f"known are {', '.join(known)}"
        )
    return known[name]


def decoding_configs(cell: CellConfig) -> list[dict[str, Any]]:
    """The configs of all models that decode a cell: M, and S twice for RAST."""
    main = checkpoint_config(cell.base_model.name)
    if cell.method.name != "rast":
        return [main]
    return [main] + [checkpoint_config(cell.delta.name)] * 2


def decoding_bytes(configs: Sequence[Mapping[str, Any]], length: int) -> int:
    """Weights in 16 bits and the key-value cache of one row of `length` tokens."""
    size = BYTES[DTYPE]
    return sum(config_parameters(one) * size + length * _cache(one, size) for one in configs)


def _cache(config: Mapping[str, Any], size: int) -> int:
    head_dim = int(config["hidden_size"]) // int(config["num_attention_heads"])
    return (
        2 * int(config["num_hidden_layers"]) * int(config["num_key_value_heads"]) * head_dim * size
    )


def _memory_table(rows: Mapping[tuple[str, str], CellConfig]) -> Table:
    lines = []
    for (section, label), cell in rows.items():
        if cell.method.name != "rast":
            continue
        configs = decoding_configs(cell)
        training = training_bytes(config_parameters(configs[0]), TENSOR_PARALLEL)
        decoding = decoding_bytes(configs, cell.decoding.max_tokens)
        low, high = float(training.low), float(training.high)
        texts = (
            _span(low / GB, high / GB),
            decimal(decoding / GB, 0),
            _span(100 * (1 - decoding / low), 100 * (1 - decoding / high)),
        )
        lines.append(_line(f"{section} {label}", texts))
    columns = ("training, GB", "decoding, GB", "saved, %")
    return _table("memory", "GPU memory (appendix D)", columns, lines, MEMORY_NOTES)


def _span(low: float, high: float) -> str:
    return f"{decimal(low, 0)} to {decimal(high, 0)}"


def _flops_table(rows: Mapping[tuple[str, str], CellConfig], facts: Sequence[Published]) -> Table:
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


def _decoding_table(rows: Mapping[tuple[str, str], CellConfig]) -> Table:
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
    return _table("decoding", "Decoding configurations", columns, lines, DECODING_NOTES)


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
