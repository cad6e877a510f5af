"""Compute the points of a `-m` sweep from few compositions: one costs 0.1 s, and points are
thousands.

Hydra would compose every point. But a value such as `decoding.lambda=0.5` is only written into the
composed tree, and an option such as `delta=tiny-s` usually changes only its own group. So one
composition per option is enough; where that does not hold, points are composed one by one.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from hydra.core.override_parser.types import Glob, Override, OverrideType
from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from rast_bench.config.overrides import parsed_overrides
from rast_bench.config.schema import GROUPS
from rast_bench.config.validate import did_you_mean
from rast_bench.errors import ConfigError

Point = tuple[str, ...]
"""The overrides of one job, in the order of the command line."""

_ROOT_KEYS = ("results_dir", "grader", "allow_code_execution", "workers", "label", "pool")
_LATE = "${hydra:"  # an interpolation that Hydra resolves again for every job
_NOT_ENVIRONMENT = re.compile(r"\$\{(?!oc\.env:)")
_Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Sweep:
    """Every override with its values, as Hydra's basic sweeper interprets them."""

    axes: tuple[tuple[str, ...], ...]  # each `key=value`; one entry where nothing varies

    def points(self) -> Iterator[Point]:
        """Yield all combinations, the last axis fastest, in Hydra's order."""
        return product(*self.axes)

    @property
    def first(self) -> Point:
        return tuple(axis[0] for axis in self.axes)

    @cached_property
    def values(self) -> tuple[int, ...]:
        """The swept axes whose values can be written into a composed tree."""
        parsed = [parsed_overrides(axis) for axis in self.axes]
        return tuple(
            i
            for i, axis in enumerate(parsed)
            if len(axis) > 1
            and all(map(_is_plain_value, axis))
            and not any(_overlap(axis[0], other[0]) for j, other in enumerate(parsed) if i != j)
        )

    def choice(self, point: Point) -> Point:
        """Return the point to compose: the first value on every axis of `values`."""
        return tuple(self.axes[i][0] if i in self.values else text for i, text in enumerate(point))


def read_sweep(overrides: Sequence[str], names: Callable[[str], Sequence[str]]) -> Sweep:
    """Return the sweep of these overrides, without Hydra's own (`hydra.…`).

    Args:
        names: returns the options of a group, for globs.

    Raises:
        ConfigError: the values cannot be listed.
        OverrideParseException: a text is not an override.
    """
    axes: dict[str, tuple[str, ...]] = {}  # an override that comes again replaces the first
    for override in parsed_overrides(overrides):
        key = override.get_key_element()
        axes[key] = tuple(f"{key}={value}" for value in _values(override, names))
    return Sweep(tuple(axes.values()))


def _values(override: Override, names: Callable[[str], Sequence[str]]) -> Sequence[str]:
    """Return every value as the command line writes it."""
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    value = override.value()
    if isinstance(value, Glob):
        group = override.key_or_group
        found = value.filter(list(names(group)))
        if not found:
            raise ConfigError(
                f"{override.input_line} matches no option",
                hint=did_you_mean(",".join(value.include), names(group), "options"),
            )
        return found
    if not override.is_discrete_sweep():
        raise ConfigError(
            f"{override.input_line}: an interval cannot be listed",
            hint="write range(START,STOP,STEP), or the values: decoding.lambda=0.5,1",
        )
    return list(override.sweep_string_iterator())


def sweep_trees(
    sweep: Sweep, first: DictConfig, compose: Callable[[Point], DictConfig]
) -> Iterator[tuple[Point, DictConfig]]:
    """Yield every point with its composed tree, which is valid until the next one is requested.

    Args:
        first: the tree of the sweep's first point.
        compose: composes one point with Hydra, without Hydra's own node.

    Raises:
        Exception: what Hydra raises for the first point that it cannot compose.
    """
    compositions = Compositions(sweep.first, first, compose)
    trees: dict[Point, DictConfig] = {}
    for point in sweep.points():
        choice = sweep.choice(point)
        if choice not in trees:
            trees[choice] = deepcopy(compositions.tree(choice))
        for value in parsed_overrides([point[i] for i in sweep.values]):
            _write(value, trees[choice])
        yield point, trees[choice]


