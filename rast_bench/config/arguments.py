"""Command lines read by argparse: errors of one line and a hint, and what every command takes."""

import argparse
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rast_bench.errors import ConfigError
from rast_bench.unexpected import results_folder

RESULTS = "results"  # the folder where none is named


class CommandParser(argparse.ArgumentParser):
    """A parser whose mistakes are ConfigErrors instead of its usage and SystemExit.

    Descriptions and epilogs keep their lines, and no flag may be abbreviated.

    Attributes:
        whole_help: makes another text for `--help` than argparse does.
        takes_overrides: whether `results_dir=DIR` is one of the overrides that Hydra reads.
    """

    whole_help: Callable[[], str] | None = None
    takes_overrides = False

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings, allow_abbrev=False)

    def read(self, words: Sequence[str], namespace: argparse.Namespace) -> argparse.Namespace:
        """The options and words in any order. Raises ConfigError, and SystemExit for `--help`."""
        if self.takes_overrides:  # what is no flag is an override anyway
            words = [word for word in words if word != "--"]
        else:
            words = [_as_flag(word) for word in words]
        return self.parse_intermixed_args(words, namespace)

    def print_help(self, file: Any = None) -> None:
        """Raises OSError where it cannot be written, about which argparse says nothing."""
        print(self.format_help(), end="", file=file)

    def format_help(self) -> str:
        return super().format_help() if self.whole_help is None else self.whole_help()

    def error(self, message: str) -> NoReturn:
        raise ConfigError(message, hint=f"`{self.prog} --help` says what it takes")


def one_of(what: str, plural: str, names: Collection[str]) -> Callable[[str], str]:
    """A `type` for argparse in place of `choices`, which suggests no name.

    The function raises ConfigError, which argparse lets pass.

    Args:
        what: a name's noun, with `plural`.
    """

    def chosen(word: str) -> str:
        if word not in names:
            from rast_bench.config.validate import did_you_mean

            raise ConfigError(
                f"there is no {what} {word!r}", hint=did_you_mean(word, names, plural)
            )
        return word

    return chosen


@dataclass(frozen=True)
class CommandArguments:
    """What describes the cells of a command: overrides, and the flags beside them."""

    overrides: tuple[str, ...] = ()
    multirun: bool = False
    config_dir: str | None = None
    results_dir: str | None = None


def add_arguments(parser: CommandParser) -> None:
    """The words and flags of a command that composes cells."""
    parser.add_argument(
        "overrides", metavar="OVERRIDE", nargs="*", default=[], help="group=option or key=value"
    )
    add_flags(parser)


def add_flags(parser: CommandParser) -> None:
    """The flags of `add_arguments`, for a command with positional words of its own."""
    parser.takes_overrides = True
    parser.add_argument(
        "--config-dir", "-cd", metavar="DIR", help="your own options: DIR/dataset/mine.yaml"
    )
    add_results_dir(parser)


def add_run_arguments(parser: CommandParser) -> None:
    """The words and flags of `run` and `plan`: sweeps, too, and showing what was composed."""
    add_arguments(parser)
    group = parser.add_mutually_exclusive_group()
    add_multirun(group)
    group.add_argument(
        "--cfg",
        "-c",
        choices=("job", "hydra", "all"),
        help="print the composed configuration and stop",
    )
    parser.add_argument("--package", "-p", metavar="KEY", help="with --cfg: what lies there")
    parser.add_argument("--resolve", action="store_true", help="with --cfg: without interpolations")


def add_multirun(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--multirun", "-m", action="store_true", help="sweep over comma-separated values"
    )


def add_results_dir(parser: CommandParser, meaning: str = "where samples are kept") -> None:
    """`--results-dir DIR`; `results_dir=DIR` says the same."""
    parser.add_argument(
        "--results-dir",
        metavar="DIR",
        type=_folder,
        help=f"{meaning} ({RESULTS}); also results_dir=DIR",
    )


def arguments_of(args: argparse.Namespace) -> CommandArguments:
    """Raises ConfigError where the results folder is named both ways."""
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
    """The words of `rast-bench run` that make jobs. Raises ConfigError."""
    parser = CommandParser(prog="rast-bench run", add_help=False)
    add_arguments(parser)
    add_multirun(parser)
    return arguments_of(parser.read(words, argparse.Namespace()))


def results_folder_of(words: CommandArguments) -> Path:
    """Where the results are, before the words are composed."""
    return results_folder(words.overrides) if words.results_dir is None else Path(words.results_dir)


def is_results_dir(word: str) -> bool:
    """Whether a word is `results_dir=…`."""
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
