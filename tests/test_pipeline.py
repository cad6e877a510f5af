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
    monkeypatch.setattr("rast_bench.pipeline.usable_cores", lambda: cores)
    assert automatic_workers(wanted) == workers


def test_engines_with_more_threads_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rast_bench.ledger.manifest.gpu_names", list)
    monkeypatch.setattr("rast_bench.pipeline.usable_cores", lambda: 4)
    assert [automatic_workers(10_000, threads) for threads in (1, 2, 3, 8)] == [4, 2, 1, 1]
