"""One set of assumptions, and what the two ways through table 1 cost under it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gpu_checks.checkpoints import qwen2_shapes

from rast_bench.errors import ConfigError
from simulation.lengths import Lengths, LengthSpread
from simulation.step_time import KNOWN_CARDS, Slot, StepTime, mean_context
from simulation.table1 import LIMIT, PROBLEMS, SAMPLES, Group, groups, mean_lengths
from simulation.ways import EngineRun, GroupWork, Totals, cell_by_cell, merged, totals


@dataclass(frozen=True)
class Scenario:
    """The assumptions; `simulation.report.assumptions` says where each comes from."""

    card: str = "a6000"
    cards_an_engine: int = 4
    devices: int = 2  # slots, each of `cards_an_engine` cards
    load_seconds: float = 120.0
    max_rows: int = 256
    sigma: float = 0.6
    runaway_tokens: float = 0.1
    length_scale: float = 1.0
    samples: int = SAMPLES  # a problem, where decoding is not greedy
    prompt_tokens: int = 150
    efficiency: float = 0.7
    memory_share: float = 0.9
    per_row_over_fixed: float | None = None  # None: computed for the card
    seed: int = 0

    @property
    def slot(self) -> Slot:
        card = KNOWN_CARDS[self.card]
        return Slot(card, self.cards_an_engine, self.efficiency, self.memory_share)


@dataclass(frozen=True)
class Outcome:
    """Both ways under one scenario."""

    scenario: Scenario
    works: tuple[GroupWork, ...]
    cells: tuple[EngineRun, ...]  # in the table's order
    streams: tuple[EngineRun, ...]

    @property
    def cell_by_cell(self) -> Totals:
        return totals(self.cells, self.scenario.devices, self.scenario.load_seconds)

    @property
    def merged(self) -> Totals:
        return totals(self.streams, self.scenario.devices, self.scenario.load_seconds)

    @property
    def ratio(self) -> float:
        """Device-hours, cell by cell over merged."""
        return self.cell_by_cell.device_hours / self.merged.device_hours

    def gpu_hours(self, device_hours: float) -> float:
        return device_hours * self.scenario.cards_an_engine


def simulate(scenario: Scenario) -> Outcome:
    """Both ways on the same responses. Raises ConfigError for models that do not fit."""
    works = tuple(
        group_work(scenario, group, draw_cells(scenario, number, group))
        for number, group in enumerate(groups())
    )
    return Outcome(
        scenario,
        works,
        tuple(cell_by_cell(works)),
        tuple(merged(works, scenario.devices)),
    )


def draw_cells(scenario: Scenario, number: int, group: Group) -> tuple[Lengths, ...]:
    """Every cell has a generator of its own, so that a scenario changes only what it says."""
    drawn = []
    samples = 1 if group.greedy else scenario.samples
    for column, (name, mean) in enumerate(mean_lengths().items()):
        generator = np.random.default_rng([scenario.seed, number, column])
        spread = LengthSpread(
            mean * scenario.length_scale, scenario.sigma, LIMIT, scenario.runaway_tokens
        )
        drawn.append(spread.draw(PROBLEMS[name] * samples, generator))
    return tuple(drawn)


def group_work(scenario: Scenario, group: Group, cells: tuple[Lengths, ...]) -> GroupWork:
    shapes: Mapping[str, Mapping[str, Any]] = qwen2_shapes()
    models = [shapes[size] for size in group.models]
    context = mean_context(np.concatenate(cells), scenario.prompt_tokens)
    rows = scenario.slot.rows(models, context, scenario.max_rows)
    if rows == 0:
        raise ConfigError(
            f"{group.name} does not fit on {scenario.cards_an_engine} x {scenario.card}",
            hint="give more --cards-an-engine",
        )
    step = scenario.slot.step_time(models, context)
    if scenario.per_row_over_fixed is not None:
        step = StepTime(step.fixed, step.fixed * scenario.per_row_over_fixed)
    return GroupWork(group.name, rows, step, cells)
