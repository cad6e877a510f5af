import pytest

from rast_bench.errors import ConfigError
from rast_bench.reporting.records import ReportRow, Role, dataset_order, sections


def row(label: str, role: Role, section: str = "tiny-l") -> ReportRow:
    return ReportRow(label, section, role, {})


def test_sections_order_rows_by_role_and_keep_the_given_order_within() -> None:
    rows = [
        row("shuffled", "control"),
        row("RL", "ceiling"),
        row("+ large", "rast"),
        row("greedy", "base", "tiny-m"),
        row("+ small", "rast"),
        row("greedy", "base"),
    ]
    first, second = sections(rows)
    assert [member.label for member in first.rows] == [
        "greedy",
        "+ large",
        "+ small",
        "RL",
        "shuffled",
    ]
    assert first.base is rows[5]
    assert first.ceiling is rows[1]
    assert (second.name, second.base, second.ceiling) == ("tiny-m", rows[3], None)


@pytest.mark.parametrize("role", ["base", "ceiling"])
def test_two_references_in_a_section_are_refused(role: Role) -> None:
    with pytest.raises(ConfigError, match=r"section tiny-l: 2 rows .*\(seed 1, seed 2\)"):
        sections([row("seed 1", role), row("seed 2", role)])


def test_two_rows_of_one_label_are_refused_within_a_section_only() -> None:
    sections([row("greedy", "base"), row("greedy", "base", "tiny-m")])
    with pytest.raises(ConfigError, match="labelled 'same'"):
        sections([row("same", "rast"), row("same", "control")])


def test_data_sets_come_in_order_of_first_appearance() -> None:
    def holding(label: str, *names: str) -> ReportRow:
        return ReportRow(label, "s", "rast", dict.fromkeys(names))  # type: ignore[arg-type]

    assert dataset_order([holding("a", "z", "b"), holding("c", "a", "b")]) == ("z", "b", "a")
