import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rast_bench.config.frontend import job_of_overrides, jobs_of_command_line
from rast_bench.errors import ConfigError

BAD_COMMANDS = json.loads((Path(__file__).parent / "data/bad_commands.json").read_text())


@pytest.mark.parametrize("case", BAD_COMMANDS, ids=lambda case: " ".join(case["argv"]))
def test_a_mistake_is_one_line_with_a_hint(
    case: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        jobs_of_command_line(case["argv"], "run.py")
    error = caught.value
    assert error.message.startswith(case["error"])
    assert case["hint"] in (error.hint or "")
    assert "\n" not in error.render().replace("\nhint: ", "", 1)
    assert capsys.readouterr() == ("", "")


def test_one_command_is_one_job() -> None:
    jobs = jobs_of_command_line(
        ["base_model=tiny-l", "delta=tiny-s", "dataset=tiny-hard", "decoding.lambda=0.5"], "run.py"
    )
    assert jobs is not None
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
    jobs = jobs_of_command_line(["-m", "delta=none,tiny-s", "decoding.n=1,2"], "run.py")
    assert jobs is not None
    cells = [job.cells[0] for job in jobs]
    assert [(cell.delta.name, cell.decoding.n) for cell in cells] == [
        ("none", 1),
        ("none", 2),
        ("tiny-s", 1),
        ("tiny-s", 2),
    ]


def test_a_sweep_over_experiments() -> None:
    jobs = jobs_of_command_line(["-m", "experiment=demo", "experiment.limit=1,2"], "run.py")
    assert jobs is not None
    assert [{cell.dataset.limit for cell in job.cells} for job in jobs] == [{1}, {2}]


def test_hydra_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, environment = list(sys.argv), dict(os.environ)
    jobs_of_command_line(["decoding.n=1"], "run.py")
    jobs_of_command_line(["-m", "decoding.n=1,2"], "run.py")
    assert list(tmp_path.iterdir()) == []
    assert (sys.argv, dict(os.environ)) == (arguments, environment)


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["--cfg", "job", "decoding.n=7"], "'n': 7"),
        (["--cfg", "job", "--package", "decoding"], "temperature: 1.0"),
        (["--info", "searchpath"], "file://"),
        (["--hydra-help"], "--multirun"),
    ],
)
def test_hydra_answers_its_own_flags(
    argv: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        jobs = jobs_of_command_line(argv, "run.py")
    except SystemExit as leave:
        assert leave.code == 0
    else:
        assert jobs is None
    assert shown in capsys.readouterr().out


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
    argv = ["--config-dir", str(tmp_path), "experiment=own", "decoding.seed=3"]
    jobs = jobs_of_command_line(argv, "run.py")
    assert jobs is not None
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
        jobs_of_command_line(["--config-dir", str(tmp_path), *argv], "run.py")


def test_a_missing_folder_of_options(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        job_of_overrides([], str(tmp_path / "nowhere"))
