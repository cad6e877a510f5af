"""What is wanted, what is missing, and in which order it is asked for."""

import itertools
import tempfile
from pathlib import Path

import pytest
from fake_engine import fake_sample, make_cell
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.config.identity import EngineKey, sample_seed
from rast_bench.config.schema import CellConfig
from rast_bench.domain import Request, SamplingParams
from rast_bench.errors import DatasetError, ModelError
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import (
    PlannedCell,
    cell_title,
    completeness,
    fingerprints,
    group_cells,
)
from rast_bench.planning.plan import plan_cells
from rast_bench.planning.work import requests_for

pytestmark = pytest.mark.usefixtures("checked_keys")


def plan_one(cell: CellConfig) -> PlannedCell:
    (planned,) = plan_cells([cell])
    return planned


def missing_requests(planned: PlannedCell, ledger: Ledger) -> list[Request]:
    done = ledger.completed(planned.cell_id)
    return list(requests_for(planned, [key for key in planned.wanted_keys() if key not in done]))


def asked(planned: PlannedCell, ledger: Ledger) -> list[tuple[str, int]]:
    return [(r.key.problem_id, r.key.sample_index) for r in missing_requests(planned, ledger)]


def test_requests_come_problem_by_problem_with_prompt_seed_and_params(tmp_path: Path) -> None:
    planned = plan_one(make_cell(tmp_path, problems=3, n=2))
    requests = missing_requests(planned, Ledger(tmp_path))

    keys = [(r.key.problem_id, r.key.sample_index) for r in requests]
    assert keys == [(f"p{i:03d}", j) for i in range(3) for j in range(2)]
    assert [r.prompt for r in requests[::2]] == ["Q: 0 + 0?", "Q: 1 + 1?", "Q: 2 + 2?"]
    assert [r.seed for r in requests] == [sample_seed(r.key) for r in requests]
    assert {r.key.cell_id for r in requests} == {planned.cell_id}
    decoding = planned.cell.decoding
    expected = SamplingParams(
        lambda_=0.0,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        max_tokens=decoding.max_tokens,
        greedy=decoding.greedy,
        stop=planned.cell.prompt.stop,
        parameters=(),
    )
    assert {r.params for r in requests} == {expected}


def test_each_model_set_is_checked_once(tmp_path: Path, checked_keys: list[EngineKey]) -> None:
    cells = [make_cell(tmp_path, base=b, seed=s) for b in ("a", "b") for s in range(3)]
    planned = plan_cells(cells)
    assert [Path(key.main.path).name for key in checked_keys] == ["a", "b"]
    assert [len(group.cells) for group in group_cells(planned)] == [3, 3]
    assert len({item.cell_id for item in planned}) == 6


def test_groups_split_by_engine_configuration(tmp_path: Path) -> None:
    cells = [make_cell(tmp_path, seed=s, engine={"max_num_seqs": m}) for s, m in [(0, 8), (1, 9)]]
    assert len(group_cells(plan_cells(cells))) == 2


