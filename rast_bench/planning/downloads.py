"""What a run downloads from the hub before it starts (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from rast_bench.config.paths import on_hub
from rast_bench.config.schema import ModelRef
from rast_bench.known import KnownModel, known_model
from rast_bench.planning.checkpoints import CheckpointSize, config_parameters
from rast_bench.planning.memory import BYTES


@dataclass(frozen=True)
class Downloads:
    """Distinct hub checkpoints, by the size of their safetensors files."""

    checkpoints: int
    bytes: int
    cached: int  # of these, complete in the hub's cache
    cached_bytes: int
    unknown: tuple[str, ...]  # of no known size


def downloads(models: Mapping[ModelRef, CheckpointSize | None]) -> Downloads:
    """Return the downloads for all checkpoints of a command; local folders are not downloaded."""
    sizes: dict[ModelRef, int] = {}
    cached: set[ModelRef] = set()
    unknown = []
    for ref, model in models.items():
        if not on_hub(ref):
            continue
        known = known_model(ref)
        if known is not None:
            sizes[ref] = download_bytes(known)
        elif model is not None:
            sizes[ref] = model.floating * BYTES.get(model.dtype, 2) + model.packed_bytes
        else:
            unknown.append(ref.path)
        if model is not None and model.source == "weights":
            cached.add(ref)
    here = [size for ref, size in sizes.items() if ref in cached]
    return Downloads(len(sizes), sum(sizes.values()), len(here), sum(here), tuple(unknown))


def download_bytes(known: KnownModel) -> int:
    """Return the bytes of its safetensors files; tokenizer and headers add about 10 MB."""
    return (known.saved_parameters or config_parameters(known.config)) * BYTES[known.dtype]
