"""Command-line parsing with argparse: errors in one line with a hint, and options shared by
commands.
"""

import argparse
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rast_bench.errors import ConfigError
from rast_bench.unexpected import results_folder

RESULTS = "results"  # the default results folder
_MOST_PORT = 65_535


class CommandParser(argparse.ArgumentParser):
    """A parser that raises ConfigError instead of printing usage and exiting.

    Descriptions and epilogs keep their line breaks. Flags cannot be abbreviated.

    Attributes:
        whole_help: makes the text of `--help`; None uses argparse's.
        takes_overrides: whether `results_dir=DIR` is an override that Hydra reads.
    """

    whole_help: Callable[[], str] | None = None
    takes_overrides = False

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings, allow_abbrev=False)

    def read(self, words: Sequence[str], namespace: argparse.Namespace) -> argparse.Namespace:
        """Return the options and positional arguments, in any order.

        Raises:
            ConfigError: an argument is unknown, missing or malformed.
            SystemExit: for `--help`.
        """
        if self.takes_overrides:  # anything but a flag is an override
            words = [word for word in words if word != "--"]
        else:
            words = [_as_flag(word) for word in words]
        return self.parse_intermixed_args(words, namespace)

    def print_help(self, file: Any = None) -> None:
        """Raise OSError if the help cannot be written; argparse would ignore it."""
        print(self.format_help(), end="", file=file)

    def format_help(self) -> str:
        return super().format_help() if self.whole_help is None else self.whole_help()

    def error(self, message: str) -> NoReturn:
        raise ConfigError(message, hint=f"`{self.prog} --help` says what it takes")


def one_of(what: str, plural: str, names: Collection[str]) -> Callable[[str], str]:
    """Return a `type` for argparse that replaces `choices` and suggests the closest name.

    The function raises ConfigError, which argparse lets through.

    Args:
        what: what a name stands for, such as `command`; `plural` is its plural.
    """

    def chosen(word: str) -> str:
        if word not in names:
            from rast_bench.config.validate import did_you_mean

            raise ConfigError(
                f"there is no {what} {word!r}", hint=did_you_mean(word, names, plural)
            )
        return word

    return chosen


def whole_number(text: str) -> int:
    """Return a number ≥ 0, as a `type` for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number ≥ 0")
    return int(text)


def port_number(text: str) -> int:
    """Return a port of a server, as a `type` for argparse."""
    if not text.isdecimal() or int(text) > _MOST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to {_MOST_PORT}")
    return int(text)


@dataclass(frozen=True)
class CommandArguments:
    """The arguments that describe a command's cells: overrides and flags."""

    overrides: tuple[str, ...] = ()
    multirun: bool = False
    config_dir: str | None = None
    results_dir: str | None = None


def add_arguments(parser: CommandParser) -> None:
    """Add the overrides and flags of a command that composes cells."""
    parser.add_argument(
        "overrides", metavar="OVERRIDE", nargs="*", default=[], help="group=option or key=value"
    )
    add_flags(parser)


def add_flags(parser: CommandParser) -> None:
    """Add the flags of `add_arguments`, for a command with its own positional arguments."""
    parser.takes_overrides = True
    parser.add_argument(
        "--config-dir", "-cd", metavar="DIR", help="your own options: DIR/dataset/mine.yaml"
    )
    add_results_dir(parser)


def add_run_arguments(parser: CommandParser) -> None:
    """Add the arguments of `run` and `plan`: sweeps and printing the composed configuration as
    well.
    """
    add_arguments(parser)
    group = parser.add_mutually_exclusive_group()
    add_multirun(group)
    group.add_argument(
        "--cfg",
        "-c",
        choices=("job", "hydra", "all"),
        help="print the composed configuration and stop",
    )
    parser.add_argument("--package", "-p", metavar="KEY", help="with --cfg: print only this part")
    parser.add_argument("--resolve", action="store_true", help="with --cfg: without interpolations")


def add_multirun(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--multirun", "-m", action="store_true", help="sweep over comma-separated values"
    )


def add_results_dir(parser: CommandParser, meaning: str = "where samples are kept") -> None:
    """Add `--results-dir DIR`, which means the same as `results_dir=DIR`."""
    parser.add_argument(
        "--results-dir",
        metavar="DIR",
        type=_folder,
        help=f"{meaning} ({RESULTS}); also results_dir=DIR",
    )


def arguments_of(args: argparse.Namespace) -> CommandArguments:
    """Return the parsed arguments; raise ConfigError if the results folder is named twice."""
    named = [word for word in args.overrides if is_results_dir(word)]
    if args.results_dir is not None and named:
        raise ConfigError(
            f"the results folder is named twice: {named[-1]} and --results-dir {args.results_dir}",
            hint="leave one of them out",
        )
    return CommandArguments(
        tuple(args.overrides), getattr(args, "multirun", False), args.config_dir, args.results_dir
    )


def read_arguments(words: Sequence[str]) -> CommandArguments:
    """Parse the arguments of `rast-bench run`. Raise ConfigError for an unknown flag."""
    parser = CommandParser(prog="rast-bench run", add_help=False)
    add_arguments(parser)
    add_multirun(parser)
    return arguments_of(parser.read(words, argparse.Namespace()))


def results_folder_of(words: CommandArguments) -> Path:
    """Return the results folder, before anything is composed."""
    return results_folder(words.overrides) if words.results_dir is None else Path(words.results_dir)


def is_results_dir(word: str) -> bool:
    """Return whether an argument is `results_dir=…`."""
    return word.lstrip("+").startswith("results_dir=")


def _as_flag(word: str) -> str:
    if not is_results_dir(word):
        return word
    folder = word.partition("=")[2].strip("'\"")
    return f"--results-dir={folder}"


def _folder(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("no folder is named")
    return text
