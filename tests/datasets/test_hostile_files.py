"""Data set files that no reader should trust: each ends in one line that names file and place."""

import datetime
import decimal
import importlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from unprivileged import as_nobody, let_others_in

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import load_problems
from rast_bench.domain import Problem
from rast_bench.errors import ConfigError, DatasetError, RastBenchError

ROW = {"problem_id": "a", "question": "What is 1 + 1?", "answer": "2"}
LINE = json.dumps(ROW)
DEEP = "[" * 100_000 + "]" * 100_000


def row(**changes: Any) -> str:
    return json.dumps({**ROW, **changes})


def raw(field: str, value: str) -> str:
    """A row whose field is JSON text as it stands."""
    return row(**{field: "?"}).replace('"?"', value)


def config(path: object, **options: Any) -> DatasetConfig:
    return DatasetConfig(name="mine", path=str(path), id_field="problem_id", **options)


def refused(cfg: DatasetConfig) -> RastBenchError:
    with pytest.raises((DatasetError, ConfigError)) as caught:
        load_problems(cfg)
    assert caught.value.hint
    assert len(caught.value.render().splitlines()) == 2
    return caught.value


TEXTS: dict[str, tuple[str | bytes, str]] = {
    "UTF-16": (LINE.encode("utf-16"), "set.jsonl line 1 is UTF-16 text, not UTF-8"),
    "UTF-16 without a mark": (LINE.encode("utf-16-le"), "line 1 is not JSON"),
    "UTF-16, big end first": (b"\xfe\xff" + LINE.encode("utf-16-be"), "is UTF-16 text"),
    "UTF-32": (LINE.encode("utf-32"), "is UTF-32 text"),
    "Latin-1": (raw("question", '"é"').encode("latin-1"), "is not UTF-8 text: byte 0xe9"),
    "Latin-1 in a later line": (LINE.encode() + b"\n\xe9", "line 2 is not UTF-8 text"),
    "gzip": (b"\x1f\x8b\x08" + bytes(range(99)), "is not UTF-8 text: byte 0x8b at position 1"),
    "zeros": (bytes(100), "line 1 is not JSON"),
    "empty": ("", "has no rows"),
    "blank lines": ("\n\n  \n", "has no rows"),
    "cut off": (f"{LINE}\n{LINE[:16]}", "line 2 is not JSON: Unterminated string starting at"),
    "deep": (DEEP, "line 1 has lists or objects that are nested too deeply"),
    "deep in a field": (raw("question", DEEP), "nested too deeply"),
    "deep objects": ('{"a":' * 50_000, "nested too deeply"),
    "deep in a field that is not read": (raw("more", "1")[:-1] + f', "b": {DEEP}}}', "deeply"),
    "huge number": (raw("answer", "9" * 5000), "line 1 has an integer with thousands of digits"),
    "huge negative number": (raw("answer", "-" + "9" * 5000), "thousands of digits"),
    "half a pair": (raw("question", '"\\ud800"'), r"half of a surrogate pair, \ud800"),
    "half a pair in a name": (LINE[:-1] + ', "\\udfff": 1}', r"half of a surrogate pair, \udfff"),
    "half a pair deep inside": (LINE[:-1] + ', "m": [{"x": ["\\udc00"]}]}', r"pair, \udc00"),
    "half a pair as bytes": (b'{"question": "\xed\xa0\x80"}', "is not UTF-8 text"),
    "a list": ("[1]", "line 1 is a JSON list, not an object"),
    "a text": ('"x"', "line 1 is a JSON str"),
    "null": ("null", "line 1 is a JSON NoneType"),
    "no number": (raw("answer", "NaN"), "line 1 has nan in 'answer', not text"),
    "infinity": (raw("answer", "-Infinity"), "line 1 has -inf in 'answer'"),
    "a float beyond floats": (raw("answer", "1e999"), "line 1 has inf in 'answer'"),
    "null question": (row(question=None), "has NoneType in 'question', not text"),
    "null answer": (row(answer=None), "has NoneType in 'answer', not text"),
    "null id": (row(problem_id=None), "has NoneType in 'problem_id', not text"),
    "empty id": (row(problem_id=""), "line 1 has an empty id"),
    "empty question": (row(question=" \n"), "line 1 has an empty 'question'"),
    "an object as id": (row(problem_id={}), "has dict in 'problem_id'"),
    "an id twice": (f"{LINE}\n\n{LINE}", "'a' at set.jsonl line 1 comes again at set.jsonl line 3"),
    "1 and '1'": (f"{row(problem_id=1)}\n{row(problem_id='1')}", "id '1' at"),
    "Python": ("{'question': 'q'}", "line 1 is not JSON"),
    "two rows in a line": (LINE + LINE, "line 1 is not JSON: Extra data"),
    "HTML": ("<!doctype html>", "line 1 is not JSON"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_bad_line_is_named(name: str, tmp_path: Path) -> None:
    content, message = TEXTS[name]
    path = tmp_path / "set.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in refused(config(path)).message


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_passed_over(mark: bytes, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(mark + LINE.encode() + b"\r\n")
    assert load_problems(config(path)) == [Problem("a", "What is 1 + 1?", "2")]


def test_large_numbers_and_whole_pairs_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(row(answer=10**4000, question="\U0001f600"))  # written as \ud83d\ude00
    assert "\\ud83d" in path.read_text()
    assert load_problems(config(path)) == [Problem("a", "\U0001f600", str(10**4000))]


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        os.chdir(path.parent)  # a socket's name is short
        one.bind(path.name)


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "named pipe": (fifo, "it is a named pipe"),
    "socket": (listening, "it is a socket"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    "folder": (Path.mkdir, "it is a folder"),
    "loop": (lambda path: path.symlink_to(path.name), "its symbolic links form a loop"),
    "link to nothing": (lambda path: path.symlink_to("nothing"), "it is a broken link"),
}


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("name", PLACES)
def test_what_is_no_file_is_not_opened(
    name: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"set{suffix}"
    put, message = PLACES[name]
    put(path)
    assert refused(config(path)).message == f"data set mine: no file to read at {path}: {message}"
    folder = DatasetConfig(name="set", path="org/set", data_dir=str(tmp_path))
    assert message in refused(folder).message


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/tmp/" + "a" * 300 + ".jsonl", "its name is too long"),
        ("a/" * 3000 + "set.jsonl", "its name is too long"),
        ("./set\0.jsonl", "its name contains a NUL character"),
        ("/etc/passwd/set.jsonl", "no file /etc/passwd/set.jsonl"),
        ("~nobody-of-this-name/set.jsonl", "no file ~nobody-of-this-name/set.jsonl"),
        ("./line\nbreak.jsonl", r"no file line\nbreak.jsonl"),
        (".", "neither .jsonl nor .parquet"),
    ],
)
def test_odd_names_are_told_shortly(path: str, message: str) -> None:
    error = refused(config(path))
    assert message in error.message
    assert len(error.message) < 400


def closed(folder: Path) -> Path:
    """A data set that only its owner can reach."""
    inner = folder / "locked" / "inner"
    inner.mkdir(parents=True)
    (inner / "set.jsonl").write_text(LINE)
    let_others_in(inner)
    return inner / "set.jsonl"


def asked(cfg: DatasetConfig) -> str:
    try:
        return str(load_problems(cfg))
    except RastBenchError as error:
        return error.render()


def test_permission_is_denied_at_every_part_of_a_path(tmp_path: Path) -> None:
    path = closed(tmp_path)
    kept = path.parent.parent
    assert "What is" in as_nobody(lambda: asked(config(path)))
    for place, mode, message in (
        (path, 0o600, "permission denied\n"),
        (path.parent, 0o700, f"permission denied for {path.parent}\n"),
        (kept, 0o600, f"permission denied for {kept}\n"),
    ):
        before = place.stat().st_mode
        place.chmod(mode & ~0o077 if os.getuid() == 0 else 0)
        found = as_nobody(lambda: asked(config(path)))
        place.chmod(before)
        assert f"error: data set mine: no file to read at {path}: {message}" in found
        assert "hint: " in found


def test_a_closed_data_dir_is_named(tmp_path: Path) -> None:
    folder = closed(tmp_path).parent
    cfg = DatasetConfig(name="set", path="org/set", data_dir=str(folder))
    folder.chmod(0o700 if os.getuid() == 0 else 0)
    try:
        found = as_nobody(lambda: asked(cfg))
    finally:
        folder.chmod(0o755)
    assert f"cannot read dataset.data_dir={folder}: permission denied\n" in found


def test_a_hub_id_is_one_in_a_folder_that_is_closed_to_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the current folder cannot be searched, nobody can tell that `org/set` is no file."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "set.jsonl").write_text(LINE)
    let_others_in(data)
    here = closed(tmp_path).parent
    monkeypatch.chdir(here)
    here.chmod(0o700 if os.getuid() == 0 else 0)
    cfg = DatasetConfig(name="set", path="org/set", data_dir=str(data), id_field="problem_id")
    try:
        found = as_nobody(lambda: asked(cfg))
    finally:
        here.chmod(0o755)
    assert "What is" in found


def parquet(path: Path, **columns: Any) -> Path:
    table = pa.table({**{name: [value] for name, value in ROW.items()}, **columns})
    pq.write_table(table, path)
    return path


def bad_text() -> pa.Array:
    """A string of bytes that are not UTF-8."""
    return pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff-"))


FAR = pa.array([2**60], pa.timestamp("ms"))
CELLS: dict[str, tuple[dict[str, Any], str]] = {
    "no UTF-8": ({"question": bad_text()}, "row 0 has a string in 'question' that cannot be read"),
    "no UTF-8 in the id": ({"problem_id": bad_text()}, "in 'problem_id' that cannot be read"),
    "no date": ({"answer": FAR}, "row 0 has a timestamp[ms] in 'answer' that cannot be read"),
    "bytes": ({"question": pa.array([b"q"])}, "has bytes in 'question', not text"),
    "struct": ({"question": [{"a": 1}]}, "has dict in 'question'"),
    "lists": ({"answer": [["1", "2"]]}, "has list in 'answer'"),
    "map": ({"answer": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int32()))}, "has list in"),
    "null": ({"answer": pa.array([None], pa.string())}, "has NoneType in 'answer'"),
    "all null": ({"answer": pa.nulls(1)}, "has NoneType in 'answer'"),
    "pandas' null": ({"answer": [float("nan")]}, "has nan in 'answer'"),
    "decimal": ({"answer": [decimal.Decimal("1.5")]}, "has Decimal in 'answer'"),
    "date": ({"answer": [datetime.date(2024, 1, 1)]}, "has date in 'answer'"),
    "true": ({"answer": [True]}, "has bool in 'answer'"),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_bad_parquet_value_is_named(name: str, tmp_path: Path) -> None:
    columns, message = CELLS[name]
    error = refused(config(parquet(tmp_path / "set.parquet", **columns)))
    assert "set.parquet row 0" in error.message
    assert message in error.message


def test_a_value_that_nobody_reads_is_no_fault(tmp_path: Path) -> None:
    path = parquet(tmp_path / "set.parquet", when=FAR, note=bad_text())
    assert [problem.problem_id for problem in load_problems(config(path))] == ["a"]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    columns = [pa.array(["q"]), pa.array(["r"])]
    pq.write_table(pa.Table.from_arrays(columns, ["question", "question"]), tmp_path / "s.parquet")
    message = refused(config(tmp_path / "s.parquet")).message
    assert "has more than one column 'question'" in message


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda whole: whole[:-10],
    "half": lambda whole: whole[: len(whole) // 2],
    "a length beyond the file": lambda _: b"PAR1" + bytes(50) + b"\xff\xff\xff\x7fPAR1",
    "zeros inside": lambda whole: whole[:8] + bytes(len(whole) - 20) + whole[-12:],
    "CSV": lambda _: b"question,answer\nq,1\n",
    "JSONL": lambda _: LINE.encode(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_parquet_file_is_named(name: str, tmp_path: Path) -> None:
    path = parquet(tmp_path / "set.parquet")
    path.write_bytes(BROKEN[name](path.read_bytes()))
    assert f"{path} is not Parquet: " in refused(config(path)).message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("os:system", "it is a function of Python's own module posix, not an adapter"),
        ("os:name", "it is a str, not an adapter"),
        ("shutil:rmtree", "Python's own module shutil"),
        ("builtins:eval", "Python's own module builtins"),
        ("subprocess:getoutput", "Python's own module subprocess"),
        ("rast_bench.domain:Problem", "it is a class"),
        ("rast_bench.datasets.adapters:with_choices", "a function of other arguments than one row"),
        ("rast_bench.datasets.adapters:ADAPTERS", "it is a dict"),
        ("rast_bench.datasets.adapters:LETTERS", "it is a str"),
    ],
)
def test_what_cannot_be_an_adapter_is_never_called(name: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(LINE)
    error = refused(config(path, adapter=name))
    assert message in error.message
    assert error.message.startswith(f"dataset.adapter={name}: ")


ADAPTERS = """
from rast_bench.datasets.adapters import Item
from rast_bench.errors import DatasetError
def two(row, more): return Item("q", "1")
async def later(row): return Item("q", "1")
def several(row): yield Item("q", "1")
def text(row): return "q"
def pair(row): return ("q", "1")
def number_id(row): return Item("q", "1", problem_id=5)
def no_gold(row): return Item("q", None)
def bytes_question(row): return Item(b"q", "1")
def half(row): return Item("\\ud800", "1")
def odd_reference(row): return Item("q", reference={"kind": b"x"})
def round_reference(row):
    reference = {"kind": "x"}
    reference["self"] = reference
    return Item("q", reference=reference)
def key(row): return Item(row["question"], "1")
def stops(row): raise SystemExit(0)
def endless(row): return endless(row)
def fits(row, *, gold="2"): return Item(row.text("question"), gold)
class Fits:
    def __call__(self, row): return fits(row)
fits_too = Fits()
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatasetConfig:
    """A data set beside a module of adapters."""
    (tmp_path / "hostile_adapters.py").write_text(ADAPTERS)
    (tmp_path / "set.jsonl").write_text(LINE)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    monkeypatch.delitem(importlib.sys.modules, "hostile_adapters", raising=False)  # type: ignore[attr-defined]
    return config(tmp_path / "set.jsonl")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two", "a function of other arguments than one row"),
        ("later", "an asynchronous function or a generator"),
        ("several", "an asynchronous function or a generator"),
        ("text", "line 1: adapter hostile_adapters:text returns a str"),
        ("pair", "returns a tuple"),
        ("number_id", "an Item whose problem_id is a int"),
        ("no_gold", "an Item whose gold is a NoneType"),
        ("bytes_question", "an Item whose question is a bytes"),
        ("half", r"an Item whose question has \ud800, half a character"),
        ("odd_reference", "an Item whose reference is not JSON"),
        ("round_reference", "an Item whose reference is not JSON"),
        ("key", "fails with TypeError: 'Row' object is not subscriptable"),
        ("stops", "fails with SystemExit: 0"),
        ("endless", "fails with RecursionError"),
    ],
)
def test_a_faulty_adapter_is_one_line(own: DatasetConfig, name: str, message: str) -> None:
    cfg = own.model_copy(update={"adapter": f"hostile_adapters:{name}"})
    assert message in refused(cfg).message


@pytest.mark.parametrize("name", ["fits", "fits_too"])
def test_an_adapter_that_fits_is_called(own: DatasetConfig, name: str) -> None:
    cfg = own.model_copy(update={"adapter": f"hostile_adapters:{name}"})
    assert load_problems(cfg) == [Problem("a", "What is 1 + 1?", "2")]
