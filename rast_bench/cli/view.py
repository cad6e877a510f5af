"""`rast-bench view`: the samples of a ledger in a browser, from a local server."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rast_bench.config.arguments import RESULTS, CommandParser, add_results_dir, port_number

if TYPE_CHECKING:
    from rast_bench.api.cells import StoredCell
    from rast_bench.api.folder import ResultsFolder
    from rast_bench.viewer.data import Numbers
    from rast_bench.viewer.live import LiveView
    from rast_bench.viewer.snapshot import Choice

SUMMARY = "show stored samples in a browser"

_DESCRIPTION = """\
Show the samples of a results folder in a browser: the page of `rast-bench report`, from a server
that only this machine can reach, for ledgers of any size. Nothing is graded or written. Ctrl-C
ends it."""

_EPILOG = """\
examples:
  rast-bench view                                all cells of results/
  rast-bench view demo                           an experiment's, with its table and charts
  rast-bench view demo:dial-l "demo:RL ceiling"  two of its rows
  rast-bench view cba5b32f9d146bc1               one cell
  ssh -L 8000:127.0.0.1:8000 HOST rast-bench view --port 8000 --no-open

Numbers are those that `rast-bench run` or `rast-bench table` saved last. Reload the page to see
samples that were made since; docs/viewer.md describes it."""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="EXPERIMENT, EXPERIMENT:ROW or the id of a cell (default: all cells)",
    )
    add_results_dir(parser)
    parser.add_argument(
        "--port",
        metavar="N",
        type=port_number,
        default=0,
        help="of the server (default: a free one)",
    )
    parser.add_argument("--no-open", action="store_true", help="only print the address")


def run(args: Namespace) -> int:
    """Serve until Ctrl-C.

    Raises:
        ConfigError: there is no such experiment, cell or results folder, or the port is taken.
        LedgerError: the results folder cannot be read.
    """
    import shlex
    import threading

    from rast_bench.api.folder import open_results
    from rast_bench.interrupt import until_ctrl_c
    from rast_bench.viewer.live import LiveView
    from rast_bench.viewer.server import ViewerServer

    folder = open_results(args.results_dir or RESULTS)
    cells = len(named(folder, args.names, []))
    command = shlex.join(["rast-bench", "view", *args.names])
    view = LiveView(folder.ledger, chooser(folder, args.names), command)
    with until_ctrl_c(), ViewerServer(view, folder.path, args.port) as server:
        print(server.address, flush=True)
        print(f"{cells} cells of {folder.path}; Ctrl-C ends it", file=sys.stderr, flush=True)
        threading.Thread(target=prepare, args=(view,), daemon=True).start()
        if not args.no_open:
            open_browser(server.address)
        server.serve_forever()
    return 0


def prepare(view: "LiveView") -> None:
    """Make the first page while the browser starts; who asks for it is told what goes wrong."""
    with suppress(Exception):
        view.page()


def chooser(
    folder: "ResultsFolder", names: Sequence[str]
) -> "Callable[[], tuple[Sequence[Choice], Numbers]]":
    """Return what reads the named cells, and the saved numbers of the one experiment among them.

    Without a name these are all cells; and the experiment, if the folder has one. What is returned
    raises as `named`.
    """
    from rast_bench.viewer.data import Numbers, saved_numbers
    from rast_bench.viewer.snapshot import Choice

    def choose() -> "tuple[Sequence[Choice], Numbers]":
        notes: list[str] = []
        cells = named(folder, names, notes)
        experiments = set(folder.experiment_names())
        if names:
            experiments &= {*names, *(name.partition(":")[0] for name in names)}
        if len(experiments) == 1:
            (experiment,) = experiments
            numbers = saved_numbers(folder.path / experiment, experiment)
        else:
            numbers = Numbers(None, f"Samples of {folder.path}")
        told = replace(numbers, notes=(*numbers.notes, *notes))
        return [Choice(cell) for cell in cells], told

    return choose


def named(
    folder: "ResultsFolder", names: Sequence[str], notes: list[str]
) -> "Sequence[StoredCell]":
    """Return the named cells, or all; add notes on what is not there.

    Raises:
        ConfigError: a name is unknown, or there is no cell at all.
        LedgerError: results that a name needs cannot be read.
    """
    from rast_bench.api.named import distinct, named_cells
    from rast_bench.errors import ConfigError

    if names:
        found = distinct(one for name in names for one in named_cells(folder, name, notes))
        return [one.cell for one in found]
    cells = sorted(folder.select(None, None, None, notes), key=_order)
    if not cells:
        raise ConfigError(
            f"{folder.ledger.root} has no samples",
            hint=f"`rast-bench run experiment=demo results_dir={folder.path}` makes some",
        )
    return cells


def _order(cell: "StoredCell") -> tuple[object, ...]:
    """Cells of one base model side by side, and of these those of one data set."""
    about = cell.constants()
    names = ("base_model", "dataset", "method", "delta", "prompt_name")
    numbers = (about["temperature"], about["lambda"] or 0.0)
    return (*(about[name] or "" for name in names), *numbers, cell.cell_id)


def open_browser(address: str) -> None:
    """Open the address in a browser with windows, if there is one; never fail, never wait."""
    import threading
    import webbrowser

    windows = sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    if not (windows or os.environ.get("BROWSER")):
        return  # what is found without a display would take over the terminal

    def visit() -> None:
        with suppress(Exception):
            webbrowser.open(address)

    threading.Thread(target=visit, name="browser", daemon=True).start()
