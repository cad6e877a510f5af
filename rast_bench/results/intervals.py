"""The 95 % interval of a result over problems."""

from rast_bench.metrics.student_t import student_t_interval
from rast_bench.results.registry import ACCURACY, MAJORITY_AT_K, PASS_AT_K
from rast_bench.results.result import Result

_RATES = (ACCURACY, PASS_AT_K, MAJORITY_AT_K)
_COUNTS = ("tokens", "occurrences")


def interval_of(result: Result) -> tuple[float | None, float | None]:
    """Return the ends of the result's own interval, else of Student's over its problems.

    Of a rate it stays within [0, 1], of a count above 0. Both are None without a standard error.
    """
    value, error, problems = result.value, result.standard_error, result.problems or 0
    if value.low is not None or value.high is not None:
        return value.low, value.high
    if value.estimate is None or error is None or problems < 2:
        return None, None
    low, high = student_t_interval(value.estimate, error, problems - 1)
    if result.measure in _RATES:
        return max(low, 0.0), min(high, 1.0)
    return (max(low, 0.0) if result.measure.unit in _COUNTS else low), high
