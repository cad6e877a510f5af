from types import SimpleNamespace
from typing import Any

import pytest

from rast_bench.config.engines import TransformersConfig, VllmConfig
from rast_bench.errors import ConfigError
from rast_bench.run.devices import automatic_workers, check_workers

ON_CPU = TransformersConfig(device="cpu")


def cells(*engines: Any) -> Any:
    return [SimpleNamespace(engine=engine) for engine in engines]


@pytest.mark.parametrize(
    ("gpus", "cores", "wanted", "engine", "workers"),
    [
        ([], 4, 10_000, TransformersConfig(), 4),
        ([], 4, 130, TransformersConfig(), 2),
        ([], 4, 1, TransformersConfig(), 1),
        ([], 4, 0, TransformersConfig(), 1),
        (["a GPU"], 4, 10_000, TransformersConfig(), 1),
        (["a GPU"], 4, 10_000, VllmConfig(), 1),
        (["a GPU"], 4, 10_000, ON_CPU, 4),
    ],
)
def test_workers_follow_the_machine_and_the_work(
    gpus: list[str],
    cores: int,
    wanted: int,
    engine: Any,
    workers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rast_bench.run.devices.gpu_names", lambda: gpus)
    monkeypatch.setattr("rast_bench.run.devices.usable_cores", lambda: cores)
    assert automatic_workers(wanted, cells(engine)) == workers


def test_engines_with_more_threads_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rast_bench.run.devices.usable_cores", lambda: 4)
    engines = [TransformersConfig(device="cpu", threads=threads) for threads in (1, 2, 3, 8)]
    assert [automatic_workers(10_000, cells(engine)) for engine in engines] == [4, 2, 1, 1]


@pytest.mark.parametrize("engine", [TransformersConfig(), VllmConfig()])
def test_several_workers_would_share_one_gpu(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    several, one, auto = (SimpleNamespace(workers=workers) for workers in (4, 1, "auto"))
    monkeypatch.setattr("rast_bench.run.devices.gpu_names", lambda: ["H100", "H100"])
    with pytest.raises(ConfigError, match=r"workers=4: .* the same GPU") as caught:
        check_workers(cells(ON_CPU, engine), several)  # type: ignore[arg-type]
    assert "hydra/launcher=local" in str(caught.value.hint)
    for options in (one, auto):
        check_workers(cells(engine), options)  # type: ignore[arg-type]
    check_workers(cells(ON_CPU), several)  # type: ignore[arg-type]
    monkeypatch.setattr("rast_bench.run.devices.gpu_names", list)
    check_workers(cells(engine), several)  # type: ignore[arg-type]
