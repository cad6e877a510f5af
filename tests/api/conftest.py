import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from app_world import World, make_world
from finished_run import EXPERIMENT, Finished

from rast_bench.cli import main


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """Made once; `finished` is what a test may change."""
    with pytest.MonkeyPatch.context() as patch:
        world = make_world(tmp_path_factory.mktemp("finished"), patch)
        conf = world.folder / "conf"
        for group in ("experiment", "dataset"):
            (conf / group).mkdir(parents=True)
        (conf / "dataset" / "made-up.yaml").write_text(
            f"name: made-up\npath: {world.folder}/set.jsonl\ngraders: [boxed-1, simplerl-1]\n"
        )
        (conf / "experiment" / "small.yaml").write_text(EXPERIMENT)
        words = ["--config-dir", str(conf), "experiment=small"]
        words += [word for word in world.overrides if not word.startswith("dataset.")]
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            assert main(["run", *words]) == 0
    yield Finished(world, words)


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
