"""What the ledger knows about earlier runs: response lengths, throughput, bytes."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from rast_bench.config.schema import DatasetConfig
from rast_bench.known import known_dataset
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import EngineGroup, PlannedCell
from rast_bench.planning.estimate import (
    Length,
    RunThroughput,
    Throughput,
    ThroughputSource,
    assumed_bytes,
    busy_seconds,
)

CELLS_LOOKED_AT = 16  # per data set: enough for a mean, few enough to read


@dataclass(frozen=True)
class _Stored:
    """A summary of a cell's samples."""

    samples: int
    tokens: int
    by_run: Mapping[str, int]  # tokens
    bytes: int


@dataclass(frozen=True)
class _Part:
    """One cell's part of a run, from its manifest."""

    cell_id: str
    run_id: str
    begin: float
    end: float
    samples: int
    engine: Mapping[str, Any]
    models: str
    device: str
    host: str
    workers: int
    worker: int | None  # None: of all workers together, as plain commands once wrote it


class History:
    """Reads only what is asked for, and only once. Methods raise LedgerError."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stored: dict[str, _Stored] = {}
        self._likest: dict[tuple[str, str, bool], list[_Stored]] = {}

    def length(self, cell: PlannedCell, done: int) -> Length:
        """Return the mean response of a cell of which `done` samples exist."""
        limit = cell.cell.decoding.max_tokens
        if done:
            stored = self._read(cell.cell_id)
            return Length(stored.tokens / stored.samples, "own samples")
        similar = self._similar(cell)
        samples = sum(stored.samples for stored in similar)
        if not samples:
            return _published(cell.cell.dataset, limit)
        mean = sum(stored.tokens for stored in similar) / samples
        return Length(min(mean, limit), "data set")

    def bytes_a_sample(self, cell: PlannedCell, tokens: float) -> tuple[float, bool]:
        """Return the disk space per sample, and whether it was measured on the same data set."""
        similar = self._similar(cell)
        samples = sum(stored.samples for stored in similar)
        if not samples:
            return assumed_bytes(tokens), False
        return sum(stored.bytes for stored in similar) / samples, True

    def throughput(self, group: EngineGroup, card: str | None = None) -> Throughput | None:
        """Return the throughput of the longest run of this engine group, else of this engine with
        any models.

        Args:
            card: a key of CARDS; only runs on such devices count.
        """
        engine = _settings(group.config.model_dump(mode="json"))
        models = _canonical(group.cells[0].identity["models"])
        choices: tuple[tuple[ThroughputSource, Callable[[_Part], bool]], ...] = (
            (
                "this engine group",
                lambda part: part.models == models and _settings(part.engine) == engine,
            ),
            (
                "this engine",
                lambda part: all(part.engine.get(key) == engine[key] for key in ("name", "dtype")),
            ),
        )
        for source, accepted in choices:
            parts = [part for part in self._parts if accepted(part) and _is_on(part.device, card)]
            throughput = self._throughput_of(parts, source)
            if throughput is not None:
                return throughput
        return None

    def run_throughput(self, cell_ids: Collection[str]) -> RunThroughput | None:
        """Return the throughput of the longest run that made samples of these cells.

        All cells that this run decoded with the same models count: they shared its batches.
        """
        runs = {(part.run_id, part.models) for part in self._parts if part.cell_id in cell_ids}
        longest = self._longest([one for one in self._parts if (one.run_id, one.models) in runs])
        if longest is None:
            return None
        first, throughput = longest
        return RunThroughput(throughput, _hardware(first), first.host, _engine(first), first.run_id)

    def _throughput_of(self, parts: Sequence[_Part], source: ThroughputSource) -> Throughput | None:
        longest = self._longest(parts)
        if longest is None:
            return None
        first, throughput = longest
        return Throughput(throughput, source, f"{first.device}, run {first.run_id}")

    def _longest(self, parts: Sequence[_Part]) -> tuple[_Part, float] | None:
        """Return a part of the longest run, and the run's tokens per second."""
        runs: defaultdict[tuple[str, str], list[_Part]] = defaultdict(list)
        for part in parts:
            runs[part.run_id, part.models].append(part)
        if not runs:
            return None
        # The longest: a short run mostly fills and drains the batch.
        (run_id, _), longest = max(
            runs.items(), key=lambda item: (sum(part.samples for part in item[1]), item[0])
        )
        seconds = busy_seconds((part.begin, part.end) for part in longest)
        tokens = sum(self._read(part.cell_id).by_run.get(run_id, 0) for part in longest)
        if not tokens or not seconds:
            return None
        return longest[0], tokens / seconds

    @cached_property
    def _identities(self) -> dict[str, dict[str, Any]]:
        records = {cell_id: self._ledger.cell(cell_id) for cell_id in self._ledger.cells()}
        return {cell_id: record["identity"] for cell_id, record in records.items() if record}

    @cached_property
    def _by_dataset(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for cell_id, identity in self._identities.items():
            found[identity["dataset"]].append(cell_id)
        return dict(found)

    @cached_property
    def _parts(self) -> list[_Part]:
        return list(self._read_parts())

    def _read_parts(self) -> Iterator[_Part]:
        for cell_id, identity in self._identities.items():
            models = _canonical(identity["models"])
            for manifest in self._ledger.manifests(cell_id):
                if not manifest.get("samples_made") or not manifest.get("seconds"):
                    continue
                begin = datetime.fromisoformat(manifest["started"]).timestamp()
                yield _Part(
                    cell_id=cell_id,
                    run_id=manifest["run_id"],
                    begin=begin,
                    end=begin + manifest["seconds"],
                    samples=manifest["samples_made"],
                    engine=manifest["config"]["engine"],
                    models=models,
                    device=_device(manifest),
                    host=manifest["host"],
                    workers=manifest.get("workers", 1),
                    worker=manifest.get("worker"),
                )

    def _similar(self, cell: PlannedCell) -> list[_Stored]:
        """Return the cells of the data set most similar to this one: main model, then decoding."""
        identity = cell.identity
        models = _canonical(identity["models"])
        key = identity["dataset"], models, identity["decoding"]["greedy"]
        if key not in self._likest:
            self._likest[key] = self._find_similar(identity)
        return self._likest[key]

    def _find_similar(self, wanted: Mapping[str, Any]) -> list[_Stored]:
        ranked: defaultdict[tuple[bool, bool, bool], list[str]] = defaultdict(list)
        for cell_id in self._by_dataset.get(wanted["dataset"], ()):
            known = self._identities[cell_id]
            likeness = (
                known["models"]["main"] == wanted["models"]["main"],
                known["models"] == wanted["models"],
                known["decoding"]["greedy"] == wanted["decoding"]["greedy"],
            )
            ranked[likeness].append(cell_id)
        for likeness in sorted(ranked, reverse=True):
            stored = [self._read(cell_id) for cell_id in ranked[likeness][:CELLS_LOOKED_AT]]
            if any(one.samples for one in stored):
                return stored
        return []

    def _read(self, cell_id: str) -> _Stored:
        if cell_id not in self._stored:
            frame = self._ledger.samples(cell_id, ["run_id", "token_count"])
            by_run = frame.groupby("run_id")["token_count"].sum()
            folder = self._ledger.cell_folder(cell_id)
            self._stored[cell_id] = _Stored(
                samples=len(frame),
                tokens=int(frame["token_count"].sum()),
                by_run={str(run): int(tokens) for run, tokens in by_run.items()},
                bytes=sum(path.stat().st_size for path in folder.glob("samples-*.parquet")),
            )
        return self._stored[cell_id]


def _published(dataset: DatasetConfig, limit: int) -> Length:
    """Return the published mean response on a data set; between 0 and `limit` if there is none."""
    known = known_dataset(dataset)
    if known is None or known.response_tokens is None:
        return Length(limit, "max_tokens")
    least, most = known.response_tokens
    if most is None:
        return Length(limit, "max_tokens", least=min(least, limit))
    return Length(min(most, limit), "published", least=min(least, limit))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _settings(engine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without the length, which follows the longest prompt: few rows come near
    it.
    """
    return {key: value for key, value in engine.items() if key != "max_model_len"}


def _device(manifest: Mapping[str, Any]) -> str:
    on_cpu = manifest["config"]["engine"].get("device") == "cpu"
    gpus = [] if on_cpu else manifest["gpus"]
    return ", ".join(dict.fromkeys(gpus)) or str(manifest["cpu"]["model"])


def _is_on(device: str, card: str | None) -> bool:
    """Return whether `NVIDIA A100-SXM4-80GB` is a card such as `a100-80`."""
    if card is None:
        return True
    name, _, memory = card.partition("-")
    return re.search(rf"\b{name}\b", device, re.IGNORECASE) is not None and (
        not memory or f"{memory}GB" in device
    )


def _hardware(part: _Part) -> str:
    """Return the devices that one engine is split over: `4 × NVIDIA RTX A6000`."""
    devices = part.engine.get("tensor_parallel_size", 1)
    return f"{devices} × {part.device}" if devices > 1 else part.device


def _engine(part: _Part) -> str:
    engine = part.engine
    rows = f"{engine['max_num_seqs']} rows"
    share = "" if part.worker is None else "one of "
    processes = f", {share}{part.workers} processes" if part.workers > 1 else ""
    return f"{engine['name']} {engine['dtype']}, {rows}{processes}"
