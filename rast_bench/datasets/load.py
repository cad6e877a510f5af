"""A data set as the problems of a plan, and the fingerprint of its content."""

import hashlib
import json
import sys
from collections.abc import Sequence

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.entries import read_entries
from rast_bench.domain import Problem
from rast_bench.errors import DatasetError
from rast_bench.known import known_dataset


def load_problems(cfg: DatasetConfig) -> list[Problem]:
    """Return every problem of the data set, in file order: `cfg.limit` is NOT applied.

    The fingerprint needs the whole set; a plan takes what `limited` leaves of it. A line on stderr
    says if size or content differ from every copy known to the configuration.

    Raises:
        DatasetError: as `read_entries`, for an empty set, and for a benchmark of conf/dataset
            with an unknown number of rows: its numbers would not be comparable.
        ConfigError: there is no such adapter.
    """
    problems = [entry.problem for entry in read_entries(cfg)]
    if not problems:
        raise DatasetError(
            f"data set {cfg.name}: {cfg.path} has no rows", hint="check dataset.path and split"
        )
    if known_dataset(cfg) is not None and not _rows_are_known(cfg, problems):
        raise DatasetError(
            f"data set {cfg.name}: {_other_rows(cfg, problems)}",
            hint="check the copy and dataset.subset; to use it as it is, set "
            f"dataset.known_rows=[{len(problems)}]",
        )
    for line in differences(cfg, problems):
        print(f"warning: data set {cfg.name}: {line}", file=sys.stderr)
    return problems


def limited(problems: Sequence[Problem], cfg: DatasetConfig) -> tuple[Problem, ...]:
    """Return the problems that `cfg.limit` requests, in file order; all of them without a limit.

    With `cfg.limit_seed` a simple random sample: those with the smallest hashes of seed and problem
    id. So a larger limit keeps the problems of a smaller one, as without a seed, whatever the order
    of rows and the other problems.
    """
    if cfg.limit_seed is None or cfg.limit is None:
        return tuple(problems[: cfg.limit])

    def rank(problem: Problem) -> bytes:
        return hashlib.sha256(f"{cfg.limit_seed}:{problem.problem_id}".encode()).digest()

    drawn = {problem.problem_id for problem in sorted(problems, key=rank)[: cfg.limit]}
    return tuple(problem for problem in problems if problem.problem_id in drawn)


def differences(cfg: DatasetConfig, problems: Sequence[Problem]) -> list[str]:
    """Return how the set differs from every copy that the configuration knows: a few words each."""
    found = [] if _rows_are_known(cfg, problems) else [_other_rows(cfg, problems)]
    if cfg.known_fingerprints:
        fingerprint = dataset_fingerprint(problems)
        if fingerprint not in cfg.known_fingerprints:
            found.append(f"its content ({fingerprint[:19]}…) is not that of a known copy")
    return found


def _rows_are_known(cfg: DatasetConfig, problems: Sequence[Problem]) -> bool:
    return not cfg.known_rows or len(problems) in cfg.known_rows


def _other_rows(cfg: DatasetConfig, problems: Sequence[Problem]) -> str:
    known = " or ".join(f"{rows:,}" for rows in cfg.known_rows)
    return f"{len(problems):,} problems, where {known} are known"


def dataset_fingerprint(problems: Sequence[Problem]) -> str:
    """Return `sha256:…` over ids, questions and gold answers, independent of the order of rows."""
    content = sorted([p.problem_id, p.question, p.gold] for p in problems)
    canonical = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
