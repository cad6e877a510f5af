"""docs/add_a_measure.md, word for word: its files are written, its commands run; and mistakes."""

import csv
import re
import shlex
import sys
from pathlib import Path

import pytest

from rast_bench import cli
from rast_bench.errors import ConfigError
from rast_bench.results.registry import MEASURES, measure_of, measures_of

PAGE = (Path(__file__).parents[2] / "docs" / "add_a_measure.md").read_text()
FILES = re.findall(r"`([\w./]+)`:\n```(?:yaml|python)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
MISTAKES = """
from rast_bench.results import Measure, Value

number = 7
CLASH = Measure("accuracy", lambda cell: [])
COLUMN = Measure("another", lambda cell: [], column="avg")
ROLE = Measure("of controls", lambda cell: [], roles=("control",))
FIRST = Measure("twin", lambda cell: [])
SECOND = Measure("twin", lambda cell: [])
BROKEN = Measure("broken", lambda cell: [1 / 0])
PLAIN = Measure("plain", lambda cell: [0.5])
NAN = Measure("nan", lambda cell: [Value(float("nan"))])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in (*FILES, ("mistakes.py", MISTAKES)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("mymeasures", "mistakes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_an_experiment_has_a_table_of_a_users_measure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [name for name, _ in FILES] == ["mymeasures.py", "myconf/experiment/endings.yaml"]
    run, table = COMMANDS
    assert cli.main([*run, "workers=1"]) == 0
    first = capsys.readouterr().out
    assert cli.main(table) == 0
    assert capsys.readouterr().out == first
    assert "share ended by EOS, in percent" in first
    with (folder / "results" / "endings" / "numbers.csv").open(newline="") as stream:
        shares = {
            (line["row"], line["dataset"]): float(line["value"])
            for line in csv.DictReader(stream)
            if line["metric"] == "share_ended_by_EOS"
        }
    assert len(shares) == 4
    assert set(shares.values()) <= {0.0, 1 / 3, 2 / 3, 1.0}
    assert shares["RL ceiling", "tiny-easy"] == 1.0


def test_a_misspelt_measure_is_refused_before_a_model_is_loaded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "myconf" / "experiment" / "endings.yaml"
    path.write_text(path.read_text().replace("accuracy,", "acuracy,"))
    assert cli.main(COMMANDS[0]) == 2
    error = capsys.readouterr().err
    assert "error: unknown measure 'acuracy'\nhint: did you mean accuracy?" in error
    assert not (folder / "results").exists()
    cli.main(["plan", *COMMANDS[0][1:]])
    assert "unknown measure 'acuracy'" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["nowhere:M"], "measure nowhere:M: No module named 'nowhere'"),
        (["mistakes:LACKING"], "has no attribute 'LACKING'"),
        (["mistakes:number"], "measure mistakes:number is not a measure but of type int"),
        (["mistakes:CLASH"], "'accuracy' belongs to a measure of rast-bench"),
        (["mistakes:COLUMN"], "'another' belongs to a measure of rast-bench"),
        (["mistakes:ROLE"], "your own measure must be of the samples of a cell"),
        (["mistakes:FIRST", "mistakes:SECOND"], "two measures are named 'twin'"),
        (["difference from the highest"], "unknown measure 'difference from the highest'"),
    ],
)
def test_mistakes_are_one_line(names: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        measures_of(names)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("BROKEN", "its function fails with ZeroDivisionError"),
        ("PLAIN", "its function returns a float where a Value belongs"),
        ("NAN", "its function fails with ValueError: a value is finite"),
    ],
)
def test_a_function_that_returns_no_values_is_told_by_its_place(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"measure mistakes:{name}: {message}"):
        measure_of(f"mistakes:{name}").function(None)


def test_names_and_columns_of_the_registry_are_unique() -> None:
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    columns = [(one.csv_name, one.level == "row") for one in MEASURES if not one.optional]
    assert len(set(columns)) == len(columns)  # of a mean over data sets `avg` is one, too
