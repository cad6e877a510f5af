"""Made-up checkpoints, for tests that read a model's files but never its weights; a whole world."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import vllm_environment  # noqa: F401
from app_world import World, make_world
from checkpoint_maker import MakeCheckpoint, write_checkpoint
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from random_checkpoints import Checkpoint, Recipe

    from rast_bench.config.identity import EngineKey


# A busy machine is no failure.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# The longest, in this order, lest the others wait for them at the end.
_FIRST = (
    *("test_on_slurm.py", "test_kill_and_resume.py", "test_local_launch.py", "test_build.py"),
    *("test_tensor_parallel.py", "test_sweep_makespan.py", "test_real_model.py"),
    *("test_serve.py", "test_vllm_judge.py", "test_launcher_throughput.py", "test_compiled.py"),
    *("test_vllm_run.py", "test_methods_served.py", "test_exactness.py", "test_code_grader.py"),
)
_LAST = ("test_speculation.py",)  # it loads numba, after which vLLM 0.32 starts no other engine


# A million objects of libraries and tests live until the end: not to be looked through each time.
gc.set_threshold(50_000, 20, 10)


def pytest_collection_finish() -> None:
    """Garbage is looked for among what tests make: vLLM does so eight times per engine."""
    gc.collect()
    gc.freeze()
    for name in ("freeze", "unfreeze"):  # vLLM's engines thaw everything at their end
        setattr(gc, name, lambda: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = {name: place - len(_FIRST) for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: first.get(item.path.name, item.path.name in _LAST))


@pytest.fixture
def make_checkpoint(tmp_path: Path) -> MakeCheckpoint:
    """make_checkpoint(name, **files) writes a folder; files maps a name to its text."""

    def make(name: str, files: dict[str, str] | None = None) -> Path:
        return write_checkpoint(tmp_path / name, files)

    return make


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> "Checkpoint":
    """The folder of a recipe's checkpoint with random weights, made once.

    Shared: tests that damage one make their own.
    """
    from random_checkpoints import save_checkpoint
    from transformers.utils import logging

    logging.set_verbosity_error()
    root = tmp_path_factory.mktemp("checkpoints")
    made: dict[Recipe, str] = {}

    def folder(recipe: "Recipe") -> str:
        if recipe not in made:
            made[recipe] = str(save_checkpoint(root / str(len(made)), recipe))
        return made[recipe]

    return folder


@pytest.fixture
def checked_keys(monkeypatch: pytest.MonkeyPatch) -> "list[EngineKey]":
    """The engine keys that `plan_cells` had checked, in order; nothing is read for the check."""
    keys: list[EngineKey] = []
    monkeypatch.setattr("rast_bench.engines.check_models", keys.append, raising=False)
    return keys


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)
