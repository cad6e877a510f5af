"""What the model needs to know about RAST, as passed in the engine's `hf_overrides`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rast_bench.compose.limits import MAX_FACTOR
from rast_bench.compose.methods import EQUATION_3, Method, SmallRole, find_method

ARCHITECTURE = "RastForCausalLM"
WORKER = "rast_bench.vllm_plugin.worker.RastWorker"
OVERRIDE = "rast"  # the key in hf_overrides, and the attribute of the model's config


@dataclass(frozen=True)
class Pair:
    """One (S_RL, S_base) pair of ΔR: local folders or hub ids, and its weight in an ensemble.

    A model that the engine's method does not read is not looked at.

    Raises ValueError unless the weight is a number of magnitude at most MAX_FACTOR.
    """

    rl: str
    base: str
    weight: float = 1.0
    rl_revision: str | None = None
    base_revision: str | None = None

    def __post_init__(self) -> None:
        weight = self.weight
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not (is_number and abs(weight) <= MAX_FACTOR):
            raise ValueError(
                f"weight={weight!r} of the pair {self.rl}, {self.base} must be a number from "
                f"-{MAX_FACTOR:,.0f} to {MAX_FACTOR:,.0f}"
            )

    def checkpoint(self, role: SmallRole) -> "Checkpoint":
        if role == "rl":
            return Checkpoint(self.rl, self.rl_revision)
        return Checkpoint(self.base, self.base_revision)


@dataclass(frozen=True)
class Checkpoint:
    """A local folder or a hub id, at a revision."""

    path: str
    revision: str | None = None


@dataclass(frozen=True)
class RastSettings:
    """Everything beyond M_base's own config that RastForCausalLM is built from.

    Attributes:
        architectures: M_base's own, which `hf_overrides` replaced.
        vocabulary: ids that every model and the tokenizer know; ids beyond are masked.
        default_lambda: λ of a request that specifies none.
        shuffle_vocabulary_seed: permutes ΔR over the vocabulary, the null control.
        method: a name of `compose.methods`, or `module:object`.
        draft_tokens: drafted by the first pair's S_RL before each verification.
        layers: of M_base, if the method reads the early ones.
    """

    architectures: tuple[str, ...]
    pairs: tuple[Pair, ...]
    vocabulary: int
    default_lambda: float = 1.0
    shuffle_vocabulary_seed: int | None = None
    method: str = EQUATION_3
    draft_tokens: int = 0
    layers: int = 0

    @property
    def definition(self) -> Method:
        """The method, with the ranges of its parameters for this M_base."""
        return find_method(self.method, self.layers)

    def to_override(self) -> dict[str, Any]:
        """Return JSON values only, so that it can also be given to `vllm serve --hf-overrides`."""
        return {
            **asdict(self),
            "architectures": list(self.architectures),
            "pairs": [asdict(pair) for pair in self.pairs],
        }

    @classmethod
    def from_override(cls, entry: Mapping[str, Any]) -> "RastSettings":
        """Return the settings: the inverse of `to_override`. Raise TypeError for unknown keys."""
        pairs: Sequence[Mapping[str, Any]] = entry["pairs"]
        return cls(
            **{
                **entry,
                "architectures": tuple(entry["architectures"]),
                "pairs": tuple(Pair(**pair) for pair in pairs),
            }
        )


def distinct_checkpoints(
    main: Checkpoint, pairs: Sequence[Pair], roles: Sequence[SmallRole] = ("rl", "base")
) -> list[Checkpoint]:
    """Return M_base, then every distinct S in order of first use: one with two roles is loaded
    once.

    Args:
        roles: those that the method reads.
    """
    return list(dict.fromkeys([main, *(pair.checkpoint(r) for pair in pairs for r in roles)]))
