"""The simulation's report: what was assumed, what came out, as JSON values and as Markdown."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from simulation.scenario import Outcome, Scenario
from simulation.step_time import StepTime
from simulation.table1 import LIMIT, PROBLEMS, groups, mean_lengths
from simulation.ways import Totals

SMALL_GAIN = 1.1  # below this the report says that the gain is small

PUBLISHED_MINUTES = {"math500": "30", "gsm8k": "30", "aime24": "3 to 5", "amc23": "3 to 5"}
"""A run on eight A6000, section 3.1; whether a run is all 32 samples it does not say."""

SHOWN = {
    "load_seconds": "seconds an engine takes to load",
    "max_rows": "rows at most",
    "runaway_tokens": "share of tokens in responses at the limit",
    "sigma": "σ of ln(length)",
    "length_scale": "lengths times",
    "samples": "samples a problem",
    "efficiency": "share of the data sheet's speed",
    "devices": "engines at once",
    "cards_an_engine": "cards an engine",
    "card": "card",
    "seed": "seed",
    "per_row_over_fixed": "a row's share of a step's fixed time, as measured on a CPU",
}


def assumptions(scenario: Scenario, measured: StepTime, source: str) -> list[dict[str, Any]]:
    """Every number that goes in: name, value, where it is from."""
    card = scenario.slot.card
    given = [
        ("cells", "12 rows x 6 data sets", "table 1: base, every ΔR and RL of 32B, 14B and 7B"),
        ("problems", PROBLEMS, "the data sets' sizes"),
        ("samples", scenario.samples, "section 3.1; 1 in the 18 greedy base cells"),
        ("limit", LIMIT, "tokens of a response, section 3.1"),
        (
            "mean_lengths",
            mean_lengths(),
            "gsm8k and amc23 of 7B + ΔR 1.5B are published (appendix C.2), table 6 is lost; the "
            "other sets: ln(length) interpolated over that row's error rates in table 1, sets "
            "harder than amc23 at its length; the same for all rows",
        ),
        ("length_scale", scenario.length_scale, "factor on mean_lengths"),
        (
            "sigma",
            scenario.sigma,
            "assumed log-normal body; ln(characters) of one model's responses on one set spread by "
            "0.3 to 0.9 in the outputs of other models that the grader corpus holds",
        ),
        (
            "runaway_tokens",
            scenario.runaway_tokens,
            "assumed; the published means bound the responses at the limit to 2.2 % (gsm8k)",
        ),
        ("prompt_tokens", scenario.prompt_tokens, "assumed; in the cache, its prefill not counted"),
        ("card", asdict(card) | {"memory": card.memory}, "NVIDIA's data sheet; the paper's: A6000"),
        ("cards_an_engine", scenario.cards_an_engine, "the authors' speeds are on 4x A6000"),
        ("devices", scenario.devices, "engines at once: 8 cards in the paper's machine"),
        ("efficiency", scenario.efficiency, "assumed share of data-sheet bandwidth and flops"),
        ("memory_share", scenario.memory_share, "conf/engine/vllm.yaml"),
        ("max_rows", scenario.max_rows, "max_num_seqs of conf/engine/vllm.yaml"),
        (
            "rows",
            "max_rows, or what the cache holds at the mean context",
            "the same in both ways; no preemption",
        ),
        (
            "step_time",
            "a + b·rows seconds",
            "no GPU's curve was measured: a = all weights (bfloat16) over bandwidth; b = a row's "
            "cache over bandwidth + 2 flops a parameter; no overlap, no communication",
        ),
        ("measured_cpu_curve", asdict(measured), source),
        ("load_seconds", scenario.load_seconds, "assumed: weights, CUDA graphs, start of vLLM"),
        ("seed", scenario.seed, "of the drawn lengths, which both ways share"),
    ]
    return [{"name": name, "value": value, "source": why} for name, value, why in given]


def totals_json(outcome: Outcome, found: Totals) -> dict[str, float]:
    return {
        "engine_loads": found.loads,
        "gpu_hours": outcome.gpu_hours(found.device_hours),
        "gpu_hours_loading": outcome.gpu_hours(found.loading_hours),
        "gpu_hours_draining": outcome.gpu_hours(found.draining_hours),
        "tail_share": found.tail_share,
        "mean_occupancy": found.occupancy,
        "makespan_hours": found.makespan_hours,
    }


def ratios_json(outcome: Outcome) -> dict[str, float]:
    """Cell by cell over merged."""
    plain, ours = outcome.cell_by_cell, outcome.merged
    return {
        "gpu_hours": outcome.ratio,
        "makespan": plain.makespan_hours / ours.makespan_hours,
        "engine_loads": plain.loads / ours.loads,
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Both ways, their ratio, where the saved hours come from, every engine and every cell."""
    plain, ours = outcome.cell_by_cell, outcome.merged
    saved = plain.device_hours - ours.device_hours
    loading = plain.loading_hours - ours.loading_hours
    return {
        "ways": {
            "cell by cell": totals_json(outcome, plain),
            "merged": totals_json(outcome, ours),
        },
        "ratios": ratios_json(outcome),
        "saved_gpu_hours": {
            "fewer loads": outcome.gpu_hours(loading),
            "fuller batches": outcome.gpu_hours(saved - loading),
        },
        "engines": [
            {"name": work.name, "rows": work.rows, "step_seconds": asdict(work.step)}
            for work in outcome.works
        ],
        "cells": cells_json(outcome),
    }


