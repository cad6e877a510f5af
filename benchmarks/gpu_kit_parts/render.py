"""The kit's report as Markdown."""

from typing import Any

from spreads import between


def render(result: dict[str, Any]) -> str:
    """Return what ran where, a table for each kind of part, then what failed or did not fit."""
    jobs = result["jobs"]
    lines = ["# GPU kit", "", *(_run(run) for run in result["runs"])]
    for kind, table in (("engine", _engine), ("step", _step), ("sampling", _sampling)):
        found = [job for job in jobs.values() if job["kind"] == kind and "data" in job]
        if found:
            lines += ["", *table(found, result["runs"])]
    told = [f"* {name}: {job['error']}" for name, job in jobs.items() if "error" in job]
    told += [
        f"* {name}: {check['name']} is {check['value']:.3g}, not {check['bound']}"
        for name, job in jobs.items()
        for check in job.get("checks", [])
        if not check["passed"]
    ]
    return "\n".join(lines + (["", *told] if told else []))


def _run(run: dict[str, Any]) -> str:
    device, environment = run["device"], run["environment"]
    git = environment["git"]
    commit = run["commit"] or (git and git["commit"][:12] + (" changed" if git["dirty"] else ""))
    versions = environment["versions"]
    parts = [
        device["name"],
        f"{device['bandwidth_bytes_per_second'] / 1e9:,.0f} GB/s by a copy",
        *([f"CUDA {device['cuda']}"] if "cuda" in device else []),
        *([device["driver"]] if device.get("driver") else []),
        f"torch {versions['torch']}",
        f"transformers {versions['transformers']}",
        f"commit {commit or 'unknown'}",
        run["time"],
        f"`{run['command']}`",
    ]
    return f"* {', '.join(parts)}"


def _engine(jobs: list[dict[str, Any]], _runs: list[dict[str, Any]]) -> list[str]:
    lines = [
        "engine=transformers against itself on the CPU in float32: log-probabilities in nats, and "
        "sequences that are equal, of all.",
        "",
        "| models | dtype | max deviation | rms | greedy equal | regret | sampled equal | "
        "repeated equal | peak GiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for job in jobs:
        for dtype, found in job["data"].items():
            half = found["requests"] // 2
            cells = [
                job["settings"]["trio"],
                dtype,
                f"{found['deviation']['max']:.2g}",
                f"{found['deviation']['rms']:.2g}",
                f"{found['greedy']['equal']} / {half}",
                f"{found['greedy']['regret']:.2g}",
                f"{found['sampled_equal']} / {half}",
                f"{found['repeated_equal']} / {found['requests']}",
                _number(found["peak_gib"], 2),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _step(jobs: list[dict[str, Any]], runs: list[dict[str, Any]]) -> list[str]:
    lines = [
        "One decoding step in bfloat16, every row over a cache of "
        f"{jobs[0]['data']['positions']} positions; graph and launched one by one. Share of "
        "bandwidth: bytes of weights (and caches) by the copy's bandwidth, over the time.",
        "",
        "| M | S | batch | | ms | ms without graph | tokens/s | share of bandwidth | with caches | "
        "M + 2 S over M | params bound | share of it | peak GiB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    notes = set()
    for job in jobs:
        bandwidth = runs[job["run"]]["device"]["bandwidth_bytes_per_second"]
        for batch, entry in job["data"]["batches"].items():
            names = [job["settings"]["main"], job["settings"]["small"], batch]
            for side, title in (("plain", "M"), ("composed", "M + 2 S")):
                if (found := entry.get(side)) is None:
                    continue
                seconds = found["seconds"]["median"]
                weights = found["weight_bytes"] / bandwidth
                both = (found["weight_bytes"] + found["cache_bytes"]) / bandwidth
                ratios = [
                    f"{entry[key]:.3f}" if side == "composed" else ""
                    for key in ("composed_over_plain", "parameter_bound")
                ]
                share = f"{entry['share_of_parameter_bound']:.2f}" if side == "composed" else ""
                cells = [
                    *names,
                    title,
                    between({k: 1e3 * v for k, v in found["seconds"].items()}, 2),
                    f"{1e3 * found['eager_seconds']['median']:.2f}",
                    f"{found['tokens_per_second']:,.0f}",
                    f"{weights / seconds:.2f}",
                    f"{both / seconds:.2f}",
                    *ratios,
                    share,
                    _number(found["peak_gib"], 1),
                ]
                lines.append(f"| {' | '.join(cells)} |")
                if found["graph"] != "recorded":
                    notes.add(found["graph"])
            if "told" in entry:
                notes.add(f"{'-'.join(names[:2])}, batch {batch}, {entry['told']}")
    return [*lines, "", *(f"* {note}" for note in sorted(notes))] if notes else lines


def _sampling(jobs: list[dict[str, Any]], _runs: list[dict[str, Any]]) -> list[str]:
    lines = []
    for job in jobs:
        data = job["data"]
        lines += [
            f"Equation 3 and the draw, {data['rows']} rows × {data['vocabulary']:,} ids.",
            "",
            "| | ms | GiB beside its arguments |",
            "|---|---|---|",
        ]
        for key, title in (
            ("eager", "compose_logits"),
            ("compiled", "compose_logits, compiled"),
            ("draw", "draw_tokens"),
        ):
            found = data[key]
            if "told" in found:
                lines.append(f"| {title} | {found['told']} | |")
                continue
            milliseconds = {k: 1e3 * v for k, v in found["seconds"].items()}
            extra = _number(found["extra_gib"], 2)
            lines.append(f"| {title} | {between(milliseconds, 2)} | {extra} |")
        same = "the same bits" if data["compiled"].get("equal") else "other bits, or none"
        lines += [
            "",
            f"Compiled: {same}. Tokens drawn as on the CPU: {data['draw']['equal_to_cpu']} of "
            f"{data['rows']}.",
        ]
    return lines


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
