"""Hostile programs against the sandbox of code tests: does one get through or touch anything?

    python benchmarks/hostile_programs.py --out results/bench/hostile_programs.json

Runs every program of benchmarks/hostile/programs in each sandbox that works here, as the user who
starts this and, where that is root, as nobody too. A program passes its tests exactly where its
attack gets through. Beside it stand victims: processes, System V and POSIX IPC objects, files,
sockets and a terminal, which must be as they were. Exit code 1 when a program got through, ended as
it should not, or touched something.
"""

import argparse
import os
import platform
from collections.abc import Sequence
from typing import Any

from command_line import make_parser, positive, read_options, run_benchmark
from hostile.campaign import attack
from hostile.ordinary_user import as_nobody
from hostile.programs import batched, read_programs

from rast_bench.code_tests.inside import landlock
from rast_bench.code_tests.sandbox import SandboxKind
from rast_bench.provenance import now

SANDBOXES: tuple[SandboxKind, ...] = ("bubblewrap", "namespaces", "process")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    return run_benchmark(lambda: measure(options), render, options.out, exit_code)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--sandbox", action="append", choices=SANDBOXES, help="only this one")
    parser.add_argument(
        "--batched", action="store_true", help="harmless ones share a process, to save time"
    )
    parser.add_argument("--workers", type=positive, default=4, help="programs at a time")
    return read_options(parser, arguments, __file__)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One campaign for each sandbox and user."""
    programs = read_programs()
    chosen = batched(programs) if options.batched else programs
    campaigns = []
    for kind in options.sandbox or SANDBOXES:

        def campaign(kind: SandboxKind = kind) -> dict[str, Any]:
            return attack(kind, chosen, options.workers)

        campaigns.append({"sandbox": kind, "user": user_name(), **campaign()})
        if os.geteuid() == 0:
            campaigns.append({"sandbox": kind, "user": "nobody", **as_nobody(campaign)})
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "landlock": landlock.version(),
        "programs": len(programs),
        "campaigns": campaigns,
    }


def user_name() -> str:
    return "root" if os.geteuid() == 0 else "an ordinary user"


def exit_code(result: dict[str, Any]) -> int:
    return int(any(fault for one in result["campaigns"] for fault in faults(one)))


def faults(campaign: dict[str, Any]) -> list[str]:
    """Return what should not have been."""
    if campaign["unavailable"]:
        return []
    return [
        *(f"{name} got through" for name in campaign["passed"]),
        *campaign["wrong"],
        *(f"touched: {name}" for name in campaign["touched"]),
    ]


def render(result: dict[str, Any]) -> str:
    lines = [
        f"{result['programs']} hostile programs, Linux {result['kernel']}, "
        f"Landlock {result['landlock']}",
        "",
        "| sandbox | started by | programs | passed | victims touched | verdicts |",
        "|---|---|--:|--:|--:|---|",
    ]
    for one in result["campaigns"]:
        start = f"| {one['sandbox']} | {one['user']} |"
        if one["unavailable"]:
            lines.append(f"{start} – | – | – | not here: {one['unavailable']} |")
            continue
        kinds = ", ".join(f"{count} {kind}" for kind, count in one["verdicts"].items())
        counts = f"{one['programs']} | {len(one['passed'])} | {len(one['touched'])}"
        lines.append(f"{start} {counts} | {kinds} |")
    for one in result["campaigns"]:
        lines += [f"{one['sandbox']}, {one['user']}: {fault}" for fault in faults(one)]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
