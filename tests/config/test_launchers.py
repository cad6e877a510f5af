"""The launchers' settings, from their files, from a site's own and from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from rast_bench.config.frontend import job_of_overrides, jobs_of_command_line
from rast_bench.config.hydra_launcher import hydra_overrides
from rast_bench.config.launchers import (
    LAUNCHERS,
    LauncherConfig,
    LocalLauncher,
    SlurmLauncher,
    read_launcher,
)
from rast_bench.config.paths import config_dir
from rast_bench.errors import ConfigError

VALUES = json.loads((Path(__file__).parent / "data/launcher_values.json").read_text())

MY_SITE = {"a name": "defaults: [slurm]", "a place": "defaults:\n  - slurm@_here_"}


def launchers(argv: list[str]) -> list[LauncherConfig | None]:
    return [job.launcher for job in jobs_of_command_line(argv)]


@pytest.mark.parametrize("case", VALUES["accepted"], ids=lambda case: str(case["set"]))
def test_accepted(case: dict[str, Any]) -> None:
    launcher = read_launcher({"cluster": case["cluster"], **case["set"]})
    kept = TypeAdapter(LauncherConfig).dump_json(launcher)
    written = json.loads(kept)
    assert {key: written[key] for key in case["becomes"]} == case["becomes"]
    assert TypeAdapter(LauncherConfig).validate_json(kept) == launcher


@pytest.mark.parametrize("case", VALUES["refused"], ids=lambda case: str(case["set"]))
def test_refused_in_one_line(case: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_launcher({"cluster": case["cluster"], **case["set"]})
    assert caught.value.message.startswith(case["error"])
    assert "\n" not in caught.value.message
    assert "more)" not in caught.value.message


@pytest.mark.parametrize("name", LAUNCHERS)
def test_every_option_states_every_default(name: str) -> None:
    written = yaml.safe_load((config_dir() / f"hydra/launcher/{name}.yaml").read_text())
    assert list(written) == list(LAUNCHERS[name].model_fields)
    assert read_launcher(written) == LAUNCHERS[name]()


@pytest.mark.parametrize("flags", [[], ["-m"]])
@pytest.mark.parametrize(
    ("words", "launcher"),
    [
        ([], None),
        (["hydra/launcher=basic"], None),
        (["hydra/launcher=local"], LocalLauncher()),
        (["hydra/launcher=local", "launcher.devices=[0,2]"], LocalLauncher(devices=(0, 2))),
        (
            ["launcher.minutes=30", "hydra/launcher=slurm", "hydra.launcher.gres=gpu:h100:2"],
            SlurmLauncher(minutes=30, gres="gpu:h100:2"),
        ),
        (
            ["hydra/launcher=slurm", "launcher.sbatch.mail-type=END", "+launcher.sbatch.nice=1"],
            SlurmLauncher(sbatch={"mail-type": "END", "nice": 1}),
        ),
        (
            ["hydra/launcher=slurm", "launcher.sbatch={nice:1}", "~launcher.minutes"],
            SlurmLauncher(sbatch={"nice": 1}),
        ),
        (
            ["hydra/launcher=slurm", 'launcher.nodelist="n1,n2"', "launcher.python='a b'"],
            SlurmLauncher(nodelist="n1,n2", python="a b"),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_command_line_sets_it(
    flags: list[str], words: list[str], launcher: LauncherConfig | None
) -> None:
    swept = "decoding.n=1,2" if flags else "decoding.n=1"
    assert launchers([*flags, *words, swept]) == [launcher] * (2 if flags else 1)
    assert job_of_overrides(words).launcher == launcher


def test_all_jobs_of_a_sweep_have_it() -> None:
    argv = ["-m", "hydra/launcher=slurm", "launcher.partition=p", "delta=none,tiny-s"]
    assert launchers(argv) == [SlurmLauncher(partition="p")] * 2


def test_words_elsewhere_stay_as_they_are() -> None:
    words = ["launchers.x=1", "hydra.launcherx=1", "label=launcher.x", "decoding.n=1,2"]
    assert hydra_overrides(words) == words


@pytest.mark.parametrize("defaults", MY_SITE)
def test_a_file_of_ones_own(defaults: str, tmp_path: Path) -> None:
    folder = tmp_path / "hydra/launcher"
    folder.mkdir(parents=True)
    (folder / "mysite.yaml").write_text(
        f"{MY_SITE[defaults]}\npartition: gpu\nminutes: 30\nsbatch: {{exclusive: true}}\n"
    )
    argv = ["--config-dir", str(tmp_path), "hydra/launcher=mysite", "launcher.minutes=45"]
    expected = SlurmLauncher(partition="gpu", minutes=45, sbatch={"exclusive": True})
    assert launchers(argv) == [expected]
    assert launchers(["-m", *argv, "decoding.n=1,2"]) == [expected, expected]


def test_a_file_of_ones_own_without_defaults(tmp_path: Path) -> None:
    folder = tmp_path / "hydra/launcher"
    folder.mkdir(parents=True)
    (folder / "whole.yaml").write_text("cluster: slurm\npartition: gpu\n")
    (folder / "bare.yaml").write_text("partition: gpu\n")
    for flags in ([], ["-m"]):
        words = [*flags, "--config-dir", str(tmp_path)]
        assert launchers([*words, "hydra/launcher=whole"]) == [SlurmLauncher(partition="gpu")]
        with pytest.raises(ConfigError, match="no key 'cluster'") as caught:
            launchers([*words, "hydra/launcher=bare"])
        assert "`defaults: [slurm]`" in (caught.value.hint or "")


def test_an_experiment_may_choose_it_for_all_jobs(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    for name in ("here", "there"):
        (tmp_path / f"experiment/{name}.yaml").write_text(
            "# @package _global_\n"
            "defaults:\n"
            f"  - override /hydra/launcher: {'slurm' if name == 'there' else 'local'}\n"
            "  - _self_\n"
            "experiment: {name: own, datasets: [tiny-easy], rows: [{label: a}]}\n"
            + ("hydra: {launcher: {minutes: 7}}\n" if name == "there" else "")
        )
    argv = ["-m", "--config-dir", str(tmp_path), "decoding.n=1,2"]
    assert launchers([*argv, "experiment=there"]) == [SlurmLauncher(minutes=7)] * 2
    with pytest.raises(ConfigError, match="different launchers"):
        launchers([*argv, "experiment=here,there"])


def test_the_launcher_of_another_package_is_refused(tmp_path: Path) -> None:
    """As joblib's: its jobs would run elsewhere."""
    folder = tmp_path / "hydra/launcher"
    folder.mkdir(parents=True)
    (folder / "elsewhere.yaml").write_text("_target_: hydra_plugins.elsewhere.Elsewhere\n")
    argv = ["--config-dir", str(tmp_path), "hydra/launcher=elsewhere"]
    for words in (argv, ["-m", *argv, "decoding.n=1,2"]):
        with pytest.raises(ConfigError, match="another package") as caught:
            launchers(words)
        assert "hydra/launcher=local or hydra/launcher=slurm" in (caught.value.hint or "")
