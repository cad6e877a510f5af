"""How fast a device's memory is, as a large copy shows."""

import statistics
import time

import torch


def copy_bandwidth(device: str, gibibytes: float, repeats: int = 20) -> float:
    """Bytes per second, read and written, that a copy within the device's memory moves."""
    source = torch.zeros(int(gibibytes * 2**30), dtype=torch.uint8, device=device)
    target = torch.zeros_like(source)
    times: list[float] = []
    for _ in range(repeats):
        wait_for(device)
        start = time.perf_counter()
        target.copy_(source)
        wait_for(device)
        times.append(time.perf_counter() - start)
    return 2 * source.nbytes / statistics.median(times)


def wait_for(device: str) -> None:
    """Until the device has done what it was given; CPUs are never behind."""
    if device != "cpu":
        torch.cuda.synchronize()
