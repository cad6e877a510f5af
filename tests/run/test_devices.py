"""Devices of a machine: what is visible, what was asked for."""

import pytest

from rast_bench.errors import ConfigError
from rast_bench.run import devices
from rast_bench.run.devices import LocalDevices, local_devices, threads_note


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


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    ("wanted", "engine_threads", "slots", "note"),
    [
        ("auto", 1, 8, None),
        ("auto", 3, 2, "engine.threads=3: up to 2 workers on 8 cores"),
        ("auto", 16, 1, "16: up to 1 worker on 8 cores, which is too many"),
        (4, 2, 4, "engine.threads=2: up to 4 workers on 8 cores"),
        (
            4,
            3,
            4,
            "on 8 cores, which is too many threads: lower launcher.devices or engine.threads",
        ),
    ],
)
def test_workers_leave_one_another_the_threads_that_were_asked_for(
    wanted: "str | int", engine_threads: int, slots: int, note: str | None
) -> None:
    found = local_devices(wanted, engine_threads)
    assert found.slots == slots
    said = threads_note(found, engine_threads)
    assert said is None if note is None else said is not None and note in said
    assert ("too many" in (said or "")) == (slots * engine_threads > 8)


@pytest.mark.usefixtures("four_gpus")
def test_threads_say_nothing_of_gpus() -> None:
    found = local_devices("auto", 4)
    assert found.count == 4
    assert threads_note(found, 4) is None
