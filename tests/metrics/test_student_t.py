import pytest

from rast_bench.metrics.student_t import student_t_quantile, student_t_two_sided

# Two-sided quantiles to three places, as in any printed table.
TABLE = [
    (0.95, 1, 12.706),
    (0.95, 2, 4.303),
    (0.95, 3, 3.182),
    (0.95, 4, 2.776),
    (0.95, 10, 2.228),
    (0.95, 29, 2.045),
    (0.95, 30, 2.042),
    (0.95, 120, 1.980),
    (0.99, 5, 4.032),
    (0.99, 1, 63.657),
    (0.90, 7, 1.895),
    (0.50, 6, 0.718),
    (0.95, 100_000, 1.960),
]


@pytest.mark.parametrize(("level", "dof", "t"), TABLE)
def test_printed_table(level: float, dof: int, t: float) -> None:
    assert student_t_quantile(level, dof) == pytest.approx(t, abs=6e-4)


@pytest.mark.parametrize("dof", [1, 2, 3, 8, 99])
@pytest.mark.parametrize("level", [0.1, 0.8, 0.999])
def test_quantile_inverts_probability(level: float, dof: int) -> None:
    assert student_t_two_sided(student_t_quantile(level, dof), dof) == pytest.approx(level)


def test_no_width_no_probability() -> None:
    assert student_t_two_sided(0.0, 5) == 0.0
