"""The charts of the page and of trackers: the right numbers, their text, and nothing undrawable."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from measured_cells import HALF, cell, cells, published, requested

from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.reporting.charts import Chart, charts
from rast_bench.reporting.vega import bar_layers, with_field_names
from rast_bench.results.build import build_results
from rast_bench.results.registry import PASS_AT_K, measures_of


def built(*numbers: Any, **options: Any) -> dict[str, Chart]:
    """The charts of the three rows of `cells` and of more cells."""
    results = build_results(
        "test",
        [*cells(), *options.pop("more", ())],
        requested=measures_of(["accuracy"]),
        published=numbers,
        counter=SimplemmaCounter(),
    )
    return {one.id: one for one in charts(results)}


def test_accuracies_stand_with_their_intervals_beside_the_published_ones() -> None:
    chart = built(published("61.0"))["accuracy-big"]
    assert [(row["row"], row.get("value"), row.get("published")) for row in chart.rows] == [
        ("base", 25.0, None),
        ("+ ΔR", 50.0, None),
        ("+ ΔR", None, 61.0),
        ("RL", 100.0, None),
    ]
    base, ours, *_ = chart.rows
    # 2, 2, 3 and 1 of 4 on four problems: SE √(1/24)/2, times 3.182 of Student's t
    assert (ours["low"], ours["high"]) == pytest.approx((50 - 32.483, 50 + 32.483), abs=0.01)
    assert (base["low"], base["high"]) == (0.0, 100.0)
    assert "+ ΔR 50.0 % [17.5, 82.5], + ΔR 61.0 % (table 1)" in chart.alt
    assert chart.spec["description"] == f"{chart.title}. {chart.alt}"


def test_curves_over_k_keep_both_ends_and_few_points() -> None:
    many = [[number % 3 == 0 for number in range(100)], [1] + 99 * [0]]
    results = build_results("test", [cell("+ ΔR", "rast", many)], counter=SimplemmaCounter())
    (chart,) = [one for one in charts(results) if one.measure == PASS_AT_K]
    ks = [row["x"] for row in chart.rows]
    assert (ks[0], ks[-1]) == (1, 100)
    assert {1, 2, 4, 8, 16, 32, 64} < set(ks)
    assert len(ks) < 30
    assert [row["value"] for row in chart.rows][-1] == 100.0
    assert "k = 1, 100.0 % at k = 100" in chart.alt


def test_a_grid_is_drawn_over_both_its_axes_and_as_a_map() -> None:
    points = [
        cell("p", "rast", HALF, grid="g", lambda_=lambda_, temperature=temperature)
        for lambda_ in (0.5, 1.0)
        for temperature in (0.7, 1.0, 1.3)
    ]
    found = built(published("44.0", temperature=1.3), more=points)
    over = found["lambda-g-easy"]
    assert [row["x"] for row in over.rows if row["row"] == "τ = 0.7"] == [0.5, 1.0]
    assert [row["published"] for row in over.rows if "published" in row] == [44.0]
    assert len({row["row"] for row in found["temperature-g-easy"].rows}) == 2
    assert len(found["map-g-easy"].rows) == 6
    assert all(row["framed"] for row in found["map-g-easy"].rows)  # all are equal
    assert [row["value"] for row in found["map-g-easy-published"].rows] == [44.0]
    single = built(more=points[:3])  # τ alone
    assert {"temperature-g-easy"} == {one for one in single if "-g-" in one}


def test_what_nobody_measured_is_not_drawn() -> None:
    grid = [cell("p", "rast", None, grid="g", lambda_=one) for one in (0.5, 1.0)]
    assert charts(requested([cell("base", "base", None), *grid], ["accuracy"])) == []
    found = charts(requested([cell("+ ΔR", "rast", None)], ["accuracy"], published("61.0")))
    assert [one.id for one in found] == ["accuracy-big"]
    assert [row.get("published") for row in found[0].rows] == [61.0]


def texts_with_colour(part: Any) -> Iterator[dict[str, Any]]:
    """Axes, legends and titles that set a colour, at any depth."""
    if isinstance(part, list):
        for one in part:
            yield from texts_with_colour(one)
    elif isinstance(part, dict):
        if any(key.endswith("Color") or key == "background" for key in part):
            yield part
        for one in part.values():
            yield from texts_with_colour(one)


def test_every_chart_is_plain_json_for_light_and_dark_pages() -> None:
    points = [cell("p", "rast", HALF, grid="g", lambda_=one) for one in (0.5, 1.0)]
    other = cell("+ ΔR", "rast", HALF, dataset="easy", section="big / other")
    found = built(published("61.0"), more=[*points, other])
    assert {one.kind for one in found.values()} == {"bars", "curves", "points"}
    for chart in found.values():
        json.dumps(chart.spec, allow_nan=False)
        assert chart.spec["width"] == "container"
        assert list(texts_with_colour(chart.spec)) == []
        assert chart.alt
        colours = chart.spec["encoding"]["color"]["scale"]["range"]
        assert "#1A1A1A" not in colours  # the ink of printed figures
        assert all(row.get("low", 0) <= row.get("value", 0) for row in chart.rows)


def test_another_program_fills_the_same_bars_with_fields_of_its_own() -> None:
    text = json.dumps(with_field_names(bar_layers("%", {}), "${field:%s}"))
    for name in ("group", "row", "value", "low", "high", "published"):
        assert f'"${{field:{name}}}"' in text
    assert "params" not in text
