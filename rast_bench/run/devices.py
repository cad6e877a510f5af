"""What engines run on: this machine's GPUs or cores, or the GPUs requested from SLURM.

Also how many processes of this machine generate, without a launcher.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rast_bench.capacity import check_processes
from rast_bench.config.launchers import LauncherConfig, LocalLauncher, SlurmLauncher
from rast_bench.config.schema import CellConfig
from rast_bench.errors import ConfigError
from rast_bench.gpus import gpu_names, usable_gpus
from rast_bench.hardware import GIB, usable_cores
from rast_bench.known.cards import CARDS
from rast_bench.planning.placement import Card, named_card
from rast_bench.planning.settled import Devices, UnknownCard

if TYPE_CHECKING:
    from rast_bench.config.compose import RunOptions


@dataclass(frozen=True)
class LocalDevices:
    """The devices of this machine.

    `names` are entries of CUDA_VISIBLE_DEVICES; empty without GPUs, where `slots` counts processes
    instead. Each device or slot comes with `threads` cores.
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
    """Return the devices that `launcher.devices` means on this machine.

    Args:
        engine_threads: threads of an engine on cores, if configured (engine.threads).

    Raises:
        ConfigError: there are fewer GPUs than requested, or no room for so many processes.
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
    """Return how many workers engine.threads leaves room for; None if it is not set."""
    if devices.names or engine_threads == 1:
        return None
    cores = usable_cores()
    workers = f"{devices.slots} worker{'' if devices.slots == 1 else 's'}"
    text = f"engine.threads={engine_threads}: up to {workers} on {cores} cores"
    if devices.slots * engine_threads <= cores:
        return text
    return f"{text}, which is too many threads: lower launcher.devices or engine.threads"


def visible_gpus() -> tuple[str, ...]:
    """Return the GPUs of CUDA_VISIBLE_DEVICES if it is set, else their numbers."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        return tuple(name.strip() for name in shown.split(",") if name.strip())
    return tuple(str(i) for i in range(len(gpu_names())))


def devices_of(launcher: LauncherConfig | None) -> Devices:
    """Return the devices that one engine may use; None: engines run on CPUs.

    Without a launcher they are those that this process sees.

    Raises:
        ConfigError: the launcher requests devices that do not exist.
    """
    if isinstance(launcher, SlurmLauncher):
        return slurm_devices(launcher)
    if isinstance(launcher, LocalLauncher):
        return local_cards(local_devices(launcher.devices).names)
    return local_cards(visible_gpus())


def local_cards(names: Sequence[str]) -> Devices:
    """Return this machine's GPUs of these names (CUDA_VISIBLE_DEVICES); the smallest one counts."""
    found = usable_gpus(",".join(names))
    if not found:
        return None
    return Card(min(gpu.memory for gpu in found), len(found))


def slurm_devices(config: SlurmLauncher) -> Devices:
    """Return what the launcher's own keys say, else the card named by `gres` or `constraint`."""
    asked = gpus_of_gres(config.gres)
    if config.gpus == 0 or (config.gpus == "auto" and config.gres and asked is None):
        return None
    count = config.gpus if config.gpus != "auto" else asked.count if asked else None
    if config.gpu_memory is not None:
        return Card(int(config.gpu_memory * GIB), count)
    named = asked.card.lower() if asked and asked.card else None
    card = config.gpu or (named if named in CARDS else card_of_constraint(config.constraint))
    if card is None:
        return UnknownCard(
            "set which card the nodes have: launcher.gpu=h100, a100-80, …, or "
            "launcher.gpu_memory=GIB; on nodes without GPUs launcher.gpus=0",
            count,
        )
    return named_card(card, count)


_GPU = re.compile(r"(?P<before>^|,)gpu(?P<type>:[A-Za-z][\w.-]*)?(?P<count>:\d+)?(?=,|$)")


@dataclass(frozen=True)
class Gres:
    """The GPUs of a gres; None for what it leaves open."""

    card: str | None  # as the site names it
    count: int | None


def gpus_of_gres(gres: str | None) -> Gres | None:
    """Return the GPUs of a gres; None if it requests none."""
    match = _GPU.search(gres or "")
    if match is None:
        return None
    card, count = match["type"], match["count"]
    return Gres(card and card[1:], int(count[1:]) if count else None)


def gres_for(gres: str | None, devices: int) -> str | None:
    """Return the gres with this many GPUs, if it requests any."""
    return gres and _GPU.sub(rf"\g<before>gpu\g<type>:{devices}", gres)


def card_of_constraint(constraint: str | None) -> str | None:
    """Return the card that every node with these features has, the smallest of several; None if
    unknown.

    Features are joined by `|` (or) and `&` or `,` (and).
    """
    found = []
    for choice in (constraint or "").split("|"):
        cards = [word for word in re.split(r"[&,\[\]() ]", choice) if word.lower() in CARDS]
        if not cards:
            return None
        found.append(cards[0].lower())
    return min(found, key=lambda card: CARDS[card].memory)


_SAMPLES_A_WORKER = 64  # below this, starting a process costs more than it saves


def check_workers(cells: Sequence[CellConfig], options: "RunOptions") -> None:
    """Raise ConfigError for several workers whose engines would share one GPU.

    Each worker would load its models onto that GPU; with tensor parallelism, each engine would also
    start its own processes there.
    """
    if options.workers in ("auto", 1):
        return
    if any_split(cells):
        raise ConfigError(
            f"workers={options.workers}: engine.tensor_parallel_size starts its own processes",
            hint="leave workers out",
        )
    if _uses_gpu(cells):
        raise ConfigError(
            f"workers={options.workers}: every worker would load its models onto the same GPU",
            hint="leave workers out; hydra/launcher=local starts one worker per GPU",
        )


def automatic_workers(wanted: int, cells: Sequence[CellConfig]) -> int:
    """Return 1 if a GPU is used, else as many processes as the cores hold, fewer for few
    samples.
    """
    if _uses_gpu(cells):
        return 1
    threads = max((cell.engine.threads or 1 for cell in cells), default=1)
    return max(1, min(usable_cores() // threads, wanted // _SAMPLES_A_WORKER))


def any_split(cells: Sequence[CellConfig]) -> bool:
    """Return whether an engine of these cells is split over devices and so starts processes."""
    return any(cell.engine.devices > 1 for cell in cells)


def _uses_gpu(cells: Sequence[CellConfig]) -> bool:
    """Return whether an engine of these cells would run on a GPU of this machine."""
    return any(getattr(cell.engine, "device", "auto") != "cpu" for cell in cells) and bool(
        gpu_names()
    )
