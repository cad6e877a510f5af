"""A finished run: one experiment of three rows and a grid on one data set, two graders."""

import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from app_world import World, make_world

from rast_bench.cli import main


@dataclass
class Finished:
    """`words` repeat the run, whose samples are those of the engine of app_world."""

    world: World
    words: list[str]

    @property
    def results(self) -> Path:
        return self.world.results

    @property
    def dataset(self) -> Path:
        return self.world.folder / "set.jsonl"


EXPERIMENT = """\
# @package _global_
experiment:
  name: small
  datasets: [made-up]
  rows:
    - {label: base, method: base, decoding: greedy, role: base}
    - {label: with delta}
    - {label: ceiling, method: rl, role: ceiling}
  grids:
    - {name: grid, dataset: made-up, lambda: [0.5, 1], temperature: [1], n: 2}
"""


def make_run(folder: Path) -> Finished:
    """The run, in a new folder."""
    with pytest.MonkeyPatch.context() as patch:
        world = make_world(folder, patch)
        words = experiment_words(world)
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            assert main(["run", *words]) == 0
    return Finished(world, words)


def experiment_words(world: World) -> list[str]:
    """The words of `rast-bench run` that name the experiment, whose files are made."""
    conf = world.folder / "conf"
    for group in ("experiment", "dataset"):
        (conf / group).mkdir(parents=True)
    (conf / "dataset" / "made-up.yaml").write_text(
        f"name: made-up\npath: {world.folder}/set.jsonl\ngraders: [boxed-1, simplerl-1]\n"
    )
    (conf / "experiment" / "small.yaml").write_text(EXPERIMENT)
    words = ["--config-dir", str(conf), "experiment=small"]
    return words + [word for word in world.overrides if not word.startswith("dataset.")]


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