def cells_json(outcome: Outcome) -> list[dict[str, Any]]:
    names = [(group, dataset) for group in groups() for dataset in PROBLEMS]
    lengths = [cell for work in outcome.works for cell in work.cells]
    return [
        {
            "row": group.name,
            "dataset": dataset,
            "samples": len(drawn),
            "tokens": run.stream.tokens,
            "steps": run.stream.steps,
            "occupancy": run.stream.occupancy,
            "decoding_seconds": run.decoding,
            "draining_seconds": run.draining,
        }
        for (group, dataset), drawn, run in zip(names, lengths, outcome.cells, strict=True)
    ]


def sensitivity_json(
    varied: Sequence[tuple[str, Any, Outcome]],
) -> list[dict[str, Any]]:
    return [
        {
            "assumption": name,
            "value": value,
            "ratios": ratios_json(outcome),
            "cell by cell": totals_json(outcome, outcome.cell_by_cell),
            "merged": totals_json(outcome, outcome.merged),
        }
        for name, value, outcome in varied
    ]


def render(result: dict[str, Any]) -> str:
    """Markdown: the two ways, what they save, the check, the sensitivities, the assumptions."""
    ways, ratios, saved = result["ways"], result["ratios"], result["saved_gpu_hours"]
    lines = [
        "GPU-hours of table 1 by simulation: 72 cells, 12 engine groups. Nothing was run on a GPU.",
        "",
        "| | engine loads | GPU-hours | loading | tail (nothing waiting) | mean occupancy | "
        "makespan, h |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(way_line(name, found) for name, found in ways.items()),
        f"| ratio | {ratios['engine_loads']:.1f} | {ratios['gpu_hours']:.3f} | | | | "
        f"{ratios['makespan']:.3f} |",
        "",
        verdict(ratios["gpu_hours"], saved),
        "",
        "| cells with ΔR or RL | minutes of one engine simulated, least to most | "
        "minutes published |",
        "|---|---:|---:|",
        *check_lines(result["cells"]),
        "",
        "| changed alone | value | GPU-hours cell by cell | merged | ratio | tail share cell by "
        "cell |",
        "|---|---:|---:|---:|---:|---:|",
        *(sensitivity_line(entry) for entry in result["sensitivity"]),
        "",
        "Assumptions:",
        *(f"* {a['name']} = {shown(a['value'])}: {a['source']}" for a in result["assumptions"]),
    ]
    return "\n".join(lines)


def way_line(name: str, found: dict[str, float]) -> str:
    return (
        f"| {name} | {found['engine_loads']} | {found['gpu_hours']:.1f} | "
        f"{found['gpu_hours_loading']:.1f} | {found['gpu_hours_draining']:.1f} "
        f"({found['tail_share']:.1%}) | {found['mean_occupancy']:.1%} | "
        f"{found['makespan_hours']:.2f} |"
    )


def verdict(ratio: float, saved: dict[str, float]) -> str:
    size = "The gain is small: m" if ratio < SMALL_GAIN else "M"
    total = sum(saved.values())
    parts = ", ".join(f"{hours:.1f} by {name}" for name, hours in saved.items())
    return f"{size}erging saves {1 - 1 / ratio:.1%}, {total:.1f} GPU-hours ({parts})."


def check_lines(cells: Sequence[dict[str, Any]]) -> list[str]:
    """Simulated minutes of sampled cells beside what the paper says of its own runs."""
    greedy = {group.name for group in groups() if group.greedy}
    lines = []
    for dataset in PROBLEMS:
        minutes = [
            cell["decoding_seconds"] / 60
            for cell in cells
            if cell["dataset"] == dataset and cell["row"] not in greedy
        ]
        said = PUBLISHED_MINUTES.get(dataset, "–")
        lines.append(f"| {dataset} | {min(minutes):.0f} to {max(minutes):.0f} | {said} |")
    return lines


def sensitivity_line(entry: dict[str, Any]) -> str:
    plain, ours = entry["cell by cell"], entry["merged"]
    return (
        f"| {SHOWN[entry['assumption']]} | {shown(entry['value'])} | {plain['gpu_hours']:.1f} | "
        f"{ours['gpu_hours']:.1f} | {entry['ratios']['gpu_hours']:.3f} | "
        f"{plain['tail_share']:.1%} |"
    )


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(item)}" for key, item in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
