"""What the kit measures, in order: the most telling first."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["engine", "step", "sampling"]
PAIRS = (
    ("7B", "1.5B", 0.4),
    ("1.5B", "0.5B", 0.3),
    ("14B", "1.5B", 0.5),
    ("32B", "1.5B", 0.8),
    ("14B", "7B", 0.5),
    ("32B", "7B", 0.8),
)
TRIOS = ("tiny", "qwen2", "llama")


@dataclass(frozen=True)
class Part:
    """A measurement with an entry of its own in the report.

    `minutes` is what it should take on a current card; no part starts that would outlast a budget.
    """

    name: str
    kind: Kind
    settings: dict[str, Any]
    minutes: float


def parts(device: str) -> list[Part]:
    """Return every part; on a CPU a miniature of each."""
    on_cpu = device == "cpu"
    engines = [
        Part(f"engine-{trio}", "engine", {"trio": trio}, 0.4)
        for trio in (TRIOS[:2] if on_cpu else TRIOS)
    ]
    pairs = (("miniature", "miniature-small", 0.1),) if on_cpu else PAIRS
    batches = [1, 4] if on_cpu else [1, 32, 256]
    steps = [
        Part(
            f"step-{main}-{small}",
            "step",
            {"main": main, "small": small, "batches": batches, "positions": 64 if on_cpu else 512},
            minutes,
        )
        for main, small, minutes in pairs
    ]
    rows, vocabulary = (4, 2048) if on_cpu else (256, 152_064)
    sampling = Part("sampling", "sampling", {"rows": rows, "vocabulary": vocabulary}, 0.7)
    return [engines[0], steps[0], sampling, *engines[1:], *steps[1:]]
