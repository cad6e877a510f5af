"""Random checkpoints, made once, and one engine for each world of a module."""

from collections.abc import Callable

import pytest
from random_checkpoints import Checkpoint, Recipe, save_checkpoint
from transformers.utils import logging
from worlds import WORLDS, WorldOnDisk

OnDisk = Callable[[str], WorldOnDisk]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The folder of a recipe's checkpoint."""
    logging.set_verbosity_error()
    root = tmp_path_factory.mktemp("checkpoints")
    made: dict[Recipe, str] = {}

    def folder(recipe: Recipe) -> str:
        if recipe not in made:
            made[recipe] = str(save_checkpoint(root / str(len(made)), recipe))
        return made[recipe]

    return folder


@pytest.fixture(scope="session")
def on_disk(checkpoint: Checkpoint) -> OnDisk:
    return lambda name: WorldOnDisk(WORLDS[name], checkpoint)
