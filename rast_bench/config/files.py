"""The YAML files of a configuration as anybody may have written them, read with bounded work.

Hydra opens whatever lies at a path and lets OmegaConf copy every alias. Here a file is looked at
first: what kind it is, whether it is UTF-8, how deep it nests and how large its aliases make it.
"""

import io
import os
import stat
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult

from rast_bench.errors import ConfigError, first_line

MOST_BYTES = 4 * 2**20
MOST_NODES = 100_000  # keys, values and items, aliases written out; the largest here has 700
MOST_DEPTH = 40  # PyYAML and OmegaConf recurse

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "save it as UTF-8 text"
_PLAIN = "an option is a plain file of keys and values, as those of conf/"


class CheckedFiles(FileConfigSource):
    """Hydra's source of files, whose errors are ConfigErrors that name file and place."""

    def load_config(self, config_path: str) -> ConfigResult:
        path = self._place(self._normalize_file_name(config_path))
        check_yaml(path)
        try:
            return super().load_config(config_path)
        except (yaml.YAMLError, ConfigLoadError):
            raise  # hydra_errors.py has words for them
        except Exception as error:
            raise ConfigError(f"{path}: {first_line(error)}", hint=_PLAIN) from error

    def is_group(self, config_path: str) -> bool:
        kind = _kind(self._place(config_path))
        return kind is not None and stat.S_ISDIR(kind)

    def is_config(self, config_path: str) -> bool:
        """Also for what is there and is no file, so that loading it says so."""
        return _kind(self._place(self._normalize_file_name(config_path))) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        try:
            return super().list(config_path, results_filter)
        except OSError as error:
            raise _unusable(self._place(config_path), error) from error

    def _place(self, config_path: str) -> Path:
        return Path(self.path) / config_path


def register() -> None:
    """Makes Hydra read files through CheckedFiles; it forgets it with its other singletons."""
    Plugins.instance()  # registers Hydra's own sources
    SourcesRegistry.instance().types[CheckedFiles.scheme()] = CheckedFiles


def check_yaml(path: Path) -> None:
    """Raises ConfigError for a file that is no plain UTF-8 text, too large or too deep, and
    YAMLError for text that is not YAML.
    """
    kind = _kind(path)
    if kind is not None and not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "no regular file"
        raise ConfigError(f"{path} is {what}", hint=_PLAIN)
    try:
        data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except OSError as error:
        raise _unusable(path, error) from error
    if data is None:
        raise ConfigError(
            f"{path} is larger than {MOST_BYTES // 2**20} MiB: that is no configuration",
            hint=_PLAIN,
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path} line {line} is not UTF-8", hint=_TEXT) from None
    stream = io.StringIO(text)
    stream.name = str(path)  # for the marks of YAMLErrors
    _check_size(stream, path)


def _check_size(stream: io.StringIO, path: Path) -> None:
    """From the parser's events: nothing is built, and aliases are counted, not followed."""
    sizes: dict[str, int | None] = {}  # by anchor; None while it is open
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and nodes before it
    nodes = 0
    for event in yaml.parse(stream, Loader=_Loader):
        place = f"{path} line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(event.anchor, 1)
            if size is None:
                raise ConfigError(f"{place}: {event.anchor} holds itself", hint=_PLAIN)
            nodes += size
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, nodes))
            nodes += 1
            if event.anchor is not None:
                sizes[event.anchor] = None
            if len(open_nodes) > MOST_DEPTH:
                raise ConfigError(f"{place} nests deeper than {MOST_DEPTH} levels", hint=_PLAIN)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        if nodes > MOST_NODES:
            raise ConfigError(
                f"{place}: more than {MOST_NODES:,} values, with its aliases written out",
                hint=_PLAIN,
            )


def _kind(path: Path) -> int | None:
    """The mode of what lies there, links followed; None for nothing. Raises ConfigError."""
    try:
        return os.stat(path).st_mode  # noqa: PTH116 (the mode alone)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> ConfigError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return ConfigError(
        f"cannot read {path}: {reason}", hint="see that it exists and that you may read it"
    )
