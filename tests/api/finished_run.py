"""A finished run: one experiment of three rows and a grid on one data set, two graders."""

from dataclasses import dataclass
from pathlib import Path

from app_world import World


@dataclass
class Finished:
    """`words` repeat the run, whose samples are those of the engine of app_world."""

    world: World
    words: list[str]

    @property
    def results(self) -> Path:
        return self.world.results

    @property
    def dataset(self) -> Path:
        return self.world.folder / "set.jsonl"


EXPERIMENT = """\
# @package _global_
experiment:
  name: small
  datasets: [made-up]
  rows:
    - {label: base, method: base, decoding: greedy, role: base}
    - {label: with delta}
    - {label: ceiling, method: rl, role: ceiling}
  grids:
    - {name: grid, dataset: made-up, lambda: [0.5, 1], temperature: [1], n: 2}
"""
