"""What a tracker is, and what it is given: runs, points of a live run, tables, charts, files."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

from rast_bench.config.trackers import NoTracker, TrackerConfig, WandbConfig
from rast_bench.errors import ConfigError
from rast_bench.importing import import_object

Scalar = str | int | float | bool | None
WANDB_MODES = ("online", "offline", "disabled")
"""What the variable WANDB_MODE may be; the client itself knows more, or ends with a stack trace."""

Warn = Callable[[str], None]
"""Tells the user one line."""


@dataclass(frozen=True)
class TrackedRun:
    """One run of a tracker. A cell has one in each experiment, an experiment has one of its own.

    `run_id` is the same however often the run is pushed. `config` is flat, but for `identity`.
    """

    run_id: str
    name: str
    group: str
    kind: Literal["cell", "experiment"]
    config: Mapping[str, Any]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableData:
    """Columns and rows of a table; every row has as many values as there are columns."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Scalar]]


@dataclass(frozen=True)
class LineChart:
    """Lines by name, each a list of (x, y); y in percent."""

    title: str
    x_name: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class Content:
    """What a run shows when all of it is there; all mappings are by name.

    Attributes:
        pages: HTML.
        files: The artifact's; a path, or the content itself.
    """

    summary: Mapping[str, Scalar]
    tables: Mapping[str, TableData] = field(default_factory=dict)
    charts: Mapping[str, LineChart] = field(default_factory=dict)
    images: Mapping[str, Path] = field(default_factory=dict)
    pages: Mapping[str, Path] = field(default_factory=dict)
    files: Mapping[str, Path | bytes] = field(default_factory=dict)
    ledger: Mapping[str, Path] = field(default_factory=dict)


class Tracker(Protocol):
    """Shows runs. One process uses one tracker, from one thread.

    A run is opened by the first call that names it, and goes on where an earlier process left it.
    Every method but `close` raises TrackerError for what the user can mend.
    """

    def start(self) -> None:
        """Check that runs can be opened; no run is opened yet."""
        ...

    @property
    def address(self) -> str | None:
        """Where people look at the runs, as far as it is known."""
        ...

    def update(self, run: TrackedRun, numbers: Mapping[str, float]) -> None:
        """Add one point to a live run. `samples_done` is its x axis."""
        ...

    def finish(self, run: TrackedRun, content: Content, exit_code: int = 0) -> None:
        """Show what there is of a cell, and end its run."""
        ...

    def publish(self, run: TrackedRun, content: Content) -> None:
        """Show tables, charts, images, pages and files of an experiment. Its run stays open."""
        ...

    def close(self, exit_code: int = 0) -> None:
        """End all runs that are open."""
        ...


@dataclass(frozen=True)
class _Kind:
    """A tracker: its package, the extra that installs it, and its class."""

    package: str
    extra: str
    path: str


_TRACKERS = {
    "wandb": _Kind("wandb", "wandb", "rast_bench.trackers.wandb:WandbTracker"),
    "trackio": _Kind("trackio", "trackio", "rast_bench.trackers.trackio:TrackioTracker"),
}


def check_tracker(config: TrackerConfig) -> None:
    """Raise ConfigError where the tracker cannot be used at all: no package, a wrong WANDB_MODE.

    Imports nothing. What only a server can say comes later, and ends no run.
    """
    if isinstance(config, NoTracker):
        return
    kind = _TRACKERS[config.name]
    require_package(kind.package, kind.extra, f"tracker={config.name}")
    mode = os.environ.get("WANDB_MODE") or "online"
    if isinstance(config, WandbConfig) and mode not in WANDB_MODES:
        raise ConfigError(
            f"WANDB_MODE={mode}: must be one of {', '.join(WANDB_MODES)}",
            hint="unset it, or set it to one of these",
        )


def require_package(package: str, extra: str, what: str) -> None:
    """Raise ConfigError with the line that installs a package that is missing."""
    if find_spec(package) is None:
        raise ConfigError(
            f"{what} needs the package {package.replace('_', '-')}, which is not installed",
            hint=f"pip install 'rast-bench[{extra}]'; in a checkout: pip install -e '.[{extra}]'",
            here_only=True,
        )


def make_tracker(
    config: TrackerConfig, results: Path, warn: Warn, *, repair: str, strict: bool = False
) -> Tracker:
    """Return a new tracker.

    Args:
        results: The results folder; the tracker's own files lie in it.
        warn: Told once what does not work.
        repair: A command that makes good for what was not shown.
        strict: Raise TrackerError where a run would go on with a warning.
    """
    made: Tracker = import_object(_TRACKERS[config.name].path, f"tracker {config.name}")(
        config, results, warn, repair=repair, strict=strict
    )
    return made
