"""Which launch `status`, `cancel` and `resume` refer to."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.arguments import RESULTS, CommandParser, add_results_dir
from rast_bench.errors import ConfigError

if TYPE_CHECKING:
    from rast_bench.run.folder import Launch


def add_launch(parser: CommandParser) -> None:
    """Add the arguments that name a launch."""
    parser.add_argument("name", metavar="LAUNCH", nargs="?", help="id or folder; the latest")
    add_results_dir(parser, "whose launches")


def named_launch(args: Namespace) -> "Launch":
    """Return the named launch.

    Raises:
        ConfigError, LedgerError: as `find_launch`.
    """
    return find_launch(args.name, Path(args.results_dir or RESULTS))


def find_launch(name: str | None, results_dir: Path) -> "Launch":
    """Return a launch by its folder or its id; without a name, the latest of `results_dir`.

    Raises:
        ConfigError: there is none.
        LedgerError: the folder cannot be read.
    """
    from rast_bench.ledger.atomic import ledger_errors

    with ledger_errors(results_dir):
        return _found_launch(name, results_dir)


def _found_launch(name: str | None, results_dir: Path) -> "Launch":
    from rast_bench.run.folder import LAUNCHES, launches, read_launch

    if name is None:
        found = launches(results_dir)
        if not found:
            raise ConfigError(
                f"there is no launch in {results_dir / LAUNCHES}",
                hint="hydra/launcher=local and hydra/launcher=slurm create them; name another "
                "results folder with --results-dir DIR",
            )
        return read_launch(found[-1])
    folder = _folder(name, results_dir)
    if folder is not None:
        return read_launch(folder)
    known = ", ".join(path.name for path in launches(results_dir)[-5:]) or "none"
    raise ConfigError(f"there is no launch {name}", hint=f"launches in {results_dir}: {known}")


def names_launch(name: str, results_dir: Path) -> bool:
    """Return whether a name is that of a launch, by its folder or its id."""
    from rast_bench.ledger.atomic import ledger_errors

    with ledger_errors(results_dir):
        return _folder(name, results_dir) is not None


def _folder(name: str, results_dir: Path) -> Path | None:
    """Return the folder of a launch, given that folder or the launch's id."""
    from rast_bench.run.folder import LAUNCHES

    folders = (Path(name), results_dir / LAUNCHES / name)
    return next((folder for folder in folders if (folder / "launch.json").is_file()), None)
