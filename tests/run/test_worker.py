"""Workers on one launch: together every sample once, whoever is killed, late or failing."""

import multiprocessing
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from fake_engine import (
    PATIENCE,
    FakeEngine,
    load_broken_small,
    load_endless,
    load_fast,
    load_getting_stuck,
    load_killed_always,
    load_slow,
    make_cell,
    wait_until,
)
from launched import launch_of, stored

from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, Sample
from rast_bench.errors import EngineError
from rast_bench.ledger import Ledger
from rast_bench.run.folder import Launch, read_launch
from rast_bench.run.heartbeats import Failures, read_heartbeat
from rast_bench.run.worker import run_worker

pytestmark = pytest.mark.usefixtures("checked_keys")


class Loads:
    """Loads fake engines and heartbeats which, with how many rows and on how many threads."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.rows: list[int] = []
        self.threads: list[int | None] = []

    def __call__(self, key: EngineKey, config: EngineConfig) -> FakeEngine:
        self.loaded.append(Path(key.main.path).name)
        self.rows.append(config.max_num_seqs)
        self.threads.append(config.threads)
        return FakeEngine()


def test_one_worker_makes_all_with_one_load_a_group(tmp_path: Path) -> None:
    cells = [make_cell(tmp_path, base=b, seed=s, n=8) for b in ("a", "b") for s in range(3)]
    launch = launch_of(cells, tmp_path, workers=1)
    loads = Loads()
    run_worker(launch, 0, load_engine=loads)
    assert sorted(loads.loaded) == ["a", "b"]
    assert stored(launch) == 2 * 3 * 6 * 8
    heartbeat = read_heartbeat(launch.heartbeats, 0)
    assert heartbeat is not None
    assert (heartbeat.state, heartbeat.made, heartbeat.loads) == ("done", 288, 2)


def test_manifests_name_the_launch_and_the_worker(tmp_path: Path) -> None:
    launch = launch_of([make_cell(tmp_path)], tmp_path, workers=2)
    run_worker(launch, 1, load_engine=load_fast)
    (manifest,) = launch.ledger.manifests(launch.cells[0].cell_id)
    assert (manifest["launch"], manifest["worker"]) == (launch.launch_id, 1)
    assert (manifest["status"], manifest["samples_made"]) == ("complete", 24)


@pytest.mark.parametrize(
    ("share", "configured", "threads"), [(None, None, 4), (3, None, 3), (9, None, 4), (3, 7, 7)]
)
def test_an_engine_has_the_cores_of_its_worker(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    share: int | None,
    configured: int | None,
    threads: int,
) -> None:
    monkeypatch.setattr("rast_bench.hardware.usable_cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    launch = launch_of([make_cell(tmp_path, engine={"threads": configured})], tmp_path, workers=1)
    loads = Loads()
    run_worker(launch, 0, load_engine=loads, threads=share)
    (manifest,) = launch.ledger.manifests(launch.cells[0].cell_id)
    assert loads.threads == [manifest["threads"]] == [threads]


def test_a_small_group_is_not_claimed_whole_by_who_comes_first(tmp_path: Path) -> None:
    launch = launch_of([make_cell(tmp_path, problems=16, n=8)], tmp_path, workers=4)
    loads = Loads()
    run_worker(launch, 0, load_engine=loads)
    assert loads.rows == [32]  # a quarter of 128


def test_a_worker_that_comes_late_loads_nothing(tmp_path: Path) -> None:
    launch = launch_of([make_cell(tmp_path)], tmp_path, workers=2)
    run_worker(launch, 0, load_engine=load_fast)
    late = Loads()
    run_worker(launch, 1, load_engine=late)
    assert late.loaded == []


def test_processes_at_once_make_every_sample_once(tmp_path: Path) -> None:
    cells = [make_cell(tmp_path, base=b, n=32) for b in ("a", "b", "c")]
    launch = launch_of(cells, tmp_path, workers=3)
    processes = [start(launch, worker, load_slow) for worker in range(3)]
    for process in processes:
        process.join(PATIENCE)
        assert process.exitcode == 0
    heartbeats = [read_heartbeat(launch.heartbeats, worker) for worker in range(3)]
    assert (
        sum(heartbeat.made for heartbeat in heartbeats if heartbeat) == stored(launch) == 3 * 6 * 32
    )


def test_one_worker_merges_a_cells_shards(tmp_path: Path) -> None:
    launch = launch_of([make_cell(tmp_path)], tmp_path, workers=2)
    assert [launch.first_to_merge("a"), launch.first_to_merge("b")] == [True, True]
    assert not read_launch(launch.path).first_to_merge("a")


def test_a_killed_worker_that_is_started_again_finishes_its_chunks(tmp_path: Path) -> None:
    launch = launch_of([make_cell(tmp_path, n=32)], tmp_path, workers=1)
    killed = start(launch, 0, load_getting_stuck)
    wait_until(lambda: launch.leases(0).count() > 2)
    killed.kill()
    killed.join(PATIENCE)
    assert stored(launch) <= 30
    run_worker(read_launch(launch.path), 0, load_engine=load_fast)
    assert stored(launch) == 192


def test_a_released_chunk_is_made_by_another_worker(tmp_path: Path) -> None:
    launch = launch_of([make_cell(tmp_path, n=32)], tmp_path, workers=2)
    killed = start(launch, 0, load_killed_always)
    killed.join(PATIENCE)
    next(launch.leases(0).take(launch.chunks(0).chunks, 0))
    launch.leases(0).release(0)
    run_worker(launch, 1, load_engine=load_fast)
    assert stored(launch) == 192


def test_a_process_that_was_replaced_ends(tmp_path: Path) -> None:
    launch = launch_of([make_cell(tmp_path, n=512)], tmp_path, workers=1)
    orphan = start(launch, 0, load_endless)
    wait_until(
        lambda: (
            (heartbeat := read_heartbeat(launch.heartbeats, 0)) is not None and heartbeat.made > 0
        )
    )
    run_worker(launch, 0, load_engine=load_fast)
    orphan.join(PATIENCE)
    assert orphan.exitcode == 0
    assert stored(launch) == 6 * 512


class PoisonedEngine(FakeEngine):
    def __init__(self, poison: str) -> None:
        super().__init__()
        self._poison = poison

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        pulled: list[Request] = []
        for request in requests:
            pulled.append(request)
            if request.key.cell_id == self._poison:
                raise ValueError("cannot decode this")
            if len(pulled) == 4:
                yield from super().generate(pulled)
                pulled = []
        yield from super().generate(pulled)


def test_a_failing_cell_costs_its_siblings_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = [make_cell(tmp_path, seed=seed, n=8) for seed in range(3)]
    launch = launch_of(cells, tmp_path, workers=1)
    bad = launch.cells[1].cell_id
    run_worker(launch, 0, load_engine=lambda _k, _c: PoisonedEngine(bad))
    assert [len(launch.ledger.completed(cell.cell_id)) for cell in launch.cells] == [48, 0, 48]
    (failure,) = Failures(launch.failures).all()
    assert failure.cell_id == bad
    assert failure.exit_code == 1
    assert failure.reason.startswith("unexpected ValueError: cannot decode this")
    assert "cannot decode this" in capfd.readouterr().err


def test_a_group_whose_engine_does_not_load_is_left_to_one_more_worker(tmp_path: Path) -> None:
    cells = [make_cell(tmp_path, base=b) for b in ("fine", "broken")]
    launch = launch_of(cells, tmp_path, workers=3)
    tried: list[str] = []

    def load(key: EngineKey, _config: EngineConfig) -> FakeEngine:
        name = Path(key.main.path).name
        tried.append(name)
        if name == "broken":
            raise EngineError("no such card", hint="buy one")
        return FakeEngine()

    for worker in range(3):
        run_worker(launch, worker, load_engine=load)
    assert tried.count("broken") == 2
    assert {(f.cell_id, f.reason, f.hint) for f in Failures(launch.failures).all()} == {
        (None, "no such card", "buy one")
    }
    assert stored(launch) == 24


def test_an_unforeseen_crash_ends_the_process_for_a_fresh_one(tmp_path: Path) -> None:
    cells = [make_cell(tmp_path, base=b) for b in ("fine", "broken")]
    launch = launch_of(cells, tmp_path, workers=1)

    with pytest.raises(Exception, match="ZeroDivisionError: a fault"):
        run_worker(launch, 0, load_engine=load_broken_small)
    heartbeat = read_heartbeat(launch.heartbeats, 0)
    assert heartbeat is not None
    assert heartbeat.state == "crashed"
    assert heartbeat.error is not None
    assert heartbeat.error.startswith("unexpected ZeroDivisionError: a fault")
    run_worker(launch, 0, load_engine=load_broken_small)  # leaves that group alone
    assert stored(launch) == 24


def start(launch: Launch, worker: int, load: object) -> multiprocessing.Process:
    context = multiprocessing.get_context("fork")
    process = context.Process(
        target=run_worker, args=(launch, worker), kwargs={"load_engine": load}
    )
    process.start()
    return process  # type: ignore[return-value]


def test_an_older_ledger_is_not_made_again(tmp_path: Path) -> None:
    cells = [make_cell(tmp_path, n=8)]
    first = launch_of(cells, tmp_path, workers=1)
    run_worker(first, 0, load_engine=load_fast)
    more = launch_of([make_cell(tmp_path, n=12)], tmp_path, workers=1)
    assert [group.missing for group in more.record.groups] == [24]
    run_worker(more, 0, load_engine=load_fast)
    heartbeat = read_heartbeat(more.heartbeats, 0)
    assert heartbeat is not None
    assert heartbeat.made == 24
    assert len(Ledger(tmp_path / "results").completed(first.cells[0].cell_id)) == 72
