"""Two ways through table 1: an engine for each cell, or one engine and stream for each group."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import ceil

import numpy as np

from simulation.batching import Stream, run_stream
from simulation.lengths import Lengths
from simulation.step_time import StepTime

PARTS_A_SHARE = 2  # the fewer, the longer devices wait for the last one

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True)
class GroupWork:
    """An engine group: what its engine costs, and the responses of each of its cells."""

    name: str
    rows: int
    step: StepTime
    cells: tuple[Lengths, ...]


@dataclass(frozen=True)
class EngineRun:
    """One load of an engine and one stream through it."""

    group: GroupWork
    stream: Stream

    @property
    def decoding(self) -> float:
        """Seconds."""
        return self.stream.seconds(self.group.step)

    @property
    def draining(self) -> float:
        """Seconds of `decoding` in which no request was waiting."""
        return self.stream.drain_seconds(self.group.step)


@dataclass(frozen=True)
class Totals:
    """A way's cost. Hours are of working devices: one without work is given back."""

    loads: int
    device_hours: float
    loading_hours: float
    draining_hours: float
    makespan_hours: float
    occupancy: float  # mean share of busy rows, over the steps of all engines

    @property
    def tail_share(self) -> float:
        return self.draining_hours / self.device_hours


def cell_by_cell(groups: Sequence[GroupWork]) -> list[EngineRun]:
    """A load and a stream for each cell, in the table's order."""
    return [run(group, cell) for group in groups for cell in group.cells]


def merged(groups: Sequence[GroupWork], devices: int) -> list[EngineRun]:
    """A load and a stream for each group, the longest first.

    A group that would last longer than half of a device's fair share is cut by samples into parts,
    at most one a device; each part is a load and a stream of its own.
    """
    whole = [run(group, merged_cells(group)) for group in groups]
    longest = sum(r.decoding for r in whole) / devices / PARTS_A_SHARE
    runs = [part for r in whole for part in parts(r, min(devices, ceil(r.decoding / longest)))]
    return sorted(runs, key=lambda r: -r.decoding)


def parts(whole: EngineRun, count: int) -> list[EngineRun]:
    """The run's requests dealt to `count` engines."""
    if count == 1:
        return [whole]
    requests = merged_cells(whole.group)
    dealt = [requests[i::count] for i in range(count)]
    return [run(whole.group, part) for part in dealt if len(part)]


def run(group: GroupWork, requests: Lengths) -> EngineRun:
    return EngineRun(group, run_stream(requests, group.rows))


def merged_cells(group: GroupWork) -> Lengths:
    """All requests of the group, cell after cell."""
    return np.concatenate(group.cells)


def makespan(seconds: Sequence[float], devices: int) -> float:
    """When the last job ends if each device takes the next one as soon as it is free."""
    free = [0.0] * devices
    heapify(free)
    for duration in seconds:
        heapreplace(free, free[0] + duration)
    return max(free)


def totals(runs: Sequence[EngineRun], devices: int, load_seconds: float) -> Totals:
    """Hours of `devices` devices, each a slot that holds one engine."""
    decoding = [r.decoding for r in runs]
    loading = load_seconds * len(runs)
    places = sum(r.stream.steps * r.stream.rows for r in runs)
    return Totals(
        loads=len(runs),
        device_hours=(sum(decoding) + loading) / SECONDS_AN_HOUR,
        loading_hours=loading / SECONDS_AN_HOUR,
        draining_hours=sum(r.draining for r in runs) / SECONDS_AN_HOUR,
        makespan_hours=makespan([load_seconds + d for d in decoding], devices) / SECONDS_AN_HOUR,
        occupancy=sum(r.stream.tokens for r in runs) / places,
    )
