"""Overrides of the command line, parsed by Hydra's grammar once each."""

from collections.abc import Sequence
from functools import cache

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override


def parsed_overrides(texts: Sequence[str]) -> tuple[Override, ...]:
    """Each text as an Override, which must not be changed. Raises OverrideParseException."""
    return tuple(map(_parsed, texts))


@cache
def _parsed(text: str) -> Override:
    (override,) = OverridesParser.create().parse_overrides([text])
    return override
