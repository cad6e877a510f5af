"""Overrides of the command line, parsed by Hydra's grammar once each."""

from collections.abc import Sequence
from functools import cache

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from rast_bench.config.validate import shown
from rast_bench.errors import ConfigError, first_line


def parsed_overrides(texts: Sequence[str]) -> tuple[Override, ...]:
    """Each text as an Override, which must not be changed.

    Raises OverrideParseException, and ConfigError for what the grammar cannot digest.
    """
    return tuple(map(_parsed, texts))


@cache
def _parsed(text: str) -> Override:
    try:
        (override,) = OverridesParser.create().parse_overrides([text])
    except (RecursionError, ValueError) as error:  # a number of 5,000 digits, say
        reason = "it nests too deep" if isinstance(error, RecursionError) else first_line(error)
        raise ConfigError(
            f"cannot read {shown(text)!r} as key=value: {reason}",
            hint="put large values into a file of your own: --config-dir",
        ) from error
    return override
