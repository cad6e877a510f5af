"""Vega-Lite specifications of charts: bars, curves, points and heat maps over rows of data.

A row of data is a number of ours (`value`, with `low` and `high`) or a published one (`published`),
with the `text` that is shown under the pointer. Expressions are plain enough for Vega's
interpreter. No text has a colour and nothing has a background: both are the page's, which may be
dark.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rast_bench.reporting.figure_style import MARKERS, PALETTE

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

_OURS = {"filter": {"field": "value", "valid": True}}
_INTERVAL = {"filter": {"field": "low", "valid": True}}
_PUBLISHED = {"filter": {"field": "published", "valid": True}}
_HOLLOW = {"type": "point", "shape": "diamond", "filled": False, "fill": "white", "size": 55}
_NOT_SHOWN = {"condition": {"param": "shown", "value": 1}, "value": 0.15}
_SHOWN = {"name": "shown", "select": {"type": "point", "fields": ["row"]}, "bind": "legend"}
_PLOT_HEIGHT = 260  # pixels
_STEP = 13  # pixels of a bar
_SHAPES = {"o": "circle", "^": "triangle-up", "D": "diamond", "v": "triangle-down", "P": "cross"}


def bars(
    rows: Rows,
    unit: str,
    colours: Mapping[str, str],
    *,
    domain: tuple[float, float] | None = None,
) -> Spec:
    """Return horizontal bars with intervals, grouped by `group`; published numbers are hollow.

    Args:
        rows: `group`, `row`; `value`, `low` and `high` or `published`.
        unit: Of the numbers, title of the axis.
        colours: By `row`, in the order of the bars.
        domain: Of the axis; what lies beyond is cut.
    """
    return _whole(rows, bar_layers(unit, colours, domain=domain))


def bar_layers(
    unit: str,
    colours: Mapping[str, str],
    *,
    domain: tuple[float, float] | None = None,
) -> Spec:
    """Return `bars` without data. Without colours the rows are found in the data."""
    scale: Spec = {"zero": True} if domain is None else {"domain": list(domain), "nice": False}
    order: Spec = {"scale": {"domain": list(colours)}} if colours else {}
    x = {"type": "quantitative", "title": unit}
    return {
        "height": {"step": _STEP},
        "encoding": {
            "y": {"field": "group", "type": "nominal", "sort": None, "title": None},
            "yOffset": {"field": "row", "sort": None, **order},
            "color": _colour(colours),
            "opacity": _NOT_SHOWN,
            "tooltip": _tooltip(unit, group="data set", row="row"),
        },
        "layer": [
            {
                "transform": [_OURS],
                "mark": {"type": "bar", "fillOpacity": 0.55, "clip": True},
                "encoding": {"x": {"field": "value", **x, "scale": scale}},
            },
            {
                "transform": [_INTERVAL],
                "mark": {"type": "rule", "strokeWidth": 1.6, "clip": True},
                "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "transform": [_PUBLISHED],
                "mark": {**_HOLLOW, "clip": True},
                "encoding": {"x": {"field": "published", **x}},
            },
        ],
    }


def with_field_names(spec: Spec, form: str) -> Spec:
    """Return a specification for another program's data: each field's name stands in `form`.

    What follows the pointer is left out: the other program has its own.
    """

    def renamed(part: Any) -> Any:
        if isinstance(part, list):
            return [renamed(one) for one in part]
        if not isinstance(part, dict):
            return part
        return {
            key: form % value if key == "field" else renamed(value)
            for key, value in part.items()
            if key not in ("opacity", "tooltip")
        }

    found: Spec = renamed(spec)
    return found


def curves(
    rows: Rows,
    x_title: str,
    unit: str,
    colours: Mapping[str, str],
    *,
    log: bool = False,
) -> Spec:
    """Return lines with bands from `low` to `high`; published numbers are hollow and dotted.

    Args:
        rows: `row`, `x`; `value`, `low` and `high` or `published`.
        log: Whether the x axis doubles at every tick.
    """
    places = sorted({row["x"] for row in rows})
    ticks = [x for x in places if not log or (int(x) & (int(x) - 1)) == 0] or places
    x = {
        "field": "x",
        "type": "quantitative",
        "title": x_title,
        "axis": {"values": ticks, "grid": False},
        "scale": {"type": "log", "base": 2, "nice": False} if log else {"zero": False},
    }
    y = {"type": "quantitative", "title": unit, "scale": {"zero": False}}
    spec = {
        "height": _PLOT_HEIGHT,
        "encoding": {
            "x": x,
            "color": _colour(colours),
            "opacity": _NOT_SHOWN,
            "tooltip": _tooltip(unit, row="row", x=x_title),
        },
        "layer": [
            {
                "transform": [_INTERVAL],
                "mark": {"type": "area", "fillOpacity": 0.15, "tooltip": None},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "transform": [_OURS],
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"y": {"field": "value", **y}},
            },
            {
                "transform": [_OURS],
                "mark": {"type": "point", "filled": True, "size": 35},
                "encoding": {"y": {"field": "value", **y}},
            },
            {
                "transform": [_PUBLISHED],
                "mark": {"type": "line", "strokeWidth": 1.2, "strokeDash": [2, 3]},
                "encoding": {"y": {"field": "published", **y}},
            },
            {
                "transform": [_PUBLISHED],
                "mark": _HOLLOW,
                "encoding": {"y": {"field": "published", **y}},
            },
        ],
    }
    return _whole(rows, spec)


def points(
    rows: Rows,
    x_title: str,
    unit: str,
    colours: Mapping[str, str],
) -> Spec:
    """Return one point per row and group, with its interval in y; published ones are hollow.

    Args:
        rows: `group` (a shape), `row` (a colour), `x` and its text `x_text`; `value`, `low` and
            `high` or `published`.
    """
    groups = list(dict.fromkeys(str(row["group"]) for row in rows))
    shapes = [_SHAPES.get(MARKERS[place % len(_SHAPES)], "circle") for place in range(len(groups))]
    grey = {"orient": "top", "symbolFillColor": "#808080", "symbolStrokeColor": "#808080"}
    shape = {
        "field": "group",
        "type": "nominal",
        "title": None,
        "scale": {"domain": groups, "range": shapes},
        "legend": _legend(groups) | grey if len(groups) > 1 else None,
    }
    y = {"type": "quantitative", "title": unit, "scale": {"zero": False}}
    spec = {
        "height": _PLOT_HEIGHT,
        "encoding": {
            "x": {
                "field": "x",
                "type": "quantitative",
                "title": x_title,
                "scale": {"zero": False},
            },
            "color": _colour(colours),
            "opacity": _NOT_SHOWN,
            "tooltip": _tooltip(unit, row="row", group="data set", x_text=x_title),
        },
        "layer": [
            {
                "transform": [_INTERVAL],
                "mark": {"type": "rule", "strokeOpacity": 0.6},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "transform": [_OURS],
                "mark": {"type": "point", "filled": True, "size": 80},
                "encoding": {"y": {"field": "value", **y}, "shape": shape},
            },
            {
                "transform": [_PUBLISHED],
                "mark": {"type": "point", "filled": False, "fill": "white", "size": 60},
                "encoding": {"y": {"field": "published", **y}, "shape": shape},
            },
        ],
    }
    return _whole(rows, spec)


def heat_map(rows: Rows, unit: str, colours: tuple[float, float]) -> Spec:
    """Return a map over λ (columns) and τ (rows, upwards) with the numbers in its cells.

    Args:
        rows: `lambda`, `temperature`, `value`, `text`, `framed` and, for the cell, `label`.
        colours: The values at the two ends of the colour scale.
    """
    middle = sum(colours) / 2  # cividis is dark below it
    framed = {"field": "framed", "equal": True}
    spec = {
        "height": {"step": 42},
        "encoding": {
            "x": {
                "field": "lambda",
                "type": "ordinal",
                "title": "λ (weight of ΔR; 0 is the base model)",
                "axis": {"labelAngle": 0, "ticks": False, "domain": False},
            },
            "y": {
                "field": "temperature",
                "type": "ordinal",
                "title": "τ (sampling temperature)",
                "sort": "descending",
                "axis": {"ticks": False, "domain": False},
            },
            "tooltip": _tooltip(unit, **{"lambda": "λ", "temperature": "τ"}),
        },
        "layer": [
            {
                "mark": "rect",
                "encoding": {
                    "color": {
                        "field": "value",
                        "type": "quantitative",
                        "title": unit,
                        "scale": {"scheme": "cividis", "domain": list(colours)},
                    }
                },
            },
            {
                "transform": [{"filter": framed}],
                "mark": {"type": "rect", "filled": False, "strokeWidth": 2, "stroke": PALETTE[1]},
            },
            {
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {
                    "text": {"field": "label"},
                    "color": {
                        "condition": {"test": {"field": "value", "lt": middle}, "value": "#FFFFFF"},
                        "value": "#1A1A1A",
                    },
                },
            },
        ],
    }
    return _whole(rows, spec)


def _whole(rows: Rows, spec: Spec) -> Spec:
    """Return the specification with its data, without layers of fields that no row has."""
    fields = {name for row in rows for name in row}

    def drawn(layer: Spec) -> bool:
        filters = (one["filter"] for one in layer.get("transform", ()))
        return all(one["field"] in fields for one in filters)

    layers = [layer for layer in spec["layer"] if drawn(layer)]
    if "opacity" in spec["encoding"]:  # depends on the names that were clicked at
        layers[0] = {"params": [_SHOWN], **layers[0]}
    return {
        "$schema": SCHEMA,
        "data": {"values": [dict(row) for row in rows]},
        "width": "container",
        **spec,
        "layer": layers,
    }


def _colour(colours: Mapping[str, str]) -> Spec:
    """Return the colour of a row, by name; names and legend are left out where there is one."""
    scale: Spec = {"range": list(PALETTE)}
    if colours:
        scale = {"domain": list(colours), "range": list(colours.values())}
    legend = _legend(list(colours)) if len(colours) != 1 else None
    return {"field": "row", "type": "nominal", "title": None, "scale": scale, "legend": legend}


def _legend(names: Sequence[str]) -> Spec:
    longest = max(map(len, names), default=0)
    columns = 1 if longest > 40 else 2 if longest > 18 else 4
    return {"orient": "bottom", "columns": columns, "labelLimit": 330, "symbolStrokeWidth": 2}


def _tooltip(unit: str, **titles: str) -> list[Spec]:
    """Return what is shown under the pointer: fields by title, and the number."""
    fields = {**titles, "text": unit}
    return [{"field": field, "title": title} for field, title in fields.items()]
