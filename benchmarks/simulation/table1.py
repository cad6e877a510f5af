"""Table 1 of the paper as work to do: 72 cells in 12 engine groups, and their mean lengths."""

from dataclasses import dataclass
from typing import Literal

from simulation.lengths import interpolated_length

PROBLEMS = {
    "math500": 500,
    "aime24": 30,
    "amc23": 40,
    "minerva": 272,
    "olympiadbench": 675,
    "gsm8k": 1319,
}
SAMPLES = 32  # a problem; greedy decoding makes one
LIMIT = 16_384  # tokens of a response

DELTAS = {"32B": ("1.5B", "7B", "14B"), "14B": ("1.5B", "7B"), "7B": ("1.5B",)}
"""Base model of Qwen2.5 → the sizes of its ΔR."""

PUBLISHED_LENGTH = {"gsm8k": 354.9, "amc23": 1362.8}
"""Mean tokens of 7B + ΔR 1.5B, appendix C.2: the only lengths whose numbers could be recovered."""

PUBLISHED_ACCURACY = {
    "math500": 68.4,
    "aime24": 9.5,
    "amc23": 41.5,
    "minerva": 23.0,
    "olympiadbench": 34.6,
    "gsm8k": 89.8,
}
"""Per cent, 7B + ΔR 1.5B, table 1."""


@dataclass(frozen=True)
class Group:
    """The cells of one row of table 1: one engine's models, all six data sets."""

    name: str
    models: tuple[str, ...]  # sizes: M alone, or M, S_RL and S_base
    role: Literal["base", "rast", "rl"]

    @property
    def greedy(self) -> bool:
        return self.role == "base"


def groups() -> list[Group]:
    """The rows of table 1 in its order: base, every ΔR, RL ceiling, for each base model."""
    found = []
    for base, deltas in DELTAS.items():
        found.append(Group(f"{base} base", (base,), "base"))
        found += [Group(f"{base} + ΔR {d}", (base, d, d), "rast") for d in deltas]
        found.append(Group(f"{base} RL", (base,), "rl"))
    return found


def mean_lengths() -> dict[str, float]:
    """Mean tokens of a response by data set, for every row of the table.

    The paper says that length falls as accuracy rises (appendix C.2). So a set between the two
    published ones is interpolated over its error rate; a harder set has AMC23's length.
    """
    shorter, longer = (
        (100 - PUBLISHED_ACCURACY[name], PUBLISHED_LENGTH[name]) for name in ("gsm8k", "amc23")
    )
    return {
        name: interpolated_length(100 - accuracy, shorter, longer)
        for name, accuracy in PUBLISHED_ACCURACY.items()
    }
