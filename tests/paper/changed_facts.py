"""Published numbers with one of them replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from rast_bench.paper.published import Published, only


def with_value(
    records: Sequence[Published], coordinates: Mapping[str, object], value: str
) -> tuple[Published, list[Published]]:
    """The replaced number and all numbers with it, in order."""
    old = only(records, **coordinates)
    new = replace(old, value=Decimal(value))
    return new, [new if record is old else record for record in records]
