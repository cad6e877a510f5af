"""Which greedy cells are read for which cells, and what meets along them."""

from typing import Any

import pytest

from rast_bench.analysis.kinds import PathSource
from rast_bench.analysis.studies import cells_over, greedy_cell, shift_names, shift_of, studies_of
from rast_bench.analysis.token_run import choose_samples
from rast_bench.config.schema import CellConfig
from rast_bench.errors import ConfigError
from rast_bench.ledger import Ledger

SMALL = {"rl": {"path": "s-rl"}, "base": {"path": "s"}}
OTHER = {"rl": {"path": "o-rl"}, "base": {"path": "o"}}
OWN = {"rl": {"path": "m-rl"}, "base": {"path": "m"}}


def cell(
    method: str = "rast",
    *,
    delta: str = "s",
    pairs: tuple[Any, ...] = (SMALL,),
    rl: bool = True,
    dataset: str = "sums",
    limit: int | None = None,
    **decoding: Any,
) -> CellConfig:
    with_delta = method == "rast"
    return CellConfig.model_validate(
        {
            "base_model": {"name": "m", "base": {"path": "m"}}
            | ({"rl": {"path": "m-rl"}} if rl else {}),
            "method": {"name": method},
            "delta": {"name": delta, "pairs": pairs} if with_delta else {"name": "none"},
            "dataset": {"name": dataset, "path": f"{dataset}.jsonl", "limit": limit},
            "prompt": {"name": "plain", "template": "{question}"},
            "decoding": {"n": 4, "max_tokens": 9, **decoding},
            "engine": {"name": "transformers"},
        }
    )


@pytest.mark.parametrize(
    ("group", "changes", "says"),
    [
        ("prompt", {"forced_prefix": "Step"}, "no model chose the tokens of forced_prefix"),
        ("decoding", {"repetition_penalty": 1.2}, r"repetition_penalty=1.2: an analysis reads"),
    ],
)
def test_tokens_that_the_models_alone_did_not_choose_are_not_read(
    group: str, changes: dict[str, object], says: str
) -> None:
    """Cells with such tokens are left out beside others."""
    plain = cell()
    odd = plain.model_copy(update={group: getattr(plain, group).model_copy(update=changes)})
    with pytest.raises(ConfigError, match=says):
        greedy_cell(odd, "rl")
    (study,) = studies_of([odd, plain], "rl")
    assert study.greedy.prompt == plain.prompt
    with pytest.raises(ConfigError, match=says):
        choose_samples({"0" * 16: odd}, Ledger("nowhere"))


def test_all_that_a_sampled_cell_varies_meets_in_one_study() -> None:
    cells = [
        cell("base"),
        cell("rl", temperature=0.5),
        cell(),
        cell(n=8, temperature=1.5),  # the same policy
        cell(**{"lambda": 0.3}),
        cell(delta="o", pairs=(OTHER,)),
    ]
    (study,) = studies_of(cells, "rl")
    assert study.greedy.method.name == "rl"
    assert study.greedy.decoding.greedy
    assert study.greedy.decoding.max_tokens == 9
    assert [policy.name for policy in study.policies] == [
        "base",
        "+ ΔR s",
        "+ ΔR s, λ = 0.3",
        "+ ΔR o",
        "RL",
    ]
    assert [shift.name for shift in study.shifts] == ["m", "s", "o"]
    assert study.path is study.rl


def test_data_sets_are_studies_of_their_own_and_the_widest_limit_counts() -> None:
    cells = [cell(limit=3), cell(limit=7), cell(dataset="more"), cell(dataset="more", limit=2)]
    studies = studies_of(cells, "rl")
    assert [(one.greedy.dataset.name, one.greedy.dataset.limit) for one in studies] == [
        ("sums", 7),
        ("more", None),
    ]


def test_each_rast_policy_has_paths_of_its_own() -> None:
    studies = studies_of([cell("base"), cell(), cell(**{"lambda": 0.3})], "rast")
    assert [study.path.name for study in studies] == ["+ ΔR s", "+ ΔR s, λ = 0.3"]
    assert [study.greedy.decoding.lambda_ for study in studies] == [1.0, 0.3]
    assert studies[0].greedy.delta.name == "s"


def test_the_base_models_own_pair_is_not_compared_with_itself() -> None:
    (study,) = studies_of([cell(delta="own", pairs=(OWN,))], "base")
    assert [shift.name for shift in study.shifts] == ["m"]
    assert study.path is study.base


def test_greedy_cells_differ_by_what_changes_their_tokens_alone() -> None:
    assert greedy_cell(cell(temperature=0.5, n=2), "rl") == greedy_cell(cell("base"), "rl")
    assert greedy_cell(cell(max_tokens=5), "rl") != greedy_cell(cell(), "rl")


@pytest.mark.parametrize(
    ("only", "path_source", "words"),
    [
        (cell(rl=False), "rl", "m has no RL-trained checkpoint"),
        (cell("base"), "rast", "needs a ΔR source"),
    ],
)
def test_cells_without_such_a_path(only: CellConfig, path_source: PathSource, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        studies_of([only], path_source)
    assert caught.value.hint
    studies = studies_of([only, cell()], path_source)
    assert len(studies) == 1
    assert [policy.name for policy in studies[0].steered] == ["+ ΔR s"]


def test_two_deltas_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two different ΔR are called s"):
        studies_of([cell(), cell(pairs=(OTHER,))], "rl")


def test_the_cells_of_one_base_model_are_chosen_by_name() -> None:
    cells = [cell("base"), cell()]
    assert cells_over(cells, None) == cells
    assert cells_over(cells, "m") == cells
    with pytest.raises(ConfigError, match="paths_of: l, but no cell") as caught:
        cells_over(cells, "l")
    assert caught.value.hint == "the cells are of m"


def test_a_delta_is_known_by_its_checkpoints() -> None:
    names = shift_names([cell(), cell(delta="o", pairs=(OTHER,))], "m")
    assert sorted(names.values()) == ["m", "o", "s"]
    assert names[shift_of(cell(delta="another").delta)] == "s"
    assert names[shift_of(cell(delta="own", pairs=(OWN,)).delta)] == "m"
    assert shift_names([cell()], "another model") == {}
