"""Which GPUs engines will run on, by the machine or by a launcher's keys."""

import pytest

from rast_bench.config.launchers import LocalLauncher, SlurmLauncher
from rast_bench.gpus import Gpu
from rast_bench.hardware import GIB
from rast_bench.planning.placement import Card
from rast_bench.planning.settled import UnknownCard
from rast_bench.run import devices
from rast_bench.run.devices import (
    card_of_constraint,
    devices_of,
    gpus_of_gres,
    gres_for,
    slurm_devices,
)


@pytest.mark.parametrize(
    ("keys", "card", "count"),
    [
        ({"gpu": "h100"}, "h100", None),
        ({"gpu": "a6000", "gpus": 4}, "a6000", 4),
        ({"gres": "gpu:h100:4"}, "h100", 4),
        ({"gres": "gpu:H200"}, "h200", None),
        ({"gres": "lustre:1,gpu:l40s:2"}, "l40s", 2),
        ({"gres": "gpu:4", "gpu": "a100-80"}, "a100-80", 4),
        ({"gres": "gpu:a100:4", "gpu": "a100-40"}, "a100-40", 4),
        ({"constraint": "h100"}, "h100", None),
        ({"constraint": "h100|a6000"}, "a6000", None),
        ({"constraint": "ib&h200"}, "h200", None),
    ],
)
def test_the_card_that_a_slurm_launcher_names(
    keys: dict[str, object], card: str, count: int | None
) -> None:
    found = slurm_devices(SlurmLauncher.model_validate(keys))
    assert isinstance(found, Card)
    assert (found.name, found.count) == (card, count)


def test_memory_in_place_of_a_name() -> None:
    found = slurm_devices(SlurmLauncher(gpu_memory=94, gres="gpu:h100_nvl:2"))
    assert found == Card(94 * GIB, 2)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"gres": "gpu:4"},
        {"gres": "gpu:a100:4"},  # of 40 GB or of 80
        {"gres": "gpu:h100_1g.10gb:1"},  # a part of a card
        {"constraint": "h100|newest"},
    ],
)
def test_a_card_that_is_not_named_is_asked_for(keys: dict[str, object]) -> None:
    found = slurm_devices(SlurmLauncher.model_validate(keys))
    assert isinstance(found, UnknownCard)
    assert "launcher.gpu=h100" in found.hint


@pytest.mark.parametrize("keys", [{"gpus": 0}, {"gres": "lustre:1"}])
def test_nodes_without_gpus(keys: dict[str, object]) -> None:
    assert slurm_devices(SlurmLauncher.model_validate(keys)) is None


def test_the_smallest_card_of_a_machine_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = {"0": Gpu("NVIDIA H100", 80 * GIB), "1": Gpu("NVIDIA A100", 40 * GIB)}

    def usable(visible: str) -> list[Gpu]:
        return [machine[name] for name in visible.split(",") if name]

    monkeypatch.setattr(devices, "usable_gpus", usable)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert devices_of(None) == devices_of(LocalLauncher()) == Card(40 * GIB, 2)
    assert devices_of(LocalLauncher(devices=1)) == Card(80 * GIB, 1)
    assert devices_of(LocalLauncher(devices=(1,))) == Card(40 * GIB, 1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices_of(None) is None
    assert devices_of(LocalLauncher()) is None


@pytest.mark.parametrize(
    ("gres", "devices", "asked"),
    [
        ("gpu", 2, "gpu:2"),
        ("gpu:4", 2, "gpu:2"),
        ("gpu:h100", 4, "gpu:h100:4"),
        ("gpu:h100:8", 4, "gpu:h100:4"),
        ("lustre:1,gpu:h100:8,shard:3", 1, "lustre:1,gpu:h100:1,shard:3"),
        ("gpumem:80", 2, "gpumem:80"),
        (None, 2, None),
    ],
)
def test_a_gres_for_so_many_devices(gres: str | None, devices: int, asked: str | None) -> None:
    assert gres_for(gres, devices) == asked


def test_gres_and_constraints_without_gpus() -> None:
    assert gpus_of_gres(None) is gpus_of_gres("shard:1") is None
    assert card_of_constraint(None) is card_of_constraint("avx512") is None
