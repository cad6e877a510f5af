"""Where workers begin, and whether one that has nothing left to do helps elsewhere (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WORTH_LOADS = 2.0  # a helper joins where those at work need this many times its load


def first_groups(work: Sequence[float], workers: int) -> list[int]:
    """The group that each worker begins with: every group once, longest first, then where a worker
    still has most to do. Groups that find no worker are taken up by those that finish first.

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
    """A group with chunks that nobody has leased."""

    free_samples: int
    workers: int  # at work on it now
    samples_per_second: float | None  # of them together; None while that is unknown


def next_group(groups: Mapping[int, OpenGroup], load_seconds: float | None) -> int | None:
    """The group to go on with: one without workers, the longest first, else where help is worth it.

    Help costs a load. It is worth that where those at work need more than twice as long for what
    is free. None: better end and free the device.

    Args:
        load_seconds: of this worker's last engine; None before its first.
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
