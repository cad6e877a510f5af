"""One load per group, nothing twice, failures that cost only their own group."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from fake_engine import (
    FakeEngine,
    fake_sample,
    load_broken_small,
    load_fast,
    load_hopeless,
    load_repeating,
    make_cell,
)

from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import CellConfig
from rast_bench.domain import Request, Sample
from rast_bench.errors import EngineError, LedgerError, ModelError
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.plan import plan_cells
from rast_bench.planning.work import requests_for
from rast_bench.run.direct import run_cells
from rast_bench.run.outcome import RunSummary
from rast_bench.run.shares import Shares

pytestmark = pytest.mark.usefixtures("checked_keys")


class Loader:
    """Loads fake engines and notes what was loaded and asked."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.engines: list[FakeEngine] = []
        self.asked: list[tuple[str, str, int]] = []

    def __call__(self, key: EngineKey, _config: EngineConfig) -> FakeEngine:
        loader = self

        class Engine(FakeEngine):
            def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
                for sample in super().generate(requests):
                    key = sample.key
                    loader.asked.append((key.cell_id, key.problem_id, key.sample_index))
                    yield sample

        self.loaded.append(Path(key.main.path).name)
        self.engines.append(Engine())
        return self.engines[-1]


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.total = self.done = self.stopped = 0
        self.texts: list[str] = []

    def start(self, *, total: int, done: int) -> None:
        self.total, self.done = total, done

    def describe(self, text: str) -> None:
        self.texts.append(text)

    def advance(self, samples: int = 1) -> None:
        self.done += samples

    def stop(self) -> None:
        self.stopped += 1


def run(
    results: Path, cells: list[CellConfig], loader: object = None, **options: object
) -> RunSummary:
    engine = load_fast if loader is None else loader
    return run_cells(plan_cells(cells), Ledger(results), load_engine=engine, **options)  # type: ignore[arg-type]


def test_one_load_a_group_and_none_when_all_is_there(tmp_path: Path) -> None:
    loader, told = Loader(), Told()
    cells = [make_cell(tmp_path, base=b, seed=s) for s in range(3) for b in ("a", "b")]

    summary = run(tmp_path, cells, loader, progress=told)

    assert loader.loaded == ["a", "b"]
    assert all(engine.closed for engine in loader.engines)
    assert (summary.cells, summary.samples_made, summary.samples_reused) == (6, 144, 0)
    assert summary.failures == ()
    assert summary.render_failures() == ""
    assert (told.total, told.done) == (144, 144)
    assert told.stopped
    assert [t for t in told.texts if t.startswith("loading")] == [
        f"loading {tmp_path}/a",
        f"loading {tmp_path}/b",
    ]

    again = run(tmp_path, cells, loader)
    assert loader.loaded == ["a", "b"]
    assert (again.samples_made, again.samples_reused) == (0, 144)


def test_raising_n_computes_the_difference(tmp_path: Path) -> None:
    run(tmp_path, [make_cell(tmp_path, n=32)])
    loader = Loader()
    summary = run(tmp_path, [make_cell(tmp_path, n=64)], loader)
    assert (summary.samples_made, summary.samples_reused) == (6 * 32, 6 * 32)
    assert {index for _, _, index in loader.asked} == set(range(32, 64))


@pytest.mark.parametrize("workers", [1, 2])
def test_cells_with_one_id_are_computed_once(tmp_path: Path, workers: int) -> None:
    cells = [
        make_cell(tmp_path, label="in table 1", n=2),
        make_cell(tmp_path, label="in table 2", n=3, limit=4),
        make_cell(tmp_path, label="elsewhere", n=2, engine={"max_num_seqs": 5}),
    ]
    summary = run(tmp_path, cells, workers=workers)
    assert summary.cells == 1
    assert summary.samples_made == 6 * 2 + 4
    assert summary.failures == ()


def test_the_same_planned_cell_twice_is_one(tmp_path: Path) -> None:
    planned = plan_cells([make_cell(tmp_path)]) * 2
    summary = run_cells(planned, Ledger(tmp_path), load_engine=load_fast)
    assert (summary.samples_made, summary.failures) == (24, ())


def test_a_second_configuration_of_a_complete_cell_loads_nothing(tmp_path: Path) -> None:
    loader = Loader()
    cells = [make_cell(tmp_path, engine={"max_num_seqs": m}) for m in (5, 6)]
    run(tmp_path, cells, loader)
    assert loader.loaded == ["base"]


