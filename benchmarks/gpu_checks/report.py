"""The report's file, which several calls fill, and its short readable form."""

import json
from pathlib import Path
from typing import Any

from rast_bench.errors import ConfigError

_SIGNS = {"passed": "ok", "failed": "FAILED", "error": "ERROR", "refused": "refused"}


def read(path: Path, maker: str = "gpu_check") -> dict[str, Any]:
    """Return what earlier calls left at `path`.

    Raises:
        ConfigError: it is not a report of `maker`.
    """
    if not path.exists():
        return {"runs": [], "jobs": {}}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not (isinstance(content["runs"], list) and isinstance(content["jobs"], dict)):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{path} is no report of {maker}", hint="give another --out, or remove the file"
        ) from None
    return content


def write(path: Path, report: dict[str, Any]) -> None:
    """In one step, so that a call that is killed leaves the last whole report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def seconds_by_part(report: dict[str, Any]) -> dict[str, float]:
    """Return how long the jobs in the report took."""
    seconds: dict[str, float] = {}
    for job in report["jobs"].values():
        seconds[job["part"]] = seconds.get(job["part"], 0.0) + job["seconds"]
    return seconds


def missing(report: dict[str, Any], names: list[str]) -> list[str]:
    """Jobs without an answer yet: not run, or ended by an error."""
    return [n for n in names if report["jobs"].get(n, {}).get("status", "error") == "error"]


def render(report: dict[str, Any], names: list[str]) -> str:
    """Return a line for each of `names` that was run, failed checks below it, then the speeds."""
    lines = []
    for name in names:
        job = report["jobs"].get(name)
        if job is None:
            lines.append(f"{'not run':8} {name}")
            continue
        lines.append(f"{_SIGNS[job['status']]:8} {name} ({job['seconds']:.0f} s){_facts(job)}")
        lines += [f"{'':8}   {job['error']}"] if "error" in job else []
        lines += [
            f"{'':8}   {check['name']}: {check['value']:.4g}, not {check['bound']}"
            for check in job.get("checks", [])
            if not check["passed"]
        ]
        lines += [f"{'':8}   {line}" for line in _speeds(job.get("data", {}))]
    return "\n".join(lines)


def _facts(job: dict[str, Any]) -> str:
    data = job.get("data", {})
    info = data.get("engine") or data.get("composite_engine")
    facts = []
    if info:
        facts += [f"{info['runner']}, graphs {info['cuda_graphs']}", *info["attention"]]
    if "noise_floor" in data:
        facts.append(f"plain vLLM off by {data['noise_floor']['max']:.2g}")
    worst = [found["max"] for key, found in data.items() if key.endswith("deviation")]
    if worst:
        facts.append(f"composite by {max(worst):.2g} at most")
    return f": {', '.join(facts)}" if facts else ""


def _speeds(data: dict[str, Any]) -> list[str]:
    lines = []
    for batch, found in data.get("batches", {}).items():
        share = found.get("composite_share_of_bandwidth")
        lines.append(
            f"batch {batch}: plain {_median(found['plain_tokens_per_second'], 0)} tokens/s, "
            f"composite {_median(found['composite_tokens_per_second'], 0)}; ratio "
            f"{_median(found['composite_over_plain'], 3)} of {found['parameter_bound']:.3f} by "
            f"weights" + (f"; {_median(share, 3)} of the bandwidth bound" if share else "")
        )
    for name, found in data.items():
        if name.endswith("acceptance"):
            lines.append(
                f"{name} {found['rate']:.3f}, {found['tokens_per_step']:.2f} tokens per step"
            )
    for batch, found in data.get("speed", {}).items():
        lines.append(
            f"batch {batch}: {_median(found['speculative_tokens_per_second'], 0)} tokens/s with a "
            f"draft, {_median(found['tokens_per_second'], 0)} without; ratio "
            f"{_median(found['ratio'], 3)}"
        )
    return lines


def _median(values: dict[str, float], digits: int) -> str:
    middle, low, high = (f"{values[key]:.{digits}f}" for key in ("median", "min", "max"))
    return f"{middle} ({low} to {high})"
