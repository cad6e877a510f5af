"""Ids, samples and commands as a tracker shows them; numbers are checked where they are pushed."""

from dataclasses import replace

import pytest
from planned_cells import planned_cell

from rast_bench.config.identity import cell_identity
from rast_bench.config.schema import DeltaConfig, MethodConfig
from rast_bench.trackers.runs import LONGEST_ID, cell_config, shown_command, slug
from rast_bench.trackers.samples import chosen_problems, chosen_samples
from rast_bench.trackers.tables import csv_table


def test_an_id_is_short_plain_and_of_its_parts_alone() -> None:
    assert slug("0123456789abcdef", "table1") == "0123456789abcdef-table1"
    long = slug("0123456789abcdef", "t" * 100)
    assert len(long) == LONGEST_ID
    assert long != slug("0123456789abcdef", "t" * 101)
    assert slug("a/b") not in (slug("a-b"), slug("a:b"))
    assert not set(":;,#?/' ").intersection(slug("a: b", "c/d"))


def test_the_same_samples_are_chosen_each_time_and_in_larger_cells() -> None:
    golds = {f"q{number}": "1" for number in range(50)}
    chosen = chosen_samples(planned_cell(golds, samples=8), 20)
    assert chosen == chosen_samples(planned_cell(golds, samples=8), 20)
    assert len(set(chosen)) == 20
    assert len({index for _, index in chosen}) > 1  # not the first ones
    more = chosen_samples(planned_cell(golds, samples=16), 1000)
    assert len(more) == 800
    half = {f"q{number}": "1" for number in range(25)}
    kept = [key for key in chosen if key[0] in half]
    assert set(kept) <= set(chosen_samples(planned_cell(half, samples=8), 20))
    assert chosen_samples(planned_cell(golds, samples=8), 0) == []


def test_chosen_problems_keep_their_order() -> None:
    golds = {f"q{number}": "1" for number in range(50)}
    ids = chosen_problems(planned_cell(golds, samples=1), 7)
    assert len(ids) == 7
    assert ids == sorted(ids, key=list(golds).index)


def test_a_command_shows_what_chose_the_cells_and_no_more() -> None:
    typed = [
        "experiment=table1",
        "decoding.n=4",
        "+dataset.path=/home/me/secret.jsonl",
        "base_model.base.path=https://user:token@example.org/m",
        "results_dir=/home/me/results",
        "hydra/launcher=slurm",
        "hydra.launcher.setup=[export HF_TOKEN=hf_x]",
        "tracker=wandb",
        "label=x",
    ]
    assert shown_command(typed) == (
        "rast-bench run experiment=table1 decoding.n=4 +dataset.path=… base_model.base.path=…"
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [("a,b\nx,1\ny,\n", [["x", 1.0], ["y", None]]), ("a,b\n", []), ("a\n–\n1\n", [["–"], ["1"]])],
)
def test_columns_of_numbers_are_numbers(text: str, rows: list[list[object]]) -> None:
    table = csv_table(text)
    assert list(table.columns) == text.splitlines()[0].split(",")
    assert table.rows == rows


def test_a_cell_of_another_method_has_its_parameters_and_the_models_that_it_reads() -> None:
    """Contrastive decoding reads S_base alone, and has no λ."""
    plain = planned_cell({"q": "1"}, samples=1)
    pair = {"rl": {"path": "s-rl"}, "base": {"path": "s"}}
    changes = {
        "method": MethodConfig(name="contrastive", beta=0.3),
        "delta": DeltaConfig.model_validate({"name": "s", "pairs": [pair]}),
    }
    cell = plain.cell.model_copy(update=changes)
    identity = cell_identity(cell, "sha256:set", lambda ref: f"sha256:{ref.path}")
    config = cell_config(replace(plain, cell=cell, identity=identity))
    assert (config["method"], config["method_beta"], config["delta"]) == ("contrastive", 0.3, "s")
    assert config["lambda"] is None
    assert config["delta_hashes"] == ["sha256:s"]
