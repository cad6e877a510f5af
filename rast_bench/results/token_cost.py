"""What decoding a token costs: the models that a cell's method reads, their bytes and FLOPs.

Sizes come from config.json if a checkpoint is here, else from the facts that ship (known/).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from rast_bench.compose.methods import Method
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.errors import ConfigError
from rast_bench.metrics.estimate import IntArray
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.paper.cost import (
    attention_flops,
    early_head_flops,
    forward_flops,
    multiplied_parameters,
)
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

    A method that reads M_base after its embedding and every layer multiplies by the head for each.

    Raises:
        ConfigError: the size of a model is unknown.
        ModelError: a checkpoint is broken.
    """
    configs = decoding_configs(cell)
    width = BYTES.get(cell.engine.dtype, BYTES[DTYPE])
    flops = exact_flops(configs, cell.method.composition)
    return TokenCost(width * sum(map(config_parameters, configs)), float(flops))


def small_steps_share(cell: CellConfig, outcome: CellOutcome | None) -> float | None:
    """Return the share of a cell's drawn tokens whose scores a small model changes.

    0 and 1 follow from the method and its parameters, and `rast_first` from the lengths of the
    responses; other gates are counted as samples are made. None: not counted, as by engine=vllm and
    earlier versions, or not known, as for a user's own method and for gates after a forced start.
    """
    method, values = cell.method.composition, cell.method.parameters
    if method is None or not method.roles:
        return 0.0
    if method.function is not None:
        return None
    neutral = any(one.zero_is_main and values[one.name] == 0 for one in method.parameters)
    no_delta = method.uses_lambda and all(pair.weight == 0 for pair in cell.delta.pairs)
    if cell.weight == 0 or neutral or no_delta:
        return 0.0
    if not method.gated:
        return 1.0
    if outcome is None or cell.prompt.forced_prefix is not None:
        return None
    if method.name == "rast_first":
        steps: IntArray | None = np.minimum(outcome.token_counts, int(values["tokens"]))
    else:
        steps = outcome.small_steps
    return None if steps is None else float(steps.sum() / outcome.token_counts.sum())


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


def exact_flops(configs: Sequence[Mapping[str, Any]], method: Method | None) -> Fraction:
    """Return FLOPs without the embedding, and with attention over FLOPS_LENGTH tokens.

    Args:
        configs: as `decoding_configs`, M_base's first.
        method: None: one model.
    """
    flops = forward_flops(map(multiplied_parameters, configs)) + sum(
        attention_flops(one, FLOPS_LENGTH) for one in configs
    )
    if method is not None and method.layers:
        flops += early_head_flops(configs[0])
    return flops
