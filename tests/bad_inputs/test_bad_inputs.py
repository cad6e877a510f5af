"""Command lines that once ended in a stack trace, a hang or a crash: each ends in two lines."""

import contextlib
import importlib
import io
import json
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from app_world import World
from made_inputs import LOCKED, make_inputs, make_locked
from unprivileged import in_child

import rast_bench
from rast_bench.cli import main
from rast_bench.errors import OutputError
from rast_bench.ledger import Ledger

HERE = Path(__file__).parent
CASES: Mapping[str, Mapping[str, list[str]]] = json.loads((HERE / "cases.json").read_text())
PROMPTS = (
    *("binary", "utf16", "latin1", "null_character", "laughs", "holds_itself", "deep"),
    *("deep_block", "defaults_num", "defaults_null", "defaults_pair", "defaults_itself"),
    *("defaults_missing", "package_bad", "package_elsewhere", "huge_number", "null_key"),
    *("number_key", "twice", "tag", "nowhere", "open_brace", "half_surrogate", "list", "scalar"),
    *("empty", "large", "folder", "pipe", "loop", "device"),
)
RUN = ("run", "base_model=tiny-xs", "delta=none", "dataset=tiny-easy", "dataset.limit=1")
SMALL = ("decoding.n=1", "decoding.max_tokens=4", "workers=1")


PROGRESS = re.compile(r"(note|warning): |0/1 samples \(0%\)|1 cell: 0 samples made in ")