def test_n_and_limit_choose_samples_but_not_the_cell(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    few = plan_one(make_cell(tmp_path, n=2, limit=4))
    more = plan_one(make_cell(tmp_path, n=4))
    assert few.cell_id == more.cell_id
    assert (few.wanted, more.wanted) == (8, 24)

    ledger.write_samples(
        few.cell_id, [fake_sample(r) for r in missing_requests(few, ledger)], "run"
    )

    assert completeness(few, ledger) == (8, 8)
    assert completeness(more, ledger) == (8, 24)
    assert set(asked(more, ledger)) == {
        (f"p{i:03d}", j) for i in range(6) for j in range(4) if i >= 4 or j >= 2
    }


def test_drawn_problems_are_a_choice_of_the_same_cells_samples(tmp_path: Path) -> None:
    """Of six problems three are drawn, then four: the three are kept, one is to be made."""
    ledger = Ledger(tmp_path)
    whole = make_cell(tmp_path, n=1)

    def drawn(limit: int, seed: int | None) -> PlannedCell:
        changed = {"limit": limit, "limit_seed": seed}
        dataset = whole.dataset.model_copy(update=changed)
        return plan_one(whole.model_copy(update={"dataset": dataset}))

    three = drawn(3, 0)
    assert three.cell_id == plan_one(whole).cell_id
    assert [problem.problem_id for problem in three.problems] != ["p000", "p001", "p002"]
    ledger.write_samples(
        three.cell_id, [fake_sample(r) for r in missing_requests(three, ledger)], "run"
    )
    assert completeness(drawn(3, 0), ledger) == (3, 3)
    assert completeness(drawn(4, 0), ledger) == (3, 4)
    assert completeness(plan_one(whole), ledger) == (3, 6)


def test_a_smaller_n_ignores_what_lies_beyond(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    more = plan_one(make_cell(tmp_path, n=4))
    ledger.write_samples(
        more.cell_id, [fake_sample(r) for r in missing_requests(more, ledger)], "run"
    )
    assert completeness(plan_one(make_cell(tmp_path, n=1, limit=2)), ledger) == (2, 2)


def test_greedy_has_one_sample(tmp_path: Path) -> None:
    planned = plan_one(make_cell(tmp_path, n=32, greedy=True))
    assert asked(planned, Ledger(tmp_path)) == [(f"p{i:03d}", 0) for i in range(6)]


ALL_KEYS = list(itertools.product([f"p{i:03d}" for i in range(4)], range(3)))


@settings(max_examples=25, deadline=None)
@given(done=st.sets(st.sampled_from(ALL_KEYS)))
def test_missing_is_wanted_less_done(done: set[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("rast_bench.engines.check_models", lambda _key: None, raising=False)
        folder = Path(name)
        ledger = Ledger(folder)
        planned = plan_one(make_cell(folder, problems=4, n=3))
        every = missing_requests(planned, ledger)
        made = [fake_sample(r) for r in every if (r.key.problem_id, r.key.sample_index) in done]
        if made:
            ledger.write_samples(planned.cell_id, made, "run")

        assert asked(planned, ledger) == sorted(set(ALL_KEYS) - done)
        assert completeness(planned, ledger) == (len(done), len(ALL_KEYS))


def test_requests_are_made_only_when_pulled(tmp_path: Path) -> None:
    planned = plan_one(make_cell(tmp_path))
    keys = planned.wanted_keys()
    requests = requests_for(planned, keys)
    assert next(requests).key.sample_index == 0
    assert next(keys)[1] == 1


def test_bad_data_set_and_bad_model_are_told_at_planning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = make_cell(tmp_path)
    absent = cell.dataset.model_copy(update={"path": str(tmp_path / "absent.jsonl")})
    with pytest.raises(DatasetError):
        plan_cells([cell.model_copy(update={"dataset": absent})])

    def refuse(_key: EngineKey) -> None:
        raise ModelError("vocabularies differ")

    monkeypatch.setattr("rast_bench.engines.check_models", refuse, raising=False)
    with pytest.raises(ModelError, match="vocabularies differ"):
        plan_cells([cell])


def rast_cell(folder: Path) -> CellConfig:
    cell = make_cell(folder)
    pair = {"rl": cell.base_model.base, "base": make_cell(folder, base="s").base_model.base}
    raw = cell.model_dump(by_alias=True)
    raw |= {"method": {"name": "rast"}, "delta": {"name": "tiny-s", "pairs": [pair]}}
    raw["decoding"]["lambda"] = 0.5
    return CellConfig.model_validate(raw)


def test_lambda_counts_only_where_there_is_a_delta(tmp_path: Path) -> None:
    for cell, lambda_ in ((make_cell(tmp_path), 0.0), (rast_cell(tmp_path), 0.5)):
        (request,) = requests_for(plan_one(cell), [("p000", 0)])
        assert request.params.lambda_ == lambda_


def test_titles_and_fingerprints_name_what_differs(tmp_path: Path) -> None:
    cell = rast_cell(tmp_path)
    assert cell_title(cell) == "rast base + tiny-s, sums, λ=0.5 τ=1"
    assert cell_title(make_cell(tmp_path, greedy=True)) == "base base, sums, greedy"
    assert cell_title(make_cell(tmp_path, label="ceiling")) == "ceiling, sums"
    found = fingerprints(plan_one(cell))
    assert [Path(path).name for path in found] == ["base", "s"]
    assert len(set(found.values())) == 2
