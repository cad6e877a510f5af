"""Translate exceptions of Hydra, OmegaConf and YAML into one clear line with a hint."""

import re
from collections.abc import Sequence
from traceback import walk_tb

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from yaml import MarkedYAMLError, YAMLError  # type: ignore[import-untyped]

from rast_bench.compose.methods import METHODS
from rast_bench.config.compose import Root
from rast_bench.config.launchers import CHOOSE_LAUNCHER, LAUNCHERS
from rast_bench.config.precheck import option_names
from rast_bench.config.schema import GROUPS, OPTION_GROUPS, CellConfig
from rast_bench.config.validate import did_you_mean, known_keys
from rast_bench.errors import ConfigError

CONFIG_EXCEPTIONS = (HydraException, OmegaConfBaseException, YAMLError)

_OPTION = re.compile(r"Could not (?:find|load) '(?P<group>.+)/(?P<option>[^/']*)'")
_KEY = re.compile(
    r"(?:Could not override|Could not append to config. An item is already at) '(?P<key>[^']+)'"
)
_DELETED = re.compile(r"Could not delete (?:from config\. )?'(?P<key>[^']+)'")
_LOOK = "check the arguments of the command and the files in --config-dir"
_QUOTING = "quote values with spaces or special characters: 'key=\"a value\"'"


def as_config_error(error: Exception) -> ConfigError:
    """Return the first line that tells the user what to change. `error` is one of
    CONFIG_EXCEPTIONS.
    """
    if isinstance(error, YAMLError):
        return _yaml(error)
    if isinstance(error, OverrideParseException):
        return ConfigError(f"cannot read {error.override!r} as key=value", hint=_QUOTING)
    if isinstance(error, MissingConfigException):
        return _missing(error)
    if isinstance(error, MissingMandatoryValue):
        key = error.full_key or error.key
        return ConfigError(f"{key} is missing", hint=f"give it a value: {key}=…")
    if isinstance(error, RecursionError):
        return ConfigError("an option includes itself, or nests without end", hint=_LOOK)
    text = _message(error)
    if match := _KEY.search(text):
        return _unknown_key(match["key"], already="already at" in match[0])
    if match := _DELETED.search(text):
        return ConfigError(
            f"cannot delete {match['key']!r}: there is no such key",
            hint=_group_hint(match["key"].partition(".")[0]),
        )
    if "requires --multirun" in text or "Ambiguous value" in text:
        return ConfigError(
            "a list of values is a sweep, which needs -m",
            hint="add -m, or quote a value with a comma: 'key=\"a,b\"'",
        )
    return ConfigError(text, hint=_LOOK)


def raised_by_hydra(error: BaseException) -> bool:
    """Return whether Hydra, OmegaConf or their parsers raised it: then an argument or file is at
    fault.
    """
    frames = walk_tb(error.__traceback__)
    packages = [frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in frames]
    theirs = [package in ("hydra", "omegaconf", "yaml", "antlr4") for package in packages]
    if isinstance(error, RecursionError):  # the innermost call may belong to any library
        return sum(theirs) > len(theirs) / 2
    return bool(theirs) and theirs[-1]


def _message(error: Exception) -> str:
    """Return the message of the exception, or of its cause if it has none, on one line."""
    for link in (error, error.__cause__):
        if link is not None and str(link).strip():
            lines = [line.strip() for line in str(link).splitlines()]
            words = " ".join(line for line in lines if line and not line.startswith("object_type="))
            head, _, key = words.partition(" full_key:")
            return f"{key.strip()}: {head}" if key.strip() else head
    return type(error).__name__


def _yaml(error: YAMLError) -> ConfigError:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return ConfigError(
            f"{mark.name} line {mark.line + 1}, column {mark.column + 1}: not YAML: "
            f"{error.problem or error.context}",
            hint="check the indentation, and quote text with ': ' or a leading special character",
        )
    return ConfigError(f"not YAML: {_message(error)}", hint=_LOOK)


def _missing(error: MissingConfigException) -> ConfigError:
    match = _OPTION.search(str(error))
    if match is None:
        return ConfigError(_message(error), hint=_LOOK)
    group, option = match["group"], match["option"]
    if error.options is None and group not in OPTION_GROUPS:
        return ConfigError(f"there is no group {group!r}", hint=_group_hint(group))
    names = error.options or option_names(group)
    return ConfigError(
        f"{group} has no option {option!r}", hint=did_you_mean(option, names, "options")
    )


def _unknown_key(key: str, *, already: bool) -> ConfigError:
    if already:
        return ConfigError(f"+{key} adds a key that is there already", hint="leave out the +")
    path = key.split(".")
    if path[:2] == ["hydra", "launcher"] and len(path) > 2:
        return _unknown_launcher_key(path[2:])
    if path == ["launcher"]:
        return ConfigError("launcher is not a key here", hint=CHOOSE_LAUNCHER)
    if path[0] == "method" and len(path) > 1:
        return _unknown_parameter(".".join(path[1:]))
    if len(path) > 1 and path[0] not in known_keys(Root, ()):
        return ConfigError(f"there is no key {key!r}", hint=_group_hint(path[0]))
    known = known_keys(CellConfig if path[0] in GROUPS else Root, path[:-1])
    if path[0] == "experiment" and path[-1] in known:
        return ConfigError(
            f"{key}: no experiment is chosen, or the chosen one does not set it",
            hint=f"choose one: experiment=…, and add what it does not set: +{key}=…",
        )
    if path[0] == "engine" and path[-1] in known:
        return ConfigError(f"the chosen engine has no {key}", hint="choose another: engine=…")
    if path[0] == "tracker" and path[-1] in known:
        return ConfigError(f"the chosen tracker has no {key}", hint="choose one: tracker=wandb")
    if path[-1] in known:
        return ConfigError(f"{key} is not set by the chosen option", hint=f"add it: +{key}=…")
    if len(path) == 1:
        return ConfigError(f"there is no key or group {key!r}", hint=_group_hint(key))
    return ConfigError(f"there is no key {key!r}", hint=did_you_mean(path[-1], known))


def _unknown_parameter(name: str) -> ConfigError:
    """The error for a parameter that the chosen method does not have."""
    having = [method.name for method in METHODS.values() if name in method.defaults]
    if having:
        return ConfigError(
            f"the chosen method has no parameter {name}",
            hint=f"it is a parameter of {', '.join(having)}",
        )
    known = {one for method in METHODS.values() for one in method.defaults}
    hint = did_you_mean(name, known, "parameters of methods")
    return ConfigError(
        f"there is no key 'method.{name}'",
        hint=f"{hint}; of a method of your own: +method.{name}=…",
    )


def _unknown_launcher_key(path: Sequence[str]) -> ConfigError:
    key = ".".join(("launcher", *path))
    keys = {name: known_keys(model, path[:-1]) for name, model in LAUNCHERS.items()}
    if having := [f"hydra/launcher={name}" for name in keys if path[-1] in keys[name]]:
        return ConfigError(f"the chosen launcher has no {key}", hint=f"set {' or '.join(having)}")
    known = {one for names in keys.values() for one in names}
    return ConfigError(f"there is no key {key!r}", hint=did_you_mean(path[-1], known))


def _group_hint(key: str) -> str:
    return did_you_mean(key, known_keys(Root, ()), "keys and groups")
