"""Paths from the ledger: the tokens that one model has decoded, and the prompt before them."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rast_bench.errors import LedgerError
from rast_bench.planning.cells import PlannedCell, cell_title
from rast_bench.planning.work import requests_for

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger


class MissingPathsError(LedgerError):
    """The ledger lacks greedy samples; the command line knows how to make them."""


@dataclass(frozen=True)
class Trajectory:
    """One stored sample as a path to be followed: `token_ids` includes the EOS id if drawn."""

    problem_id: str
    prompt: str
    token_ids: tuple[int, ...]
    sample_index: int = 0


def with_drawn_problems(planned: PlannedCell, limit: int | None, seed: int) -> PlannedCell:
    """Return the cell with `limit` of its problems, drawn without replacement, in their order.

    All of them if there are fewer, or if `limit` is None. The draw depends only on the number of
    problems and the seed.
    """
    count = len(planned.problems)
    if limit is None or limit >= count:
        return planned
    places = sorted(random.Random(seed).sample(range(count), limit))
    return replace(planned, problems=tuple(planned.problems[place] for place in places))


def read_trajectories(
    planned: PlannedCell, ledger: "Ledger", keys: Sequence[tuple[str, int]] | None = None
) -> list[Trajectory]:
    """Return samples of a cell, by default the first of each problem, in the order of its problems.

    Args:
        keys: (problem id, sample index) of the samples, those of a problem consecutively.

    Raises:
        MissingPathsError: a sample is missing.
        LedgerError: a sample was made from a different prompt.
    """
    wanted = keys or [(problem.problem_id, 0) for problem in planned.problems]
    done = ledger.completed(planned.cell_id)
    missing = [problem_id for problem_id, index in wanted if (problem_id, index) not in done]
    place = f"cell {planned.cell_id} ({cell_title(planned.cell)})"
    if missing:
        raise MissingPathsError(
            f"{place}: the ledger has no sample of {len(missing)} of {len(wanted)} problems, "
            f"first {missing[0]!r}"
        )
    columns = ("problem_id", "sample_index", "prompt_sha256", "token_ids")
    frame = ledger.samples(planned.cell_id, columns=columns)
    own = zip(frame["problem_id"], frame["sample_index"].tolist(), strict=True)
    rows = dict(zip(own, zip(frame["prompt_sha256"], frame["token_ids"], strict=True), strict=True))
    trajectories = []
    for request in requests_for(planned, wanted):
        problem_id, index = request.key.problem_id, request.key.sample_index
        prompt_sha256, ids = rows[problem_id, index]
        if prompt_sha256 != hashlib.sha256(request.prompt.encode()).hexdigest():
            raise LedgerError(
                f"{place}: the sample of problem {problem_id!r} continues another prompt than "
                "the configured one",
                hint="the ledger comes from another version of the prompts: generate it again",
            )
        trajectories.append(Trajectory(problem_id, request.prompt, tuple(ids.tolist()), index))
    return trajectories
