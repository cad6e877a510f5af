"""Counts, sizes and durations as text, with no more digits than are known."""


def count(number: int, noun: str) -> str:
    """Return `1 cell`, `5,000 cells`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size_text(number: float) -> str:
    """Return bytes as `6.1 MiB`, `61.0 GiB`."""
    for unit, size in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 2**10:.1f} KiB"


def amount(value: float) -> str:
    """Return three digits: `812`, `9.42 M`, `1.24 G`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g} {unit}"
    return f"{value:,.0f}"


def hours_text(value: float) -> str:
    """Return a duration given in hours: `40 s`, `12 min`, `3.5 h`."""
    if value * 60 < 1:
        return f"{value * 3600:.0f} s"
    return f"{value * 60:.0f} min" if value < 1 else f"{value:,.1f} h"
