"""Tokens per second of reply 4 beside speeds that are made up."""

from collections.abc import Mapping
from dataclasses import replace

from rast_bench.config.frontend import job_of_overrides
from rast_bench.paper.published import load_published, select
from rast_bench.planning.estimate import RunThroughput
from rast_bench.reporting.render_text import render_text
from rast_bench.reporting.table import Table, TextCell
from rast_bench.reporting.throughput_table import RowKey, throughput_table

STEERED, TRAINED = ("qwen2.5-14b", "+ ΔR 7B"), ("qwen2.5-14b", "after RL")
SPEED = RunThroughput(400.0, "4 × NVIDIA H200", "node7", "vllm bfloat16, 256 rows", "run-1")


def table_of(name: str, speeds: Mapping[RowKey, RunThroughput]) -> Table:
    job = job_of_overrides([f"experiment={name}"])
    assert job.options.experiment is not None
    rows = {
        (entry.section, entry.row.label): entry.cell for entry in job.experiment_cells if entry.row
    }
    return throughput_table(job.options.experiment, rows, load_published(), speeds)


def lines(table: Table) -> list[list[str]]:
    return [
        [cell.text for cell in row.cells if isinstance(cell, TextCell)]
        for section in table.sections
        for row in section.rows
    ]


def test_every_number_of_reply_4_stands_in_it() -> None:
    text = render_text(table_of("reply4", {}))
    numbers = select(load_published(), source="reply 4")
    assert len(numbers) == 10
    assert [number for number in numbers if str(number.value) not in text] == []


def test_the_papers_share_of_rl_is_what_the_reply_rounds() -> None:
    """100 − 13.4 and 100 − 16.6: "around 13–16 %" less."""
    assert lines(table_of("reply4", {})) == [
        ["+ ΔR 7B", "65.01", "216.12", "86.6", "not run", "–"],
        ["after RL", "75.05", "249.54", "–", "not run", "–"],
        ["+ ΔR 7B", "62.38", "202.66", "83.4", "not run", "–"],
        ["after RL", "72.98", "243.14", "–", "not run", "–"],
    ]


def test_ours_comes_with_its_hardware_and_without_a_verdict() -> None:
    table = table_of("reply4", {STEERED: SPEED, TRAINED: replace(SPEED, tokens_per_second=500)})
    steered, trained, *_ = lines(table)
    assert steered[-2:] == ["400.00", "80.0"]
    assert trained[-2:] == ["500.00", "–"]
    assert any("4 × NVIDIA H200, host node7" in note for note in table.footnotes)
    text = render_text(table)
    assert "agrees" not in text
    assert "differs" not in text


def test_speeds_of_different_machines_have_no_ratio() -> None:
    elsewhere = replace(SPEED, device="4 × NVIDIA RTX A6000")
    steered, *_ = lines(table_of("reply4", {STEERED: SPEED, TRAINED: elsewhere}))
    assert steered[-2:] == ["400.00", "–"]


def test_without_a_published_source_ours_stands_alone() -> None:
    table = table_of("tiny_reply4", {("tiny-l", "+ ΔR tiny-s"): SPEED})
    assert lines(table) == [["+ ΔR tiny-s", "400", "–"], ["RL ceiling", "not run", "–"]]
    assert not any("paper" in note for note in table.footnotes)
