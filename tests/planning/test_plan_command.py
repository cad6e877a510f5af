"""`rast-bench plan` as a user types it."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from rast_bench.cli import main

ROOT = Path(__file__).parents[2]
SMALL = ["delta=tiny-s", "dataset.limit=3", "decoding.n=2"]
HEAVY = ("torch", "transformers", "pandas", "datasets", "matplotlib", "vllm", "wandb")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_words_of_run_give_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-m", *SMALL, "decoding.lambda=0.5,1", "--gpu", "h100"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("2 cells in 1 engine group: 2 new; 12 samples to make\n")
    assert "79.6 GiB (h100)" in out
    assert err == ""
    assert max(map(len, out.splitlines())) <= 100


def test_a_retired_grader_is_told_before_anything_loads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["plan", *SMALL, "grader=robust-1"]) == 2
    out = capsys.readouterr().out
    assert "grader robust-1: it no longer grades" in " ".join(out.split())
    assert "robust-2 replaced it" in " ".join(out.split())


def test_flags_may_stand_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    orders = (
        ["--gpu-memory", "80", "-m", *SMALL, "decoding.lambda=0.5,1"],
        [*SMALL, "-m", "--gpu-memory=80", "decoding.lambda=0.5,1"],
    )
    texts = []
    for argv in orders:
        assert main(["plan", *argv]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["plan", "experiment=demo", "--json", "--gpu-memory", "24", "--tokens-per-second", "500"]
    assert main(argv) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["totals"]["cells"] == len(plan["cells"]) == 51
    assert plan["totals"]["samples_to_make"] == sum(group["missing"] for group in plan["groups"])
    assert plan["totals"]["new"] == 51
    group = plan["groups"][0]
    assert group["memory"]["total"] == group["memory"]["weights"] + group["memory"]["cache"]
    assert group["fit"]["verdict"] == "fits"
    assert plan["assumptions"]["gpu_memory"] == 24
    hours = sum(group["hours"] * group["devices"] for group in plan["groups"])
    assert plan["totals"]["device_hours"] == pytest.approx(hours)
    assert plan["totals"]["tokens"] == pytest.approx(hours * 3600 * 500)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_faults_are_on_stdout_with_exit_code_2(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "base_model.base.path=./a", "base_model.rl.path=./b", *flags]) == 2
    assert main(["plan", "-m", "method=rl,base", *flags, "base_model.base.path=./a"]) == 2
    out, err = capsys.readouterr()
    assert "model ./a: no folder a" in out
    assert err == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["decoding.n=0"], "error: decoding.n=0: must be"),
        (["-m", "results_dir=a,b"], "error: results_dir varies within one sweep"),
        (["delta=tiny-z"], "error: delta has no option 'tiny-z'"),
    ],
)
def test_mistakes_are_those_of_run(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *argv]) == 2
    planned = capsys.readouterr()
    assert main(["run", *argv]) == 2
    assert capsys.readouterr().err == planned.err
    assert planned.out == ""
    assert planned.err.startswith(message)


@pytest.mark.parametrize(
    "flags",
    [
        ["--gpu-memory", "0"],
        ["--gpu-memory", "1e300"],
        ["--tokens-per-second", "x"],
        ["--gpu"],
    ],
)
def test_wrong_flags_are_one_line(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *flags]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "hint"]


@pytest.mark.parametrize(
    ("card", "hint"),
    [
        ("h1000", "did you mean h100?"),
        ("A100", "did you mean a100-40?"),
        ("foo", "of 13 cards the nearest are "),
    ],
)
def test_an_unknown_card_is_one_line(
    card: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *SMALL, "--gpu", card]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: there is no card {card!r}\nhint: {hint}")
    assert len(err.splitlines()) == 2


def test_help_names_every_card(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leave:
        main(["plan", "--help"])
    assert leave.value.code == 0
    assert "a100-80" in capsys.readouterr().out


def test_hydras_own_flags_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--cfg", "job"]) == 0
    assert "base_model:" in capsys.readouterr().out


def test_a_plan_of_new_cells_imports_nothing_heavy() -> None:
    code = (
        "import json, sys; from rast_bench.cli import main; "
        f"main(['plan', '--json', *{SMALL}]); "
        f"assert not set({HEAVY}) & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_five_thousand_cells_within_thirty_seconds_of_one_core() -> None:
    words = [
        "delta=tiny-s",
        "dataset.limit=5",
        "decoding.lambda=" + ",".join(f"{i / 50:g}" for i in range(50)),
        "decoding.temperature=" + ",".join(f"{i / 100:g}" for i in range(1, 101)),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "rast_bench", "plan", "-m", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.startswith("5,000 cells in 1 engine group: 5,000 new; 800,000 samples")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 30
