"""The simulation of table 1: its parts against brute force and theory, then the whole report."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulation.batching import Stream, run_stream, start_steps
from simulation.lengths import LengthSpread, clipped_mean, interpolated_length, log_mean
from simulation.scenario import Scenario, simulate
from simulation.step_time import KNOWN_CARDS, Slot, StepTime, fit_step_time, mean_context
from simulation.table1 import PROBLEMS, PUBLISHED_LENGTH, groups, mean_lengths
from simulation.ways import GroupWork, cell_by_cell, makespan, merged, run, totals
from step_by_step import walk
from table1_simulation import main

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=20)
ROWS = st.integers(1, 6)
STEP = StepTime(fixed=0.25, per_row=0.5)  # exact in binary


def array(lengths: list[int]) -> np.ndarray:
    return np.asarray(lengths, dtype=np.int64)


@given(LENGTHS, ROWS)
def test_stream_equals_one_step_after_another(lengths: list[int], rows: int) -> None:
    walked, stream = walk(lengths, rows), run_stream(array(lengths), rows)
    ends = start_steps(array(lengths), rows) + array(lengths)
    drained = [
        busy for busy, waiting in zip(walked.busy, walked.waiting, strict=True) if not waiting
    ]
    assert sorted(ends.tolist()) == walked.ends
    assert stream == Stream(rows, len(walked.busy), sum(walked.busy), len(drained), sum(drained))
    assert stream.seconds(STEP) == sum(STEP.fixed + STEP.per_row * busy for busy in walked.busy)
    assert stream.drain_seconds(STEP) == sum(STEP.fixed + STEP.per_row * busy for busy in drained)
    assert stream.occupancy == pytest.approx(np.mean(walked.busy) / rows)


@given(LENGTHS)
def test_one_row_takes_the_sum_and_enough_rows_the_longest(lengths: list[int]) -> None:
    assert run_stream(array(lengths), 1).steps == sum(lengths)
    assert run_stream(array(lengths), len(lengths)).steps == max(lengths)


@given(st.lists(LENGTHS, min_size=1, max_size=5), ROWS)
def test_merging_never_takes_more_steps_and_makes_the_same_tokens(
    cells: list[list[int]], rows: int
) -> None:
    group = GroupWork("", rows, STEP, tuple(map(array, cells)))
    (stream,) = merged([group], devices=1)
    alone = cell_by_cell([group])
    assert stream.stream.steps <= sum(r.stream.steps for r in alone)
    assert stream.stream.tokens == sum(r.stream.tokens for r in alone) == sum(map(sum, cells))


@given(st.lists(LENGTHS, min_size=1, max_size=4), ROWS, st.integers(1, 4))
def test_parts_of_a_group_make_all_its_tokens_once(
    cells: list[list[int]], rows: int, devices: int
) -> None:
    works = [GroupWork(str(i), rows, STEP, (array(cell),)) for i, cell in enumerate(cells)]
    runs = merged(works, devices)
    for work, cell in zip(works, cells, strict=True):
        parts = [r for r in runs if r.group is work]
        assert 1 <= len(parts) <= devices
        assert sum(r.stream.tokens for r in parts) == sum(cell)
    assert runs == sorted(runs, key=lambda r: -r.decoding)


def test_a_group_longer_than_half_a_share_is_cut() -> None:
    long, short = (GroupWork(name, 1, STEP, (array([n] * 8),)) for name, n in (("l", 9), ("s", 1)))
    assert [r.group.name for r in merged([short, long], devices=2)] == ["l", "l", "s"]
    assert [r.group.name for r in merged([short, long], devices=1)] == ["l", "l", "s"][1:]


def test_devices_take_the_next_job_when_free() -> None:
    assert makespan([3, 2, 2, 1], 2) == 4
    assert makespan([1, 2, 3], 1) == 6
    assert makespan([5], 4) == 5


def test_totals_add_loads_and_decoding() -> None:
    group = GroupWork("", 2, StepTime(fixed=900.0, per_row=450.0), (array([2, 1, 1]), array([2])))
    found = totals(cell_by_cell([group]), devices=2, load_seconds=900.0)
    # Two full steps of 1800 s, and two of 1350 s with one row.
    assert found.loads == 2
    assert found.loading_hours == 0.5
    assert found.device_hours == 0.5 + (2 * 1800 + 2 * 1350) / 3600
    assert found.makespan_hours == (900 + 2 * 1800) / 3600
    assert found.draining_hours == (1800 + 2 * 1350) / 3600
    assert found.occupancy == 6 / 8
    assert found.tail_share == found.draining_hours / found.device_hours


@pytest.mark.parametrize(("mu", "sigma"), [(5.0, 0.5), (6.9, 1.2), (10.0, 0.8)])
def test_clipped_mean_against_draws(mu: float, sigma: float) -> None:
    limit = 4096
    drawn = np.minimum(np.random.default_rng(1).lognormal(mu, sigma, 400_000), limit)
    assert clipped_mean(mu, sigma, limit) == pytest.approx(drawn.mean(), rel=0.01)
    assert log_mean(clipped_mean(mu, sigma, limit), sigma, limit) == pytest.approx(mu, abs=1e-6)


@pytest.mark.parametrize("runaway_tokens", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("mean", [60.0, 354.9, 3000.0])
def test_lengths_have_the_given_mean_and_runaways(mean: float, runaway_tokens: float) -> None:
    spread = LengthSpread(mean, 0.6, 16_384, runaway_tokens)
    drawn = spread.draw(400_000, np.random.default_rng(0))
    assert drawn.min() >= 1
    assert drawn.max() <= 16_384
    at_limit = drawn == 16_384
    assert drawn.mean() == pytest.approx(mean, rel=0.05)
    assert drawn[at_limit].sum() / drawn.sum() == pytest.approx(runaway_tokens, abs=0.02)
    body = np.log(drawn[~at_limit])
    assert body.std() == pytest.approx(0.6, abs=0.02)


def test_lengths_between_two_published_ones() -> None:
    shorter, longer = (10.0, 100.0), (50.0, 400.0)
    at = [interpolated_length(error, shorter, longer) for error in (0, 10, 30, 50, 99)]
    assert at == pytest.approx([100, 100, 200, 400, 400])


def test_table_1_is_72_cells_of_12_engines() -> None:
    rows = groups()
    assert len(rows) * len(PROBLEMS) == 72
    assert len({(*row.models, row.role) for row in rows}) == 12
    assert [row.name for row in rows[:5]] == [
        "32B base",
        "32B + ΔR 1.5B",
        "32B + ΔR 7B",
        "32B + ΔR 14B",
        "32B RL",
    ]
    assert sum(row.greedy for row in rows) == 3
    assert sum(PROBLEMS.values()) * 32 == 90_752
    lengths = mean_lengths()
    assert {name: lengths[name] for name in PUBLISHED_LENGTH} == pytest.approx(PUBLISHED_LENGTH)
    assert lengths["gsm8k"] < lengths["math500"] < lengths["amc23"] == lengths["aime24"]


def test_step_time_by_hand() -> None:
    tiny = {
        "hidden_size": 4,
        "intermediate_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "vocab_size": 10,
        "tie_word_embeddings": True,
    }
    # Each layer: 4·(8 + 4) + 4 + 4 of attention, 3·4·8 of the MLP, 8 of norms; 4 and 10·4 outside.
    weights = 2 * (56 + 96 + 8) + 4 + 40
    slot = Slot(KNOWN_CARDS["a6000"], cards=2, efficiency=0.5, memory_share=0.9)
    step = slot.step_time([tiny, tiny], context=100)
    assert step.fixed == pytest.approx(2 * weights * 2 / 768e9)
    cache = 2 * 100 * (2 * 2 * 2 * 1 * 2)  # models, tokens, keys and values, bytes, layers, …
    assert step.per_row == pytest.approx(cache / 768e9 + 2 * 2 * weights / 154.8e12)
    memory = 0.9 * 2 * KNOWN_CARDS["a6000"].memory - 2 * 2 * weights
    assert slot.rows([tiny, tiny], 1e6, most=10**9) == int(memory / (cache * 1e4))
    assert slot.rows([tiny, tiny], 100, most=256) == 256


def test_mean_context_of_a_running_row() -> None:
    lengths = [1, 3, 4]
    held = [position for length in lengths for position in range(length)]
    assert mean_context(array(lengths), prompt=7) == 7 + np.mean(held)


def test_fit_recovers_a_line() -> None:
    rows = [1, 8, 32]
    speeds = [count / (0.02 + 0.003 * count) for count in rows]
    found = fit_step_time(rows, speeds)
    assert (found.fixed, found.per_row) == pytest.approx((0.02, 0.003))


def test_merging_is_cheaper_on_the_whole_table_and_makes_the_same_tokens() -> None:
    outcome = simulate(Scenario(samples=2, devices=3))
    plain, ours = outcome.cell_by_cell, outcome.merged
    assert plain.loads == 72
    assert 12 <= ours.loads <= 36
    assert ours.device_hours < plain.device_hours
    assert ours.occupancy > plain.occupancy
    made = [sum(r.stream.tokens for r in runs) for runs in (outcome.cells, outcome.streams)]
    assert made[0] == made[1] == sum(int(c.sum()) for w in outcome.works for c in w.cells)
    whole = [run(work, np.concatenate(work.cells)) for work in outcome.works]
    assert all(
        r.stream.steps <= sum(c.stream.steps for c in outcome.cells if c.group is r.group)
        for r in whole
    )


def test_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for name in ("first.json", "second.json"):
        assert main(["--samples", "1", "--out", str(tmp_path / name)]) == 0
        texts.append(capsys.readouterr().out)
    first, second = (json.loads((tmp_path / n).read_text()) for n in ("first.json", "second.json"))
    assert texts[0] == texts[1]
    assert first["cells"] == second["cells"]
    assert "--samples 1" in first["command"]
    assert len(first["cells"]) == 72
    ways, ratios = first["ways"], first["ratios"]
    hours = {name: found["gpu_hours"] for name, found in ways.items()}
    assert ratios["gpu_hours"] == pytest.approx(hours["cell by cell"] / hours["merged"])
    decoding = sum(cell["decoding_seconds"] for cell in first["cells"])
    loading = ways["cell by cell"]["engine_loads"] * 120
    assert hours["cell by cell"] == pytest.approx(4 * (decoding + loading) / 3600)
    saved = first["saved_gpu_hours"]
    assert sum(saved.values()) == pytest.approx(hours["cell by cell"] - hours["merged"])
    assert {a["name"] for a in first["assumptions"]} >= {"mean_lengths", "step_time", "card"}
    assert "| cell by cell | 72 |" in texts[0]
    more_loads = [e for e in first["sensitivity"] if e["assumption"] == "load_seconds"]
    gains = [entry["ratios"]["gpu_hours"] for entry in more_loads]
    assert gains == sorted(gains)
    assert all(math.isfinite(entry["ratios"]["makespan"]) for entry in first["sensitivity"])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--cards-an-engine", "1"], "error: 32B base does not fit on 1 x a6000"),
        (["--measured", "nowhere.json"], "error: nowhere.json holds no speeds"),
    ],
)
def test_a_mistake_is_one_clear_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert line in capsys.readouterr().err
