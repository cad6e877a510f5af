"""What graders of programs need beside the gold answer: tests, which can be gigabytes.

They are not part of a problem. Its gold answer is `tests-sha256:…`, the digest of its reference, so
the fingerprint of the set covers the tests, and launches and workers carry none; graders read them
from the data set again, one at a time.
"""

from collections.abc import Iterator
from typing import Any

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.entries import read_entries


def iter_references(cfg: DatasetConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (gold, reference) of every problem that has a reference, in file order.

    A reference is its `kind` (humaneval, mbpp, livecodebench) and fields of the row, under their
    names in the row: those that `rast_bench.code_tests` reads.

    Raises:
        DatasetError: the data set cannot be read.
    """
    for entry in read_entries(cfg):
        if entry.reference is not None:
            yield entry.problem.gold, dict(entry.reference)
