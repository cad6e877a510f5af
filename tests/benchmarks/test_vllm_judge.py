"""vLLM's own start-up checks agree with the planner on the paper's real experiments."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rast_bench.planning.groups import COMMON_CARDS

if TYPE_CHECKING:
    from vllm_judge.judge import Judge


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> "Judge":
    from vllm_judge.judge import Judge

    return Judge(tmp_path_factory.mktemp("judge"))


@pytest.mark.parametrize("experiment", ["table1", "table2", "table3", "reply2"])
def test_vllm_starts_where_the_planner_says_so_and_only_there(
    experiment: str,
    judge: "Judge",
) -> None:
    from vllm_judge.compare import chosen_size, engines, sizes_to_judge, verdict

    found = engines(experiment)
    assert found
    starting = 0
    for engine in found:
        assert chosen_size(engine, "h200") is not None, engine.title
        for card in COMMON_CARDS:
            for devices in sizes_to_judge(engine, card):
                one = verdict(engine, card, devices, judge)
                place = engine.title, card, devices
                assert one.ours.starts == one.theirs.starts, (*place, one.theirs.refusal)
                assert one.agree, (*place, one.ours.fit.rows, one.theirs.rows)
                starting += one.theirs.starts
    assert starting >= len(found)


def test_all_positions_on_one_card_are_refused_by_both(judge: "Judge") -> None:
    """What `experiment=table1` asked for before: 131,072 tokens at size 1."""
    from vllm_judge.compare import engines, verdict

    alone = next(
        engine
        for engine in engines("table1", ["engine.max_model_len=131072"])
        if engine.title == "Qwen2.5-32B"
    )
    one = verdict(alone, "h100", 1, judge)
    assert not one.ours.starts
    assert one.theirs.refusal is not None
    assert "32.0 GiB KV cache is needed" in one.theirs.refusal
    assert verdict(alone, "h100", 2, judge).theirs.starts


def test_heads_that_cannot_be_split_are_refused_by_both(judge: "Judge") -> None:
    from vllm_judge.compare import engines, verdict

    (three_models,) = (engine for engine in engines("table3") if len(engine.load.models) == 3)
    one = verdict(three_models, "h200", 8, judge)
    assert one.ours.misfit is not None
    assert "28" in one.ours.misfit
    assert "28" in str(one.theirs.refusal)


def test_the_table_is_written_between_its_markers(tmp_path: Path) -> None:
    from vllm_judge_table import BEGIN, END, write_between

    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_between(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
