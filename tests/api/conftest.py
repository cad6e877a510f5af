import shutil
from collections.abc import Iterator

import pytest
from app_world import World
from finished_run import Finished, make_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Made once; `finished` is what a test may change."""
    return make_run(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def finished(run: Finished, monkeypatch: pytest.MonkeyPatch) -> Iterator[Finished]:
    """The run, put back as it was afterwards."""
    world = World(run.world.folder)
    kept = world.folder.with_name(f"{world.folder.name}-kept")
    shutil.copytree(world.folder, kept)
    monkeypatch.setattr("rast_bench.engines.load_engine", world.load_engine)
    monkeypatch.setattr("rast_bench.engines.check_models", lambda _key: None)
    monkeypatch.chdir(world.folder)
    yield Finished(world, run.words)
    shutil.rmtree(world.folder)
    kept.rename(world.folder)
