"""Random checkpoints, made once, and one engine for each world of a module."""

from collections.abc import Callable

import pytest
from random_checkpoints import Checkpoint
from worlds import WORLDS, WorldOnDisk

OnDisk = Callable[[str], WorldOnDisk]


@pytest.fixture(scope="session")
def on_disk(checkpoint: Checkpoint) -> OnDisk:
    return lambda name: WorldOnDisk(WORLDS[name], checkpoint)
