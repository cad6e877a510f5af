"""Which GPUs engines will run on: those of this machine, or those that SLURM is asked for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from rast_bench.config.launchers import LauncherConfig, LocalLauncher, SlurmLauncher
from rast_bench.launch.devices import local_devices, visible_gpus
from rast_bench.launch.gres import card_of_constraint, gpus_of_gres
from rast_bench.ledger.manifest import gpu_names
from rast_bench.planning.cards import CARDS
from rast_bench.planning.memory import GIB
from rast_bench.planning.placement import Card
from rast_bench.planning.settled import Devices, UnknownCard

MIB = 2**20
_SECONDS = 60
_BY_TORCH = """
import torch
for i in range(torch.cuda.device_count()):
    print(torch.cuda.get_device_properties(i).total_memory)
"""


def devices_of(launcher: LauncherConfig | None) -> Devices:
    """The devices that one engine may have with this launcher; None: in this process.

    Raises ConfigError when a launcher is asked for devices that are not there.
    """
    if isinstance(launcher, SlurmLauncher):
        return slurm_devices(launcher)
    if isinstance(launcher, LocalLauncher):
        return local_cards(local_devices(launcher.devices).names)
    return local_cards(visible_gpus())


def on_gpus(launcher: LauncherConfig | None) -> bool:
    """Whether engines will find a GPU, as far as that can be told at once."""
    if isinstance(launcher, SlurmLauncher):
        return slurm_devices(launcher) is not None
    return bool(gpu_names())


def local_cards(names: Sequence[str]) -> Devices:
    """This machine's GPUs of these names, as CUDA_VISIBLE_DEVICES has them; the smallest counts."""
    if not names:
        return None
    memory = gpu_memory(names)
    if memory is None:
        return UnknownCard("set engine.tensor_parallel_size to a number of GPUs", len(names))
    return Card(min(memory), len(names))


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
    return Card(int(CARDS[card] * GIB), count, card)


def gpu_memory(names: Sequence[str]) -> list[int] | None:
    """Bytes of each; None where neither nvidia-smi nor PyTorch tells them."""
    if shutil.which("nvidia-smi") is None:
        return _memory_by_torch(names)
    table = _output(
        ["nvidia-smi", "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"]
    )
    rows = [[word.strip() for word in line.split(",")] for line in table.splitlines()]
    found = []
    for name in names:
        own = [
            memory
            for index, uuid, memory in rows
            if name == index or (name.startswith("GPU-") and uuid.startswith(name))
        ]
        if len(own) != 1 or not own[0].isdigit():  # a MIG device, for one
            return _memory_by_torch(names)
        found.append(int(own[0]) * MIB)
    return found


def _memory_by_torch(names: Sequence[str]) -> list[int] | None:
    """In a process of its own: CUDA that was used here could not be used in forked workers."""
    lines = _output(
        [sys.executable, "-c", _BY_TORCH], {**os.environ, "CUDA_VISIBLE_DEVICES": ",".join(names)}
    ).split()
    return [int(line) for line in lines] if len(lines) == len(names) else None


def _output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
