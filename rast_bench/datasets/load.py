"""A data set as the problems of a plan, and how its content is told from another's."""

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
    """Every problem of the data set, in file order: `cfg.limit` is NOT applied.

    The fingerprint needs the whole set; a plan takes what `limited` leaves of it. Where size or
    content are none of those known to the configuration, a line on stderr says so.

    Raises:
        DatasetError: as `read_entries`, for a set without problems, and for a benchmark of
            conf/dataset with other rows than are known of it: its numbers would not compare.
        ConfigError: no such adapter.
    """
    problems = [entry.problem for entry in read_entries(cfg)]
    if not problems:
        raise DatasetError(
            f"data set {cfg.name}: {cfg.path} has no rows", hint="check dataset.path and split"
        )
    if known_dataset(cfg) is not None and not _rows_are_known(cfg, problems):
        raise DatasetError(
            f"data set {cfg.name}: {_other_rows(cfg, problems)}",
            hint="check the copy and dataset.subset; to use it as it is say "
            f"dataset.known_rows=[{len(problems)}]",
        )
    for line in differences(cfg, problems):
        print(f"warning: data set {cfg.name}: {line}", file=sys.stderr)
    return problems


def limited(problems: Sequence[Problem], cfg: DatasetConfig) -> tuple[Problem, ...]:
    """The problems that `cfg.limit` asks for, in file order; all of them without a limit.

    With `cfg.limit_seed` a simple random sample: those with the smallest hashes of seed and problem
    id. So a larger limit keeps the problems of a smaller one, as it does without a seed, and the
    order of the rows and the other problems do not count.
    """
    if cfg.limit_seed is None or cfg.limit is None:
        return tuple(problems[: cfg.limit])

    def rank(problem: Problem) -> bytes:
        return hashlib.sha256(f"{cfg.limit_seed}:{problem.problem_id}".encode()).digest()

    drawn = {problem.problem_id for problem in sorted(problems, key=rank)[: cfg.limit]}
    return tuple(problem for problem in problems if problem.problem_id in drawn)


def differences(cfg: DatasetConfig, problems: Sequence[Problem]) -> list[str]:
    """How the set differs from every copy that the configuration knows: a few words each."""
    found = [] if _rows_are_known(cfg, problems) else [_other_rows(cfg, problems)]
    if cfg.known_fingerprints:
        fingerprint = dataset_fingerprint(problems)
        if fingerprint not in cfg.known_fingerprints:
            found.append(f"its content ({fingerprint[:19]}…) is that of no copy known here")
    return found


def _rows_are_known(cfg: DatasetConfig, problems: Sequence[Problem]) -> bool:
    return not cfg.known_rows or len(problems) in cfg.known_rows


def _other_rows(cfg: DatasetConfig, problems: Sequence[Problem]) -> str:
    known = " or ".join(f"{rows:,}" for rows in cfg.known_rows)
    return f"{len(problems):,} problems, where {known} are known"


def dataset_fingerprint(problems: Sequence[Problem]) -> str:
    """`sha256:…` over ids, questions and gold answers; the order of the rows does not count."""
    content = sorted([p.problem_id, p.question, p.gold] for p in problems)
    canonical = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
