"""Arguments of the command line that are one of a few names."""

from collections.abc import Callable, Collection

from rast_bench.errors import ConfigError


def one_of(what: str, plural: str, names: Collection[str]) -> Callable[[str], str]:
    """A `type` for argparse in place of `choices`: other words are one line and a hint.

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
