import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_world import World
from finished_run import Finished, make_run
from wandb_server import WandbServer, wandb_server

from rast_bench.trackers.wandb import STATUS_THREAD


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Made once; `finished` is a copy of its results."""
    return make_run(tmp_path_factory.mktemp("tracked"))


@pytest.fixture
def finished(run: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Finished:
    """The run with a copy of its results, in whose folder the test works."""
    monkeypatch.setattr("rast_bench.engines.check_models", lambda _key: None)
    shutil.copytree(run.results, tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    words = [word for word in run.words if not word.startswith("results_dir=")]
    return Finished(World(tmp_path), [*words, f"results_dir={tmp_path / 'results'}"])


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No key, no settings of this user, and a client that has seen nothing before."""
    for name in [name for name in os.environ if name.startswith(("WANDB_", "TRACKIO_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(home / "config"))
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR"):  # what the tracker sets goes afterwards
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    yield
    if "wandb" in sys.modules:
        sys.modules["wandb"].teardown()
        for thread in threading.enumerate():  # else one may fail in the next test
            if thread.name == STATUS_THREAD:
                thread.join(30)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WandbServer]:
    with wandb_server() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found
