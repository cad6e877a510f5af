"""Memory and FLOPs of the paper's pairs, from the checkpoints' sizes."""

import json
from pathlib import Path

import pytest

from rast_bench.config.frontend import job_of_overrides
from rast_bench.errors import ConfigError
from rast_bench.paper.published import load_published
from rast_bench.planning.checkpoints import config_parameters
from rast_bench.reporting.cost_tables import checkpoint_config, cost_tables, decoding_bytes
from rast_bench.reporting.table import TextCell

KNOWN = Path(__file__).parents[1] / "planning" / "data" / "known_models.json"


def texts(kind: str, experiment: str) -> list[list[str]]:
    entries = job_of_overrides([f"experiment={experiment}"]).experiment_cells
    (table,) = cost_tables([kind], entries, load_published())
    rows = table.sections[0].rows
    assert all(isinstance(cell, TextCell) for row in rows for cell in row.cells)
    return [[cell.text for cell in row.cells] for row in rows]


def test_the_sizes_are_those_of_the_checkpoints() -> None:
    known = {one["name"].lower(): one for one in json.loads(KNOWN.read_text())}
    checked = 0
    for name in ("qwen2.5-1.5b", "qwen2.5-7b", "qwen2.5-32b"):
        config = checkpoint_config(name)
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


def test_a_model_of_unknown_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="tiny-l"):
        checkpoint_config("tiny-l")
