"""What the figures of results show: ours filled, published numbers hollow, in the right place."""

import pytest
from measured_cells import HALF, cell, cells, published, requested

from rast_bench.reporting.experiment_figures import requested_figures
from rast_bench.reporting.figure_style import figure_bytes
from rast_bench.reporting.result_figures import k_figure, lambda_figure, legend_columns

K_PUBLISHED = [published("90.0", metric="pass@k", k=4), published("95.0", metric="pass@k", k=8)]


def test_pass_at_k_shows_both() -> None:
    results = requested(cells()[1:], ["pass@k"], *K_PUBLISHED)
    (axis,) = k_figure("pass@k", results).axes
    lines = [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axis.lines]
    assert ([4], [100.0]) in lines
    assert ([4, 8], [90.0, 95.0]) in lines
    hollow = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
    assert len(hollow) == 1
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["4", "8"]


def test_a_grid_of_one_dimension_runs_over_what_varies() -> None:
    lambdas = [cell("p", "rast", HALF, grid="λ at τ = 1", lambda_=one) for one in (0.5, 1.0)]
    heats = [cell("p", "rast", HALF, grid="τ at λ = 1", temperature=one) for one in (0.7, 1.0, 1.3)]
    results = requested([*lambdas, *heats], ["accuracy"], published("50.0"))
    left, right = lambda_figure("figure 6", results).axes
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
    assert sorted(texts) == ["81.2", "not run", "not run", "not run"]
    assert {text.get_text() for text in figure.axes[1].texts} == {"50.0"}


@pytest.mark.parametrize("kind", ["pass@k", "majority@k", "behaviour", "length"])
def test_every_kind_is_drawn_without_any_sample(kind: str) -> None:
    nothing = [cell(one.row, one.role, None) for one in cells()]
    measures = {
        "behaviour": ["branch out frequency", "backtrack frequency", "self verify frequency"],
        "length": ["response length"],
    }.get(kind, [kind])
    results = requested(nothing, measures, *(K_PUBLISHED if kind == "pass@k" else []))
    (figure,) = requested_figures([kind], results, kind).values()
    assert figure.axes


def test_a_figure_is_the_same_file_twice() -> None:
    results = requested(cells()[1:], ["pass@k"], *K_PUBLISHED)
    first, second = (figure_bytes(k_figure("pass@k", results), "pdf") for _ in range(2))
    assert first == second
    assert first.startswith(b"%PDF")


def test_a_legend_is_no_wider_than_its_figure() -> None:
    assert legend_columns(["base", "+ ΔR", "RL"], 6.0) == 3
    assert legend_columns(["tiny-m RL seed 0"] * 4, 6.0) == 3
    assert legend_columns(["a name of a hundred letters " * 4], 6.0) == 1
