"""Which GPUs engines will run on: those of this machine, or those that SLURM is asked for."""

from collections.abc import Sequence

from rast_bench.config.launchers import LauncherConfig, LocalLauncher, SlurmLauncher
from rast_bench.gpus import usable_gpus
from rast_bench.hardware import GIB
from rast_bench.known.cards import CARDS
from rast_bench.launch.devices import local_devices, visible_gpus
from rast_bench.launch.gres import card_of_constraint, gpus_of_gres
from rast_bench.planning.placement import Card, named_card
from rast_bench.planning.settled import Devices, UnknownCard


def devices_of(launcher: LauncherConfig | None) -> Devices:
    """The devices that one engine may have; None: engines run on CPUs.

    Without a launcher they are those that this process sees.

    Raises ConfigError when a launcher is asked for devices that are not there.
    """
    if isinstance(launcher, SlurmLauncher):
        return slurm_devices(launcher)
    if isinstance(launcher, LocalLauncher):
        return local_cards(local_devices(launcher.devices).names)
    return local_cards(visible_gpus())


def local_cards(names: Sequence[str]) -> Devices:
    """This machine's GPUs of these names, as CUDA_VISIBLE_DEVICES has them; the smallest counts."""
    found = usable_gpus(",".join(names))
    if not found:
        return None
    return Card(min(gpu.memory for gpu in found), len(found))


def slurm_devices(config: SlurmLauncher) -> Devices:
    """What the launcher's own keys say, else the card that `gres` or `constraint` names."""
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
            "say which card the nodes have: launcher.gpu=h100, a100-80, …, or "
            "launcher.gpu_memory=GIB; on nodes without GPUs launcher.gpus=0",
            count,
        )
    return named_card(card, count)
