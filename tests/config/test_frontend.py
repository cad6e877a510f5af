import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rast_bench.config.arguments import CommandArguments
from rast_bench.config.frontend import configuration, job_of_overrides, jobs_of_command_line
from rast_bench.errors import ConfigError

BAD_COMMANDS = json.loads((Path(__file__).parent / "data/bad_commands.json").read_text())


@pytest.mark.parametrize("case", BAD_COMMANDS, ids=lambda case: " ".join(case["argv"]))
def test_a_mistake_is_one_line_with_a_hint(
    case: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        jobs_of_command_line(case["argv"])
    error = caught.value
    assert error.message.startswith(case["error"])
    assert case["hint"] in (error.hint or "")
    assert "\n" not in error.render().replace("\nhint: ", "", 1)
    assert capsys.readouterr() == ("", "")


def test_one_command_is_one_job() -> None:
    jobs = jobs_of_command_line(
        ["base_model=tiny-l", "delta=tiny-s", "dataset=tiny-hard", "decoding.lambda=0.5"]
    )
    (job,) = jobs
    (cell,) = job.cells
    assert (cell.base_model.name, cell.delta.name, cell.dataset.name) == (
        "tiny-l",
        "tiny-s",
        "tiny-hard",
    )
    assert (cell.method.name, cell.decoding.lambda_, cell.decoding.n) == ("rast", 0.5, 32)


@pytest.mark.parametrize(
    ("argv", "method"),
    [
        ([], "base"),
        (["delta=tiny-s"], "rast"),
        (["delta=tiny-ensemble"], "rast"),
        (["delta=tiny-s", "method=base"], "base"),
        (["delta=tiny-s", "method=rl"], "rl"),
    ],
)
def test_the_method_follows_from_the_delta(argv: list[str], method: str) -> None:
    assert job_of_overrides(argv).cells[0].method.name == method


def test_a_sweep_is_all_its_jobs() -> None:
    jobs = jobs_of_command_line(["-m", "delta=none,tiny-s", "decoding.n=1,2"])
    cells = [job.cells[0] for job in jobs]
    assert [(cell.delta.name, cell.decoding.n) for cell in cells] == [
        ("none", 1),
        ("none", 2),
        ("tiny-s", 1),
        ("tiny-s", 2),
    ]


def test_a_sweep_over_experiments() -> None:
    jobs = jobs_of_command_line(["-m", "experiment=demo", "experiment.limit=1,2"])
    assert [{cell.dataset.limit for cell in job.cells} for job in jobs] == [{1}, {2}]


def test_values_of_hydras_own_node() -> None:
    (job,) = jobs_of_command_line(["delta=tiny-s", "label='${hydra:runtime.choices.delta}'"])
    assert job.cells[0].label == "tiny-s"
    jobs = jobs_of_command_line(["-m", "label='job ${hydra:job.num}'", "decoding.n=1,2"])
    assert [job.cells[0].label for job in jobs] == ["job 0", "job 1"]


def test_hydra_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, environment = list(sys.argv), dict(os.environ)
    jobs_of_command_line(["decoding.n=1"])
    jobs_of_command_line(["-m", "decoding.n=1,2"])
    assert list(tmp_path.iterdir()) == []
    assert (sys.argv, dict(os.environ)) == (arguments, environment)


@pytest.mark.parametrize(
    ("part", "package", "shown"),
    [
        ("job", None, "\n  'n': 7\n"),
        ("job", "_global_", "results_dir: there\n"),
        ("job", "decoding", "# @package decoding\nlambda: 1.0\n"),
        ("job", "decoding.n", "7\n"),
        ("hydra", "hydra.launcher", "cluster: slurm\n"),
        ("all", None, "hydra:\n  run:\n"),
    ],
)
def test_the_configuration_can_be_shown(part: str, package: str | None, shown: str) -> None:
    words = CommandArguments(("decoding.n=7", "hydra/launcher=slurm"), results_dir="there")
    assert shown in configuration(words, part, package)


def test_a_configuration_is_shown_with_its_values() -> None:
    words = CommandArguments(("label='${decoding.n} samples'",))
    assert "label: ${decoding.n} samples\n" in configuration(words, "job")
    assert "label: 32 samples\n" in configuration(words, "job", resolve=True)


def test_a_package_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="--package decodng: there is no such key"):
        configuration(CommandArguments(), "job", "decodng")


@pytest.mark.parametrize("folder", ["there", "a b/c", "it's", "a,b=c", "5", "back\\"])
def test_any_folder_can_hold_the_results(folder: str) -> None:
    (job,) = jobs_of_command_line(["--results-dir", folder])
    assert job.options.results_dir == folder


def test_options_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "decoding").mkdir()
    (tmp_path / "decoding/mine.yaml").write_text("defaults: [tiny, _self_]\nn: 5\n")
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/own.yaml").write_text(
        "# @package _global_\n"
        "experiment:\n"
        "  name: own\n"
        "  datasets: [tiny-easy]\n"
        "  rows:\n"
        "    - {label: a, decoding: mine}\n"
        "    - {label: b}\n"
    )
    more = tmp_path / "more"
    (more / "decoding").mkdir(parents=True)
    (more / "decoding/other.yaml").write_text("defaults: [mine]\nn: 6\n")
    own = [f"hydra.searchpath=['{more}']", "decoding=other"]
    (job,) = jobs_of_command_line(["--config-dir", str(tmp_path), *own])
    assert job.cells[0].decoding.n == 6
    argv = ["--config-dir", str(tmp_path), "experiment=own", "decoding.seed=3"]
    jobs = jobs_of_command_line(argv)
    for job in (jobs[0], job_of_overrides(["experiment=own", "decoding.seed=3"], str(tmp_path))):
        decodings = [cell.decoding for cell in job.cells]
        assert [(d.n, d.max_tokens, d.seed) for d in decodings] == [(5, 192, 3), (32, 192, 3)]


@pytest.mark.parametrize("how", ["chosen", "in a row"])
def test_broken_yaml_names_its_file_and_line(how: str, tmp_path: Path) -> None:
    (tmp_path / "prompt").mkdir()
    (tmp_path / "prompt/bad.yaml").write_text("name: bad\ntemplate: a: b\n")
    argv = ["prompt=bad"]
    if how == "in a row":
        argv = ["experiment=demo", "experiment.rows=[{label: a, prompt: bad}]"]
    with pytest.raises(ConfigError, match=r"prompt/bad.yaml line 2, column \d+: not YAML"):
        jobs_of_command_line(["--config-dir", str(tmp_path), *argv])


def test_a_missing_folder_of_options(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        job_of_overrides([], str(tmp_path / "nowhere"))
