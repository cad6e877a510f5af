"""The files of conf/experiment/: they compose, and no published number is left without a place."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rast_bench.config.compose import Job
from rast_bench.config.experiment import ExperimentConfig
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.identity import engine_key
from rast_bench.config.paths import config_dir
from rast_bench.ledger import Ledger
from rast_bench.paper.published import Published, load_published
from rast_bench.reporting.render_latex import escape_latex
from rast_bench.reporting.render_markdown import escape_markdown
from rast_bench.reporting.report import requested_results
from rast_bench.reporting.reports import experiment_report
from rast_bench.results.cells import PathMean
from rast_bench.results.experiment import (
    NOT_RUN,
    compares,
    experiment_published,
    experiment_results,
    requested_measures,
)
from rast_bench.results.published import unplaced
from rast_bench.results.registry import PCR, RECOVERY
from rast_bench.results.result import Result

EXPERIMENTS = sorted(path.stem for path in (config_dir() / "experiment").iterdir())
JOBS: dict[str, Job] = {}

ELSEWHERE = frozenset({"reply 4", "reply FLOPs", "text"})
"""Sources of settings, sizes, costs (tests of their tables) and of statements about all rows."""

COSTS = frozenset({"GPU memory", "cards"})
"""Metrics of table 4's own table (tests/reporting/test_cost_tables.py)."""


def has_no_place(number: Published) -> bool:
    """The 100 % recovery of RL models, which equation 5 gives them: a ceiling has no rate."""
    return number.metric == "mean recovery rate" and number.method == "rl"


def job_of(name: str) -> Job:
    """Composed once: Hydra takes a quarter of a second for it."""
    if name not in JOBS:
        JOBS[name] = job_of_overrides([f"experiment={name}"])
    return JOBS[name]


def experiment_of(name: str) -> ExperimentConfig:
    experiment = job_of(name).options.experiment
    assert experiment is not None
    return experiment


def results_of(name: str, tmp_path: Path) -> list[Result]:
    job = job_of(name)
    nothing = [NOT_RUN] * len(job.cells)
    return requested_results(
        experiment_results(experiment_of(name), job.experiment_cells, nothing, tmp_path)
    )


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_under_its_name(name: str) -> None:
    assert experiment_of(name).name == name
    assert job_of(name).cells


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_section_has_the_references_of_its_recovery_rates(name: str) -> None:
    """One base at most, one ceiling at most; both where recovery rates are asked for."""
    experiment = experiment_of(name)
    rates = not compares(experiment) or RECOVERY in requested_measures(experiment)
    roles: dict[str, set[tuple[str, str]]] = {}
    for entry in job_of(name).experiment_cells:
        if entry.row is not None:
            roles.setdefault(entry.section, set()).add((entry.row.role, entry.row.label))
    for rows in roles.values():
        counts = Counter(role for role, _ in rows)
        for role in ("base", "ceiling"):
            assert counts[role] == 1 if rates else counts[role] <= 1


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_published_number_of_its_sources_stands_somewhere(name: str, tmp_path: Path) -> None:
    """All but statements about all rows, which become footnotes, and other models' text.

    Section 3.2 calls the RL model itself "7B with ΔR 7B" (shared/paper/README.md): no row is that.
    """
    models = {cell.base_model.name for cell in job_of(name).cells}
    numbers = [one for one in experiment_published(experiment_of(name)) if not has_no_place(one)]
    lost = unplaced(numbers, results_of(name, tmp_path))
    if name == "table1_dagger":  # the † rows of a table; table1 has them all
        lost = [one for one in lost if one.delta in (None, "qwen2.5-1.5b")]
    assert [one for one in lost if one.model in models and one.delta != one.model] == []
    assert [one for one in lost if one.model and one.source != "text"] == []


def test_every_published_number_of_the_tables_stands_in_an_experiment(
    tmp_path: Path,
) -> None:
    results = [result for name in EXPERIMENTS for result in results_of(name, tmp_path)]
    numbers = [
        one.in_percent()
        for one in load_published()
        if one.source not in ELSEWHERE
        and one.metric not in COSTS
        and one.model
        and not has_no_place(one)
    ]
    assert unplaced(numbers, results) == []
    assert len(numbers) > 300


def test_a_table_waits_for_samples_unless_it_is_of_costs_or_beside_the_paper() -> None:
    waiting = {name for name in EXPERIMENTS if experiment_of(name).waits_for_all}
    assert {"demo", "tiny_table1", "tiny_table4", "tiny_figure3"} <= waiting
    assert waiting.isdisjoint({"table1", "table4", "reply4", "tiny_reply4", "tiny_table5"})


@pytest.mark.parametrize(("name", "bases"), [("tiny_reply2", 2), ("reply2", 1)])
def test_the_rl_runs_of_reply_2_are_told_apart(name: str, bases: int) -> None:
    cells = job_of(name).cells
    models = [cell.base_model for cell in cells]
    assert len({model.name for model in models}) == len(models)
    assert len({model.rl for model in models}) == len(models)
    assert len({model.base for model in models}) == bases
    assert {cell.method.name for cell in cells} == {"rl"}
    assert len({engine_key(cell) for cell in cells}) == len(cells)


class Everywhere(dict[tuple[str, str, str], PathMean]):
    """A mean for every base model and data set, of any models that have a name."""

    def get(self, key: Any, default: Any = None) -> Any:
        return PathMean(0.5, 0.1, 50) if key[2] else default


