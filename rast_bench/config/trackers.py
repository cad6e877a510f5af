"""Where a run is shown beside its tables, conf/tracker/*. Never part of a cell's identity."""

import os
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, FiniteFloat, Tag

from rast_bench.config.strict import Strict

LONGEST_GROUP = 128  # characters; W&B's own bound, as are those of projects and tags
LONGEST_TAG = 64
PROJECT = "rast-bench"

# What W&B takes in a name that becomes part of an address.
Project = Annotated[str, Field(pattern=r"^[^/\\#?%:\s]+$", max_length=128)]
Group = Annotated[str, Field(min_length=1, max_length=LONGEST_GROUP)]
SampleRows = Annotated[int, Field(ge=0, le=10_000)]
LiveSeconds = Annotated[FiniteFloat, Field(ge=1, le=3600)]


class NoTracker(Strict):
    name: Literal["none"] = "none"


class WandbConfig(Strict):
    """Weights & Biases."""

    name: Literal["wandb"] = "wandb"
    project: Project | None = None  # None: WANDB_PROJECT, else rast-bench
    entity: Project | None = None
    group: Group | None = None
    tags: tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)], ...] = ()
    mode: Literal["online", "offline"] | None = None
    sample_rows: SampleRows = 100
    artifacts: bool = True
    ledger: bool = False
    live_seconds: LiveSeconds = 15.0

    @property
    def shown_project(self) -> str:
        """The project, which may be left to WANDB_PROJECT."""
        return self.project or os.environ.get("WANDB_PROJECT") or PROJECT


class TrackioConfig(Strict):
    """trackio: a local dashboard."""

    name: Literal["trackio"] = "trackio"
    project: Project = PROJECT
    group: Group | None = None
    sample_rows: SampleRows = 100
    live_seconds: LiveSeconds = 15.0


def _tracker_name(value: Any) -> Any:
    return value.get("name") if isinstance(value, dict) else getattr(value, "name", None)


TrackerConfig = Annotated[
    Annotated[NoTracker, Tag("none")]
    | Annotated[WandbConfig, Tag("wandb")]
    | Annotated[TrackioConfig, Tag("trackio")],
    Discriminator(_tracker_name),
]
