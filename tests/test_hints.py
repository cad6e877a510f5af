"""Every error that a user can see says what to do next; text is safe wherever it is printed."""

import ast
import io
import json
from pathlib import Path

import pytest

from rast_bench.config.validate import did_you_mean
from rast_bench.errors import ConfigError, RastBenchError
from rast_bench.reporting.csv_text import text_cell
from rast_bench.terminal import Output, printable, printable_json, safe_streams

PACKAGE = Path(__file__).parents[1] / "rast_bench"
ERRORS = {error.__name__ for error in (RastBenchError, *RastBenchError.__subclasses__())}


def raised_without_hint(path: Path) -> list[int]:
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in ERRORS
        and not any(keyword.arg in ("hint", None) for keyword in call.keywords)
    ]


def test_every_error_has_a_hint() -> None:
    found = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := raised_without_hint(path))
    }
    assert not found


def test_few_names_are_all_shown_and_of_many_the_nearest() -> None:
    assert did_you_mean("x", "abc") == "the keys here are a, b, c"
    many = [f"tiny-{number}" for number in range(30)] + ["large"]
    assert did_you_mean("larg", many, "options").startswith("did you mean large? of 31 options")
    assert did_you_mean("larg", many, "options").endswith(", and 23 more")
    assert len(did_you_mean("a" * 10**6, many, "options")) < 300


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nλ ± ─ 数", "plain\ttext\nλ ± ─ 数"),
        ("\x1b[2J\x07\x9b1m\x7f", "\\x1b[2J\\x07\\x9b1m\\x7f"),
        ("\u202egnp.exe\u2066\u200f\u2028", "\\u202egnp.exe\\u2066\\u200f\\u2028"),
        ("a\rb\x0b\x0c", "a\\x0db\\x0b\\x0c"),
        ("\ud800", "\\ud800"),
    ],
)
def test_nothing_steers_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_break_in_a_name_makes_no_line_of_its_own() -> None:
    assert ConfigError("a\nerror: b", hint="c").render() == "error: a\\nerror: b\nhint: c"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "λ ± ─ 数".encode()),
        ("latin-1", b"lambda \xb1 - \\u6570"),
        ("ascii", b"lambda +- - \\u6570"),
    ],
)
def test_letters_that_an_encoding_lacks_are_told_in_others(encoding: str, written: bytes) -> None:
    below = io.BytesIO()
    stream = io.TextIOWrapper(below, encoding=encoding)
    print("λ ± ─ 数", end="", file=Output(stream, "stdout", strict=True), flush=True)
    assert below.getvalue() == written


def test_bars_of_libraries_still_overwrite_their_line() -> None:
    below = io.StringIO()
    messages = Output(below, "stderr", strict=False)
    for text in ("\r 50%\x1b[2J", "\x1b[A", "label\r\x1b[A"):
        messages.write(text)
    assert below.getvalue() == "\r 50%\\x1b[2J\x1b[Alabel\\x0d\\x1b[A"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("+ SUM(A1)", "'+ SUM(A1)"),
        ("- 2+3", "'- 2+3"),
        ("+ ΔR tiny-s (RL seed 1)", "+ ΔR tiny-s (RL seed 1)"),
        ("-2.5", "-2.5"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert text_cell(text) == cell


def test_json_is_printed_as_it_is_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": "\x00\x1b[31m\x7f\x9b\u202e\u2028\ud800 λ 😀\t\n\\x41"}
    with safe_streams():
        print(printable_json(value))
    assert json.loads(capsys.readouterr().out) == value
