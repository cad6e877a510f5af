"""What decoding a token costs: the models that a cell's method reads, their bytes and FLOPs.

Sizes come from config.json if a checkpoint is here, else from the facts that ship (known/).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.errors import ConfigError
from rast_bench.paper.cost import attention_flops, forward_flops, multiplied_parameters
from rast_bench.planning.checkpoints import config_parameters, configuration
from rast_bench.planning.memory import BYTES

FLOPS_LENGTH = 2048  # tokens of context
DTYPE = "bfloat16"  # of an engine that leaves it open


@dataclass(frozen=True)
class TokenCost:
    """Of one decoded token: bytes of weights that are read, and FLOPs."""

    weights: int
    flops: float


def token_cost(cell: CellConfig) -> TokenCost:
    """Return the cost of all models that decode a cell, whatever its method then uses of them.

    Raises:
        ConfigError: the size of a model is unknown.
        ModelError: a checkpoint is broken.
    """
    configs = decoding_configs(cell)
    width = BYTES.get(cell.engine.dtype, BYTES[DTYPE])
    return TokenCost(width * sum(map(config_parameters, configs)), float(exact_flops(configs)))


def decoding_configs(cell: CellConfig) -> list[Mapping[str, Any]]:
    """Return the configs of all models that decode a cell: M, and what its method reads of each
    pair, once each. A model after RL has the config of its base.
    """
    configs, method = {cell.base_model.base: cell.base_model.base}, cell.method.composition
    if method is not None:
        for pair in cell.delta.pairs:
            for role in method.roles:
                configs.setdefault(getattr(pair, role), pair.base)
    return [checkpoint_config(ref) for ref in configs.values()]


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


def exact_flops(configs: Sequence[Mapping[str, Any]]) -> Fraction:
    """Return FLOPs without the embedding, and with attention over FLOPS_LENGTH tokens."""
    return forward_flops(map(multiplied_parameters, configs)) + sum(
        attention_flops(one, FLOPS_LENGTH) for one in configs
    )
