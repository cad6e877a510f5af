"""Cost of RAST and direct RL by the authors' formulas: memory (appendix D) and FLOPs.

The formulas take numbers of parameters, nominal (14 billion) or of a checkpoint
(`planning.checkpoints.config_parameters` of its config.json). The memory of decoding is
`planning.memory.engine_memory` of M, S_RL and S_base.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rast_bench.planning.checkpoints import config_parameters
from rast_bench.planning.memory import BYTES

GRPO_MODELS = 3  # policy, critic and reference, as appendix D counts them
ADAM_STATES = 2
GB = 10**9  # the unit of appendix D

Number = int | Fraction


def weight_bytes_per_gpu(
    parameters: Number, tensor_parallel: int, models: int = GRPO_MODELS
) -> Fraction:
    """Return weights on one GPU in training: (parameters / tensor parallelism) · 2 bytes · models.

    Appendix D, "Model Memory Footprint": FP16, all models of one size.
    """
    return Fraction(parameters) / tensor_parallel * BYTES["float16"] * models


def optimizer_bytes(parameters: Number, models: int = GRPO_MODELS) -> Fraction:
    """Return Adam's two FP32 states in CPU memory: 2 · parameters · 4 bytes · models.

    Appendix D, "Optimizer States with CPU Offloading" (ZeRO stage 3, none of it on a GPU). Its
    example, "approximately 156 GB" for 14B, is not what the formula gives: 336 GB.
    """
    return Fraction(parameters) * ADAM_STATES * BYTES["float32"] * models


@dataclass(frozen=True)
class Span:
    """Minimum and maximum, in bytes."""

    low: Fraction
    high: Fraction


ACTIVATIONS_PER_GPU = Span(Fraction(12 * GB), Fraction(25 * GB))
BUFFERS_PER_GPU = Span(Fraction(5 * GB), Fraction(8 * GB))
"""Appendix D, "Activations and Buffer Overhead": usual values, with gradient checkpointing."""


def training_bytes(
    parameters: Number,
    tensor_parallel: int,
    *,
    models: int = GRPO_MODELS,
    activations: Span = ACTIVATIONS_PER_GPU,
    buffers: Span = BUFFERS_PER_GPU,
) -> Span:
    """Return GPU memory of RL training over all devices: weights, activations and buffers of each.

    Appendix D: "these components are summed to estimate total GPU memory usage across devices".
    """
    weights = weight_bytes_per_gpu(parameters, tensor_parallel, models)
    return Span(
        tensor_parallel * (weights + activations.low + buffers.low),
        tensor_parallel * (weights + activations.high + buffers.high),
    )


def training_flops(gpus: int, seconds: Number, peak_flops: Number, utilisation: Number) -> Fraction:
    """Return FLOPs of a training run by its GPU time: GPUs · seconds · peak FLOP/s · utilisation.

    Reply to reviewer 2 (W2), which takes 1979 TFLOP/s and 50 % for an H100. That peak assumes
    structured sparsity; dense 16-bit arithmetic can reach only half of it.
    """
    return gpus * Fraction(seconds) * peak_flops * utilisation


def forward_flops(parameters: Iterable[Number]) -> Fraction:
    """Return FLOPs of one token through models side by side: 2 · parameters, summed over models.

    Reply to reviewer 2 (W2), after Kaplan et al. 2020 (arXiv 2001.08361, table 1), without
    attention over the context. For RAST the models are M, S_RL and S_base.
    """
    return 2 * sum((Fraction(size) for size in parameters), Fraction(0))


def attention_flops(config: Mapping[str, Any], length: int) -> int:
    """Return what attention adds per token, averaged over `length`: 2 · layers · length · width.

    Kaplan et al. 2020 (arXiv 2001.08361, table 1), width = heads · head_dim: the products of
    queries with keys and of weights with values, 4 · width for each of length/2 tokens before.

    Raises:
        KeyError, TypeError, ValueError: the config is of another kind.
    """
    heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
    width = heads * int(config.get("head_dim") or hidden // heads)
    return 2 * int(config["num_hidden_layers"]) * length * width


def early_head_flops(config: Mapping[str, Any]) -> int:
    """Return what DoLa adds per token: the head after the embedding and all layers but the last,
    2 · layers · vocabulary · hidden size.

    Raises:
        KeyError, TypeError, ValueError: the config is of another kind.
    """
    head = int(config["vocab_size"]) * int(config["hidden_size"])
    return 2 * int(config["num_hidden_layers"]) * head


def multiplied_parameters(config: Mapping[str, Any]) -> int:
    """Return parameters that multiply a token: all but the embedding, which is looked up.

    A tied embedding is also the output layer and counts. Norms and biases, 0.01 % of a model, are
    included. Pass this to `forward_flops` for a real checkpoint.

    Raises:
        KeyError, TypeError, ValueError: the config is of another kind.
    """
    embedding = int(config["vocab_size"]) * int(config["hidden_size"])
    return config_parameters(config) - (0 if config.get("tie_word_embeddings") else embedding)
