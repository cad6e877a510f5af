"""Parse overrides of the command line with Hydra's grammar, each one once."""

from collections.abc import Sequence
from functools import cache

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from rast_bench.config.validate import shown
from rast_bench.errors import ConfigError, first_line


def parsed_overrides(texts: Sequence[str]) -> tuple[Override, ...]:
    """Return each text as an Override, which must not be modified.

    Raises:
        OverrideParseException: a text is not an override.
        ConfigError: the grammar cannot process a text.
    """
    return tuple(map(_parsed, texts))


@cache
def _parsed(text: str) -> Override:
    try:
        (override,) = OverridesParser.create().parse_overrides([text])
    except (RecursionError, ValueError) as error:  # a number of 5,000 digits, say
        reason = "it nests too deeply" if isinstance(error, RecursionError) else first_line(error)
        raise ConfigError(
            f"cannot read {shown(text)!r} as key=value: {reason}",
            hint="put large values into your own option file: --config-dir",
        ) from error
    return override
