"""Where results stand: the order of rows, sections and data sets, and cells that make no table."""

import pytest
from measured_cells import cell

from rast_bench.config.experiment import Role
from rast_bench.errors import ConfigError
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.reporting.index import ResultIndex
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, check_cells
from rast_bench.results.registry import ACCURACY, RECOVERY


def row(label: str, role: Role, section: str = "tiny-l", dataset: str = "easy") -> MeasuredCell:
    return cell(label, role, [[1, 0]], section=section, dataset=dataset, method="rast")


def index_of(cells: list[MeasuredCell]) -> ResultIndex:
    return ResultIndex(build_results("test", cells, counter=SimplemmaCounter()))


def test_sections_order_rows_by_role_and_keep_the_given_order_within() -> None:
    rows = [
        row("shuffled", "control"),
        row("RL", "ceiling"),
        row("+ large", "rast"),
        row("greedy", "base", "tiny-m"),
        row("+ small", "rast"),
        row("greedy", "base"),
    ]
    index = index_of(rows)
    assert index.section_names() == ("tiny-l", "tiny-m")
    assert [one.label for one in index.section("tiny-l")] == [
        "greedy",
        "+ large",
        "+ small",
        "RL",
        "shuffled",
    ]


def test_the_order_of_sections_does_not_depend_on_what_is_asked_for() -> None:
    """Recovery rates come first here, and the first section has none."""
    rows = [row("alone", "base"), row("+ large", "rast", "tiny-m"), row("base", "base", "tiny-m")]
    rows.append(row("RL", "ceiling", "tiny-m"))
    index = ResultIndex(build_results("test", rows, requested=[RECOVERY, ACCURACY]))
    assert index.section_names() == ("tiny-l", "tiny-m")


@pytest.mark.parametrize("role", ["base", "ceiling"])
def test_two_references_in_a_section_are_refused(role: Role) -> None:
    with pytest.raises(ConfigError, match=r"section tiny-l: 2 rows .*\(seed 1, seed 2\)"):
        check_cells([row("seed 1", role), row("seed 2", role)])


def test_two_rows_of_one_label_are_refused_within_a_section_only() -> None:
    check_cells([row("greedy", "base"), row("greedy", "base", "tiny-m")])
    with pytest.raises(ConfigError, match="labelled 'same'"):
        check_cells([row("same", "rast"), row("same", "control")])


def test_data_sets_come_in_order_of_first_appearance() -> None:
    cells = [
        row(label, "rast", dataset=name)
        for label, names in (("a", "zb"), ("c", "ab"))
        for name in names
    ]
    assert index_of(cells).datasets == ("z", "b", "a")
