"""Facts about checkpoints, data sets and GPUs, known without a hub and without a card.

models    shapes, positions, stored dtype, EOS ids, with the source of each    models.json
datasets  rows, longest question, published response lengths                   datasets.json
cards     memory and speeds of common GPUs

Local files take precedence: a checkpoint's config.json, the rows of a data set that was read.
`scripts/check_facts.py` compares models and data sets with the hub.
"""

from rast_bench.known.datasets import KnownDataset, known_dataset, known_datasets
from rast_bench.known.models import (
    KnownModel,
    check_known_config,
    known_model,
    known_models,
    known_shapes,
)

__all__ = [
    "KnownDataset",
    "KnownModel",
    "check_known_config",
    "known_dataset",
    "known_datasets",
    "known_model",
    "known_models",
    "known_shapes",
]
