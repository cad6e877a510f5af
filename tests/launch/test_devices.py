"""Devices of a machine: what is visible, what was asked for."""

import pytest

from rast_bench.errors import ConfigError
from rast_bench.launch import devices
from rast_bench.launch.devices import LocalDevices, local_devices


@pytest.fixture
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "gpu_names", lambda: ["H100"] * 4)
    monkeypatch.setattr(devices, "usable_cores", lambda: 8)


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(devices, "usable_cores", lambda: 8)


@pytest.mark.usefixtures("four_gpus")
class TestWithGpus:
    def test_auto_is_all(self) -> None:
        assert local_devices("auto") == LocalDevices(("0", "1", "2", "3"), 0, 2)

    def test_a_number_is_the_first(self) -> None:
        assert local_devices(2) == LocalDevices(("0", "1"), 0, 4)

    def test_a_list_is_itself(self) -> None:
        assert local_devices((3, "GPU-5f")) == LocalDevices(("3", "GPU-5f"), 0, 4)

    def test_only_what_is_visible(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, MIG-7")
        assert local_devices("auto").names == ("2", "MIG-7")

    def test_more_than_there_are(self) -> None:
        with pytest.raises(ConfigError, match=r"launcher.devices=5: this machine shows 4 GPUs"):
            local_devices(5)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    ("wanted", "slots", "threads"), [("auto", 8, 1), (2, 2, 4), (3, 3, 2), (16, 16, 1)]
)
def test_cores_are_slots_where_there_is_no_gpu(
    wanted: "str | int", slots: int, threads: int
) -> None:
    found = local_devices(wanted)
    assert found == LocalDevices((), slots, threads)
    assert found.count == slots
