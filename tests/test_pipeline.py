import os

import pytest

from rast_bench.pipeline import automatic_workers


@pytest.mark.parametrize(
    ("gpus", "cores", "wanted", "workers"),
    [
        ([], 4, 10_000, 4),
        ([], 4, 130, 2),
        ([], 4, 1, 1),
        ([], 4, 0, 1),
        (["a GPU"], 4, 10_000, 1),
    ],
)
def test_workers_follow_the_machine_and_the_work(
    gpus: list[str], cores: int, wanted: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rast_bench.ledger.manifest.gpu_names", lambda: gpus)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)), raising=False)
    assert automatic_workers(wanted) == workers
