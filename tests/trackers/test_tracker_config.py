import subprocess
import sys
from pathlib import Path

import pytest
from app_world import World

from rast_bench.cli import main
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.trackers import NoTracker, TrackioConfig, WandbConfig
from rast_bench.errors import ConfigError
from rast_bench.planning.plan import plan_cells
from rast_bench.trackers import base


def test_nothing_is_tracked_unless_asked_for() -> None:
    assert job_of_overrides([]).options.tracker == NoTracker()


@pytest.mark.parametrize(("name", "model"), [("wandb", WandbConfig), ("trackio", TrackioConfig)])
def test_an_option_states_every_key_with_its_default(
    name: str, model: type[WandbConfig] | type[TrackioConfig]
) -> None:
    assert job_of_overrides([f"tracker={name}"]).options.tracker == model()
    assignments = [
        f"tracker.{key}={'null' if value is None else list(value) if value == () else value}"
        for key, value in model().model_dump().items()
    ]
    assert job_of_overrides([f"tracker={name}", *assignments]).options.tracker == model()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tracker=wandb", "tracker.project=a/b"], "tracker.project=a/b"),
        (["tracker=wandb", "tracker.mode=of"], "must be 'online' or 'offline'"),
        (["tracker=wandb", "tracker.sample_rows=-1"], "tracker.sample_rows=-1"),
        (["tracker=wandb", f"tracker.tags=[{'x' * 65}]"], "tracker.tags.0"),
        (["tracker.project=x"], "the chosen tracker has no tracker.project"),
        (["tracker=wandbb"], "tracker has no option 'wandbb'"),
        (["tracker=trackio", "tracker.entity=x"], "the chosen tracker has no tracker.entity"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        job_of_overrides(words)
    assert message in caught.value.message


def test_a_tracker_is_no_part_of_a_cell() -> None:
    words = ["base_model=tiny-s", "dataset=tiny-easy"]
    plain, followed = (
        plan_cells(job_of_overrides([*words, *more]).cells) for more in ([], ["tracker=wandb"])
    )
    assert plain == followed


def test_a_sweep_has_one_tracker(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-m", *world.overrides, "tracker=none,wandb"]) == 2
    assert "tracker varies within one sweep" in capsys.readouterr().err


def test_a_missing_package_names_the_line_that_installs_it(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "find_spec", lambda _name: None)
    for name in ("wandb", "trackio"):
        assert main(["run", *world.overrides, f"tracker={name}"]) == 2
        err = capsys.readouterr().err
        assert f"tracker={name} needs the package {name}, which is not installed" in err
        assert f"pip install 'rast-bench[{name}]'" in err
    assert not world.loaded
    assert not world.results.exists()


def test_a_wrong_mode_is_refused_before_any_work(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "ofline")
    assert main(["run", *world.overrides, "tracker=wandb"]) == 2
    assert "WANDB_MODE=ofline: must be one of online" in capsys.readouterr().err
    assert not world.loaded


def test_a_run_that_is_not_tracked_imports_no_tracker(tmp_path: Path) -> None:
    words = ["base_model=tiny-s", "dataset=tiny-easy", f"results_dir={tmp_path}"]
    code = (
        "import sys; from rast_bench.cli import main; "
        f"main(['plan', *{words}]); import rast_bench.pipeline; "
        "print(*{'wandb', 'trackio', 'rast_bench.trackers'} & {*sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr.split() == []
