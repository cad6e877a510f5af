"""A report on an experiment in Weights & Biases, made and updated by one call."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.config.trackers import WandbConfig
from rast_bench.errors import TrackerError, first_line
from rast_bench.reporting.charts import charts
from rast_bench.reporting.render_markdown import escape_markdown, render_markdown
from rast_bench.reporting.vega import SCHEMA, bar_layers, with_field_names
from rast_bench.trackers.base import require_package
from rast_bench.trackers.publish import INTERVALS, RunGroup
from rast_bench.trackers.tables import INTERVAL_COLUMNS, line_charts

if TYPE_CHECKING:
    from rast_bench.reporting.report import Report

BARS = "rast-bench-intervals"
"""The preset of our bars in an entity."""

BARS_SPEC: dict[str, Any] = {
    "$schema": SCHEMA,
    "title": "${string:title}",
    "data": {"name": "wandb"},
    **with_field_names(bar_layers("${string:unit}", {}), "${field:%s}"),
}
"""Bars with our own 95 % intervals; W&B's own show the spread between runs of a group."""


def save_report_of(group: RunGroup, report: "Report", config: WandbConfig, results: Path) -> str:
    """Make or update the report of a group that was pushed; returns its address.

    Its id is kept in the results folder; where it is not, the report is found by its title.

    Raises:
        TrackerError: The server cannot be reached, has no key, or refuses.
        ConfigError: The package wandb-workspaces is missing.
    """
    require_package("wandb_workspaces", "reports", "`rast-bench wandb report`")
    import wandb
    from wandb_workspaces.reports import v2 as wr

    kept = results / "wandb" / "reports" / f"{group.whole.run_id}.json"
    try:
        if not wandb.login(prompt=False, verify=False):
            raise TrackerError("W&B cannot be used: there is no key", hint="`wandb login`")
        api = wandb.Api()
        entity = config.entity or api.default_entity
        project = config.shown_project
        made = wr.Report(
            project=project,
            entity=entity,
            title=str(group.whole.config.get("title") or group.name)[:128],
            description=f"rast-bench, experiment {group.name}",
            blocks=_blocks(group, report, entity, project, _bars(api, entity)),
            width="fluid",
        )
        made.id = _known_id(kept, api, entity, project, made.title)
        made.save()
    except TrackerError:
        raise
    except Exception as error:  # the client raises plain Exceptions, too
        raise TrackerError(
            f"W&B does not take the report: {first_line(error)}",
            hint=f"push first: rast-bench wandb push {group.name}; then see the key and the server",
        ) from error
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"entity": entity, "project": project, "id": made.id}) + "\n")
    return str(made.url)


def _known_id(kept: Path, api: Any, entity: str, project: str, title: str) -> str:
    """The id of the report that is to be updated; "" where there is none."""
    if kept.is_file():
        record = json.loads(kept.read_text())
        if (record["entity"], record["project"]) == (entity, project):
            return str(record["id"])
    try:
        return next(
            (
                str(one.id)
                for one in api.reports(f"{entity}/{project}")
                if one.display_name == title
            ),
            "",
        )
    except Exception:  # a project that does not exist yet has no reports
        return ""


def _bars(api: Any, entity: str) -> str | None:
    """The name of our preset in the entity, made where it is missing; None where it cannot be."""
    try:
        api.create_custom_chart(
            entity=entity,
            name=BARS,
            display_name="rast-bench: bars with 95 % intervals",
            spec_type="vega2",
            access="private",
            spec=BARS_SPEC,
        )
    except Exception as error:
        if "exist" not in str(error).lower():
            return None
    return f"{entity}/{BARS}"


