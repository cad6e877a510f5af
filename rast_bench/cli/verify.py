"""`rast-bench verify`: every stored file of a results folder, read and checked."""

from argparse import Namespace

from rast_bench.config.arguments import RESULTS, CommandParser, add_results_dir
from rast_bench.errors import ConfigError

SUMMARY = "check every stored file of a results folder"

EXIT_CORRUPT = 1

_DESCRIPTION = """\
Read every stored file of a results folder. Corrupt files are set aside, each with a line on stderr;
the next run makes their content again."""
_EPILOG = "Exit code 0: all files are intact, 1: a file was corrupt or something is missing."


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument("folder", nargs="?", metavar="DIR", help="the same as --results-dir DIR")
    add_results_dir(parser)


def run(args: Namespace) -> int:
    """Read every stored file; 1 if one was corrupt or something is missing."""
    if args.folder is not None and args.results_dir is not None:
        raise ConfigError(
            f"the results folder is named twice: {args.folder} and {args.results_dir}",
            hint="leave one of them out",
        )
    from rast_bench.ledger import Ledger
    from rast_bench.ledger.atomic import ledger_errors
    from rast_bench.ledger.verify import verify as verify_ledger

    results_dir = args.folder or args.results_dir or RESULTS
    ledger = Ledger(results_dir)
    with ledger_errors(ledger.root):
        is_there = ledger.root.is_dir()
    if not is_there:
        raise ConfigError(
            f"there is no ledger in {results_dir}", hint="name the folder given as results_dir="
        )
    found = verify_ledger(ledger)
    corrupt = len(found.corruptions)
    line = f"{found.cells} cells, {found.samples:,} samples, {corrupt} corrupt files"
    if found.unstamped:
        line += f"; {found.unstamped:,} files of an earlier version, without a stamp"
    print(line)
    return EXIT_CORRUPT if corrupt else 0
