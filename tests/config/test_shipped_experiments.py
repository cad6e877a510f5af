"""The files of conf/experiment/: they compose, and no published number is left without a place."""

from collections import Counter

import pytest

from rast_bench.comparison import NOT_RUN, claimed_measures, experiment_claims, experiment_facts
from rast_bench.config.compose import Job
from rast_bench.config.experiment import ExperimentConfig
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.paths import config_dir
from rast_bench.paper.published import Published, load_published
from rast_bench.reporting.claims import Claim, unclaimed

EXPERIMENTS = sorted(path.stem for path in (config_dir() / "experiment").iterdir())
JOBS: dict[str, Job] = {}

ELSEWHERE = frozenset({"reply 4", "reply FLOPs", "text"})
"""Sources of settings, sizes, costs (tests of their tables) and of statements about all rows."""

COSTS = frozenset({"GPU memory", "cards"})
"""Metrics of table 4's own table (tests/reporting/test_cost_tables.py)."""


def has_no_place(fact: Published) -> bool:
    """The 100 % recovery of RL models, which equation 5 gives them: a ceiling has no rate."""
    return fact.metric == "mean recovery rate" and fact.method == "rl"


def job_of(name: str) -> Job:
    """Composed once: Hydra takes a quarter of a second for it."""
    if name not in JOBS:
        JOBS[name] = job_of_overrides([f"experiment={name}"])
    return JOBS[name]


def experiment_of(name: str) -> ExperimentConfig:
    experiment = job_of(name).options.experiment
    assert experiment is not None
    return experiment


def claims_of(name: str, tmp_path: object) -> list[Claim]:
    job = job_of(name)
    nothing = [NOT_RUN] * len(job.cells)
    return experiment_claims(experiment_of(name), job.experiment_cells, nothing, tmp_path)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_under_its_name(name: str) -> None:
    assert experiment_of(name).name == name
    assert job_of(name).cells


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_section_has_the_references_of_its_recovery_rates(name: str) -> None:
    """One base at most, one ceiling at most; both where recovery rates are asked for."""
    experiment = experiment_of(name)
    rates = "recovery rate" in claimed_measures(experiment)
    roles: dict[str, set[tuple[str, str]]] = {}
    for entry in job_of(name).experiment_cells:
        if entry.row is not None:
            roles.setdefault(entry.section, set()).add((entry.row.role, entry.row.label))
    for rows in roles.values():
        counts = Counter(role for role, _ in rows)
        for role in ("base", "ceiling"):
            assert counts[role] == 1 if rates else counts[role] <= 1


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_published_number_of_its_sources_stands_somewhere(
    name: str, tmp_path: object
) -> None:
    """All but statements about all rows, which become footnotes, and other models' text.

    Section 3.2 calls the RL model itself "7B with ΔR 7B" (shared/paper/README.md): no row is that.
    """
    models = {cell.base_model.name for cell in job_of(name).cells}
    facts = [one for one in experiment_facts(experiment_of(name)) if not has_no_place(one)]
    lost = unclaimed(facts, claims_of(name, tmp_path))
    assert [one for one in lost if one.model in models and one.delta != one.model] == []
    assert [one for one in lost if one.model and one.source != "text"] == []


def test_every_published_number_of_the_tables_is_claimed_by_an_experiment(
    tmp_path: object,
) -> None:
    claims = [claim for name in EXPERIMENTS for claim in claims_of(name, tmp_path)]
    facts = [
        one.in_percent()
        for one in load_published()
        if one.source not in ELSEWHERE
        and one.metric not in COSTS
        and one.model
        and not has_no_place(one)
    ]
    assert unclaimed(facts, claims) == []
    assert len(facts) > 300


def test_a_table_waits_for_samples_unless_it_is_of_costs_or_beside_the_paper() -> None:
    waiting = {name for name in EXPERIMENTS if experiment_of(name).waits_for_all}
    assert {"demo", "tiny_table1", "tiny_table4", "tiny_figure3"} <= waiting
    assert waiting.isdisjoint({"table1", "table4", "reply4", "tiny_reply4", "tiny_table5"})


def test_the_rl_runs_of_tiny_reply2_are_told_apart() -> None:
    models = [cell.base_model for cell in job_of("tiny_reply2").cells]
    assert len({model.name for model in models}) == len(models)
    assert len({model.rl for model in models}) == len(models)
    assert len({model.base for model in models}) == 2


def test_the_paper_is_replicated_with_its_protocol() -> None:
    for entry in job_of("table1").experiment_cells:
        decoding = entry.cell.decoding
        assert entry.cell.prompt.name.endswith("paper-stops")
        assert decoding.max_tokens == 16384
        if entry.row is not None and entry.row.role == "base":
            assert decoding.greedy
        else:
            assert (decoding.lambda_, decoding.temperature, decoding.top_p, decoding.n) == (
                *(1.0, 1.0, 0.95, 32),
            )