def _write(override: Override, tree: DictConfig) -> None:
    """Write a plain value into the tree; raise an error with Hydra's message if that fails."""
    key = override.key_or_group
    try:
        OmegaConf.update(tree, key, override.value(), merge=True)
    except (ConfigAttributeError, ConfigKeyError) as error:
        raise ConfigCompositionException(f"Could not override '{key}'.") from error
    except OmegaConfBaseException as error:
        raise ConfigCompositionException(f"Error merging override {override.input_line}") from error


def depends_on_the_job(tree: DictConfig) -> bool:
    """Return whether a value comes from Hydra's own node, so that only Hydra can compose it."""
    own = OmegaConf.masked_copy(tree, [str(key) for key in tree if key != "hydra"])
    return _LATE in OmegaConf.to_yaml(own)


def depends_on_the_tree(launcher: DictConfig) -> bool:
    """Return whether interpolations of the launcher may differ between points."""
    return _NOT_ENVIRONMENT.search(OmegaConf.to_yaml(launcher)) is not None


class Compositions:
    """The trees of points that choose different options, composed as rarely as possible."""

    def __init__(
        self, first: Point, tree: DictConfig, compose: Callable[[Point], DictConfig]
    ) -> None:
        self._first = first
        self._compose = compose
        self._trees = {first: deepcopy(tree)}

    def tree(self, point: Point) -> DictConfig:
        """Return the composed tree of a point; it must not be modified."""
        if point not in self._trees:
            self._trees[point] = self._assembled(point) or self._compose(point)
        return self._trees[point]

    def _assembled(self, point: Point) -> DictConfig | None:
        """Return the first tree with single groups of other trees; None if not possible."""
        changed = [i for i, text in enumerate(point) if text != self._first[i]]
        if len(changed) < 2:
            return None
        parts = [self._own_group(i, point[i]) for i in changed]
        if None in parts:
            return None
        tree = deepcopy(self._trees[self._first])
        for group, content in filter(None, parts):
            with open_dict(tree):
                tree[group] = content
        return tree

    def _own_group(self, axis: int, text: str) -> tuple[str, Any] | None:
        """Return the group that an option sets, with its content; None if it sets more."""
        (override,) = parsed_overrides([text])
        group = override.key_or_group
        if group not in GROUPS or not isinstance(override.value(), str):
            return None
        if override.type != OverrideType.CHANGE or override.package is not None:
            return None
        tree = self.tree((*self._first[:axis], text, *self._first[axis + 1 :]))
        if _without(tree, group) != _without(self._trees[self._first], group):
            return None
        return group, tree._get_node(group)


def _without(tree: DictConfig, group: str) -> Mapping[Any, Any]:
    plain = OmegaConf.to_container(tree)
    assert isinstance(plain, dict)
    return {key: value for key, value in plain.items() if key != group}


def _is_plain_value(override: Override) -> bool:
    """Return whether it is `a.b=scalar`: no addition, deletion, option or interpolation."""
    key = override.key_or_group
    if override.type != OverrideType.CHANGE or override.package is not None:
        return False
    if "." not in key and key not in _ROOT_KEYS:
        return False
    value = override.value()
    return isinstance(value, _Scalar) and "${" not in str(value)


def _overlap(value: Override, other: Override) -> bool:
    """Return whether another override sets the same key, a part of it or a parent."""
    ours, theirs = value.key_or_group, other.key_or_group
    if "." not in theirs and isinstance(other.value(), str):
        return ours == theirs  # an option of a group, composed before any value is set
    return f"{ours}.".startswith(f"{theirs}.") or f"{theirs}.".startswith(f"{ours}.")
