"""Memory and FLOPs of the paper's pairs, from the checkpoints' sizes."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.paths import ZOO_WEIGHTS_DIR
from rast_bench.config.schema import ModelRef
from rast_bench.errors import ConfigError
from rast_bench.paper.published import Published, load_published, only
from rast_bench.planning.checkpoints import config_parameters, safetensors_entries
from rast_bench.reporting.cost_tables import cost_tables
from rast_bench.reporting.memory_table import decoding_bytes
from rast_bench.reporting.table import Table, TextCell
from rast_bench.results.token_cost import checkpoint_config, decoding_configs, token_cost

KNOWN = Path(__file__).parents[1] / "planning" / "data" / "known_models.json"


def cost_table(kind: str, experiment: str, numbers: Sequence[Published] | None = None) -> Table:
    job = job_of_overrides([f"experiment={experiment}"])
    assert job.options.experiment is not None
    assert job.options.experiment.costs == (kind,)
    numbers = load_published() if numbers is None else numbers
    (table,) = cost_tables(job.options.experiment, job.experiment_cells, numbers)
    return table


def texts(kind: str, experiment: str, section: int = 0) -> list[list[str]]:
    return section_texts(cost_table(kind, experiment), section)


def section_texts(table: Table, section: int = 0) -> list[list[str]]:
    found = []
    for row in table.sections[section].rows:
        cells = [cell for cell in row.cells if isinstance(cell, TextCell)]
        assert len(cells) == len(table.columns)
        found.append([cell.text for cell in cells])
    return found


def test_the_sizes_are_those_of_the_checkpoints() -> None:
    known = {one["name"].lower(): one for one in json.loads(KNOWN.read_text())}
    checked = 0
    for name in ("Qwen2.5-1.5B", "Qwen2.5-7B", "Qwen2.5-32B"):
        config = checkpoint_config(ModelRef(path=f"Qwen/{name}"))
        assert config_parameters(config) == known[name.lower()]["parameters"]
        one_token = decoding_bytes([config], 1) - decoding_bytes([config], 0)
        assert one_token == known[name.lower()]["cache_bytes_bfloat16"]
        checked += 1
    assert checked == 3


def test_memory_of_table_4() -> None:
    """By hand for 32B + 14B: training 8 · (3 · 2 · 32.76/8 + 17 … 33) GB and, of 14B, 4 · (3 · 2 ·
    14.77/4 + 17 … 33); decoding 2 · (32.76 + 2 · 14.77) GB, and 16,384 tokens of 262,144 + 2 ·
    196,608 bytes.
    """
    table = cost_table("memory", "table4")
    assert [section.title for section in table.sections] == [
        "qwen2.5-14b + ΔR 7B",
        "qwen2.5-32b + ΔR 7B",
        "qwen2.5-32b + ΔR 14B",
    ]
    assert section_texts(table, 2) == [
        ["training M", "~350", "8×80G", "333 to 461", "8", "agrees"],
        ["training S_RL", "~160", "4×80G", "157 to 221", "4", "agrees"],
        ["decoding with RAST", "–", "–", "135", "–", "another quantity"],
        ["saved, %", "54", "–", "52 to 53", "–", "–"],
    ]
    assert pytest.approx(333, abs=1) == 6 * 32.76 + 8 * 17
    assert pytest.approx(157, abs=1) == 6 * 14.77 + 4 * 17
    assert pytest.approx(135, abs=1) == 2 * (32.76 + 2 * 14.77) + 16.384e-6 * (262144 + 2 * 196608)


def test_table_4_names_the_devices_at_which_its_memory_is_that_of_training() -> None:
    """~160G of 14B fits over four devices, not the eight cards beside it; ~100G of 7B over two."""
    table = cost_table("memory", "table4")
    assert [row[-2:] for row in section_texts(table, 0)[:2]] == [
        ["4", "only over 4"],
        ["2", "only over 2"],
    ]
    assert [row[-2:] for row in section_texts(table, 1)[:2]] == [
        ["8", "agrees"],
        ["2", "only over 2"],
    ]


def test_memory_that_no_number_of_devices_gives_differs() -> None:
    numbers = load_published()
    at = {"source": "table 4", "metric": "GPU memory", "method": "rast"}
    one = only(numbers, model="qwen2.5-32b", delta="qwen2.5-14b", **at)
    changed = [
        replace(number, value=Decimal(90)) if number is one else number for number in numbers
    ]
    row = section_texts(cost_table("memory", "table4", changed), 2)[1]
    assert row == ["training S_RL", "~90", "4×80G", "157 to 221", "4", "differs"]


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
    decoding = 2 * (large + 2 * small) + 192 * (1024 + 2 * 384)
    table = cost_table("memory", "tiny_table4")
    titles = [section.title for section in table.sections]
    assert section_texts(table, titles.index("tiny-l + ΔR tiny-s")) == [
        ["training M", f"{6 * large / 1e6:.1f}"],
        ["training S_RL", f"{6 * small / 1e6:.1f}"],
        ["decoding with RAST", f"{decoding / 1e6:.1f}"],
        ["saved, %", f"{100 * (1 - decoding / (6 * large)):.0f}"],
    ]
    assert table.columns[1].heading == "computed, MB"
    assert not any("able 4" in note for note in table.footnotes)


def parameters(name: str) -> int:
    folder = ZOO_WEIGHTS_DIR / name / "base"
    entries = safetensors_entries(name, folder / "model.safetensors")
    return sum(math.prod(entry["shape"]) for _, entry in entries)


def test_an_ensemble_decodes_with_both_models_of_every_pair() -> None:
    (cell,) = job_of_overrides(["delta=tiny-ensemble"]).cells
    sizes = [config_parameters(config) for config in decoding_configs(cell)]
    assert sizes == [parameters("tiny-l")] + 2 * [parameters("tiny-s")] + 2 * [parameters("tiny-m")]


def test_a_model_of_unknown_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="nobody/has-this"):
        checkpoint_config(ModelRef(path="nobody/has-this"))


def test_only_what_a_method_reads_costs() -> None:
    found = {one[0]: one[1:] for one in texts("flops", "tiny_baselines")}
    rast, contrastive, alone = (
        found[one] for one in ("RAST", "contrastive decoding", "tiny-l at τ = 1")
    )
    assert [rast[0], contrastive[0], alone[0]] == [
        "M_base S_RL S_base",
        "M_base S_base",
        "M_base",
    ]
    large, small = (
        config_parameters(checkpoint_config(ModelRef(path=f"zoo:{name}/base")))
        for name in ("tiny-l", "tiny-s")
    )
    for line, count in ((rast, 2), (contrastive, 1), (alone, 0)):
        parameters = large + count * small
        assert line[1:3] == [f"{4 * parameters / 1e6:,.1f}", f"{2.0 * parameters:.3g}"]


def test_dola_multiplies_by_the_head_after_every_layer() -> None:
    words = ["base_model=tiny-l", "dataset=tiny-easy"]
    (dola,) = job_of_overrides([*words, "method=dola"]).cells
    (base,) = job_of_overrides([*words, "method=base"]).cells
    config = checkpoint_config(dola.base_model.base)
    heads = 2 * config["num_hidden_layers"] * config["vocab_size"] * config["hidden_size"]
    assert token_cost(dola).flops - token_cost(base).flops == heads
    assert token_cost(dola).weights == token_cost(base).weights
