"""Paths out of a ledger that was written by hand."""

import hashlib
from pathlib import Path

import pytest
from planned_cells import CELL_ID, planned_cell

from rast_bench.analysis.trajectories import (
    MissingPathsError,
    read_trajectories,
    with_drawn_problems,
)
from rast_bench.config.identity import sample_seed
from rast_bench.domain import Sample, SampleKey
from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger

IDS = tuple(f"p{number}" for number in range(9))


def sample(problem: str, index: int, token_ids: tuple[int, ...], prompt: str = "?") -> Sample:
    digest = hashlib.sha256(prompt.encode()).hexdigest()
    key = SampleKey(CELL_ID, problem, index)
    return Sample(key, sample_seed(key), digest, token_ids, "", "eos")


def test_the_first_sample_of_each_problem_in_the_plans_order(tmp_path: Path) -> None:
    planned = planned_cell({"b": "1", "a": "2"}, 2)
    ledger = Ledger(tmp_path)
    stored = [sample("a", 0, (5, 6)), sample("a", 1, (9,)), sample("b", 0, (7, 1))]
    ledger.write_samples(CELL_ID, stored, "run")
    found = read_trajectories(planned, ledger)
    assert [(one.problem_id, one.prompt, one.token_ids) for one in found] == [
        ("b", "?", (7, 1)),
        ("a", "?", (5, 6)),
    ]


def test_a_missing_sample_is_told_with_its_place(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    planned = planned_cell({"a": "1", "b": "2", "c": "3"}, 1)
    with pytest.raises(MissingPathsError, match=f"cell {CELL_ID} .*3 of 3 problems, first 'a'"):
        read_trajectories(planned, ledger)
    ledger.write_samples(CELL_ID, [sample("a", 0, (5,)), sample("b", 1, (6,))], "run")
    with pytest.raises(MissingPathsError, match="2 of 3 problems, first 'b'"):
        read_trajectories(planned, ledger)


def test_a_sample_of_another_prompt_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write_samples(CELL_ID, [sample("a", 0, (5,), prompt="Q: ?")], "run")
    with pytest.raises(LedgerError, match="'a' continues another prompt"):
        read_trajectories(planned_cell({"a": "1"}, 1), ledger)


def test_problems_are_drawn_by_the_seed_and_keep_their_order() -> None:
    planned = planned_cell(dict.fromkeys(IDS, "1"), 1)

    def drawn(limit: int | None, seed: int) -> list[str]:
        return [p.problem_id for p in with_drawn_problems(planned, limit, seed).problems]

    assert drawn(4, 0) == drawn(4, 0) == sorted(drawn(4, 0))
    assert len(drawn(4, 0)) == 4
    assert len({tuple(drawn(4, seed)) for seed in range(9)}) > 4
    assert drawn(None, 0) == drawn(9, 0) == drawn(50, 3) == list(IDS)
