"""Which group a worker starts with, and whether an idle worker helps elsewhere (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WORTH_LOADS = 2.0  # a helper joins if the group's workers need this many times its load time


def first_groups(work: Sequence[float], workers: int) -> list[int]:
    """Return the group that each worker starts with: each group once, longest first, then those
    with most work per worker.

    Groups left without a worker are taken up by the workers that finish first.

    Args:
        work: of each group, in any one unit; at least one is positive.
    """
    if not any(amount > 0 for amount in work):
        raise ValueError("no group has work")
    counts = [0] * len(work)
    begin = []
    for _ in range(workers):
        # A group without a worker comes before any group that has one.
        best = max(
            (i for i, amount in enumerate(work) if amount > 0),
            key=lambda i: (counts[i] == 0, work[i] / max(1, counts[i]), -i),
        )
        counts[best] += 1
        begin.append(best)
    return begin


@dataclass(frozen=True)
class OpenGroup:
    """A group with unleased chunks."""

    free_samples: int
    workers: int  # at work on it now
    samples_per_second: float | None  # of them together; None while that is unknown


def next_group(groups: Mapping[int, OpenGroup], load_seconds: float | None) -> int | None:
    """Return the next group: one without workers, the longest first, else one where help pays off.

    Help costs a load. It pays off if the group's workers need more than twice as long for its free
    samples. None: better to end and free the device.

    Args:
        load_seconds: load time of this worker's last engine; None before its first.
    """
    worth = {
        number: group
        for number, group in groups.items()
        if group.workers == 0 or _worth_a_load(group, load_seconds)
    }
    if not worth:
        return None
    return max(
        worth,
        key=lambda i: (worth[i].workers == 0, worth[i].free_samples / (worth[i].workers + 1), -i),
    )


def _worth_a_load(group: OpenGroup, load_seconds: float | None) -> bool:
    if group.samples_per_second is None or load_seconds is None:
        return True
    return group.free_samples > WORTH_LOADS * load_seconds * group.samples_per_second
