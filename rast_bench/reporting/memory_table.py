"""Table 4's memory: training M, training S_RL and decoding with RAST, by appendix D's formulas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rast_bench.config.schema import CellConfig
from rast_bench.paper.cost import (
    ACTIVATIONS_PER_GPU,
    BUFFERS_PER_GPU,
    GB,
    Span,
    training_bytes,
)
from rast_bench.paper.intervals import Interval
from rast_bench.paper.published import Published, select
from rast_bench.planning.checkpoints import config_parameters, sized
from rast_bench.planning.memory import engine_memory
from rast_bench.reporting.numbers import DASH, decimal
from rast_bench.reporting.table import Column, Table, TableRow, TableSection, TextCell
from rast_bench.reporting.throughput_table import RowKey

TENSOR_PARALLEL = 4  # appendix D's example
DEVICES = (1, 2, 4, 8)
DTYPE = "bfloat16"
MB, BILLION = 10**6, 10**9
NOTHING = Span(Fraction(0), Fraction(0))

TRAINING_NOTE = (
    "training: appendix D's formula for GRPO over that many devices (policy, critic and reference "
    "in 16 bits, 12 to 25 GB of activations and 5 to 8 GB of buffers per device; optimizer states "
    "stay on the CPU)."
)
SMALL_TRAINING_NOTE = (
    "training: the weights of appendix D's formula for GRPO (policy, critic and reference in "
    "16 bits). Its 17 to 33 GB of activations and buffers per device are for models with billions "
    "of parameters and are left out: RAST saves at least the share printed here."
)
DECODING_NOTE = (
    "decoding: weights of M, S_RL and S_base in 16 bits, and the key-value cache of one response "
    "of the full length. saved: 1 − the larger of training S_RL and decoding / training M; they do "
    "not run at once. {unit}: {bytes} bytes."
)
QUANTITY_NOTE = (
    "Table 4 prints one number for RAST. It is that of training S_RL: the same for both base "
    "models with one ΔR, and for ΔR 14B that of 14B's own RL. Decoding is another quantity."
)
DEVICES_NOTE = (
    "devices: the published number of cards where the formula then holds the published memory "
    "(agrees), else the nearest of 1, 2, 4 and 8 that does (only over …). saved under paper: from "
    "table 4's own two numbers."
)
SAVED_NOTE = "The text says: up to 50 % saved; `rast-bench audit-paper` holds it against table 4."

Configs = Sequence[Mapping[str, Any]]
"""The config.json of each model that decodes a cell, once: M first, then those of the pairs."""


def memory_table(
    cells: Mapping[RowKey, CellConfig],
    configs: Mapping[RowKey, Configs],
    stated: Sequence[Published],
) -> Table:
    """Return a section per RAST row: training M, training S_RL, decoding with RAST, saving.

    Args:
        cells: one cell of each RAST row.
        configs: of the same rows.
        stated: the numbers of table 4, none if the experiment is not compared with it.
    """
    small = all(config_parameters(models[0]) < BILLION for models in configs.values())
    scale = _Scale("MB", MB, 1) if small else _Scale("GB", GB, 0)
    computed = f"computed, {scale.unit}"
    columns = [computed]
    if stated:
        columns = ["paper", "cards", computed, "devices", "verdict"]
    sections = tuple(
        TableSection(
            " ".join(key),
            tuple(
                TableRow((TextCell(name), *(TextCell(line.get(one, DASH)) for one in columns)))
                for name, line in _lines(cell, configs[key], stated, scale, computed, small=small)
            ),
        )
        for key, cell in cells.items()
    )
    decoding_note = DECODING_NOTE.format(unit=scale.unit, bytes="10⁶" if small else "10⁹")
    return Table(
        "memory",
        "GPU memory (appendix D)",
        (Column("", "left"), *map(Column, columns)),
        sections,
        (
            SMALL_TRAINING_NOTE if small else TRAINING_NOTE,
            decoding_note,
            *((QUANTITY_NOTE, DEVICES_NOTE, SAVED_NOTE) if stated else ()),
        ),
    )


def decoding_bytes(configs: Configs, length: int) -> int:
    """Return weights in 16 bits and the key-value cache of one row of `length` tokens, in bytes."""
    models = [model for one in configs if (model := sized("", one, "config")) is not None]
    assert len(models) == len(configs)  # `config_parameters` has read them
    return engine_memory(models, dtype=DTYPE, rows=1, length=length).total


@dataclass(frozen=True)
class _Scale:
    """The unit of the table: its name, its bytes and printed decimals."""

    unit: str
    bytes: int
    decimals: int

    def text(self, span: Span) -> str:
        return _span(span.low / self.bytes, span.high / self.bytes, self.decimals)


@dataclass(frozen=True)
class _Stated:
    """One number of table 4 and the cards beside it."""

    memory: Published
    cards: Published


def _lines(
    cell: CellConfig,
    models: Configs,
    stated: Sequence[Published],
    scale: _Scale,
    computed: str,
    *,
    small: bool,
) -> list[tuple[str, dict[str, str]]]:
    """Return (name of the quantity, its texts by column)."""
    direct = _stated(cell, "rl", None, stated)
    rast = _stated(cell, "rast", cell.delta.name, stated)
    main, *pairs = map(config_parameters, models)
    large, devices_large, verdict_large = _training(main, direct, small=small)
    expert, devices_expert, verdict_expert = _training(max(pairs), rast, small=small)
    decoding = Fraction(decoding_bytes(models, cell.decoding.max_tokens))
    least, most = sorted(
        100 * (1 - max(training, decoding) / whole)
        for training, whole in ((expert.low, large.low), (expert.high, large.high))
    )
    lines = [
        ("training M", _texts(direct, devices_large, verdict_large)),
        ("training S_RL", _texts(rast, devices_expert, verdict_expert)),
        ("decoding with RAST", {"verdict": "another quantity"} if rast else {}),
        ("saved, %", {}),
    ]
    values = (scale.text(large), scale.text(expert), scale.text(Span(decoding, decoding)))
    for (_, line), value in zip(lines, (*values, _span(least, most, 0)), strict=True):
        line[computed] = value
    if direct and rast:
        lines[-1][1]["paper"] = decimal(
            float(100 - 100 * rast.memory.value / direct.memory.value), 0
        )
    return lines


def _texts(stated: _Stated | None, devices: int, verdict: str) -> dict[str, str]:
    if stated is None:
        return {"devices": str(devices)}
    return {
        "paper": f"~{stated.memory.value}",
        "cards": f"{stated.cards.value}{stated.cards.unit}",
        "devices": str(devices),
        "verdict": verdict,
    }


def _stated(
    cell: CellConfig, method: str, delta: str | None, numbers: Sequence[Published]
) -> _Stated | None:
    found = select(numbers, model=cell.base_model.name, method=method, delta=delta)
    by_metric = {one.metric: one for one in found}
    if not {"GPU memory", "cards"} <= by_metric.keys():
        return None
    return _Stated(by_metric["GPU memory"], by_metric["cards"])


def _training(parameters: int, stated: _Stated | None, *, small: bool) -> tuple[Span, int, str]:
    """Return GRPO's memory on one model, its number of devices, and a verdict; see DEVICES_NOTE."""
    activations, buffers = (NOTHING, NOTHING) if small else (ACTIVATIONS_PER_GPU, BUFFERS_PER_GPU)

    def over(devices: int) -> Span:
        return training_bytes(parameters, devices, activations=activations, buffers=buffers)

    if stated is None:
        return over(TENSOR_PARALLEL), TENSOR_PARALLEL, DASH
    cards = int(stated.cards.value)
    printed = stated.memory.interval
    for devices in sorted(DEVICES, key=lambda one: abs(one - cards)):
        span = over(devices)
        if printed.overlaps(Interval(span.low / GB, span.high / GB)):
            return span, devices, "agrees" if devices == cards else f"only over {devices}"
    return over(cards), cards, "differs"


def _span(low: Fraction, high: Fraction, decimals: int) -> str:
    texts = (decimal(float(low), decimals), decimal(float(high), decimals))
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)
