"""Audit of the published numbers: every derived number against what it was derived from."""

from collections.abc import Sequence

from rast_bench.paper.audit.comparisons import check_comparisons
from rast_bench.paper.audit.contradictions import check_contradictions
from rast_bench.paper.audit.costs import (
    check_flops,
    check_memory,
    check_memory_saved,
    check_speed,
    check_speed_by_size,
)
from rast_bench.paper.audit.counts import (
    check_gpqa,
    check_pools,
    check_runs,
    check_shares,
    check_sizes,
)
from rast_bench.paper.audit.finding import Finding
from rast_bench.paper.audit.recovery import (
    check_figure_4,
    check_mean_recovery_rates,
    check_recovery_rates,
)
from rast_bench.paper.audit.repeats import check_repeats
from rast_bench.paper.audit.statements import check_statements
from rast_bench.paper.audit.unchecked import list_unchecked
from rast_bench.paper.published import Published

_CHECKS = (
    *(check_recovery_rates, check_figure_4, check_mean_recovery_rates),
    *(check_shares, check_gpqa, check_runs, check_pools, check_sizes, check_repeats),
    *(check_statements, check_comparisons, check_contradictions),
    *(check_memory, check_memory_saved, check_flops, check_speed, check_speed_by_size),
    list_unchecked,
)


def audit(records: Sequence[Published]) -> list[Finding]:
    """Return all findings, grouped by rule.

    Raises:
        DatasetError: a number is missing.
    """
    return [finding for check in _CHECKS for finding in check(records)]


__all__ = ["Finding", "audit"]
