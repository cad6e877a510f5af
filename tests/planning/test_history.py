"""What a plan learns from runs that the ledger holds."""

from pathlib import Path

import pytest
from planned_cells import PROMPT_SHA256
from planned_models import TOKENS, planned, run_counting

from rast_bench.config.identity import sample_seed
from rast_bench.domain import Sample, SampleKey
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell, group_cells
from rast_bench.planning.estimate import Length, assumed_bytes
from rast_bench.planning.history import History

SMALL = ("dataset.limit=3", "decoding.n=2")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def store(cell: PlannedCell, ledger: Ledger, tokens: int, samples: int = 1) -> None:
    keys = [SampleKey(cell.cell_id, cell.problems[0].problem_id, i) for i in range(samples)]
    made = [Sample(key, sample_seed(key), PROMPT_SHA256, (7,) * tokens, "x", "eos") for key in keys]
    ledger.register(cell.cell_id, cell.identity, {})
    ledger.write_samples(cell.cell_id, made, "run")


def test_lengths_come_from_the_nearest_samples(ledger: Ledger) -> None:
    (cell,) = planned("delta=tiny-s", *SMALL)
    (other_lambda,) = planned("delta=tiny-s", "decoding.lambda=0.5", *SMALL)
    (other_main,) = planned("base_model=tiny-s", *SMALL)
    (other_set,) = planned("delta=tiny-s", "dataset=tiny-hard", *SMALL)

    store(other_set, ledger, 99)
    assert History(ledger).length(cell, 0) == Length(192, "max_tokens")
    store(other_main, ledger, 10)
    assert History(ledger).length(cell, 0) == Length(10, "data set")
    store(other_lambda, ledger, 30, samples=3)
    assert History(ledger).length(cell, 0) == Length(30, "data set")
    store(cell, ledger, 50)
    assert History(ledger).length(cell, 1) == Length(50, "own samples")


def test_a_length_is_never_beyond_the_limit(ledger: Ledger) -> None:
    store(planned("delta=tiny-s", *SMALL)[0], ledger, 150)
    (short,) = planned("delta=tiny-s", "decoding.max_tokens=64", *SMALL)
    assert History(ledger).length(short, 0) == Length(64, "data set")


def test_bytes_are_those_of_the_shards(ledger: Ledger) -> None:
    (cell,) = planned("delta=tiny-s", *SMALL)
    assert History(ledger).bytes_a_sample(cell, 10) == (assumed_bytes(10), False)
    store(cell, ledger, 50, samples=4)
    (shard,) = ledger.cell_folder(cell.cell_id).glob("samples-*.parquet")
    assert History(ledger).bytes_a_sample(cell, 10) == (shard.stat().st_size / 4, True)


def edit_manifests(ledger: Ledger, cell: PlannedCell, **changes: object) -> None:
    for manifest in ledger.manifests(cell.cell_id):
        ledger.write_manifest(cell.cell_id, manifest["run_id"], manifest | changes)


def test_a_rate_is_tokens_by_the_time_in_which_cells_ran_side_by_side(ledger: Ledger) -> None:
    cells = planned("-m", "delta=tiny-s", "decoding.lambda=0.5,1", *SMALL)
    run_counting(cells, ledger)
    for cell, start in zip(cells, ("00", "03"), strict=True):
        edit_manifests(ledger, cell, started=f"2026-01-01T00:00:{start}+00:00", seconds=5.0)
    (group,) = group_cells(cells)
    throughput = History(ledger).throughput(group)
    assert throughput is not None
    assert throughput.source == "this engine group"
    assert throughput.tokens_per_second == pytest.approx(2 * 6 * TOKENS / 8)
    (manifest,) = ledger.manifests(cells[0].cell_id)
    assert throughput.origin.endswith(f", run {manifest['run_id']}")