@pytest.mark.parametrize("workers", [1, 2])
def test_one_engines_failure_costs_only_its_own_cells(
    tmp_path: Path, workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = [make_cell(tmp_path, base=b, seed=s) for b in ("broken", "good") for s in range(2)]
    summary = run(tmp_path, cells, load_broken_small, workers=workers)
    assert summary.samples_made == 48
    assert len(summary.failures) == 2
    *lines, hint = summary.render_failures().splitlines()
    assert len(lines) == 2
    assert all("base broken, sums" in line and "a fault of ours" in line for line in lines)
    assert hint.startswith("hint: please report it with that file")
    assert summary.exit_code == 1
    assert "Traceback" not in capfd.readouterr().err
    (report,) = (tmp_path / "bugs").iterdir()
    assert "ZeroDivisionError" in report.read_text()
    assert run(tmp_path, cells, load_fast).samples_made == 48


def failing_midway(error: Exception) -> object:
    class Engine(FakeEngine):
        def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
            for count, sample in enumerate(super().generate(requests)):
                if count == 30:
                    raise error
                yield sample

    return lambda _key, _config: Engine()


def test_what_finished_before_a_failure_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [make_cell(tmp_path, seed=s) for s in range(2)]
    error = ModelError("out of memory", hint="use a smaller max_num_seqs")
    summary = run(tmp_path, cells, failing_midway(error))
    assert summary.samples_made == 30
    (failure,) = summary.failures  # the first cell was complete
    assert failure.cell_id == plan_cells(cells)[1].cell_id
    assert summary.render_failures().splitlines()[-1] == "hint: use a smaller max_num_seqs"
    assert capsys.readouterr().err == ""  # a user's error needs no stack trace
    assert run(tmp_path, cells).samples_made == 18


def test_an_engine_that_forgets_samples_is_not_believed(tmp_path: Path) -> None:
    class Forgetful(FakeEngine):
        def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
            for sample in super().generate(requests):
                if sample.key.sample_index != 1:
                    yield sample

    summary = run(tmp_path, [make_cell(tmp_path)], lambda _key, _config: Forgetful())
    assert [f.reason for f in summary.failures] == ["the engine ended without 6 of its samples"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_engine_that_repeats_samples_is_not_believed(tmp_path: Path, workers: int) -> None:
    cells = [make_cell(tmp_path, problems=40)]
    summary = run(tmp_path, cells, load_repeating, workers=workers)
    assert "was not requested" in summary.failures[0].reason
    assert 1 <= summary.samples_made < 160


def test_a_full_disk_ends_the_run_and_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [make_cell(tmp_path, base=b) for b in ("a", "b")]
    run(tmp_path, cells[:1])

    def full(*_args: object) -> None:
        raise LedgerError("no room to write", hint="free some space")

    loader = Loader()
    monkeypatch.setattr(Ledger, "write_samples", full)
    with pytest.raises(LedgerError, match="no room"):
        run(tmp_path, cells, loader)
    assert all(engine.closed for engine in loader.engines)
    monkeypatch.undo()
    assert len(Ledger(tmp_path).completed(plan_cells_unchecked(cells[0]))) == 24


def plan_cells_unchecked(cell: CellConfig) -> str:
    """The cell's id after `monkeypatch.undo` has taken the fixture's patch away too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rast_bench.engines.check_models", lambda _key: None, raising=False)
        return plan_cells([cell])[0].cell_id


def test_an_unwritable_folder_is_told_before_any_engine_is_loaded(tmp_path: Path) -> None:
    loader = Loader()
    with pytest.raises(LedgerError):
        run_cells(plan_cells([make_cell(tmp_path)]), Ledger("/proc/results"), load_engine=loader)
    assert loader.loaded == []


def test_what_another_process_made_meanwhile_is_reused(tmp_path: Path) -> None:
    cells = [make_cell(tmp_path, seed=s) for s in range(2)]
    told = Told()

    def load(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
        run(tmp_path, cells[1:])  # the other process, while this one loads
        return FakeEngine()

    summary = run(tmp_path, cells, load, progress=told)
    assert (summary.samples_made, summary.samples_reused) == (24, 24)
    assert summary.failures == ()
    assert told.done == told.total == 48


class Other(Told):
    """Another process that makes what it has leased while the one told so waits for it."""

    def __init__(self, planned: list[PlannedCell], ledger: Ledger, shares: Shares) -> None:
        super().__init__()
        self.planned, self.ledger, self.shares = planned, ledger, shares
        self.waits = 0

    def describe(self, text: str) -> None:
        super().describe(text)
        if "waiting for" not in text:
            return
        cell = self.planned[min(self.waits, len(self.planned) - 1)]
        self.waits += 1
        done = self.ledger.completed(cell.cell_id)
        requests = requests_for(cell, [key for key in cell.wanted_keys() if key not in done])
        made = [fake_sample(request) for request in requests]
        self.ledger.write_samples(cell.cell_id, made, "another run")


@pytest.mark.parametrize("workers", [1, 2])
def test_another_process_has_all_of_a_cell_that_two_groups_want(
    tmp_path: Path, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [make_cell(tmp_path, n=2), make_cell(tmp_path, n=3, engine={"max_num_seqs": 5})]
    planned, ledger, loader = plan_cells(cells), Ledger(tmp_path), Loader()
    with Shares(ledger) as shares:
        for problem in planned[0].problems:
            assert shares.lease(planned[0].cell_id, problem.problem_id)
        other = Other(planned, ledger, shares)
        engine = loader if workers == 1 else load_fast
        summary = run_cells(planned, ledger, load_engine=engine, progress=other, workers=workers)
    assert (summary.samples_made, summary.samples_reused, summary.failures) == (0, 18, ())
    assert (other.done, other.total, loader.loaded) == (18, 18, [])
    told = [text for text in other.texts if "waiting for" in text]
    assert [text.rpartition("; ")[2] for text in told] == [
        "waiting for 18 samples",
        "waiting for 6 samples",
    ]
    assert "is working on 1 of 1 cells" in capsys.readouterr().err


def test_a_cell_that_fails_here_is_not_waited_for(tmp_path: Path) -> None:
    """The other process may do better with what it has; the command says what failed."""
    (planned,), ledger = plan_cells([make_cell(tmp_path)]), Ledger(tmp_path)
    with Shares(ledger) as shares:
        assert shares.lease(planned.cell_id, planned.problems[-1].problem_id)
        summary = run_cells([planned], ledger, load_engine=load_hopeless)
        assert [failure.reason for failure in summary.failures] == ["no kernel image"]
        assert shares.lease(planned.cell_id, planned.problems[0].problem_id)


def test_manifests_tell_the_run(tmp_path: Path) -> None:
    cell = make_cell(tmp_path)
    run(tmp_path, [cell])
    run(tmp_path, [make_cell(tmp_path, n=6)])
    ledger = Ledger(tmp_path)
    (cell_id,) = ledger.cells()
    first, second = sorted(ledger.manifests(cell_id), key=lambda m: m["samples_made"], reverse=True)
    assert (first["samples_made"], second["samples_made"]) == (24, 12)
    assert first["status"] == second["status"] == "complete"
    assert CellConfig.model_validate(first["config"]) == cell
    assert list(first["models"]) == [cell.base_model.base.path]
    assert first["started"] <= first["ended"]
    assert first["samples_per_second"] > 0
    assert {"git", "versions", "python", "host", "cpu", "gpus"} <= first.keys()
    record = ledger.cell(cell_id)
    assert record is not None
    assert record["display"]["title"] == "base base, sums, τ=1"


def test_the_only_engine_has_the_cores_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rast_bench.run.direct.engine_threads", lambda: 3)
    run(tmp_path, [make_cell(tmp_path)], load_fast)
    (cell,) = plan_cells([make_cell(tmp_path)])
    (manifest,) = Ledger(tmp_path).manifests(cell.cell_id)
    assert (manifest["workers"], manifest["threads"]) == (1, 3)


def test_loading_is_told_and_not_measured(tmp_path: Path) -> None:
    told = Told()
    loaded = 0.0

    def load(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
        nonlocal loaded
        time.sleep(0.5)
        loaded = time.monotonic()
        return FakeEngine(delay=0.001)

    run(tmp_path, [make_cell(tmp_path)], load, progress=told)
    title = "base base, sums, τ=1"
    assert told.texts == [title, f"loading {tmp_path}/base", title]
    (manifest,) = Ledger(tmp_path).manifests(plan_cells([make_cell(tmp_path)])[0].cell_id)
    assert 0 < manifest["seconds"] <= time.monotonic() - loaded + 0.001


def test_a_complete_cell_is_compacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rast_bench.ledger.writer.FLUSH_SECONDS", 0.01)
    run(tmp_path, [make_cell(tmp_path, n=2)])
    run(tmp_path, [make_cell(tmp_path, n=4)])
    (shard,) = tmp_path.rglob("samples-*.parquet")
    assert shard.is_file()


def test_no_engine_is_the_default_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = Loader()
    monkeypatch.setattr("rast_bench.engines.load_engine", loader, raising=False)
    run_cells(plan_cells([make_cell(tmp_path)]), Ledger(tmp_path))
    assert loader.loaded == ["base"]


def test_ledger_errors_are_not_taken_for_engine_failures() -> None:
    assert not issubclass(LedgerError, EngineError)
