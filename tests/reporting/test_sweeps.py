"""A sweep's rows are told apart by every key that varies; its tables and heat maps are saved."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from app_world import World

from rast_bench.cli import main
from rast_bench.config.frontend import jobs_of_command_line
from rast_bench.config.schema import CellConfig
from rast_bench.reporting.row_labels import row_labels
from rast_bench.reporting.sweeps import experiment_folders


def cell(**changed: Any) -> CellConfig:
    """A RAST cell; `decoding__seed=1` sets one value."""
    data: dict[str, Any] = {
        "base_model": {"name": "big", "base": {"path": "m"}, "rl": {"path": "m-rl"}},
        "method": {"name": "rast"},
        "delta": {"name": "small", "pairs": [{"rl": {"path": "r"}, "base": {"path": "b"}}]},
        "dataset": {"name": "sums", "path": "sums.jsonl"},
        "prompt": {"name": "plain", "template": "{question}"},
        "decoding": {"n": 4, "max_tokens": 64},
        "engine": {"name": "transformers"},
    }
    for key, value in changed.items():
        group, _, name = key.partition("__")
        data[group] = value if not name else {**data[group], name: value}
    return CellConfig.model_validate(data)


def texts(*cells: CellConfig) -> list[str]:
    return [label.text for label in row_labels(cells)]


NAME = "+ ΔR small, λ = 1, τ = 1, top-p = 0.95"
ASKED = {"name": "asked", "template": "Q: {question}", "stop": ["Q:"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"decoding__seed": 1}, ("seed 0", "seed 1")),
        ({"decoding__n": 8}, ("n = 4", "n = 8")),
        ({"decoding__max_tokens": 2048}, ("at most 64 new tokens", "at most 2,048 new tokens")),
        ({"prompt": ASKED}, ("prompt plain", "prompt asked")),
        ({"engine": {"name": "vllm"}}, ("engine transformers", "engine vllm")),
        (
            {"prompt__template": "{question} Think."},
            ("prompt.template = {question}", "prompt.template = {question} Think."),
        ),
        (
            {"decoding__seed": 1, "prompt": ASKED},
            ("prompt plain, seed 0", "prompt asked, seed 1"),
        ),
    ],
)
def test_what_varies_stands_in_the_label(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert texts(cell(), cell(**changes)) == [f"{NAME}, {one}" for one in expected]


def test_what_the_name_says_or_does_not_vary_is_not_repeated() -> None:
    assert texts(cell(decoding__lambda=0.5), cell()) == [
        "+ ΔR small, λ = 0.5, τ = 1, top-p = 0.95",
        NAME,
    ]


def test_a_row_spans_data_sets_that_have_prompts_of_their_own() -> None:
    other = {"name": "products", "path": "products.jsonl"}
    assert texts(cell(), cell(dataset=other, prompt=ASKED)) == [NAME, NAME]


def test_one_label_for_two_methods_is_two_rows_over_all_data_sets() -> None:
    other = {"name": "products", "path": "products.jsonl"}
    cells = [
        cell(label="foo", dataset=dataset, method={"name": method})
        for dataset in ({"name": "sums", "path": "sums.jsonl"}, other)
        for method in ("base", "rast")
    ]
    assert texts(*cells) == ["foo, base", "foo, RAST"] * 2


def test_a_sweep_saves_its_table_and_its_heat_map(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", *world.overrides, "decoding.lambda=0.5,1", "decoding.temperature=0.7,1"]
    assert main(["run", *words, "decoding.seed=0,1"]) == 0
    out, err = capsys.readouterr()
    assert "λ = 0.5, τ = 0.7, top-p = 0.95, seed 1" in out
    (folder,) = (world.results / "sweeps").iterdir()
    assert folder.name.startswith("tiny-l-tiny-easy-lambda-temperature-seed-")
    assert f"{folder}/: table" in err
    assert "next" not in err.splitlines()[-1]
    maps = sorted(path.stem for path in folder.glob("lambda_temperature*.png"))
    assert len(maps) == 2  # one for each seed
    with (folder / "grid.csv").open(newline="") as stream:
        pairs = [row["pair"] for row in csv.DictReader(stream)]
    assert pairs == [f"tiny-l + ΔR none, seed {seed}" for seed in (0, 1) for _ in range(4)]
    assert "-m" in json.loads((folder / "made_by.json").read_text())["command"]
    assert main(["run", *words, "decoding.seed=0,1"]) == 0
    assert len(list((world.results / "sweeps").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "folders"),
    [
        (["experiment=demo"], ["demo"]),
        (["base_model=tiny-l", "delta=none", "dataset=tiny-easy"], [""]),
        (
            ["-m", "experiment=demo", "experiment.limit=1", "decoding.seed=0,1"],
            ["demo/decoding-seed-0", "demo/decoding-seed-1"],
        ),
        (["-m", "experiment=demo,tiny_figure5", "experiment.limit=1"], ["demo", "tiny_figure5"]),
    ],
)
def test_no_job_of_a_sweep_replaces_the_tables_of_another(
    words: list[str], folders: list[str]
) -> None:
    assert experiment_folders(jobs_of_command_line(words)) == folders


def test_grids_on_two_data_sets_are_two_heat_maps(world: World, tmp_path: Path) -> None:
    other = tmp_path / "conf/dataset"
    other.mkdir(parents=True)
    for name in ("first", "second"):
        text = f"name: {name}\npath: {tmp_path}/set.jsonl\nid_field: null\n"
        (other / f"{name}.yaml").write_text(text)
    words = [text for text in world.overrides if not text.startswith("dataset.")]
    words += ["dataset=first,second", "decoding.lambda=0.5,1", "decoding.temperature=0.7,1"]
    assert main(["run", "-m", "--config-dir", str(tmp_path / "conf"), *words]) == 0
    (folder,) = (world.results / "sweeps").iterdir()
    assert len(list(folder.glob("lambda_temperature*.png"))) == 2


def test_a_single_cell_saves_nothing_but_its_samples(world: World) -> None:
    assert main(["run", *world.overrides]) == 0
    assert [path.name for path in world.results.iterdir()] == ["ledger"]


def test_seeds_are_pooled_on_request(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-m", *world.overrides, "method=base,rast", "decoding.seed=0,1,2"]
    assert main(["run", *words, "pool=decoding.seed"]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines() if "decoding.seed 0, 1, 2" in line]
    assert [line[-4:] for line in lines[:2]] == [["3", "50.0", "±", "0.0"]] * 2
    (folder,) = (world.results / "sweeps").iterdir()
    with (folder / "numbers.csv").open(newline="") as stream:
        pooled = [row for row in csv.DictReader(stream) if row["metric"].startswith("pooled")]
    assert [(row["metric"], row["value"], row["samples"]) for row in pooled] == [
        ("pooled_avg", "0.5", "3"),
        ("pooled_sd", "0.0", "3"),
    ] * 2


def test_a_pool_of_nothing_is_refused_before_anything_runs(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "-m", *world.overrides, "decoding.lambda=0.5,1", "pool=decoding.seed"]) == 2
    assert "pool=decoding.seed: no two rows differ by it alone" in capsys.readouterr().err
    assert world.requests == 0