def check_end(code: int, out: str, err: str) -> None:
    """One error and its hint, told before any sample was made; exit code 2."""
    assert code == 2, err
    assert out == ""
    lines = [line for line in err.splitlines() if not PROGRESS.match(line)]
    assert [line.split(" ")[0] for line in lines] == ["error:", "hint:"], err
    assert "Traceback" not in err
    assert "unexpected" not in err
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", err)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder)
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a file that is as it should be."""
    (tmp_path / "d_ok.jsonl").write_text('{"id": 1, "response": "2", "gold": "2"}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def filled(words: list[str], inputs: Path, place: Path) -> list[str]:
    return [word.replace("{INPUTS}", str(inputs)).replace("{DIR}", str(place)) for word in words]


def all_cases() -> Iterator[object]:
    for name, words in CASES["cases"].items():
        yield pytest.param(words, id=name, marks=pytest.mark.timeout(120))


@pytest.mark.parametrize("words", list(all_cases()))
def test_a_bad_command_ends_in_an_error_and_a_hint(
    words: list[str], inputs: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(filled(words, inputs, place))
    check_end(code, *capsys.readouterr())
    assert not list(place.rglob("samples-*"))
    assert not (place / "evil-ran").exists()


@pytest.mark.usefixtures("place")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", PROMPTS)
def test_a_file_that_is_no_option_is_named(
    name: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--config-dir", str(inputs / "conf")]
    code = main([*RUN, *SMALL, *folder, f"prompt=p_{name}"])
    out, err = capsys.readouterr()
    check_end(code, out, err)
    assert re.search(rf"p_{name}|prompt|there is no key|nests without end", err)


def test_a_byte_order_mark_costs_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "prompt").mkdir()
    (place / "prompt/mine.yaml").write_text("name: m\ntemplate: '{question}'\n", "utf-8-sig")
    words = ["prompt=mine", "--config-dir", str(place)]
    assert main(["show-prompt", "dataset=tiny-easy", *words]) == 0
    assert capsys.readouterr().out


def ends_of(cases: Mapping[str, list[str]], folder: Path) -> dict[str, tuple[int, str, str]]:
    """How these command lines end for nobody; in a process of its own, which stays nobody's."""
    # Python itself may lie in a folder of root's: whatever is imported late is imported now.
    for name in ("transformers", "pandas", "submitit", "numpy.random"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(rast_bench.__path__, "rast_bench."):
        if not any(part in module.name for part in ("vllm", ".zoo.", "inside")):
            importlib.import_module(module.name)
    with contextlib.redirect_stdout(io.StringIO()):
        main(["run", "--cfg", "job"])
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    os.chdir(folder)
    ends = {}
    for name, words in cases.items():
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        ends[name] = code, out.getvalue(), err.getvalue()
    return ends


@pytest.fixture(scope="session")
def ends_as_nobody() -> Iterator[Mapping[str, tuple[int, str, str]]]:
    """How the cases end for an ordinary user, who may not even pass through pytest's folders."""
    with tempfile.TemporaryDirectory(prefix="rast-bench-test-") as scratch:
        place = Path(scratch)
        place.chmod(0o755)
        make_locked(place)
        own = place / "own"
        own.mkdir()
        own.chmod(0o777)
        cases = CASES["as_an_ordinary_user"]
        asked = {name: filled(words, place, place) for name, words in cases.items()}
        try:
            ends = in_child(lambda: ends_of(asked, own))
        finally:
            for locked in LOCKED:
                (place / locked).chmod(0o755)
        yield ends


@pytest.mark.parametrize("name", CASES["as_an_ordinary_user"])
def test_what_an_ordinary_user_may_not_use_is_named(
    name: str, ends_as_nobody: Mapping[str, tuple[int, str, str]]
) -> None:
    code, out, err = ends_as_nobody[name]
    check_end(code, out, err)
    assert re.search("permission|Permission|cannot (use|read|write)|no launch", err)


def in_shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command after `rast-bench`, as a shell runs it in the folder."""
    return subprocess.run(
        ["bash", "-c", command.replace("rast-bench", f"{sys.executable} -m rast_bench.cli")],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        env={**os.environ, **environment},
        timeout=300,
    )


PLAIN = f"rast-bench {' '.join((*RUN, *SMALL))}"


@pytest.mark.parametrize(
    ("command", "environment", "message"),
    [
        (f"{PLAIN}", {"PYTHONOPTIMIZE": "2"}, "Python runs without docstrings"),
        (f"mkdir gone; cd gone; rmdir ../gone; {PLAIN}", {}, "the working folder cannot be used"),
        (f"ulimit -f 0; {PLAIN}", {}, "no room to write"),
        (f"rast-bench {' '.join(RUN)} -m decoding.seed=0,1", {"TMPDIR": "/nowhere"}, ""),
    ],
    ids=["no docstrings", "no working folder", "no file may grow", "TMPDIR is nowhere"],
)
def test_surroundings_that_do_not_do(
    command: str, environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    done = in_shell(command.replace("-m ", "decoding.n=0 -m "), tmp_path, **environment)
    check_end(done.returncode, done.stdout, done.stderr)
    assert message in done.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "0"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": ""},
        {"PYTHONWARNINGS": "error"},
    ],
    ids=["latin-1", "ascii", "C locale", "warnings are errors"],
)
def test_surroundings_that_do(environment: dict[str, str], tmp_path: Path) -> None:
    done = in_shell("rast-bench plan dataset=tiny-easy", tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "samples" in done.stdout


@pytest.mark.parametrize(
    ("redirection", "told"),
    [
        (">/dev/full", "error: cannot write to stdout: no space left on device\nhint: "),
        (">&-", "error: cannot write to stdout: it is closed\nhint: "),
        ("2>/dev/full", ""),
        ("2>&-", ""),
    ],
)
def test_output_that_nobody_gets_is_an_error(redirection: str, told: str, tmp_path: Path) -> None:
    done = in_shell(f"rast-bench show-prompt dataset=tiny-easy {redirection}", tmp_path)
    assert done.returncode == OutputError.exit_code
    assert done.stderr.startswith(told)
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) == (">/dev/full" not in redirection[:10] and redirection != ">&-")


def test_samples_stay_when_the_table_cannot_be_printed(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert main(["run", *world.overrides]) == OutputError.exit_code
    assert "12 samples made" in capsys.readouterr().err
    ledger = Ledger(world.results)
    assert sum(len(ledger.completed(cell)) for cell in ledger.cells()) == 12
