"""The sweep that is timed: 24 cells of the tiny family in two engine groups."""

from dataclasses import dataclass
from itertools import product

AXES = {
    "base_model": ("tiny-s", "tiny-m"),
    "delta": ("tiny-xs",),
    "decoding.lambda": ("0.3", "0.6", "1.0"),
    "decoding.temperature": ("0.5", "0.7", "1.0", "1.3"),
}
"""λ and τ belong to a request, so only the base model makes an engine group."""


@dataclass(frozen=True)
class Sweep:
    """`problems` × `samples` requests in each cell."""

    dataset: str
    problems: int
    samples: int
    axes: dict[str, tuple[str, ...]]

    def fixed_words(self) -> list[str]:
        return [
            f"dataset={self.dataset}",
            f"dataset.limit={self.problems}",
            f"decoding.n={self.samples}",
        ]

    def cells(self) -> list[list[str]]:
        """Return the overrides of each cell, in the order in which Hydra's sweeper makes them."""
        return [
            [f"{key}={value}" for key, value in zip(self.axes, values, strict=True)]
            + self.fixed_words()
            for values in product(*self.axes.values())
        ]

    def multirun(self) -> list[str]:
        """Return the overrides of one command that makes every cell."""
        swept = [f"{key}={','.join(values)}" for key, values in self.axes.items()]
        return ["-m", *swept, *self.fixed_words()]
