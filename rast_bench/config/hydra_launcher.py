"""Launchers as Hydra sees them: the overrides that set them, and what a composition chose."""

import re
from collections.abc import Iterable, Iterator, Sequence

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from rast_bench.config.launchers import CHOOSE_LAUNCHER, LauncherConfig, read_launcher
from rast_bench.config.overrides import parsed_overrides
from rast_bench.errors import ConfigError

_WORD = re.compile(
    r"(?P<sign>\+\+|\+|~|)(?:hydra\.)?(?P<rest>launcher\.(?P<option>sbatch[.=])?.*)", re.S
)
_OWN_FILE = f"{CHOOSE_LAUNCHER}; your own launcher file starts with `defaults: [slurm]` or [local]"


def hydra_overrides(overrides: Sequence[str]) -> list[str]:
    """Return the overrides with `launcher.key=…` spelled `hydra.launcher.key=…`, as Hydra needs
    them.

    Options of sbatch, `launcher.sbatch.NAME=…`, need no "+".

    Raises:
        ConfigError: the launcher is swept.
        OverrideParseException: a text is not an override.
    """
    return list(_translated(overrides))


def _translated(overrides: Iterable[str]) -> Iterator[str]:
    for text in overrides:
        match = _WORD.fullmatch(text)
        if match is not None or text.startswith("hydra/launcher="):
            (override,) = parsed_overrides([text])
            _reject_sweep(override, text)
        if match is None:
            yield text
        else:
            sign = match["sign"] or ("++" if match["option"] else "")
            yield f"{sign}hydra.{match['rest']}"


def _reject_sweep(override: Override, text: str) -> None:
    if not override.is_sweep_override():
        return
    key, _, value = text.partition("=")
    if key.endswith(".devices"):
        hint = f"for a list write {key}=[{value}]"
    elif "." in key:
        hint = f"quote a value with a comma: '{key}=\"{value}\"'"
    else:
        hint = "choose one of them"
    raise ConfigError(f"{text}: all jobs of a command have one launcher", hint=hint)


def launcher_of(node: DictConfig) -> LauncherConfig | None:
    """Return the launcher that `hydra.launcher` describes; None for Hydra's basic launcher.

    Raises:
        ConfigError: a value is not valid, or the launcher belongs to another package.
        OmegaConfBaseException: an interpolation cannot be resolved.
    """
    settings = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    assert isinstance(settings, dict)
    target = settings.get("_target_")
    if target is None:
        if "cluster" not in settings:
            raise ConfigError("hydra.launcher has no key 'cluster'", hint=_OWN_FILE)
        return read_launcher({str(key): value for key, value in settings.items()})
    if target != ConfigStore.instance().load("hydra/launcher/basic.yaml").node["_target_"]:
        raise ConfigError(
            "a launcher of another package would run the jobs in other processes, where "
            "rast-bench does nothing",
            hint=f"{CHOOSE_LAUNCHER}, or leave it out: one process runs all cells of a command",
        )
    return None


def check_one_launcher(launchers: Sequence[LauncherConfig | None]) -> None:
    """Raise ConfigError unless all jobs of a command have the same launcher."""
    if any(launcher != launchers[0] for launcher in launchers):
        raise ConfigError(
            "the jobs of the sweep choose different launchers",
            hint="set hydra/launcher= and launcher.key= on the command line, for all of them",
        )
