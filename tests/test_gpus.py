"""Which GPUs are there: CUDA's driver and the installed PyTorch decide, nothing else."""

import ctypes
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rast_bench import gpus
from rast_bench.engines.transformers_engine import pick_device
from rast_bench.errors import EngineError
from rast_bench.gpus import Gpu, gpu_names, gpus_of, usable_gpus


class Driver:
    """Some of CUDA's driver functions, for cards of these names."""

    def __init__(self, *names: str, failure: int = 0) -> None:
        self.names, self.failure = names, failure

    def cuInit(self, _flags: int) -> int:  # noqa: N802
        return self.failure

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self.names)
        return 0

    def cuDeviceGet(self, device: Any, index: int) -> int:  # noqa: N802
        device._obj.value = 10 + index
        return 0

    def cuDeviceGetName(self, name: Any, size: int, device: ctypes.c_int) -> int:  # noqa: N802
        name.value = self.names[device.value - 10].encode()[: size - 1]
        return 0

    def cuDeviceTotalMem_v2(self, memory: Any, device: ctypes.c_int) -> int:  # noqa: N802
        memory._obj.value = device.value * 2**30
        return 0


def test_cards_in_the_drivers_order() -> None:
    found = gpus_of(Driver("NVIDIA H200", "NVIDIA A100"))
    assert found == [("NVIDIA H200", 10 * 2**30), ("NVIDIA A100", 11 * 2**30)]
    assert gpus_of(Driver("NVIDIA H200", failure=100)) == []  # CUDA_ERROR_NO_DEVICE
    assert gpus_of(Driver()) == []


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """A machine whose PyTorch was built for this CUDA, with what its driver answers."""

    def set_up(cuda: str | None, answer: str, code: int = 0, driver: bool = True) -> None:
        (tmp_path / "torch").mkdir(exist_ok=True)
        (tmp_path / "torch" / "version.py").write_text(f"cuda: str | None = {cuda!r}\n")
        spec = SimpleNamespace(origin=str(tmp_path / "torch" / "__init__.py"))
        monkeypatch.setattr(gpus, "find_spec", lambda _name: spec)
        monkeypatch.setattr(gpus, "load_driver", lambda: Driver() if driver else None)
        done = subprocess.CompletedProcess([], code, stdout=answer)
        monkeypatch.setattr(gpus.subprocess, "run", lambda *_a, **_o: done)
        gpus._driver_gpus.cache_clear()

    yield set_up
    gpus._driver_gpus.cache_clear()


def test_a_card_and_a_pytorch_for_it(machine: Callable[..., None]) -> None:
    machine("12.8", '[["NVIDIA H200", 7], ["NVIDIA H200", 8]]')
    assert gpu_names() == ["NVIDIA H200", "NVIDIA H200"]
    assert usable_gpus("0,1") == [Gpu("NVIDIA H200", 7), Gpu("NVIDIA H200", 8)]


def test_a_pytorch_for_cpus_sees_none(machine: Callable[..., None]) -> None:
    machine(None, '[["NVIDIA H200", 7]]')
    assert gpu_names() == []


def test_no_driver_or_one_that_fails(machine: Callable[..., None]) -> None:
    machine("12.8", '[["NVIDIA H200", 7]]', driver=False)
    assert gpu_names() == []
    machine("12.8", "", code=1)
    assert gpu_names() == []


def test_other_visible_devices_are_asked_for_anew(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    machine("12.8", '[["NVIDIA H200", 7]]')
    assert gpu_names() == ["NVIDIA H200"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    none = subprocess.CompletedProcess([], 0, stdout="[]")
    monkeypatch.setattr(gpus.subprocess, "run", lambda *_a, **_o: none)
    assert gpu_names() == []


def test_the_engine_agrees(machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """No nvidia-smi is asked, and a card that PyTorch cannot use is not passed over in silence."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    machine("12.8", '[["NVIDIA H200", 7]]')
    assert pick_device("auto").type == "cuda"
    machine("12.8", "[]")
    assert pick_device("auto").type == "cpu"
    machine("12.8", '[["NVIDIA H200", 7]]')
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="PyTorch cannot use the NVIDIA H200") as caught:
        pick_device("auto")
    assert "engine.device=cpu" in str(caught.value.hint)


def test_pytorch_itself_says_the_same_here() -> None:
    """With the real driver and PyTorch of this machine, whatever they are."""
    gpus._driver_gpus.cache_clear()
    assert len(gpu_names()) == torch.cuda.device_count()
    assert gpus.torch_has_cuda() == (torch.version.cuda is not None)


def test_asking_imports_no_pytorch() -> None:
    program = "import sys; from rast_bench.gpus import gpu_names; gpu_names()"
    check = f"{program}; assert not {{'torch', 'numpy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
