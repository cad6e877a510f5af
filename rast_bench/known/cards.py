"""Common GPUs: memory as `nvidia-smi` reports it, speeds of NVIDIA's data sheets (from memory).

PyTorch, and therefore vLLM, counts up to half a GiB less.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """One kind of GPU."""

    memory: float  # GiB
    bandwidth: float  # bytes per second
    flops: float  # half precision with dense matrices, per second


CARDS = {
    "t4": Sheet(15.0, 320e9, 65e12),
    "l4": Sheet(22.5, 300e9, 121e12),
    "3090": Sheet(24.0, 936e9, 71e12),
    "4090": Sheet(24.0, 1008e9, 165e12),
    "v100": Sheet(32.0, 900e9, 125e12),
    "5090": Sheet(31.8, 1792e9, 209e12),
    "a100-40": Sheet(40.0, 1555e9, 312e12),
    "l40s": Sheet(45.0, 864e9, 362e12),
    "a6000": Sheet(48.0, 768e9, 155e12),
    "h100": Sheet(79.6, 3350e9, 989e12),
    "a100-80": Sheet(80.0, 2039e9, 312e12),
    "h200": Sheet(140.4, 4800e9, 989e12),
    "b200": Sheet(179.1, 8000e9, 2250e12),
}
"""By the names that `--gpu` and `launcher.gpu` accept."""