def test_every_row_of_an_analysis_along_paths_finds_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rast_bench.results.experiment.path_coverages", lambda *_: Everywhere())
    along_paths = [name for name in EXPERIMENTS if PCR in requested_measures(experiment_of(name))]
    assert {"figure1a", "reply1_pcr", "reply2", "dials_figure1a"} <= set(along_paths)
    for name in along_paths:
        found = [one for one in results_of(name, tmp_path) if one.measure == PCR]
        assert len(found) == len(job_of(name).cells), name
        assert {one.value.estimate for one in found} == {0.5}, name


def test_the_paths_of_reply_2_fit_its_models() -> None:
    """Qwen2.5-Math has 4,096 positions; MATH500's longest problems have several hundred tokens."""
    for cell in job_of("reply2").cells:
        assert cell.decoding.greedy
        assert cell.decoding.max_tokens + 1000 <= 4096


def test_the_papers_experiments_run_in_one_precision() -> None:
    paper = [name for name in EXPERIMENTS if job_of(name).cells[0].engine.name == "vllm"]
    assert {"table1", "table2", "table3", "table4", "figure4", "reply_flops"} <= set(paper)
    for name in paper:
        assert {cell.engine.dtype for cell in job_of(name).cells} == {"bfloat16"}, name
    half = job_of_overrides(["experiment=table1", "engine.dtype=float16"])
    assert {cell.engine.dtype for cell in half.cells} == {"float16"}


def test_code_is_asked_for_as_the_paper_says_and_as_the_small_model_was_trained() -> None:
    prompts = {
        (entry.section, entry.cell.dataset.name): entry.cell.prompt.name
        for entry in job_of("table3").experiment_cells
    }
    ours, other = "qwen2.5-14b-1m", "qwen2.5-14b-1m, Code-R1's prompt"
    assert prompts == {
        (ours, "humanevalplus"): "evalplus",
        (ours, "mbppplus"): "evalplus",
        (ours, "livecodebench"): "livecodebench",
        **{(other, name): "code-r1" for name in ("humanevalplus", "mbppplus", "livecodebench")},
    }


def test_the_base_of_table_2_is_greedy_and_sampled_and_there_is_an_instruct_model() -> None:
    bases = {
        (entry.cell.base_model.name, entry.row.role, entry.cell.decoding.samples_per_problem)
        for entry in job_of("table2").experiment_cells
        if entry.row is not None and entry.cell.method.name == "base"
    }
    models = ("llama-3.1-70b", "llama-3.1-70b-instruct")
    assert bases == {(m, r, n) for m in models for r, n in (("base", 1), ("control", 32))}


def test_both_prompts_of_the_dagger_rows_stand_beside_the_published_numbers(
    tmp_path: Path,
) -> None:
    results = [one for one in results_of("table1_dagger", tmp_path) if one.delta == "qwen2.5-1.5b"]
    assert {result.row for result in results} == {
        *("+ ΔR 1.5B †, prompt (a)", "+ ΔR 1.5B †, prompt (b)")
    }
    assert all(result.published for result in results)
    assert len(results) == 2 * 3 * 6 * 2  # prompts, models, data sets, accuracy and recovery rate


def test_the_problems_of_the_pcr_elsewhere_are_drawn() -> None:
    drawn = {(cell.dataset.limit, cell.dataset.limit_seed) for cell in job_of("reply1_pcr").cells}
    assert drawn == {(200, 0)}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_notes_of_an_experiment_stand_under_its_tables_in_every_format(
    name: str, tmp_path: Path
) -> None:
    job, experiment = job_of(name), experiment_of(name)
    if experiment.waits_for_all:
        assert experiment.notes == ()
        return
    nothing = [None] * len(job.cells)
    texts = experiment_report(
        experiment, job.experiment_cells, nothing, Ledger(tmp_path), None
    ).texts
    for note in experiment.notes:
        plain = " ".join(note.split())
        unwrapped = " ".join(texts["table.txt"].split())
        assert plain.replace("-", "").replace(" ", "") in unwrapped.replace("-", "").replace(
            " ", ""
        )
        assert escape_markdown(plain) in texts["table.md"]
        assert escape_latex(plain) in texts["table.tex"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "table3",
            "Prompt: evalplus or code-r1 for humanevalplus, mbppplus; livecodebench or code-r1 for "
            "livecodebench.",
        ),
        ("table1", "Prompt: qwen-boxed-paper-stops or question-answer-paper-stops."),
        ("reply1_pcr", "Problems: 200 of each data set that has more, drawn at random (seed 0)."),
    ],
)
def test_tables_say_what_was_asked_and_of_which_problems(
    name: str, said: str, tmp_path: Path
) -> None:
    job, nothing = job_of(name), [None] * len(job_of(name).cells)
    report = experiment_report(
        experiment_of(name), job.experiment_cells, nothing, Ledger(tmp_path), None
    )
    assert escape_markdown(said) in report.texts["table.md"]


def test_the_ensemble_has_the_weight_of_the_authors_command() -> None:
    weights = {
        entry.row.label: {pair.weight for pair in entry.cell.delta.pairs}
        for entry in job_of("ensemble").experiment_cells
        if entry.row is not None and len(entry.cell.delta.pairs) > 1
    }
    assert list(weights.values()) == [{1.0}, {0.3}]


def test_daggers_are_explained_where_they_stand() -> None:
    for name in EXPERIMENTS:
        labels = [row.label for row in experiment_of(name).rows]
        if any("†" in label for label in labels) and name not in ("figure4", "table4"):
            assert any("footnote" in note for note in experiment_of(name).notes), name


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
