"""Check overrides before Hydra reads them, for what would make it fail or expand without end."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep

from rast_bench.config.bounds import MAX_JOBS
from rast_bench.config.overrides import parsed_overrides
from rast_bench.config.paths import config_dir
from rast_bench.config.schema import OPTION_GROUPS
from rast_bench.config.validate import did_you_mean, shown
from rast_bench.errors import ConfigError


def check_overrides(overrides: Sequence[str]) -> None:
    """Raise ConfigError for an option that is not a name and for a sweep that is too large.

    Raises:
        OverrideParseException: a text is not an override.
    """
    parsed = parsed_overrides(overrides)
    for override in parsed:
        _check_option(override)
    check_sweep(parsed)


def check_sweep(overrides: Sequence[Override]) -> None:
    """Count the jobs of a sweep without expanding it. Raise ConfigError for more than MAX_JOBS."""
    counts = {override.get_key_element(): _count(override) for override in overrides}
    for override in overrides:
        count = counts[override.get_key_element()]
        if count > MAX_JOBS:
            raise _too_many(shown(override.input_line), count)
    jobs = math.prod(counts.values())
    if jobs > MAX_JOBS:
        product = " × ".join(f"{count:,}" for count in counts.values() if count > 1)
        raise _too_many(f"the sweep over {product} values", jobs)


def _too_many(what: str, jobs: int) -> ConfigError:
    number = f"{jobs:,}" if jobs < 10**15 else "more than 10^15"
    return ConfigError(
        f"{what} makes {number} jobs; a command takes at most {MAX_JOBS:,}, "
        "which are planned before the first runs",
        hint="sweep over fewer values, or over a part of them at a time",
    )


def _check_option(override: Override) -> None:
    """Raise ConfigError unless `group=option` names an option; Hydra fails on numbers and null."""
    key = override.key_or_group
    if override.is_delete() or not ("/" in key or key in OPTION_GROUPS):
        return
    for value in _values(override):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            raise ConfigError(
                f"{key}={shown(value)}: one option has to be chosen",
                hint=f"-m {key}={','.join(value[:2])},… runs one after the other",
            )
        if not isinstance(value, str):
            raise ConfigError(
                f"{key}={shown(value)}: {key} is chosen by the name of an option",
                hint=did_you_mean(shown(value), option_names(key), "options"),
            )


def _values(override: Override) -> Iterator[Any]:
    value = override.value()
    if isinstance(value, RangeSweep):
        yield value.start
    elif isinstance(value, ChoiceSweep):
        yield from map(Override._convert_value, value.list)
    elif not override.is_sweep_override():
        yield value


def option_names(group: str) -> list[str]:
    """Return the shipped options of a group."""
    names = [path.stem for path in (config_dir() / group).glob("*.yaml")]
    return [*names, "basic"] if group == "hydra/launcher" else names


def _count(override: Override) -> int:
    """Return how many values the override sweeps over; 1 if it is no sweep. Raise ConfigError if
    empty.
    """
    value = override.value()
    if isinstance(value, ChoiceSweep):
        return len(value.list)
    if not isinstance(value, RangeSweep) or value.start is None or value.stop is None:
        return 1
    text = override.input_line
    hint = "write range(START,STOP,STEP), such as range(0,10) or range(0.5,2,0.5)"
    if not value.step:
        raise ConfigError(f"{text}: its step is 0, so it never ends", hint=hint)
    try:
        # ints of any size divide exactly; with one float all become floats
        count = -((value.start - value.stop) // value.step)
    except OverflowError:
        count = math.inf
    if count != count or count in (math.inf, -math.inf):
        raise ConfigError(f"{text}: not a range of finite numbers", hint=hint)
    if count < 1:
        raise ConfigError(f"{text}: the range is empty", hint=hint)
    return int(count)
