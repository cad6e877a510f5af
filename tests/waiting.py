"""Waiting for what another process does."""

import time
from collections.abc import Callable

PATIENCE = 600.0  # seconds, on a machine that has much else to do


def wait_until(true: Callable[[], object], complaint: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"after {seconds:.0f} s {complaint}"
        time.sleep(0.05)
