"""What a machine has for local workers: GPUs, or slots of CPU cores where there are none."""

import os
from dataclasses import dataclass

from rast_bench.errors import ConfigError
from rast_bench.gpus import gpu_names
from rast_bench.hardware import usable_cores


@dataclass(frozen=True)
class LocalDevices:
    """`names` are entries of CUDA_VISIBLE_DEVICES; empty on a machine without GPUs, which has
    `slots` instead. Each device or slot comes with `threads` of the cores.
    """

    names: tuple[str, ...]
    slots: int
    threads: int

    @property
    def count(self) -> int:
        return len(self.names) or self.slots


def local_devices(wanted: "str | int | tuple[int | str, ...]") -> LocalDevices:
    """The devices that `launcher.devices` means here.

    Raises ConfigError when a machine with GPUs has fewer than were asked for.
    """
    cores = usable_cores()
    if isinstance(wanted, tuple):
        return LocalDevices(tuple(map(str, wanted)), 0, max(1, cores // len(wanted)))
    visible = visible_gpus()
    if not visible:
        slots = cores if wanted == "auto" else int(wanted)
        return LocalDevices((), slots, max(1, cores // slots))
    count = len(visible) if wanted == "auto" else int(wanted)
    if count > len(visible):
        raise ConfigError(
            f"launcher.devices={count}: this machine shows {len(visible)} GPUs",
            hint="leave launcher.devices out, or see CUDA_VISIBLE_DEVICES",
        )
    return LocalDevices(visible[:count], 0, max(1, cores // count))


def visible_gpus() -> tuple[str, ...]:
    """As CUDA_VISIBLE_DEVICES says where it is set, else by number."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        return tuple(name.strip() for name in shown.split(",") if name.strip())
    return tuple(str(i) for i in range(len(gpu_names())))
