import re
from pathlib import Path

from rast_bench.cli import run
from rast_bench.cli.help_text import help_text
from rast_bench.config.arguments import CommandParser
from rast_bench.config.launchers import LAUNCHERS
from rast_bench.config.paths import config_dir
from rast_bench.config.schema import GROUPS


def test_every_group_and_option_is_listed() -> None:
    text = help_text("run.py", config_dir())
    for group in (*GROUPS, "experiment"):
        for option in (config_dir() / group).iterdir():
            assert f" {option.stem}" in text


def test_it_fits_a_terminal_and_names_the_program(tmp_path: Path) -> None:
    text = help_text("rast-bench run", tmp_path)
    assert text.startswith("usage: rast-bench run ")
    assert max(map(len, text.splitlines())) <= 100


def test_every_option_is_listed() -> None:
    parser = CommandParser()
    run.configure(parser)
    flags = set(re.findall(r"--[a-z-]+", parser.format_usage())) - {"--help"}
    assert flags
    assert flags <= set(re.findall(r"--[a-z-]+", help_text("run.py", config_dir())))


def test_every_launcher_is_listed_with_its_keys() -> None:
    words = help_text("run.py", config_dir()).split()
    for name, model in LAUNCHERS.items():
        assert name in words
        assert {*model.model_fields} - {"cluster"} <= {*words}
