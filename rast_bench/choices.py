"""Command lines read by argparse, whose errors are one line and a hint as all others."""

import argparse
from collections.abc import Callable, Collection
from typing import Any, NoReturn

from rast_bench.errors import ConfigError


class Arguments(argparse.ArgumentParser):
    """A parser whose mistakes are ConfigErrors instead of its usage and SystemExit.

    Descriptions and epilogs keep their lines, and no flag may be abbreviated.
    """

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings, allow_abbrev=False)

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
