"""How a plan reads; tests/planning/data/plan.txt is one as a user sees it."""

from dataclasses import replace
from pathlib import Path

import pytest
from planned_models import sized

from rast_bench.hardware import GIB
from rast_bench.planning.compatibility import PlanError
from rast_bench.planning.downloads import Downloads
from rast_bench.planning.estimate import Throughput, Work
from rast_bench.planning.groups import Assumptions, CardFit, GroupLine
from rast_bench.planning.memory import Memory, fit
from rast_bench.planning.quantities import amount, count, hours_text, size_text
from rast_bench.reporting.plan_report import CellLine, EffectLine, PlanReport
from rast_bench.reporting.plan_text import CELLS_SHOWN, render_plan

MEMORY = Memory(weights=18 * GIB, cache_per_token=85_000, rows=256, length=4000)
GROUP = GroupLine(
    number=1,
    engine="vllm",
    dtype="bfloat16",
    main="Qwen/Qwen2.5-7B",
    method="rast",
    pairs=(("org/small-rl", "org/small", 1.0),),
    shuffled=False,
    devices=1,
    states={"new": 1, "partial": 1},
    wanted=32_000,
    missing=30_000,
    models=(sized(),),
    unknown_models=(),
    prompt_tokens=700,
    max_tokens=3300,
    memory=MEMORY,
    fit=fit(MEMORY, 70 * GIB),
    work=Work(36_000_000, ("own samples", "data set")),
    throughput=Throughput(5000, "this engine group", "NVIDIA H100, run 20260101T000000Z-0"),
    hours=2.0,
    cards=(CardFit("a100-40", None, 0), CardFit("a6000", 2, 12), CardFit("h200", 1, 900)),
)
OTHER = replace(
    GROUP,
    number=2,
    engine="transformers",
    main="/models/own",
    pairs=(),
    devices=2,
    states={"complete": 1},
    missing=0,
    memory=None,
    fit=None,
    unknown_models=("/models/own",),
    work=Work(0, ()),
    throughput=None,
    hours=None,
    cards=(),
)
REPORT = PlanReport(
    assumptions=Assumptions("h100", 79.6),
    cells=(
        CellLine("rast 7B + small, math, λ=1 τ=1", "math", "0" * 16, 1, "new", 16_000, 0, 16_000),
        CellLine(
            "rast 7B + small, aime, λ=1", "aime", "1" * 16, 1, "partial", 16_000, 2000, 14_000
        ),
        CellLine("base own, math, greedy", "math", "2" * 16, 2, "complete", 500, 500, 0),
        CellLine("base lost, math, greedy", "math", None, None, None, 0, 0, 0),
    ),
    groups=(GROUP, OTHER),
    errors=(PlanError("model /models/lost: no folder /models/lost", "check the path", 1),),
    notes=("org/small: its EOS is 2; generations end with that of Qwen/Qwen2.5-7B, 1",),
    effects=(EffectLine("math", 500, 32, 0.022), EffectLine("aime", 500, 32, 0.022)),
    disk_bytes=3e8,
    disk_measured=True,
    warnings=("engine=vllm: vLLM is not installed",),
    downloads=Downloads(3, 30_462_466_048, 1, 15_231_233_024, ("org/other",)),
)


def test_a_whole_plan() -> None:
    expected = (Path(__file__).parent / "data/plan.txt").read_text()
    assert render_plan(REPORT) == expected


def test_many_cells_are_counted_only() -> None:
    many = replace(REPORT, cells=REPORT.cells[:1] * (CELLS_SHOWN + 1))
    assert "0" * 16 not in render_plan(many)
    assert "41 cells in 2 engine groups: 41 new" in render_plan(many)


def test_cells_that_are_the_same_are_said_to_be() -> None:
    head = render_plan(replace(REPORT, distinct_cells=3)).split("\n\n")[0]
    assert head.startswith("4 cells (3 different) in 2 engine groups: 1 complete")
    assert max(map(len, head.splitlines())) <= 100


def lines(**changes: object) -> str:
    return render_plan(replace(REPORT, groups=(replace(GROUP, **changes),)))


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"fit": fit(MEMORY, 17 * GIB)}, "KiB NO vllm"),
        ({"fit": fit(MEMORY, 700 * GIB)}, "KiB yes vllm"),
        ({"work": Work(9.4e6, ("max_tokens",))}, "≤ 9.4 M"),
        ({"work": Work(9.4e6, ("max_tokens",), 2.1e6)}, "2.1 M–9.4 M"),
        ({"hours": 2.0, "least_hours": 0.5}, "30 min–2.0 h"),
        (
            {
                "throughput": Throughput(9000, "estimate", "1 × h100", 800.0),
                "hours": 12.5,
                "least_hours": 1.1,
            },
            "time: ESTIMATED, nothing was measured",
        ),
        (
            {
                "throughput": Throughput(9000, "estimate", "1 × h100", 800.0),
                "work": Work(9.4e6, ("max_tokens",)),
            },
            "these tokens take at most 52 hours of one A6000",
        ),
        ({"throughput": None, "hours": None}, "assume a rate with --tokens-per-second N"),
        ({"devices": 4}, "vllm bfloat16 on 4 devices, 256 rows"),
        ({"devices": 4}, "on each of its devices"),
        ({"shuffled": True}, "(org/small-rl − org/small), shuffled"),
        ({"method": "dexperts"}, "dexperts of Qwen/Qwen2.5-7B + (org/small-rl − org/small)"),
        ({"method": "contrastive"}, "contrastive of Qwen/Qwen2.5-7B and org/small"),
        ({"pairs": (("a", "b", 0.5), ("c", "d", -1.0))}, "+ 0.5 · (a − b) − (c − d)"),
        ({"models": (replace(sized(), source="config"),)}, "size by config.json, without weights"),
    ],
)
def test_what_a_group_says(changes: dict[str, object], shown: str) -> None:
    assert " ".join(shown.split()) in " ".join(lines(**changes).split())


def test_without_a_card_it_says_how_to_name_one() -> None:
    report = replace(REPORT, assumptions=Assumptions())
    assert "name a card with --gpu CARD" in render_plan(report)


def test_an_unknown_group_makes_the_total_unknown() -> None:
    unknown = replace(OTHER, missing=5, work=Work(50, ("max_tokens",)))
    assert "time            unknown" in render_plan(replace(REPORT, groups=(GROUP, unknown)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (count(1, "cell"), "1 cell"),
        (count(5000, "cell"), "5,000 cells"),
        (size_text(0), "0.0 KiB"),
        (size_text(1536 * 2**20), "1.5 GiB"),
        (size_text(2**41), "2.0 TiB"),
        (amount(812.4), "812"),
        (amount(9999), "9,999"),
        (amount(98_765), "98.8 k"),
        (amount(9.4151e6), "9.42 M"),
        (amount(1.2e9), "1.2 G"),
        (hours_text(0.011), "40 s"),
        (hours_text(0.2), "12 min"),
        (hours_text(1234.56), "1,234.6 h"),
    ],
)
def test_quantities(text: str, expected: str) -> None:
    assert text == expected
