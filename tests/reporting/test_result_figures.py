"""What the figures of results show: ours filled, published numbers hollow, in the right place."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from measured_cells import HALF, cell, cells, published, requested

from rast_bench.config.experiment import FigureKind
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.reporting.curves import k_figure, setting_figure
from rast_bench.reporting.experiment_figures import requested_figures
from rast_bench.reporting.figure_style import figure_bytes, legend_columns, row_styles
from rast_bench.results.build import build_results
from rast_bench.results.registry import FIGURE_MEASURES, PASS_AT_K

K_PUBLISHED = [published("90.0", metric="pass@k", k=4), published("95.0", metric="pass@k", k=8)]


def test_pass_at_k_shows_both() -> None:
    results = requested(cells()[1:], ["pass@k"], *K_PUBLISHED)
    figure = k_figure(PASS_AT_K, "big", results)
    assert figure is not None
    (axis,) = figure.axes
    lines = [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axis.lines]
    assert ([4], [100.0]) in lines
    assert ([4, 8], [90.0, 95.0]) in lines
    hollow = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
    assert len(hollow) == 1
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["4", "8"]


def test_ours_is_drawn_at_every_k_that_there_are_samples_for() -> None:
    """Whatever few of them the experiment's table shows."""
    results = build_results(
        "test", cells(), requested=[PASS_AT_K], published=K_PUBLISHED, counter=SimplemmaCounter()
    )
    (axis,) = requested_figures(["pass@k"], results, "")["pass_at_k-big"].axes
    assert [1, 2, 3, 4] in [line.get_xdata().tolist() for line in axis.lines]


def test_a_long_legend_stands_below_the_panels() -> None:
    rows = [
        cell(f"a control with a name of some length, number {i}", "control", HALF)
        for i in range(60)
    ]
    figure = k_figure(PASS_AT_K, "big", requested(rows, ["pass@k"], *K_PUBLISHED))
    assert figure is not None
    FigureCanvasAgg(figure).draw()
    (part,) = figure.subfigs
    (legend,) = part.legends
    assert len(legend.get_texts()) == 60
    assert all(not legend.get_window_extent().overlaps(one.get_tightbbox()) for one in part.axes)


def test_a_grid_of_one_dimension_runs_over_what_varies() -> None:
    lambdas = [cell("p", "rast", HALF, grid="λ at τ = 1", lambda_=one) for one in (0.5, 1.0)]
    heats = [cell("p", "rast", HALF, grid="τ at λ = 1", temperature=one) for one in (0.7, 1.0, 1.3)]
    results = requested([*lambdas, *heats], ["accuracy"], published("50.0"))
    left, right = setting_figure("figure 6", results).axes
    assert left.lines[0].get_xdata().tolist() == [0.5, 1.0]
    assert right.lines[0].get_xdata().tolist() == [0.7, 1.0, 1.3]
    assert left.get_xlabel().startswith("λ")
    assert right.get_xlabel().startswith("τ")


def test_bars_stand_beside_each_other() -> None:
    results = requested(cells(), ["response length"])
    figures = requested_figures(["length"], results, "lengths")
    (axis,) = figures["length"].axes
    assert [bar.get_height() for bar in axis.patches] == [4.0, 4.0, 4.0]
    places = [bar.get_x() for bar in axis.patches]
    assert places == sorted(set(places))


def test_a_joint_grid_has_the_published_one_beside_ours() -> None:
    points = [
        cell("p", "rast", HALF, grid="joint", lambda_=lambda_, temperature=heat)
        for lambda_ in (0.5, 1.0)
        for heat in (0.7, 1.0)
    ]
    results = requested(points, ["accuracy"], published("81.2"))
    figure = requested_figures(["grids"], results, "grid")["grid-joint"]
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:2] == ["published", "ours"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(texts) == ["81.2", "–", "–", "–"]
    assert {text.get_text() for text in figure.axes[1].texts} == {"50.0", "± 10.2"}


@pytest.mark.parametrize("kind", ["pass@k", "majority@k", "behaviour", "length", "pcr", "grids"])
def test_nothing_is_drawn_where_there_is_nothing_to_draw(kind: FigureKind) -> None:
    nothing = [cell(one.row, one.role, None) for one in cells()]
    nothing.append(cell("p", "rast", None, grid="λ"))
    names = [one.name for one in FIGURE_MEASURES[kind]]
    assert requested_figures([kind], requested(nothing, names), kind) == {}


def test_published_numbers_alone_are_drawn() -> None:
    nothing = [cell(one.row, one.role, None) for one in cells()]
    results = requested(nothing, ["pass@k"], *K_PUBLISHED)
    (figure,) = requested_figures(["pass@k"], results, "pass@k").values()
    assert figure.axes


def test_a_bar_of_zero_can_be_seen() -> None:
    results = requested(cells(), [one.name for one in FIGURE_MEASURES["behaviour"]])
    axes = requested_figures(["behaviour"], results, "behaviour")["behaviour"].axes
    zeros = [sum(bar.get_height() == 0 for bar in axis.patches) for axis in axes]
    assert sum(zeros) > 0
    assert [[text.get_text() for text in axis.texts] for axis in axes] == [
        ["0"] * count for count in zeros
    ]


def test_a_figure_is_the_same_file_twice() -> None:
    results = requested(cells()[1:], ["pass@k"], *K_PUBLISHED)
    first, second = (
        figure_bytes(requested_figures(["pass@k"], results, "")["pass_at_k-big"], "pdf")
        for _ in range(2)
    )
    assert first == second
    assert first.startswith(b"%PDF")


def test_no_two_of_48_rows_have_the_same_colour_and_marker() -> None:
    rows = requested(
        [cell(f"row {i}", "rast", HALF) for i in range(48)], ["accuracy"], published("50.0")
    )
    styles = row_styles(rows)
    assert len(styles) == 48
    assert len({(style["color"], style["marker"]) for style in styles.values()}) == 48


def test_a_legend_is_no_wider_than_its_figure() -> None:
    assert legend_columns(["base", "+ ΔR", "RL"], 6.0) == 3
    assert legend_columns(["tiny-m RL seed 0"] * 4, 6.0) == 3
    assert legend_columns(["a name of a hundred letters " * 4], 6.0) == 1
