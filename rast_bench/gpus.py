"""The NVIDIA GPUs that this process can use: one answer for the planner, the engines and manifests.

Asks the CUDA driver, as PyTorch does, so CUDA_VISIBLE_DEVICES counts and nvidia-smi is not needed.
It asks in a subprocess, because a driver initialised here would fail in forked workers. This file
is also that subprocess's program, so it imports only the standard library.
"""

import ctypes
import json
import os
import runpy
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DRIVER = "libcuda.so.1" if sys.platform != "win32" else "nvcuda.dll"
_SECONDS = 60  # the first call may wait for eight cards without persistence mode
_NAME_BYTES = 256


@dataclass(frozen=True)
class Gpu:
    name: str
    memory: int  # bytes


def gpu_names() -> list[str]:
    """Return the names of the GPUs that PyTorch can use here; see `usable_gpus`."""
    return [gpu.name for gpu in usable_gpus()]


def usable_gpus(visible: str | None = None) -> list[Gpu]:
    """Return the GPUs that PyTorch can use here, without importing it.

    Empty with a CPU-only PyTorch, without NVIDIA's driver, and with an empty CUDA_VISIBLE_DEVICES.

    Args:
        visible: replaces CUDA_VISIBLE_DEVICES.
    """
    if not torch_has_cuda():
        return []
    if visible is None:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return list(_driver_gpus(visible, os.environ.get("CUDA_DEVICE_ORDER")))


def torch_has_cuda() -> bool:
    """Return whether the installed PyTorch was built for CUDA, according to its version.py."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    path = Path(spec.origin).with_name("version.py")
    return path.is_file() and runpy.run_path(str(path)).get("cuda") is not None


@cache
def _driver_gpus(visible: str | None, _order: str | None) -> tuple[Gpu, ...]:
    """Return the driver's answer in this environment, cached."""
    if load_driver() is None:
        return ()
    command = [sys.executable, "-I", "-S", __file__]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=os.environ | ({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(Gpu(*entry) for entry in json.loads(done.stdout)) if done.returncode == 0 else ()


def load_driver() -> Any:
    """Return the driver's library, or None if there is none. Loading it initialises nothing."""
    try:
        return ctypes.CDLL(DRIVER)
    except OSError:
        return None


def gpus_of(driver: Any) -> list[tuple[str, int]]:
    """Return (name, bytes of memory) of the devices that the driver shows, in its order."""
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return []
    found = []
    for index in range(count.value):
        device, name = ctypes.c_int(), ctypes.create_string_buffer(_NAME_BYTES)
        memory = ctypes.c_size_t()
        if driver.cuDeviceGet(ctypes.byref(device), index):
            return []
        driver.cuDeviceGetName(name, _NAME_BYTES, device)
        driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
        found.append((name.value.decode(errors="replace"), memory.value))
    return found


if __name__ == "__main__":
    print(json.dumps(gpus_of(load_driver())))
