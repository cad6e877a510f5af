import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from reporting_samples import DATASETS, grid, only_grid, result, results

from rast_bench.reporting.curves import k_figure
from rast_bench.reporting.figure_style import FigureFormat, figure_bytes, row_styles
from rast_bench.reporting.heat_maps import heat_map_figure
from rast_bench.reporting.index import grids_of
from rast_bench.results.registry import PASS_AT_K
from rast_bench.results.result import Value

(GRID,) = grids_of(grid())


def curve(section: str) -> Figure:
    figure = k_figure(PASS_AT_K, section, results())
    assert figure is not None
    return figure


def test_pass_at_k_has_a_panel_a_set_and_controls_in_panels_of_their_own() -> None:
    figure = curve("tiny-l")
    titles = [f"{name} (200 problems)" for name in DATASETS]
    assert [axis.get_title() for axis in figure.axes] == [*titles, *titles]
    main, controls = (part.legends[0] for part in figure.subfigs)
    assert [text.get_text() for text in main.get_texts()] == [
        *("base (greedy)", "+ ΔR tiny-m", "+ ΔR tiny-s seed 1", "+ ΔR tiny-s seed 2", "RL ceiling")
    ]
    assert [text.get_text() for text in controls.get_texts()] == [
        *("base (greedy)", "RL ceiling", "ΔR shuffled", "base τ = 0.6")
    ]
    assert controls.get_title().get_text().startswith("controls, beside base and ceiling")
    for axis in figure.axes:
        # The greedy base is an error bar: one point and two caps.
        assert len(axis.containers) == 1
        assert axis.get_xscale() == "log"
        assert [label.get_text() for label in axis.get_xticklabels()] == [
            *("1", "2", "4", "8", "16", "32")
        ]
        assert axis.get_ylim()[1] < 104
    counts = [sum(np.size(line.get_xdata()) > 2 for line in axis.lines) for axis in figure.axes]
    assert counts == [4] * 4 + [3] * 4


def test_pass_at_k_draws_the_numbers() -> None:
    line = next(one for one in curve("tiny-l").axes[1].lines if one.get_label() == "+ ΔR tiny-m")
    assert np.array_equal(line.get_xdata(), range(1, 33))
    assert np.asarray(line.get_ydata())[3] == pytest.approx(100 * (1 - 0.59**4))


def test_a_section_with_two_sets_and_no_controls_has_two_panels() -> None:
    assert len(curve("tiny-m").axes) == 2


def test_no_two_rows_look_alike() -> None:
    many = [result(PASS_AT_K, Value(0.5, 0.1, k=1), row=f"row {place}") for place in range(17)]
    looks = {tuple(sorted(style.items())) for style in row_styles(many).values()}
    assert len(looks) == 17
    colours_and_lines = {(look["color"], look["linestyle"]) for look in row_styles(many).values()}
    assert len(colours_and_lines) == 17


def test_the_labels_of_the_k_axis_do_not_meet() -> None:
    figure = curve("tiny-l")
    figure_bytes(figure, "png")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [axis.xaxis.label.get_window_extent(renderer) for axis in figure.axes[:4]]
    assert figure.axes[0].get_xlabel() == "k (samples per problem)"
    for left, right in pairwise(boxes):
        assert left.x1 + 10 < right.x0


def test_heat_map_writes_every_value_and_frames_the_near_best() -> None:
    figure = heat_map_figure(GRID)
    axis, bar = figure.axes
    texts = [text.get_text() for text in axis.texts]
    assert texts.count("± 2.1") == 27
    assert texts.count("not run") == 1
    # 0.5 + 0.2 − 0.1 − 0.15 · 0.16 = 0.576 at λ = 1, τ = 0.4
    assert "57.6" in texts
    frames = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
    assert len(frames) == sum(map(GRID.near_best, GRID.accuracies)) == 5
    assert [label.get_text() for label in axis.get_yticklabels()] == ["0.4", "0.7", "1", "1.3"]
    assert bar.get_ylabel() == "avg@8 (%)"


def test_heat_map_of_noise_is_not_painted_as_signal() -> None:
    (flat,) = grids_of(only_grid())
    figure = heat_map_figure(flat)
    low, high = figure.axes[0].images[0].get_clim()
    assert high - low == pytest.approx(8 * 2.0)


@pytest.mark.parametrize("file_format", ["svg", "png"])
def test_files_are_the_same_byte_for_byte(file_format: FigureFormat) -> None:
    curves = [curve("tiny-l") for _ in range(2)]
    maps = [heat_map_figure(GRID) for _ in range(2)]
    for first, second in (curves, maps):
        assert figure_bytes(first, file_format) == figure_bytes(second, file_format)


def test_svg_is_well_formed_and_has_no_date() -> None:
    content = figure_bytes(heat_map_figure(GRID), "svg")
    assert ET.fromstring(content).tag.endswith("svg")
    assert b"<dc:date>" not in content


def test_dollar_signs_in_a_label_are_text() -> None:
    (broken,) = grids_of(replace(one, grid="$\\broken$") for one in only_grid(dataset="a_b"))
    figure = heat_map_figure(broken)
    assert figure_bytes(figure, "png").startswith(b"\x89PNG")


def test_figures_do_not_touch_pyplot() -> None:
    curve("tiny-m")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
