"""Plans for another machine, made where there is no network, no hub, no vLLM and no GPU."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from planned_models import jobs_of

from rast_bench.engines import hub_models
from rast_bench.errors import EngineError
from rast_bench.ledger import Ledger
from rast_bench.planning.groups import Assumptions
from rast_bench.reporting.plan_report import PlanReport, build_report

H100 = Assumptions("h100", 79.6)
ONE_DTYPE = "engine.dtype=bfloat16"
SAMPLES_OF_TABLE_1 = 9 * 90_752 + 3 * 2_836  # 32 samples for each of 2,836 problems; greedy rows 1


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("rast_bench.engines.vllm_setup.find_spec", lambda _name: None)
    hub_models._hub_files.cache_clear()
    yield
    hub_models._hub_files.cache_clear()


def plan(tmp_path: Path, *words: str, told: Assumptions = H100) -> PlanReport:
    return build_report(jobs_of(*words), Ledger(tmp_path / "results"), told)


def test_table_1_is_planned_from_what_ships(tmp_path: Path) -> None:
    report = plan(tmp_path, "experiment=table1", ONE_DTYPE)
    assert report.errors == ()
    assert report.missing == SAMPLES_OF_TABLE_1
    assert len(report.groups) == 12
    assert {cell.cell_id for cell in report.cells} == {None}
    assert {cell.state for cell in report.cells} == {"new"}
    assert report.warnings[0] == "engine=vllm: vLLM is not installed"
    assert "8 checkpoints and 6 data sets" in report.warnings[1]
    assert report.downloads is not None
    assert report.downloads.checkpoints == 8
    assert report.downloads.cached == 0
    # Bases in bfloat16, their RL siblings in float32, the smallest with its head saved as well.
    assert report.downloads.bytes / 1e9 == pytest.approx(113.4 + 227.7, abs=0.1)
    for group in report.groups:
        assert group.fit is not None
        assert group.fit.rows >= 4
        assert group.work.sources == ("published", "max_tokens")
        assert 0 < group.work.least_tokens < group.work.tokens
        assert group.throughput is not None
        assert group.throughput.source == "estimate"
        assert [found.card for found in group.cards] == [
            *("a100-40", "a100-80", "a6000", "h100", "h200")
        ]


def test_a_prompt_that_is_not_here_counts_as_far_as_it_is_known(tmp_path: Path) -> None:
    """Refused where not even a short one fits, a warning where the bound of it does not."""
    report = plan(tmp_path, "experiment=reply2", ONE_DTYPE, "decoding.max_tokens=4096")
    assert len(report.errors) == 3
    for fault in report.errors:
        assert "the longest prompt, bounded by 641 tokens, comes on top" in fault.message
        assert (fault.hint or "").endswith("decoding.max_tokens to at most 3455")
    report = plan(tmp_path, "experiment=reply2", ONE_DTYPE, "decoding.max_tokens=4095")
    assert report.errors == ()
    assert sum("at most 3455" in warning for warning in report.warnings) == 3
    report = plan(tmp_path, "experiment=reply2", ONE_DTYPE, "decoding.max_tokens=3455")
    assert not any("positions" in warning for warning in report.warnings)


def test_a_model_in_float32_is_not_run_in_it_in_silence(tmp_path: Path) -> None:
    words = ("experiment=table1", "engine.dtype=auto")
    errors = plan(tmp_path, *words).errors
    assert any("is saved in float32" in fault.message for fault in errors)


def test_a_group_that_does_not_fit_is_a_fault(tmp_path: Path) -> None:
    words = ("experiment=table1", ONE_DTYPE, "engine.tensor_parallel_size=1")
    errors = plan(tmp_path, *words).errors
    assert errors
    for fault in errors:
        assert "engine.tensor_parallel_size=1 cannot work: on h100" in fault.message
        assert fault.hint is not None
        assert "sizes that work" in fault.hint


def test_more_tokens_than_positions_are_refused_by_the_facts(tmp_path: Path) -> None:
    words = ("engine=vllm", "base_model=qwen2.5-math-7b", "method=base", "dataset=math500")
    errors = plan(tmp_path, *words, "decoding.max_tokens=16384").errors
    (fault,) = errors
    assert fault.message.startswith(
        "decoding.max_tokens=16384: model Qwen/Qwen2.5-Math-7B has 4096 positions, and the longest "
    )
    assert plan(tmp_path, *words, "decoding.max_tokens=3000").errors == ()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["base_model.base.path=org/never-seen"], "its size is unknown"),
        (["dataset=gpqa", "dataset.subset=own"], "data set gpqa: cannot load"),
    ],
)
def test_what_no_facts_ship_of_is_a_fault_whatever_the_machine(
    words: list[str], message: str, tmp_path: Path
) -> None:
    shown = plan(tmp_path, "engine=vllm", "base_model=qwen2.5-7b", "method=base", *words).errors
    assert any(message in fault.message for fault in shown)


def test_without_a_card_it_is_a_plan_for_this_machine(tmp_path: Path) -> None:
    report = plan(tmp_path, "experiment=table1", ONE_DTYPE, told=Assumptions())
    messages = [fault.message for fault in report.errors]
    assert "engine=vllm: vLLM is not installed" in messages
    assert any("model Qwen/Qwen2.5-32B cannot be downloaded" in message for message in messages)
    assert any("data set math500: cannot load" in message for message in messages)
    assert report.missing == SAMPLES_OF_TABLE_1


def test_cells_that_will_share_samples_share_them_before_their_data_set_is_here(
    tmp_path: Path,
) -> None:
    words = ("-m", "engine=vllm", "base_model=qwen2.5-7b", "method=base", "dataset=gsm8k")
    report = plan(tmp_path, *words, "decoding=greedy", "dataset.limit=10,20")
    assert report.distinct_cells == 1
    assert [cell.missing for cell in report.cells] == [10, 10]


def test_what_vllm_needs_is_an_error_of_this_machine() -> None:
    from rast_bench.engines.vllm_setup import check_vllm_installed

    with pytest.raises(EngineError) as error:
        check_vllm_installed()
    assert error.value.here_only


REAL = ("figure4", "reply1", "reply5", "table2", "table3")  # all shapes; every data set


@pytest.mark.parametrize("experiment", REAL)
def test_every_experiment_counts_its_samples_and_places_its_engines(
    experiment: str, tmp_path: Path
) -> None:
    words = [f"experiment={experiment}", ONE_DTYPE, "allow_code_execution=true"]
    report = plan(tmp_path, *words)
    assert report.errors == ()
    assert all(cell.wanted > 0 for cell in report.cells)
    assert all(group.fit is not None and group.fit.rows for group in report.groups)


def test_the_command_asks_a_silent_hub_once(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
    environment |= {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    argv = ["plan", "experiment=table1", ONE_DTYPE, "--gpu", "h100", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "rast_bench", *argv],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["totals"]["samples_to_make"] == SAMPLES_OF_TABLE_1
    (line,) = done.stderr.splitlines()
    assert line.startswith("note: the hub http://127.0.0.1:9 does not answer (")
