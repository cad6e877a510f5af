"""Memory and FLOPs of the paper's pairs, from the checkpoints' sizes."""

import json
import math
from pathlib import Path

import pytest

from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.paths import ZOO_WEIGHTS_DIR
from rast_bench.config.schema import ModelRef
from rast_bench.errors import ConfigError
from rast_bench.paper.published import load_published
from rast_bench.planning.checkpoints import config_parameters, safetensors_entries
from rast_bench.reporting.cost_tables import (
    checkpoint_config,
    cost_tables,
    decoding_bytes,
    decoding_configs,
)
from rast_bench.reporting.table import Table, TextCell

KNOWN = Path(__file__).parents[1] / "planning" / "data" / "known_models.json"


def cost_table(kind: str, experiment: str) -> Table:
    job = job_of_overrides([f"experiment={experiment}"])
    assert job.options.experiment is not None
    assert job.options.experiment.costs == (kind,)
    (table,) = cost_tables(job.options.experiment, job.experiment_cells, load_published())
    return table


def texts(kind: str, experiment: str) -> list[list[str]]:
    table = cost_table(kind, experiment)
    rows = table.sections[0].rows
    assert all(isinstance(cell, TextCell) for row in rows for cell in row.cells)
    return [[cell.text for cell in row.cells] for row in rows]


def test_the_sizes_are_those_of_the_checkpoints() -> None:
    known = {one["name"].lower(): one for one in json.loads(KNOWN.read_text())}
    checked = 0
    for name in ("qwen2.5-1.5b", "qwen2.5-7b", "qwen2.5-32b"):
        config = checkpoint_config(name, ModelRef(path="no/where"))
        assert config_parameters(config) == known[name]["parameters"]
        one_token = decoding_bytes([config], 1) - decoding_bytes([config], 0)
        assert one_token == known[name]["cache_bytes_bfloat16"]
        checked += 1
    assert checked == 3


def test_memory_of_table_4() -> None:
    """By hand for 32B + 14B: 2 · (32.76 + 2 · 14.77) GB, and 16,384 tokens of 262,144 + 2 · 196,608
    bytes; training 4 · (3 · 2 · 32.76/4 + 17 … 33) GB.
    """
    assert texts("memory", "table4") == [
        ["qwen2.5-14b + ΔR 7B", "157 to 221", "65", "58 to 70"],
        ["qwen2.5-32b + ΔR 7B", "265 to 329", "102", "61 to 69"],
        ["qwen2.5-32b + ΔR 14B", "265 to 329", "135", "49 to 59"],
    ]
    assert pytest.approx(135, abs=1) == 2 * (32.76 + 2 * 14.77) + 16.384e-6 * (262144 + 2 * 196608)


def test_flops_stand_beside_the_replys() -> None:
    rast, rl = texts("flops", "reply_flops")
    assert rast[1:3] == ["1.76e+11", "1.25e+11"]
    assert rl[1:3] == ["6.4e+10", "6.55e+10"]


def test_decoding_of_table_5() -> None:
    base, rast, *_ = texts("decoding", "table5")
    assert base[1:6] == ["–", "greedy", "–", "1", "16,384"]
    assert rast[1:6] == ["1", "1", "0.95", "32", "16,384"]


def test_memory_of_the_tiny_family() -> None:
    """By hand for tiny-l + ΔR tiny-s: weights of three models in training, of M and twice S in
    decoding, and 192 tokens of 1,024 + 2 · 384 bytes.
    """
    large, small = parameters("tiny-l"), parameters("tiny-s")
    training, decoding = 6 * large, 2 * (large + 2 * small) + 192 * (1024 + 2 * 384)
    row = ["tiny-l + ΔR tiny-s", f"{training / 1e6:.1f}", f"{decoding / 1e6:.1f}"]
    assert [*row, f"{100 * (1 - decoding / training):.0f}"] in texts("memory", "tiny_table4")
    table = cost_table("memory", "tiny_table4")
    assert table.columns[1].heading == "training, MB"
    assert not any("published" in note for note in table.footnotes)


def parameters(name: str) -> int:
    folder = ZOO_WEIGHTS_DIR / name / "base"
    entries = safetensors_entries(name, folder / "model.safetensors")
    return sum(math.prod(entry["shape"]) for _, entry in entries)


def test_an_ensemble_decodes_with_both_models_of_every_pair() -> None:
    (cell,) = job_of_overrides(["delta=tiny-ensemble"]).cells
    sizes = [config_parameters(config) for config in decoding_configs(cell)]
    assert sizes == [parameters("tiny-l")] + 2 * [parameters("tiny-s")] + 2 * [parameters("tiny-m")]


def test_a_model_of_unknown_size_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"llama-3\.1-70b"):
        checkpoint_config("llama-3.1-70b", ModelRef(path="nobody/has-this"))
