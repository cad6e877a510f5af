"""Continuous batching, counted in decoding steps.

A step gives every running row one token, and a row that has ended takes the next waiting request.
Which row is where depends on lengths alone, so the simulation needs one event a request and knows
nothing of seconds; those come from a `StepTime` afterwards.
"""

from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np

from simulation.lengths import Lengths
from simulation.step_time import StepTime


@dataclass(frozen=True)
class Stream:
    """What one engine did with one queue of requests, from the first step to the last."""

    rows: int
    steps: int
    tokens: int
    drain_steps: int  # with nothing waiting any more
    drain_tokens: int

    @property
    def occupancy(self) -> float:
        """Mean share of the rows that were busy."""
        return self.tokens / (self.steps * self.rows)

    def seconds(self, step: StepTime) -> float:
        return step.fixed * self.steps + step.per_row * self.tokens

    def drain_seconds(self, step: StepTime) -> float:
        return step.fixed * self.drain_steps + step.per_row * self.drain_tokens


def start_steps(lengths: Lengths, rows: int) -> Lengths:
    """[requests] the step at which each request gets its row, in the order of the queue."""
    starts = np.zeros_like(lengths)
    running = lengths[:rows].tolist()
    heapify(running)
    waiting = []
    for length in lengths[rows:].tolist():
        freed = running[0]
        waiting.append(freed)
        heapreplace(running, freed + length)
    starts[rows:] = waiting
    return starts


def run_stream(lengths: Lengths, rows: int) -> Stream:
    """The queue `lengths` [requests ≥ 1] through an engine of `rows` rows."""
    starts = start_steps(lengths, rows)
    ends = starts + lengths
    last_start = int(starts[-1])  # a queue's starts never fall
    return Stream(
        rows=rows,
        steps=int(ends.max()),
        tokens=int(lengths.sum()),
        drain_steps=int(ends.max()) - last_start,
        drain_tokens=int(np.maximum(ends - last_start, 0).sum()),
    )
