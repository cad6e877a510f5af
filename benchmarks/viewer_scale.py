r"""How fast `rast-bench view` answers on a full-size table: 72 cells, 1.2 million samples.

    python benchmarks/viewer_scale.py --out results/bench/viewer_scale.json

Generates the synthetic table 1 of benchmarks/aggregate.py in a temporary folder, saves its results
(`rast-bench table`), starts `rast-bench view` in its own process and asks it as the page does: the
page, the index of every cell, problems of all cells, a search. Linux: the peak memory is read from
/proc. A Markdown table goes to stdout, progress to stderr, everything to --out. How fast the page
filters in a browser is measured in tests/browser.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aggregation.table1 import EXPERIMENT, config_dir, make_table, overrides
from command_line import make_parser, positive, progress, read_options, run_benchmark
from spreads import between, spread

from rast_bench.cli import main as rast_bench
from rast_bench.errors import EngineError
from rast_bench.ledger import Ledger
from rast_bench.provenance import environment, now

AIMS = {"page": 2.0, "again": 2.0, "index": None, "cold": None, "warm": 0.1, "search": None}
"""Seconds."""
MOST_BYTES = 10**9

_WORDS = {
    "page": "first page",
    "again": "page, reloaded",
    "index": "index of a cell, first time",
    "cold": "a problem of a cell, first time",
    "warm": "the next problem of a cell",
    "search": "search through a cell",
}
_TEXT = "So it is 1"
_START_SECONDS = 120


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="viewer-", dir=options.folder) as folder:
        return run_benchmark(lambda: measure(Path(folder), options), render_table, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--samples", type=positive, default=32, help="of each problem")
    parser.add_argument("--share", type=float, default=1.0, help="of every data set's problems")
    parser.add_argument("--problems", type=positive, default=3, help="asked for in each cell")
    parser.add_argument("--folder", type=Path, help="where the ledger is made, for a while")
    parser.add_argument("--no-table", action="store_true", help="a page without results")
    return read_options(parser, arguments, __file__)


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Create the ledger once, and ask the server.

    Raises:
        EngineError: a command fails.
    """
    start = time.perf_counter()
    samples = make_table(folder, options.samples, options.share)
    progress(f"{samples:,} samples made in {time.perf_counter() - start:.0f} s")
    results = folder / "results"
    names = []
    if not options.no_table:
        names = [EXPERIMENT]
        words = [*overrides(folder, options.samples), f"--config-dir={config_dir(folder)}"]
        with redirect_stdout(StringIO()):
            if rast_bench(["table", EXPERIMENT, *words]):
                raise EngineError("rast-bench table failed", hint="its error is above")
    with served(results, names) as server:
        times = asked(server, Ledger(results).cells(), options.problems)
        peak = server.peak_bytes()
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "load_average": os.getloadavg(),
        "cells": len(Ledger(results).cells()),
        "samples": samples,
        "start_seconds": server.start_seconds,
        "peak_bytes": peak,
        "seconds": {name: spread(values) for name, values in times.items()},
    }


@dataclass(frozen=True)
class Server:
    """`rast-bench view` in its own process."""

    address: str
    process_id: int
    start_seconds: float

    def get(self, path: str) -> bytes:
        """Return what is answered. Raise EngineError if that is an error."""
        split = urlsplit(self.address)
        connection = HTTPConnection(split.netloc, timeout=600)
        try:
            connection.request("GET", f"{split.path}{path}")
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise EngineError(
                f"{path}: {answer.status} {body.decode(errors='replace')}", hint="see its stderr"
            )
        return body

    def peak_bytes(self) -> int:
        """Return the largest resident set so far."""
        status = Path(f"/proc/{self.process_id}/status").read_text(encoding="utf-8")
        match = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
        assert match is not None
        return int(match[1]) * 1024


@contextmanager
def served(results: Path, names: Sequence[str]) -> Iterator[Server]:
    """Start the command, and end it as a user does, with Ctrl-C.

    Raises:
        EngineError: it does not start.
    """
    command = [sys.executable, "-m", "rast_bench", "view", *names, "--no-open"]
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, f"--results-dir={results}"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise EngineError("rast-bench view did not start", hint="its error is above")
        yield Server(address, process.pid, time.perf_counter() - start)
        process.send_signal(signal.SIGINT)
        if code := process.wait(_START_SECONDS):
            raise EngineError(f"rast-bench view ended with {code}", hint="its error is above")
    finally:
        process.kill()
        process.wait()


def asked(server: Server, cells: Sequence[str], problems: int) -> dict[str, list[float]]:
    """Return the seconds of every request by kind; the cells in the same random order each time."""
    found: dict[str, list[float]] = {name: [] for name in AIMS}

    def timed(name: str, path: str) -> None:
        found[name].append(seconds_of(lambda: server.get(path)))

    timed("page", "")
    timed("again", "")
    order = random.Random(0).sample(cells, len(cells))
    for cell in order:
        timed("index", f"block/index/{cell}")
    progress(f"{len(cells)} indices read, {server.peak_bytes() / 1e9:.2f} GB")
    for cell in order:
        for position in range(problems):
            timed("warm" if position else "cold", f"block/texts/{cell}/{position}")
    progress(f"{problems} problems of each read, {server.peak_bytes() / 1e9:.2f} GB")
    for cell in order[:10]:
        timed("search", f"search?cell={cell}&text={_TEXT.replace(' ', '+')}")
    return found


def seconds_of(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def render_table(result: dict[str, Any]) -> str:
    rows = [
        f"| {_WORDS[name]}, s | {between(values, 3)} | {AIMS[name] or ''} |"
        for name, values in result["seconds"].items()
    ]
    return "\n".join(
        [
            f"{result['cells']} cells, {result['samples']:,} samples; median (lowest to highest)",
            "",
            "| measure | value | aim |",
            "|---|---:|---:|",
            f"| command to address, s | {result['start_seconds']:.1f} | |",
            *rows,
            f"| peak memory, GB | {result['peak_bytes'] / 1e9:.2f} | {MOST_BYTES / 1e9:.0f} |",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
