"""How many problems and samples of each cell an experiment's results cover."""

from collections.abc import Iterable

from rast_bench.results.registry import ACCURACY


def cell_extents(
    rows: Iterable[tuple[str, str | None, int | None, int | None]],
) -> dict[str, tuple[int, int]]:
    """Return (problems, samples per problem) by cell, the maximum if a cell occurs twice.

    Args:
        rows: measure, cell, problems and samples of each result. Every cell that was run has an
            accuracy; other measures are ignored.
    """
    found: dict[str, tuple[int, int]] = {}
    for measure, cell, problems, samples in rows:
        if measure == ACCURACY.name and cell and problems and samples:
            before = found.get(cell, (0, 0))
            found[cell] = max(before[0], problems), max(before[1], samples)
    return found
