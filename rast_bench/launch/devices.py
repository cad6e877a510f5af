"""What a machine has for local workers: GPUs, or slots of CPU cores where there are none."""

import os
from dataclasses import dataclass

from rast_bench.capacity import check_processes
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


def local_devices(
    wanted: "str | int | tuple[int | str, ...]", engine_threads: int = 1
) -> LocalDevices:
    """The devices that `launcher.devices` means here.

    Args:
        engine_threads: of an engine on cores, as far as configurations say (engine.threads).

    Raises ConfigError when a machine with GPUs has fewer than were asked for, and one without them
    has no room for so many processes.
    """
    cores = usable_cores()
    if isinstance(wanted, tuple):
        return LocalDevices(tuple(map(str, wanted)), 0, max(1, cores // len(wanted)))
    visible = visible_gpus()
    if not visible:
        slots = max(1, cores // engine_threads) if wanted == "auto" else int(wanted)
        check_processes("launcher.devices", slots, engine_threads)
        return LocalDevices((), slots, max(1, cores // slots))
    count = len(visible) if wanted == "auto" else int(wanted)
    if count > len(visible):
        raise ConfigError(
            f"launcher.devices={count}: this machine shows {len(visible)} GPUs",
            hint="leave launcher.devices out, or see CUDA_VISIBLE_DEVICES",
        )
    return LocalDevices(visible[:count], 0, max(1, cores // count))


def threads_note(devices: LocalDevices, engine_threads: int) -> str | None:
    """How many workers engine.threads leaves room for on cores; None where it is not set."""
    if devices.names or engine_threads == 1:
        return None
    cores = usable_cores()
    workers = f"{devices.slots} worker{'' if devices.slots == 1 else 's'}"
    text = f"engine.threads={engine_threads}: up to {workers} on {cores} cores"
    if devices.slots * engine_threads <= cores:
        return text
    return f"{text}, which is too many threads: lower launcher.devices or engine.threads"


def visible_gpus() -> tuple[str, ...]:
    """As CUDA_VISIBLE_DEVICES says where it is set, else by number."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        return tuple(name.strip() for name in shown.split(",") if name.strip())
    return tuple(str(i) for i in range(len(gpu_names())))
