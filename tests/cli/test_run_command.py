import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from app_world import World

from rast_bench.cli.run import run_words
from rast_bench.guard import guarded

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "pandas", "pyarrow", "datasets", "matplotlib", "vllm", "wandb")


def main(words: list[str]) -> int:
    """As run.py."""
    return guarded(lambda: run_words(words, "python run.py"), words)


@pytest.fixture
def experiment(world: World) -> list[str]:
    """Overrides that name an experiment of three rows and a grid in this world."""
    folder = world.folder / "conf"
    (folder / "experiment").mkdir(parents=True)
    (folder / "dataset").mkdir()
    (folder / "dataset/made-up.yaml").write_text(f"name: made-up\npath: {world.folder}/set.jsonl\n")
    (folder / "experiment/small.yaml").write_text(
        "# @package _global_\n"
        "experiment:\n"
        "  name: small\n"
        "  datasets: [made-up]\n"
        "  next_command: what next\n"
        "  rows:\n"
        "    - {label: greedy base, method: base, decoding: greedy, role: base}\n"
        "    - {label: with delta}\n"
        "    - {label: ceiling, method: rl, role: ceiling}\n"
        "  grids:\n"
        "    - {name: grid, dataset: made-up, lambda: [0.5, 1], temperature: [1], n: 2}\n"
    )
    overrides = [text for text in world.overrides if not text.startswith("dataset.")]
    return ["--config-dir", str(folder), "experiment=small", *overrides]


def test_a_cell_is_one_row_on_stdout(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(world.overrides) == 0
    out, err = capsys.readouterr()
    assert "50.0 ± 28.9" in out  # 4, 2 and 0 of 4; standard error over the problems
    assert "12 samples made" in err
    assert "samples made" not in out


def test_the_same_command_generates_nothing_and_prints_the_same(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(world.overrides)
    first = capsys.readouterr().out
    assert main(world.overrides) == 0
    assert capsys.readouterr().out == first
    assert len(world.loaded) == 1
    assert main([*world.overrides, "decoding.n=6"]) == 0
    assert world.requests == 18


def test_a_sweep_loads_each_engine_once_and_prints_one_table(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["-m", *world.overrides, "method=base,rl,rast", "decoding.temperature=0.5,1.0"]
    assert main(argv) == 0
    assert len(world.loaded) == 3
    out = capsys.readouterr().out
    assert out.count("50.0 ± 28.9") == 6
    assert out.count("avg@n ±") == 1


def test_a_sweep_with_references_has_recovery_rates(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["-m", *world.overrides, "method=base,rl,rast"]) == 0
    assert "undefined" in capsys.readouterr().out  # base and ceiling answer alike


def test_an_experiment_prints_its_table_and_says_what_landed_where(
    experiment: list[str],
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(experiment) == 0
    out, err = capsys.readouterr()
    assert [label in out for label in ("greedy base", "with delta", "ceiling")] == [True] * 3
    landed = err.splitlines()[-3:]
    assert [line.split()[0] for line in landed] == ["tables", "figures", "next"]
    assert landed[-1].endswith("what next")
    files = {path.name for path in (world.results / "small").iterdir()}
    assert {"table.md", "table.tex", "numbers.csv", "grid.csv"} <= files
    assert any(name.endswith(".svg") for name in files)
    # Greedy: 3 samples; sampled λ = 1 and its ceiling: 12 each; the grid's λ = 0.5: 6 more.
    assert world.requests == 3 + 12 + 12 + 6


def test_ctrl_c_is_130_and_keeps_what_was_made(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world.interrupt_after = 5
    assert main(world.overrides) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert "5 of 12 samples are saved" in err
    world.interrupt_after = None
    assert main(world.overrides) == 0
    assert world.requests == 12


def test_a_broken_engine_is_told_and_costs_no_other_cell(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world.failing_model = "l-rl"
    assert main(["-m", *world.overrides, "method=rl,rast"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "unexpected RuntimeError: the engine broke" in err
    assert "Traceback" not in err
    assert world.requests == 12


@pytest.mark.parametrize(
    ("override", "error"),
    [
        ("decoding.n=0", "error: decoding.n=0"),
        ("grader=boxd-1", "error: unknown grader 'boxd-1'"),
        ("dataset.path=/no/such.jsonl", "error: data set tiny-easy: no file /no/such.jsonl"),
        (
            "dataset.question_field=q",
            "error: data set tiny-easy: set.jsonl line 1 has no field 'q'",
        ),
        ("base_model.base.path=/no/such", "error: model /no/such: no folder"),
        ("results_dir=set.jsonl", "error: "),
    ],
)
def test_bad_input_is_found_before_a_model_is_loaded(
    override: str,
    error: str,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*world.overrides, override]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(error)
    assert "\nhint: " in err
    assert "Traceback" not in err
    assert world.loaded == []


def test_a_sweep_cannot_vary_the_results_folder(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = [text for text in world.overrides if not text.startswith("results_dir")]
    assert main(["-m", *argv, "results_dir=a,b"]) == 2
    assert "results_dir varies within one sweep" in capsys.readouterr().err


@pytest.mark.parametrize("program", [["run.py"], ["-m", "rast_bench"], ["-m", "rast_bench", "run"]])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_answers_within_a_second(program: list[str], flag: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *program, flag], capture_output=True, text=True, check=True, cwd=ROOT
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert "examples:" in done.stdout
    assert seconds < 1


@pytest.mark.parametrize("module", ["rast_bench.cli", "rast_bench.guard", "rast_bench.pipeline"])
def test_importing_the_command_line_is_cheap(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not set(HEAVY) & set(json.loads(done.stdout))


def test_cells_that_differ_only_by_their_seed_are_told_apart(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-m", *world.overrides, "decoding.seed=0,1"]) == 0
    out = capsys.readouterr().out
    assert [out.count(f"top-p = 0.95, seed {seed}") for seed in (0, 1)] == [1, 1]
    assert "seed 0 or 1." in out


def test_a_label_names_the_row(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*world.overrides, "label='my row'"]) == 0
    assert "my row " in capsys.readouterr().out


@pytest.mark.parametrize("program", ["--help", "--cfg=job"])
def test_a_reader_that_has_left_costs_no_stack_trace(program: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), program],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)
    assert done.returncode == 141
    assert done.stderr == ""
