"""Common parts of the benchmarks' command lines: options in, a table and a JSON report out."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rast_bench.errors import RastBenchError

Result = dict[str, Any]


def make_parser(doc: str | None) -> argparse.ArgumentParser:
    """Return the parser of a benchmark with this docstring; it has `--out`."""
    parser = argparse.ArgumentParser(
        description=(doc or "").split("\n\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, help="JSON with everything that was measured")
    return parser


def read_options(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None, script: str
) -> argparse.Namespace:
    """Return the options, and as `command` what reproduces the report."""
    options = parser.parse_args(arguments)
    typed = sys.argv[1:] if arguments is None else arguments
    options.command = shlex.join(["python", f"benchmarks/{Path(script).name}", *typed])
    return options


def progress(line: str) -> None:
    """Say how far the benchmark is, on stderr."""
    print(line, file=sys.stderr, flush=True)


def positive(text: str) -> int:
    """Return a number of things, for `type=`."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def run_benchmark(
    measure: Callable[[], Result],
    render: Callable[[Result], str],
    out: Path | None,
    exit_code: Callable[[Result], int] = lambda _result: 0,
) -> int:
    """Measure, print the table and write the report; an error is one line on stderr."""
    try:
        result = measure()
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    print(render(result))
    write_result(out, result)
    return exit_code(result)


def write_result(path: Path | None, result: Result) -> None:
    """Write the whole result as JSON, if a path was given."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(result, indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        print(f"wrote {path}", file=sys.stderr)
