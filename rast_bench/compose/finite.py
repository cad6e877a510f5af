"""NaN and infinite weights: every number that depends on one is NaN, or silently wrong."""

from collections.abc import Iterable

import torch
from torch import Tensor

from rast_bench.errors import ModelError

_CHECKED = (torch.float64, torch.float32, torch.float16, torch.bfloat16)  # others are packed


def check_finite(name: str, weights: Iterable[tuple[str, Tensor]]) -> None:
    """Raise ModelError if a tensor contains NaN or infinite numbers, as it is on its device.

    One pass per tensor for its smallest and largest number, without temporary memory, and one
    synchronisation with the device. Quantised tensors and those without data are skipped.

    Args:
        name: the checkpoint's name.
        weights: tensors by name, in the dtype that the engine computes with.
    """
    names: list[str] = []
    ends: list[Tensor] = []
    for tensor, weight in weights:
        if weight.dtype in _CHECKED and weight.numel() and not weight.is_meta:
            names.append(tensor)
            low, high = torch.aminmax(weight.detach())  # NaN if the tensor contains one
            ends.append(torch.stack((low, high)).to(torch.float64))
    if not ends:
        return
    finite = torch.isfinite(torch.stack(ends)).all(dim=1).tolist()
    bad = [one for one, good in zip(names, finite, strict=True) if not good]
    if bad:
        more = f" and {len(bad) - 1} more tensors" if len(bad) > 1 else ""
        raise ModelError(
            f"model {name} has NaN or infinite weights in {bad[0]}{more}",
            hint="download or save the checkpoint again; if its file is whole, its numbers are too "
            "large for this dtype: use engine.dtype=bfloat16 or float32",
        )
