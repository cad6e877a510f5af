"""The campaign in numbers (pure): sums over the sweeps of a way, invariants, a Markdown table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from faults.accounting import DURABLE_SECONDS, Account, total

ALL = "all"


def totals(sweeps: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By way, and of all ways together."""
    ways = list(dict.fromkeys(sweep["way"] for sweep in sweeps))
    found = {way: _sum([sweep for sweep in sweeps if sweep["way"] == way]) for way in ways}
    return found | {ALL: _sum(sweeps)}


def _sum(sweeps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kills = [kill for sweep in sweeps for kill in sweep["kills"]]
    counts = total([Account(**sweep["samples"]) for sweep in sweeps])
    return {
        "sweeps": len(sweeps),
        "kills": len(kills),
        "kills_of_workers": sum(kill["of_workers"] for kill in kills),
        "kills_by_kind": dict(Counter(kill["kind"] for kill in kills)),
        "worker_processes": sum(sweep["worker_processes"] for sweep in sweeps),
        "restarts": sum(sweep["restarts"] for sweep in sweeps),
        "resumes": sum(sweep["resumes"] for sweep in sweeps),
        "samples": asdict(counts),
        "computed_twice_share": counts.computed_twice / counts.wanted if counts.wanted else 0.0,
        "other_tables": sum(not sweep["same_table"] for sweep in sweeps),
        "other_tokens": sum(not sweep["same_tokens"] for sweep in sweeps),
        "wall_seconds": sum(sweep["wall_seconds"] for sweep in sweeps),
    }


def invariants(together: Mapping[str, Any], kills: int) -> dict[str, bool]:
    """Return what must hold, of all sweeps together."""
    samples = together["samples"]
    return {
        f"at least {kills} kills of workers": together["kills_of_workers"] >= kills,
        f"no sample lost {DURABLE_SECONDS:g} s after it was finished": samples["lost_late"] == 0,
        "no sample missing": samples["missing"] == 0,
        "no duplicates": samples["duplicates"] == 0,
        "no row that no engine was seen to finish": samples["stored_unseen"] == 0,
        "the undisturbed table": together["other_tables"] == 0,
        "the undisturbed tokens": together["other_tokens"] == 0,
    }


def render(result: Mapping[str, Any]) -> str:
    """Markdown: a column per way."""
    columns = result["totals"]
    names = list(columns) if len(columns) > 2 else [name for name in columns if name != ALL]
    kinds = list(dict.fromkeys(k for name in names for k in columns[name]["kills_by_kind"]))
    plain = result["undisturbed"]
    lines = [
        f"{plain['cells']} cells, {plain['samples']['wanted']:,} samples, "
        f"{plain['wall_seconds']:.0f} s undisturbed on {result['settings']['slots']} slots; "
        f"seed {result['settings']['seed']}, {result['environment']['cpu']['model']}",
        "",
        f"| | {' | '.join(names)} |",
        f"|---|{'---:|' * len(names)}",
    ]

    def row(title: str, *path: str, form: str = ",") -> None:
        found = []
        for name in names:
            value: Any = columns[name]
            for key in path:
                value = value.get(key, 0)
            found.append(format(value, form))
        lines.append(f"| {title} | {' | '.join(found)} |")

    row("sweeps", "sweeps")
    row("kills", "kills")
    for kind in kinds:
        row(f"– {kind}", "kills_by_kind", kind)
    row("kills that end workers", "kills_of_workers")
    row("worker processes", "worker_processes")
    row("restarts by the launcher", "restarts")
    row("resumes", "resumes")
    row("samples wanted", "samples", "wanted")
    row("samples finished by engines", "samples", "finished")
    row(f"lost, finished > {DURABLE_SECONDS:g} s before the end", "samples", "lost_late")
    row(f"lost, finished in the last {DURABLE_SECONDS:g} s", "samples", "lost")
    row("oldest lost sample, s before the end", "samples", "oldest_lost_seconds", form=".1f")
    row("computed twice", "samples", "computed_twice")
    row("computed twice, share", "computed_twice_share", form=".2%")
    row("stored twice, dropped by readers", "samples", "stored_again")
    row("duplicates that readers get", "samples", "duplicates")
    row("samples missing", "samples", "missing")
    row("tables that differ", "other_tables")
    row("sweeps whose tokens differ", "other_tokens")
    row("wall time, s", "wall_seconds", form=".0f")
    lines.append("")
    lines += [f"not run: {way}: {why}" for way, why in result["skipped"].items()]
    lines += [
        f"{'holds' if holds else 'VIOLATED'}: {what}"
        for what, holds in result["invariants"].items()
    ]
    return "\n".join(lines)
