"""Methods besides equation 3: their parameters, their identity, and what is refused."""

import csv
import json
import re
import shlex
import sys
from functools import cache
from pathlib import Path

import pytest

from rast_bench.cli import main
from rast_bench.compose.methods import EQUATION_3, METHODS
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.identity import cell_id, cell_identity, engine_key
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.engines import check_engine
from rast_bench.errors import ConfigError

CHECK_BIAS = "rast_bench.zoo.controls:CHECK_BIAS"
RESULTS = Path(__file__).parents[2] / "results"
PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
CELL = ("base_model=tiny-l", "delta=tiny-s", "dataset=tiny-easy")
OTHERS = [name for name in METHODS if name != EQUATION_3]


def composed(*overrides: str) -> CellConfig:
    (found,) = job_of_overrides([*CELL, *overrides]).cells
    return found


cell = cache(composed)


def identity(found: CellConfig) -> str:
    return cell_id(cell_identity(found, "data", lambda ref: ref.path))


@pytest.mark.parametrize("name", OTHERS)
def test_conf_has_the_defaults_of_the_definition(name: str) -> None:
    assert cell(f"method={name}").method.parameters == METHODS[name].defaults


@pytest.mark.parametrize("name", OTHERS)
def test_what_a_method_reads_changes_the_identity_and_nothing_else_does(name: str) -> None:
    method, first = METHODS[name], cell(f"method={name}")
    own = {identity(first), identity(cell())}
    for one in method.parameters:
        value = int(one.default) + 1 if one.whole else one.default / 2
        own.add(identity(cell(f"method={name}", f"method.{one.name}={value}")))
    assert len(own) == 2 + len(method.parameters)
    other = identity(cell(f"method={name}", "decoding.lambda=0.5"))
    assert (other == identity(first)) is not method.uses_lambda
    (pair,) = first.delta.pairs
    for role in ("rl", "base"):
        changed = pair.model_copy(update={role: ModelRef(path="zoo:another")})
        delta = first.delta.model_copy(update={"pairs": (changed,)})
        same = identity(first.model_copy(update={"delta": delta})) == identity(first)
        assert same is (role not in method.roles)
    assert len(engine_key(first).roles) == 1 + len(method.roles)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["method=contrastive", "+method.gamma=1"], "method=contrastive has no gamma"),
        (["+method.beta=1"], "method=rast has no beta"),
        (["method=mixture", "method.weight=1.5"], "must be a number from 0 to 1"),
        (["method=rast_first", "method.tokens=1.5"], "must be a whole number"),
        (["method=rast_gated", "method.entropy=nan"], "method.entropy"),
        (["method=dexperts", "method.filter_p=true"], "method.filter_p"),
        (["method=dexperts", "method.filter_p=much"], "method.filter_p"),
        (["method=nudging", "delta=none"], "method=nudging needs a ΔR source"),
        (["method=mixture", "delta=tiny-ensemble"], "takes one pair of models, delta"),
        (["method=mixture", "delta.shuffle_vocabulary_seed=1"], "no ΔR whose values"),
        (["method=contrastiv"], "contrastive"),
        (["method=contrastive", "method.betta=1"], "did you mean beta?"),
        (["method=rast", "method.beta=1"], "it is a parameter of contrastive"),
    ],
)
def test_mistakes_are_named(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        cell(*overrides)
    assert message in raised.value.render()


@pytest.mark.parametrize("name", OTHERS)
def test_both_engines_have_every_method(name: str) -> None:
    check_engine(cell(f"method={name}", "engine=transformers"))
    check_engine(cell(f"method={name}", "engine=vllm"))


def test_methods_side_by_side_in_one_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("base_model=tiny-s", "delta=tiny-xs", "dataset=tiny-easy", "dataset.limit=3")
    swept = ("-m", "method=base,rl,rast,contrastive,rast_first", "decoding.n=2", "workers=1")
    assert main(["run", *words, *swept, f"results_dir={tmp_path}"]) == 0
    printed = capsys.readouterr().out
    for label in (
        "contrastive tiny-xs, beta = 0.5, alpha = 0.1",
        "rast_first tiny-xs, tokens = 1",
        "+ ΔR tiny-xs",
    ):
        assert label in " ".join(printed.split())


def test_the_page_has_every_formula_source_and_parameter() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for method in METHODS.values():
        assert f"| `{method.name}` | {method.formula} |" in page
        assert f"* `{method.name}`: {method.source}." in page
        for one in method.parameters:
            assert f"`method.{one.name}` ({one.default:g}): {one.meaning}" in page


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's module, in the current folder, which is on the path."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "mymethods.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mymethods", raising=False)
    return tmp_path / "mymethods.py"


def test_a_method_of_ones_own_as_documented(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = PAGE.read_text(encoding="utf-8").rpartition("```bash\n")[2].partition("```")[0]
    _, *words = shlex.split(block)
    assert main([*words, "workers=1"]) == 0
    printed = capsys.readouterr()
    assert "mymethods:CLIPPED tiny-xs, limit = 1.5, λ = 1" in " ".join(printed.out.split())
    assert main([*words, "workers=1"]) == 0
    assert "0 samples made" in capsys.readouterr().err

    before = identity(composed("method.name=mymethods:CLIPPED"))
    own.write_text(own.read_text() + "# changed\n")
    assert identity(composed("method.name=mymethods:CLIPPED")) != before


def test_mistakes_of_ones_own_methods_are_named(own: Path) -> None:
    with own.open("a") as stream:
        stream.write("NUMBER = 3\n")
    for name, message in {
        "mymethods:NUMBER": "is not a Method",
        "mymethods:clipped": "is not a Method",
        "mymethods:CLIPED": "did you mean 'CLIPPED'?",
        "nowhere:X": "No module named 'nowhere'",
    }.items():
        with pytest.raises(ConfigError) as raised:
            composed(f"method.name={name}")
        assert message in raised.value.render()
    with pytest.raises(ConfigError) as raised:
        composed("method.name=mymethods:CLIPPED", "+method.limit=1000")
    assert "method.limit=1000 must be a number from 0 to 100" in raised.value.render()


CHOSEN = {
    "tiny_baselines": ("dexperts", "contrastive", "dola", "geometric_mean", "mixture", "nudging"),
    "dials": ("dexperts", "geometric_mean", "mixture", "nudging", CHECK_BIAS),
}


def way(of: CellConfig) -> tuple[str, float]:
    """Return the method and the temperature, 0 for greedy decoding."""
    return of.method.name, 0.0 if of.decoding.greedy else of.decoding.temperature


def best_on_development_problems(experiment: str) -> dict[tuple[str, float], CellConfig]:
    """Return a cell of the row with the highest mean accuracy by method and temperature."""
    with (RESULTS / f"{experiment}_dev" / "numbers.csv").open(encoding="utf-8") as file:
        means = {
            one["row"]: float(one["value"])
            for one in csv.DictReader(file)
            if (one["metric"], one["dataset"]) == ("avg", "(mean)")
        }
    swept = job_of_overrides([f"experiment={experiment}_dev"]).cells
    assert all(one.dataset.name.endswith("-dev") for one in swept)
    assert {one.label for one in swept} == set(means)
    best: dict[tuple[str, float], CellConfig] = {}
    for one in swept:
        before = best.get(way(one))
        if before is None or means[str(one.label)] > means[str(before.label)]:
            best[way(one)] = one
    return best


@pytest.mark.parametrize("experiment", CHOSEN)
def test_methods_have_the_values_that_development_problems_chose(experiment: str) -> None:
    best = best_on_development_problems(experiment)
    cells = job_of_overrides([f"experiment={experiment}"]).cells
    compared = [one for one in cells if one.method.name in CHOSEN[experiment]]
    assert {one.method.name for one in compared} == set(CHOSEN[experiment])
    for one in compared:
        assert one.method.parameters == best[way(one)].method.parameters, one.label


def test_rast_has_the_papers_lambda_or_what_development_problems_chose() -> None:
    best = best_on_development_problems("dials")
    rows = [
        one for one in job_of_overrides(["experiment=dials"]).cells if one.method.name == EQUATION_3
    ]
    chosen = {way(one): one.decoding.lambda_ for one in rows if one.decoding.lambda_ != 1}
    assert chosen == {
        method: one.decoding.lambda_ for method, one in best.items() if method[0] == EQUATION_3
    }


def test_the_forced_start_of_the_dials_is_the_best_that_was_tried() -> None:
    """At least 200 starts of up to 8 tokens, on development problems."""
    report = json.loads((RESULTS / "dials_dev" / "forced_starts.json").read_text())
    starts = report["starts"]
    assert len({row["start"] for row in starts}) == len(starts) >= 200
    assert max(len(row["start"].split()) for row in starts) == 8
    none = report["without a start"].values()
    assert max(row["mean"] for row in starts) < sum(none) / len(none)  # what the docs say
    (prefix,) = {
        cell.prompt.forced_prefix
        for cell in job_of_overrides(["experiment=dials"]).cells
        if cell.prompt.forced_prefix
    }
    assert prefix == max(starts, key=lambda row: row["mean"])["start"]
