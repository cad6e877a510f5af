"""GPU memory by card, in GiB, as `nvidia-smi` reports it.

PyTorch, and so vLLM, counts up to half a GiB less.
"""

CARDS = {
    "t4": 15.0,
    "l4": 22.5,
    "3090": 24.0,
    "4090": 24.0,
    "v100": 32.0,
    "5090": 31.8,
    "a100-40": 40.0,
    "l40s": 45.0,
    "a6000": 48.0,
    "h100": 79.6,
    "a100-80": 80.0,
    "h200": 140.4,
    "b200": 179.1,
}
