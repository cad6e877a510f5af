from pathlib import Path

import pytest
from planned_models import TOKENS, jobs_of, planned, run_counting

from rast_bench.hardware import GIB
from rast_bench.ledger import Ledger
from rast_bench.planning.groups import Assumptions
from rast_bench.reporting.plan_report import PlanReport, build_report

WORDS = ("-m", "delta=tiny-s", "decoding.lambda=0.5,1", "dataset.limit=3", "decoding.n=4")
ONE_GPU = Assumptions(gpu="h100", gpu_memory=79.6, tokens_per_second=1000)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def report(ledger: Ledger, *words: str, told: Assumptions = ONE_GPU) -> PlanReport:
    made = build_report(jobs_of(*words), ledger, told)
    assert made.errors == ()
    return made


def test_states_and_samples_follow_the_ledger(ledger: Ledger) -> None:
    first = report(ledger, *WORDS)
    assert [cell.state for cell in first.cells] == ["new", "new"]
    assert first.missing == 24
    run_counting(planned("delta=tiny-s", "decoding.lambda=0.5", *WORDS[3:]), ledger)
    run_counting(planned("delta=tiny-s", "dataset.limit=1", "decoding.n=4"), ledger)
    second = report(ledger, *WORDS)
    assert [(cell.state, cell.done, cell.missing) for cell in second.cells] == [
        ("complete", 12, 0),
        ("partial", 4, 8),
    ]
    (group,) = second.groups
    assert (group.missing, group.wanted) == (8, 24)
    assert dict(group.states) == {"complete": 1, "partial": 1}
    run_counting(planned(*WORDS), ledger)
    assert report(ledger, *WORDS).missing == 0


def test_nothing_is_written(ledger: Ledger, tmp_path: Path) -> None:
    report(ledger, *WORDS)
    assert list(tmp_path.iterdir()) == []


def test_hours_are_tokens_by_the_rate(ledger: Ledger) -> None:
    made = report(ledger, *WORDS)
    (group,) = made.groups
    assert group.work.tokens == 24 * 192
    assert group.work.at_most
    assert group.hours == pytest.approx(24 * 192 / 1000 / 3600)
    assert made.device_hours == group.hours


def test_a_group_on_several_devices_costs_them_all(ledger: Ledger) -> None:
    words = ("engine=vllm", "engine.tensor_parallel_size=2", "dataset.limit=3")
    made = report(ledger, *words)
    (group,) = made.groups
    assert group.hours is not None
    assert made.device_hours == 2 * group.hours


def test_what_is_known_stands_before_what_is_assumed(ledger: Ledger) -> None:
    run_counting(planned("delta=tiny-s", "dataset.limit=1", "decoding.n=2"), ledger)
    here = Assumptions(tokens_per_second=1000)  # what was measured here says nothing of an h100
    (group,) = report(ledger, *WORDS[1:2], *WORDS[3:], told=here).groups
    assert group.work.tokens == 10 * TOKENS
    assert group.work.sources == ("own samples",)
    assert group.throughput is not None
    assert group.throughput.source == "this engine group"


def test_without_a_rate_time_is_unknown(ledger: Ledger) -> None:
    made = report(ledger, *WORDS, told=Assumptions())
    (group,) = made.groups
    assert (group.throughput, group.hours, group.fit) == (None, None, None)
    assert made.device_hours is None


def test_memory_is_that_of_all_models_for_the_longest_cell(ledger: Ledger) -> None:
    words = ("-m", "delta=tiny-s", "decoding.max_tokens=50,100", "engine.max_num_seqs=8")
    (group,) = report(ledger, *words).groups
    assert [model.path for model in group.models] == [
        "zoo:tiny-l/base",
        "zoo:tiny-s/rl-0",
        "zoo:tiny-s/base",
    ]
    assert group.memory is not None
    assert group.memory.weights == 4 * sum(model.floating for model in group.models)
    assert group.max_tokens == 100
    assert group.memory.length == group.prompt_tokens + 100
    # Qwen2-tiny-l: 4 layers of 2 heads of 32; tiny-s: 3 of 2 of 32, float32, keys and values.
    layers = sum(model.layers * model.kv_heads * model.head_dim for model in group.models)
    assert group.memory.cache_per_token == 2 * 4 * layers


def test_the_engines_own_limits_count(ledger: Ledger) -> None:
    words = ("engine=vllm", "engine.max_model_len=223", "engine.kv_cache_gib=0.001")
    (group,) = report(ledger, *words).groups
    assert group.dtype == "bfloat16"
    assert group.memory is not None
    assert group.memory.length == 223
    assert group.fit is not None
    assert group.fit.budget == int(79.6 * GIB)
    assert group.fit.rows == int(0.001 * GIB) // (group.memory.cache_per_token * 223)
    assert group.fit.verdict == "fewer rows"


def test_vllm_uses_its_share_of_a_card(ledger: Ledger) -> None:
    words = ("-m", "engine=vllm,transformers", "dataset.limit=1")
    budgets = [group.fit and group.fit.budget for group in report(ledger, *words).groups]
    assert budgets == [int(0.9 * 79.6 * GIB), int(79.6 * GIB)]


def test_a_checkpoint_in_two_roles_counts_once(ledger: Ledger) -> None:
    pair = "{rl: {path: zoo:tiny-l/rl-0}, base: {path: zoo:tiny-l/base}}"
    (group,) = report(ledger, f"delta.pairs=[{pair}]", "delta.name=own").groups
    assert [model.path for model in group.models] == ["zoo:tiny-l/base", "zoo:tiny-l/rl-0"]


def test_effects_are_listed_once_for_each_size(ledger: Ledger) -> None:
    words = ("-m", "dataset=tiny-easy,tiny-hard", "decoding.n=8,32", "decoding.lambda=0,1")
    effects = report(ledger, *words).effects
    sizes = [(line.dataset, line.problems, line.samples) for line in effects]
    assert sizes == [(name, 200, n) for name in ("tiny-easy", "tiny-hard") for n in (8, 32)]
    # 2.80 · √((0.02 + 2/6/32)/200)
    assert effects[1].effect == pytest.approx(2.80 * ((0.02 + 1 / 96) / 200) ** 0.5, rel=1e-3)


def test_paper_sized_sets_show_what_the_notes_of_the_project_say(ledger: Ledger) -> None:
    """Of MATH500's 500 problems × 32 samples: 2.2 points."""
    (line,) = report(ledger, "dataset.limit=40").effects
    assert line.effect * (40 / 500) ** 0.5 == pytest.approx(0.022, abs=0.001)
