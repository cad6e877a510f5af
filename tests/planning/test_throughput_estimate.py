"""Estimated speeds: their direction and their bounds; no number of them was measured."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from planned_models import sized

from rast_bench.hardware import GIB
from rast_bench.known.cards import CARDS
from rast_bench.planning.history import _is_on
from rast_bench.planning.placement import EngineLoad, load_memory
from rast_bench.planning.throughput import (
    AUTHORS_THROUGHPUT,
    FASTEST,
    authors_hours,
    estimated_throughput,
)

REPLY_4 = Path(__file__).parents[2] / "results/paper/reply4.csv"
MODEL = replace(
    sized(7_000_000_000, layers=28, heads=28, kv_heads=4, head_dim=128),
    dtype="b",
    vocabulary=152_064,
)


def speeds(
    card: str, devices: int = 1, response: float = 500.0, reads_layers: bool = False
) -> tuple[float, float]:
    load = EngineLoad((MODEL,), "bfloat16", rows=256, length=17_000, reads_layers=reads_layers)
    memory = load_memory(load, devices)
    budget = int(0.9 * CARDS[card].memory * GIB)
    return estimated_throughput(load, memory, budget, devices, card, (response, response))


def test_more_bandwidth_and_more_cards_are_faster() -> None:
    for end in (0, 1):
        assert speeds("a6000")[end] < speeds("a100-80")[end] < speeds("h200")[end]
        assert speeds("h100")[end] < speeds("h100", devices=2)[end] < 2 * speeds("h100")[end]
        assert speeds("h100", response=8000)[end] < speeds("h100")[end]
    assert speeds("h100")[0] < speeds("h100")[1]


def test_no_step_is_faster_than_reading_the_weights() -> None:
    seconds = 2 * MODEL.floating / (FASTEST * CARDS["h100"].bandwidth)
    assert speeds("h100")[1] < 256 / seconds


def test_early_layers_are_multiplied_with_the_head() -> None:
    """28 heads of 0.5 billion parameters beside 7 billion."""
    plain, dola = speeds("h100"), speeds("h100", reads_layers=True)
    assert all(0.05 < slow / fast < 0.5 for slow, fast in zip(dola, plain, strict=True))


def test_the_authors_speeds_are_the_published_ones() -> None:
    with REPLY_4.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "output speed"]
    found = sorted(float(row["value"]) for row in rows)
    assert (found[0], found[-1]) == AUTHORS_THROUGHPUT
    assert authors_hours((3600 * 249.54, 3600 * 202.66)) == pytest.approx((4, 4))


@pytest.mark.parametrize(
    ("device", "card", "expected"),
    [
        ("NVIDIA H100 80GB HBM3", "h100", True),
        ("NVIDIA A100-SXM4-80GB", "a100-80", True),
        ("NVIDIA A100-SXM4-80GB", "a100-40", False),
        ("NVIDIA RTX A6000", "a6000", True),
        ("NVIDIA GeForce RTX 4090", "4090", True),
        ("NVIDIA L40S", "l4", False),
        ("Intel(R) Xeon(R) Platinum", "h100", False),
        ("Intel(R) Xeon(R) Platinum", None, True),
    ],
)
def test_only_runs_on_the_named_card_count(device: str, card: str | None, expected: bool) -> None:
    assert _is_on(device, card) is expected