def _blocks(
    group: RunGroup, report: "Report", entity: str, project: str, bars: str | None
) -> list[Any]:
    """What the report consists of, from what was run to the notes."""
    from wandb_workspaces import expr
    from wandb_workspaces.reports import v2 as wr

    def runs(kind: str, name: str) -> Any:
        chosen = expr.And(expr.Metric("Group") == group.whole.group, expr.Metric("JobType") == kind)
        return wr.Runset(entity=entity, project=project, name=name, filters=chosen)

    def cells(*panels: Any) -> Any:
        return wr.PanelGrid(runsets=[runs("cell", "cells")], panels=list(panels))

    def whole(*panels: Any) -> Any:
        return wr.PanelGrid(runsets=[runs("experiment", "experiment")], panels=list(panels))

    accuracy = wr.SummaryMetric("accuracy")
    columns = [
        *(wr.Config(name) for name in ("base_model", "delta", "dataset", "lambda", "temperature")),
        *(wr.SummaryMetric(name) for name in ("mean_tokens", "truncated_share", "accuracy")),
    ]
    blocks: list[Any] = [
        wr.TableOfContents(),
        wr.H1("What was run"),
        wr.MarkdownBlock(_what_was_run(group)),
        wr.H1("Results"),
        *(wr.MarkdownBlock(render_markdown(table)) for table in report.tables),
        whole(_bar_panel(bars)),
        wr.H1("λ and τ"),
        cells(
            wr.ScatterPlot(title="accuracy against λ", x=wr.Config("lambda"), y=accuracy),
            wr.ScatterPlot(title="accuracy against τ", x=wr.Config("temperature"), y=accuracy),
            wr.ScatterPlot(
                title="accuracy against response length (tokens)",
                x=wr.SummaryMetric("mean_tokens"),
                y=accuracy,
                z=wr.Config("lambda"),
            ),
            wr.ParallelCoordinatesPlot(
                title="the sweep",
                columns=[wr.ParallelCoordinatesPlotColumn(metric=one) for one in columns],
                layout=wr.Layout(w=24, h=10),
            ),
        ),
    ]
    lines = line_charts(charts(report.results))
    if lines:
        panels = [_line_panel(name, chart.title, chart.x_name) for name, chart in lines.items()]
        blocks += [wr.H1("Curves"), whole(*panels)]
    sections = dict.fromkeys(one.section for one in report.results)
    tables = [
        wr.WeavePanelSummaryTable(table_name=f"problems {name}", layout=wr.Layout(w=24, h=14))
        for name in sections
    ]
    blocks += [
        wr.H1("Problems, side by side"),
        whole(*tables),
        wr.H1("Responses"),
        cells(
            wr.WeavePanelSummaryTable(table_name="responses", layout=wr.Layout(w=24, h=16)),
            wr.RunComparer(diff_only="split", layout=wr.Layout(w=24, h=12)),
        ),
    ]
    return blocks


def _what_was_run(group: RunGroup) -> str:
    config = group.whole.config
    lines = [
        f"* Command: `{config['command']}`" if config.get("command") else "",
        f"* Code: rast-bench {config.get('version')}, commit `{config.get('commit') or 'unknown'}`",
        f"* Base models: {_listed(config['base_models'])}",
        f"* ΔR: {_listed(config['deltas']) or 'none'}",
        f"* Data sets: {_listed(config.get('datasets') or ())}",
    ]
    return "\n".join(filter(None, lines)) + "\n"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(escape_markdown, names))


def _bar_panel(bars: str | None) -> Any:
    """Accuracies with their intervals: our bars, or the table where the preset cannot be made."""
    from wandb_workspaces.reports import v2 as wr

    if bars is None:
        return wr.WeavePanelSummaryTable(table_name=INTERVALS, layout=wr.Layout(w=24, h=12))
    return wr.CustomChart(
        query={"summaryTable": {"tableKey": INTERVALS}},
        chart_name=bars,
        chart_fields={name: name for name in INTERVAL_COLUMNS},
        chart_strings={
            "title": "accuracy with 95 % intervals over problems",
            "unit": "accuracy (%)",
        },
        layout=wr.Layout(w=24, h=14),
    )


def _line_panel(name: str, title: str, x_name: str) -> Any:
    """A chart that the run of the whole logged."""
    from wandb_workspaces.reports import v2 as wr

    return wr.CustomChart(
        query={"summaryTable": {"tableKey": f"Custom Chart Tables/{name}_table"}},
        chart_name="wandb/lineseries/v0",
        chart_fields={"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"},
        chart_strings={"title": title, "xname": x_name},
    )