def test_the_rate_of_other_models_comes_second_and_that_of_another_engine_never(
    ledger: Ledger,
) -> None:
    (measured,) = group_cells(planned("delta=tiny-s", *SMALL))
    (other_models,) = group_cells(planned("delta=tiny-m", *SMALL))
    (other_batch,) = group_cells(planned("delta=tiny-s", "engine.max_num_seqs=7", *SMALL))
    (other_dtype,) = group_cells(planned("delta=tiny-s", "engine.dtype=bfloat16", *SMALL))
    assert History(ledger).throughput(measured) is None
    run_counting(measured.cells, ledger)
    edit_manifests(ledger, measured.cells[0], seconds=5.0)
    rates = [
        History(ledger).throughput(group)
        for group in (measured, other_models, other_batch, other_dtype)
    ]
    sources = [throughput and throughput.source for throughput in rates]
    assert sources == ["this engine group", "this engine", "this engine", None]


def test_the_length_of_an_engine_does_not_split_its_history(ledger: Ledger) -> None:
    """It follows from the longest prompt: another data set has another."""
    words = ("engine=vllm", "delta=tiny-s", *SMALL)
    (measured,) = group_cells(planned("engine.max_model_len=256", *words))
    (longer,) = group_cells(planned("engine.max_model_len=384", *words))
    run_counting(measured.cells, ledger)
    edit_manifests(ledger, measured.cells[0], seconds=5.0)
    throughput = History(ledger).throughput(longer)
    assert throughput is not None
    assert throughput.source == "this engine group"


def test_the_longest_run_counts(ledger: Ledger) -> None:
    (few,) = planned("delta=tiny-s", "dataset.limit=1", "decoding.n=1")
    (many,) = planned("delta=tiny-s", *SMALL)
    run_counting([few], ledger)
    edit_manifests(ledger, few, seconds=100.0)
    run_counting([many], ledger)
    long = max(ledger.manifests(many.cell_id), key=lambda manifest: manifest["samples_made"])
    ledger.write_manifest(many.cell_id, long["run_id"], long | {"seconds": 10.0})
    (group,) = group_cells([many])
    throughput = History(ledger).throughput(group)
    assert throughput is not None
    assert throughput.tokens_per_second == pytest.approx(5 * TOKENS / 10)


def test_a_run_without_samples_has_no_rate(ledger: Ledger) -> None:
    (group,) = group_cells(planned("delta=tiny-s", *SMALL))
    run_counting(group.cells, ledger)
    edit_manifests(ledger, group.cells[0], samples_made=0, seconds=0.0)
    assert History(ledger).throughput(group) is None


def test_a_cells_speed_is_that_of_the_batches_it_shared(ledger: Ledger) -> None:
    cells = planned("-m", "delta=tiny-s", "decoding.lambda=0.5,1", *SMALL)
    (other_models,) = planned("delta=tiny-m", *SMALL)
    run_counting([*cells, other_models], ledger)
    for cell in (*cells, other_models):
        edit_manifests(ledger, cell, seconds=5.0, started="2026-01-01T00:00:00+00:00", host="here")
    history = History(ledger)
    speed = history.run_throughput([cells[0].cell_id])
    assert speed is not None
    assert speed.tokens_per_second == pytest.approx(2 * 6 * TOKENS / 5)
    assert speed.host == "here"
    assert speed.engine.startswith("transformers float32, 256 rows")
    assert history.run_throughput(["0123456789abcdef"]) is None


def test_a_speed_names_the_devices_that_the_engine_used(ledger: Ledger) -> None:
    (cell,) = planned("delta=tiny-s", *SMALL)
    run_counting([cell], ledger)
    (manifest,) = ledger.manifests(cell.cell_id)
    gpus = ["NVIDIA RTX A6000"] * 8

    def device(engine: dict[str, object]) -> str:
        config = manifest["config"] | {"engine": manifest["config"]["engine"] | engine}
        edit_manifests(ledger, cell, gpus=gpus, config=config, cpu={"model": "a processor"})
        speed = History(ledger).run_throughput([cell.cell_id])
        assert speed is not None
        return speed.device

    assert device({}) == "NVIDIA RTX A6000"
    assert device({"tensor_parallel_size": 4}) == "4 × NVIDIA RTX A6000"
    assert device({"device": "cpu"}) == "a processor"
