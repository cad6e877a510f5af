"""Facts about hub data sets: enough to count samples and to bound prompts without the rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol


class HubDataset(Protocol):
    """What identifies a data set, as in config.schema.DatasetConfig."""

    @property
    def path(self) -> str: ...
    @property
    def subset(self) -> str | None: ...
    @property
    def split(self) -> str: ...
    @property
    def adapter(self) -> str | None: ...


@dataclass(frozen=True)
class KnownDataset:
    """One subset and split, as its adapter reads it."""

    path: str
    subset: str | None
    split: str
    adapter: str | None
    rows: int
    longest_question: int | None  # characters
    response_tokens: tuple[float, float | None] | None  # smallest and largest published mean
    sources: dict[str, str]  # of each given fact


def known_dataset(cfg: HubDataset) -> KnownDataset | None:
    """Return the facts about a hub data set; None if none are shipped. A limit is not applied.

    A copy in `data_dir` counts as the same set.
    """
    return _by_source().get((cfg.path, cfg.subset, cfg.split, cfg.adapter))


def known_datasets() -> tuple[KnownDataset, ...]:
    return tuple(_by_source().values())


@cache
def _by_source() -> dict[tuple[str, str | None, str, str | None], KnownDataset]:
    text = (files("rast_bench.known") / "datasets.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    found = {}
    for entry in content["datasets"]:
        where = {fact: content["sources"][source] for fact, source in entry.pop("from").items()}
        tokens = entry.pop("response_tokens")
        known = KnownDataset(
            **entry, response_tokens=tuple(tokens) if tokens else None, sources=where
        )
        found[known.path, known.subset, known.split, known.adapter] = known
    return found
