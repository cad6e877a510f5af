import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from reporting_samples import DATASETS, grid, only_grid, results

from rast_bench.reporting.figure_style import FigureFormat, figure_bytes
from rast_bench.reporting.figures import heat_map_figure, pass_at_k_figure
from rast_bench.reporting.index import ResultIndex, grids_of

INDEX = ResultIndex(results())
(GRID,) = grids_of(grid())


def test_pass_at_k_has_a_panel_a_set_and_a_line_a_row() -> None:
    figure = pass_at_k_figure(INDEX, "tiny-l")
    assert [axis.get_title() for axis in figure.axes] == [
        f"{name} (200 problems)" for name in DATASETS
    ]
    for axis in figure.axes:
        # Six sampled rows; the greedy base is an error bar: one point and two caps.
        assert sum(np.size(line.get_xdata()) > 2 for line in axis.get_lines()) == 6
        assert len(axis.containers) == 1
        assert axis.get_xscale() == "log"
        assert [label.get_text() for label in axis.get_xticklabels()] == [
            "1",
            "2",
            "4",
            "8",
            "16",
            "32",
        ]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [row.label for row in INDEX.section("tiny-l")]


def test_pass_at_k_draws_the_numbers() -> None:
    figure = pass_at_k_figure(INDEX, "tiny-l")
    line = next(line for line in figure.axes[1].get_lines() if line.get_label() == "+ ΔR tiny-m")
    assert np.array_equal(line.get_xdata(), range(1, 33))
    assert np.asarray(line.get_ydata())[3] == pytest.approx(100 * (1 - 0.59**4))


def test_a_section_with_two_sets_has_two_panels() -> None:
    assert len(pass_at_k_figure(INDEX, "tiny-m").axes) == 2


def test_lines_of_a_section_differ_in_colour_or_marker() -> None:
    figure = pass_at_k_figure(INDEX, "tiny-l")
    looks = {
        (line.get_color(), line.get_marker())
        for line in figure.axes[0].get_lines()
        if np.size(line.get_xdata()) > 2
    }
    assert len(looks) == 6


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
    curves = [pass_at_k_figure(INDEX, "tiny-l") for _ in range(2)]
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
    pass_at_k_figure(INDEX, "tiny-m")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
