"""What a machine has for local workers: GPUs, or slots of CPU cores where there are none."""

import os
from dataclasses import dataclass

from rast_bench.errors import ConfigError
from rast_bench.gpus import gpu_names


@dataclass(frozen=True)
class Devices:
    """`names` are entries of CUDA_VISIBLE_DEVICES; empty on a machine without GPUs, which has
    `slots` instead, each with `threads` cores.
    """

    names: tuple[str, ...]
    slots: int
    threads: int | None

    @property
    def count(self) -> int:
        return len(self.names) or self.slots


def local_devices(wanted: "str | int | tuple[int | str, ...]") -> Devices:
    """The devices that `launcher.devices` means here.

    Raises ConfigError when a machine with GPUs has fewer than were asked for.
    """
    if isinstance(wanted, tuple):
        return Devices(tuple(map(str, wanted)), 0, None)
    visible = visible_gpus()
    if not visible:
        cores = available_cores()
        slots = cores if wanted == "auto" else int(wanted)
        return Devices((), slots, max(1, cores // slots))
    count = len(visible) if wanted == "auto" else int(wanted)
    if count > len(visible):
        raise ConfigError(
            f"launcher.devices={count}: this machine shows {len(visible)} GPUs",
            hint="leave launcher.devices out, or see CUDA_VISIBLE_DEVICES",
        )
    return Devices(visible[:count], 0, None)


def visible_gpus() -> tuple[str, ...]:
    """As CUDA_VISIBLE_DEVICES says where it is set, else by number."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        return tuple(name.strip() for name in shown.split(",") if name.strip())
    return tuple(str(i) for i in range(len(gpu_names())))


def available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
