"""Student's t distribution for integer degrees of freedom, without scipy."""

import math
from functools import cache


def student_t_two_sided(t: float, dof: int) -> float:
    """Return P(|T| ≤ t) for t ≥ 0, dof ≥ 1: Abramowitz & Stegun 26.7.3 (odd), 26.7.4 (even)."""
    angle = math.atan(t / math.sqrt(dof))
    cosine_squared = math.cos(angle) ** 2
    odd = dof % 2 == 1
    term = math.cos(angle) if odd else 1.0
    series = term if dof > 1 else 0.0
    for power in range(3 if odd else 2, dof - 1, 2):
        term *= cosine_squared * (power - 1) / power
        series += term
    total = math.sin(angle) * series
    return 2 / math.pi * (angle + total) if odd else total


@cache
def student_t_quantile(level: float, dof: int) -> float:
    """Return the t with P(|T| ≤ t) = level, 0 < level < 1: half a two-sided interval's width."""
    low, high = 0.0, 1.0
    while student_t_two_sided(high, dof) < level:
        high *= 2
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if student_t_two_sided(middle, dof) < level:
            low = middle
        else:
            high = middle
    return high


def student_t_interval(
    value: float, standard_error: float, dof: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the ends of the two-sided interval of a mean with `dof` ≥ 1 degrees of freedom."""
    reach = student_t_quantile(level, dof) * standard_error
    return value - reach, value + reach
