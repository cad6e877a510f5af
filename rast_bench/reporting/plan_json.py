"""A plan as JSON: the record itself, with the names of its fields, sizes in bytes."""

import json
from collections import Counter
from dataclasses import asdict

from rast_bench.reporting.plan_report import EFFECT_VARIANCE, SAMPLE_VARIANCE, PlanReport


def render_json(report: PlanReport) -> str:
    """Return one object, indented, with a newline at the end."""
    record = asdict(report)
    states = Counter(cell.state or "blocked" for cell in report.cells)
    record["totals"] = {
        "cells": len(report.cells),
        **{state: states[state] for state in ("complete", "partial", "new", "blocked")},
        "samples_to_make": report.missing,
        "distinct_cells": report.distinct_cells,
        "tokens": sum(group.work.tokens for group in report.groups),
        "tokens_at_least": sum(group.work.least_tokens for group in report.groups),
        "tokens_at_most": any(group.work.at_most for group in report.groups),
        "device_hours": report.device_hours,
        "device_hours_at_least": report.least_device_hours,
    }
    record["assumptions"] |= {
        "effect_variance": EFFECT_VARIANCE,
        "sample_variance": SAMPLE_VARIANCE,
    }
    for group, line in zip(record["groups"], report.groups, strict=True):
        if line.memory is not None:
            group["memory"] |= {"cache": line.memory.cache, "total": line.memory.total}
        group["work"]["at_most"] = line.work.at_most
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
