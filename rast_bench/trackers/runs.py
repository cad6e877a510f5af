"""Runs of a tracker: their ids, configurations and commands.

Pure functions of planned cells. Nothing here tells hosts, folders, environments or command lines.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from rast_bench.config.schema import GROUPS
from rast_bench.config.trackers import LONGEST_TAG
from rast_bench.planning.cells import PlannedCell, cell_title
from rast_bench.trackers.base import TrackedRun

LONGEST_ID = 64  # characters

_SHORT = re.compile(r"[^/\\@~]{1,100}")


def slug(*parts: str) -> str:
    """Return an id of a run: letters, digits, `.`, `_` and `-`, cut with a hash where too long."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts))
    if len(text) <= LONGEST_ID and text == "-".join(parts):
        return text
    digits = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
    return f"{text[: LONGEST_ID - 9]}-{digits}"


def cell_run(planned: PlannedCell, experiment: str, group: str, tags: Sequence[str]) -> TrackedRun:
    """Return the run of a cell in an experiment, or in a sweep."""
    cell = planned.cell
    own = (cell.method.name, cell.dataset.name)
    return TrackedRun(
        run_id=slug(planned.cell_id, experiment),
        name=cell_title(cell),
        group=group,
        kind="cell",
        config={"experiment": experiment, **cell_config(planned)},
        tags=tuple(dict.fromkeys(tag[:LONGEST_TAG] for tag in (*own, *tags))),
    )


def cell_config(planned: PlannedCell) -> dict[str, Any]:
    """Return what made the cell: flat, so that charts and filters find it, and its identity."""
    cell, identity = planned.cell, planned.identity
    decoding, models = cell.decoding, identity["models"]
    drawn = not decoding.greedy
    return {
        "cell_id": planned.cell_id,
        "base_model": cell.base_model.name,
        "delta": cell.delta.name if cell.steered else "none",
        "method": cell.method.name,
        **{f"method_{name}": value for name, value in cell.method.parameters.items()},
        "dataset": cell.dataset.name,
        "prompt": cell.prompt.name,
        "lambda": cell.weight,
        "temperature": decoding.temperature if drawn else 0.0,
        "greedy": decoding.greedy,
        "top_p": decoding.top_p if drawn else None,
        "repetition_penalty": decoding.repetition_penalty,
        "n": decoding.samples_per_problem,
        "max_tokens": decoding.max_tokens,
        "seed": decoding.seed if drawn else None,
        "problems": len(planned.problems),
        "engine": cell.engine.name,
        "dtype": cell.engine.dtype,
        "model_hash": models["main"],
        "delta_hashes": [
            pair[role] for pair in models["pairs"] for role in ("rl", "base") if role in pair
        ],
        "identity": identity,
    }


def shown_command(overrides: Iterable[str]) -> str:
    """Return a command that may be shown to others: what chose the cells, and no more.

    Launchers, folders and trackers are left out. A value that may be a path, an address or a text
    stands as `…`.
    """
    words = []
    for override in overrides:
        key, _, value = override.partition("=")
        group = key.lstrip("+~").partition(".")[0]
        if group in (*GROUPS, "experiment", "grader", "pool"):
            words.append(f"{key}={value if _SHORT.fullmatch(value) else '…'}")
    return " ".join(["rast-bench run", *words])
