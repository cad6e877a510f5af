"""Continuous batching as slowly and plainly as can be, to check the simulation against."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Walked:
    busy: list[int] = field(default_factory=list)  # rows in each step
    waiting: list[int] = field(default_factory=list)  # requests without a row in each step
    ends: list[int] = field(default_factory=list)  # steps after which requests ended, sorted


def walk(lengths: Sequence[int], rows: int) -> Walked:
    """One step after another: rows are filled from the queue, then each makes a token."""
    queue, running, walked = deque(lengths), [], Walked()
    while queue or running:
        while queue and len(running) < rows:
            running.append(queue.popleft())
        walked.busy.append(len(running))
        walked.waiting.append(len(queue))
        running = [left - 1 for left in running]
        walked.ends += [len(walked.busy)] * running.count(0)
        running = [left for left in running if left]
    return walked
