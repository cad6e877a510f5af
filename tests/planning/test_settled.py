"""What a run decides of its engines before it loads them: dtype, size, length."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from planned_models import planned, run_counting, sized

from rast_bench.config.engines import EngineConfig, VllmConfig
from rast_bench.config.paths import ZOO_WEIGHTS_DIR
from rast_bench.errors import ConfigError
from rast_bench.hardware import GIB
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import EngineGroup, PlannedCell, group_cells
from rast_bench.planning.checkpoints import CheckpointSize
from rast_bench.planning.placement import Card
from rast_bench.planning.settled import Devices, UnknownCard, settle_engines, settled_config

H100 = Card(int(79.6 * GIB), 8, "h100")
SEVEN = replace(
    sized(7_600_000_000, layers=28, heads=28, kv_heads=4, head_dim=128),
    dtype="bfloat16",
    positions=4096,
)
PROMPT = 300  # tokens, in place of the real ones


def group_of(*words: str) -> EngineGroup:
    (group,) = group_cells(planned("engine=vllm", "dataset.limit=1", *words))
    return group


def settled(
    *words: str, models: Sequence[CheckpointSize | None] = (SEVEN,), on: Devices = H100
) -> VllmConfig:
    config = settled_config(group_of(*words), models, on, lambda _: PROMPT)
    assert isinstance(config, VllmConfig)
    return config


def refusal(
    *words: str, models: Sequence[CheckpointSize | None] = (SEVEN,), on: Devices = H100
) -> str:
    with pytest.raises(ConfigError) as error:
        settled(*words, models=models, on=on)
    assert error.value.hint
    return f"{error.value.message}; {error.value.hint}"


def on_cpus(cells: Sequence[PlannedCell], results: Path) -> list[EngineConfig]:
    return [cell.cell.engine for cell in settle_engines(cells, Ledger(results), lambda: None)]


def test_the_longest_request_of_a_group_is_its_length(tmp_path: Path) -> None:
    """By the real tokenizer of the tiny family: 44 tokens of tiny-hard and 192 new ones."""
    words = ("-m", "engine=vllm", "delta=tiny-s", "dataset=tiny-easy,tiny-hard")
    cells = planned(*words, "decoding.max_tokens=50,192")
    after = settle_engines(cells, Ledger(tmp_path), lambda: None)
    assert {cell.cell.engine for cell in after} == {
        VllmConfig(dtype="bfloat16", tensor_parallel_size=1, max_model_len=256)
    }
    assert [cell.cell_id for cell in after] == [cell.cell_id for cell in cells]
    assert [cell.identity for cell in after] == [cell.identity for cell in cells]
    assert len(group_cells(after)) == len(group_cells(cells)) == 1


def test_the_length_stays_within_the_models_positions(tmp_path: Path) -> None:
    cells = planned("engine=vllm", "decoding.max_tokens=470")
    (config,) = on_cpus(cells, tmp_path)
    assert isinstance(config, VllmConfig)
    assert config.max_model_len == 512
    assert settled("decoding.max_tokens=470").max_model_len == 896  # ⌈(300 + 470 + 1) / 128⌉
    short = replace(SEVEN, positions=800)
    assert settled("decoding.max_tokens=470", models=(SEVEN, short)).max_model_len == 800
    assert settled("decoding.max_tokens=470", "engine.max_model_len=510").max_model_len == 510


def test_what_is_made_already_is_not_settled(tmp_path: Path) -> None:
    """A table of complete cells needs no card, and asks for none."""
    cells = planned("engine=vllm", "dataset.limit=1", "decoding.n=2")
    run_counting(cells, Ledger(tmp_path))

    def nobody() -> Devices:
        raise AssertionError("asked for devices")

    assert settle_engines(cells, Ledger(tmp_path), nobody) == cells
    more = planned("engine=vllm", "dataset.limit=2", "decoding.n=2")
    with pytest.raises(AssertionError, match="asked"):
        settle_engines(more, Ledger(tmp_path), nobody)


def test_the_reference_engine_leaves_nothing_open(tmp_path: Path) -> None:
    cells = planned("dataset.limit=1")
    assert settle_engines(cells, Ledger(tmp_path), lambda: H100) == cells


def test_sizes_by_the_devices() -> None:
    assert settled().tensor_parallel_size == 1
    assert settled(on=Card(10 * GIB)).tensor_parallel_size == 2
    assert settled(on=None).tensor_parallel_size == 1
    assert settled("engine.tensor_parallel_size=4").tensor_parallel_size == 4
    assert settled("engine.tensor_parallel_size=4", on=UnknownCard("…")).devices == 4
    assert settled("engine.tensor_parallel_size=2", models=(None,)).devices == 2


def test_sizes_that_cannot_be_had() -> None:
    text = refusal("engine.tensor_parallel_size=8")
    assert text == (
        "engine.tensor_parallel_size=8 cannot work: model m has 28 attention heads; "
        "sizes that work: 1, 2, 4"
    )
    assert "sizes that divide all models: 1, 2, 4" in refusal(
        "engine.tensor_parallel_size=8", on=None
    )
    text = refusal("engine.tensor_parallel_size=4", on=replace(H100, count=2))
    assert text.startswith("engine.tensor_parallel_size=4: an engine can have 2 GPUs here")
    over_nodes = ("engine.tensor_parallel_size=4", "engine.distributed_executor_backend=ray")
    assert settled(*over_nodes, on=replace(H100, count=2)).devices == 4
    assert "do not fit on 2 × 6 GiB" in refusal(on=Card(6 * GIB, 2))
    text = refusal(on=UnknownCard("say launcher.gpu=h100"))
    assert text.endswith("auto: the memory of the GPUs is not known; say launcher.gpu=h100")
    assert "the size of zoo:tiny-l/base is not known" in refusal(models=(None,))


def test_float32_on_a_gpu_must_be_said() -> None:
    single = replace(SEVEN, dtype="float32")
    text = refusal(models=(single,))
    assert text.startswith("engine.dtype=auto: m is saved in float32, and would run in it on a GPU")
    assert "engine.dtype=bfloat16" in text
    assert "float32" in refusal(models=(single,), on=UnknownCard("…"))
    assert settled(models=(single,), on=None).dtype == "float32"
    assert settled("engine.dtype=float32", models=(single,)).dtype == "float32"
    assert settled("engine.dtype=float16", models=(single,)).dtype == "float16"
    assert "saved in int8" in refusal(models=(replace(SEVEN, dtype="int8"),), on=None)


def test_cells_of_one_command_have_one_dtype(tmp_path: Path) -> None:
    """A ceiling that was saved in float32 beside a base model in bfloat16."""
    ceiling = shutil.copytree(ZOO_WEIGHTS_DIR / "tiny-l/rl-0", tmp_path / "ceiling")
    config = json.loads((ceiling / "config.json").read_text())
    config = {k: v for k, v in config.items() if k != "torch_dtype"} | {"dtype": "float32"}
    (ceiling / "config.json").write_text(json.dumps(config))
    words = ("-m", "engine=vllm", "method=base,rl", f"base_model.rl.path={ceiling}")
    cells = planned(*words, "dataset.limit=1")
    with pytest.raises(ConfigError, match=r"is saved in bfloat16 and .* in float32") as error:
        on_cpus(cells, tmp_path / "results")
    assert error.value.hint is not None
    assert "engine.dtype=bfloat16" in error.value.hint
    cells = planned(*words, "dataset.limit=1", "engine.dtype=bfloat16")
    assert len(on_cpus(cells, tmp_path / "results")) == 2
