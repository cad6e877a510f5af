"""Read YAML files of any origin with bounded work.

Hydra opens whatever is at a path and lets OmegaConf copy every alias. Here a file is inspected
first: its type, whether it is UTF-8, how deeply it nests and how large its aliases make it.
"""

import io
import os
import pickle
import stat
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import hydra.conf
import yaml  # type: ignore[import-untyped]
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from rast_bench.config.paths import config_dir
from rast_bench.errors import ConfigError, first_line

MAX_BYTES = 4 * 2**20
MAX_NODES = 100_000  # keys, values and items, aliases expanded; the largest file here has 700
MAX_DEPTH = 40  # PyYAML and OmegaConf recurse

_SCHEME = "checked"  # Hydra's own file source has the scheme `file`
_HEADER = 512  # characters in which `# @package` is looked for
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "save it as UTF-8 text"
_PLAIN = "an option is a plain file of keys and values, like those in conf/"
_HYDRAS = str(Path(hydra.conf.__file__).parent)


class CheckedFiles(ConfigSource):
    """A folder of YAML files for Hydra; errors are ConfigErrors that name the file and position."""

    @staticmethod
    def scheme() -> str:
        return _SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        path = self._place(self._normalize_file_name(config_path))
        text = _text(path)
        if text is None:
            raise ConfigLoadError(f"no file {path}")
        try:
            header = self._get_header_dict(text[:_HEADER])
            config = pickle.loads(_pickled_tree(text, path))  # Hydra changes what it is given
        except (ConfigError, yaml.YAMLError):
            raise  # hydra_errors.py translates these
        except Exception as error:
            raise ConfigError(f"{path}: {first_line(error)}", hint=_PLAIN) from error
        return ConfigResult(
            config=config, path=self.full_path(), provider=self.provider, header=header
        )

    def available(self) -> bool:
        return self.is_group("")

    def is_group(self, config_path: str) -> bool:
        kind = _kind(self._place(config_path))
        return kind is not None and stat.S_ISDIR(kind)

    def is_config(self, config_path: str) -> bool:
        """Return whether anything is there, file or not, so that loading reports it."""
        return _kind(self._place(self._normalize_file_name(config_path))) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        folder = self._place(config_path)
        found: list[str] = []
        try:
            names = [path.name for path in folder.iterdir()]
        except OSError as error:
            raise _unusable(folder, error) from error
        for name in names:
            self._list_add_result(found, str(Path(config_path) / name), name, results_filter)
        return sorted(set(found))

    def _place(self, config_path: str) -> Path:
        return Path(self.path) / config_path


class _CheckedMain(SearchPathPlugin):
    """Makes Hydra read conf/ and its own files like the folders of --config-dir."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        folders = {str(config_dir()): str(config_dir()), "pkg://hydra.conf": _HYDRAS}
        for element in search_path.get_path():
            folder = folders.get(element.path or "")
            if folder is not None:
                element.path = checked_path(folder)


def register() -> None:
    """Register both with Hydra, which forgets them with its other singletons."""
    Plugins.instance().register(CheckedFiles)
    Plugins.instance().register(_CheckedMain)


def checked_path(path: str) -> str:
    """Return an entry of Hydra's search path that CheckedFiles reads, if the path is a folder."""
    folder = path.removeprefix("file://")
    return folder if "://" in folder else f"{_SCHEME}://{folder}"


def config_sources(infos: Sequence[Any]) -> Sequence[ConfigSource]:
    """Return the sources that a composition used, from its `hydra.runtime.config_sources`."""
    classes: dict[str, Any] = {
        kind.scheme(): kind
        for kind in Plugins.instance().discover(ConfigSource)
        if issubclass(kind, ConfigSource)
    }
    return [classes[info.schema](info.provider, f"{info.schema}://{info.path}") for info in infos]


def check_yaml(path: Path) -> str | None:
    """Return the text of a plain UTF-8 YAML file of bounded size; None if there is no file.

    Raises:
        ConfigError: the file is not plain UTF-8 text, is too large or nests too deeply.
        YAMLError: the text is not YAML.
    """
    text = _text(path)
    if text is not None:
        _check_size(_named(text, path), path)
    return text


@lru_cache(maxsize=512)
def _pickled_tree(text: str, path: Path) -> bytes:
    """Return the checked tree of a file's text.

    A sweep composes a file many times, and making its tree takes twenty times as long as unpickling
    it.
    """
    _check_size(_named(text, path), path)
    return pickle.dumps(OmegaConf.load(_named(text, path)))


def _text(path: Path) -> str | None:
    """Return the text of a plain UTF-8 file of bounded size; None if there is no file."""
    kind = _kind(path)
    if kind is None:
        return None
    if not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "not a regular file"
        raise ConfigError(f"{path} is {what}", hint=_PLAIN)
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise _unusable(path, error) from error
    if data is None:
        raise ConfigError(
            f"{path} is larger than {MAX_BYTES // 2**20} MiB, too large for a configuration",
            hint=_PLAIN,
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path} line {line} is not UTF-8", hint=_TEXT) from None


def _named(text: str, path: Path) -> io.StringIO:
    """Return the text as a file whose name appears in the marks of YAMLErrors."""
    stream = io.StringIO(text)
    stream.name = str(path)
    return stream


def _check_size(stream: io.StringIO, path: Path) -> None:
    """Raise ConfigError for a text that is too large or too deep, from parser events alone.

    Nothing is built; aliases are counted, not followed.
    """
    sizes: dict[str, int | None] = {}  # by anchor; None while it is open
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and nodes before it
    nodes = 0
    for event in yaml.parse(stream, Loader=_Loader):
        position = f"{path} line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(event.anchor, 1)
            if size is None:
                raise ConfigError(f"{position}: {event.anchor} contains itself", hint=_PLAIN)
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
            if len(open_nodes) > MAX_DEPTH:
                raise ConfigError(f"{position} nests deeper than {MAX_DEPTH} levels", hint=_PLAIN)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        if nodes > MAX_NODES:
            raise ConfigError(
                f"{position}: more than {MAX_NODES:,} values, with its aliases expanded",
                hint=_PLAIN,
            )


def _kind(path: Path) -> int | None:
    """Return the mode of the file, links followed; None if there is none. Raise ConfigError
    otherwise.
    """
    try:
        return os.stat(path).st_mode  # noqa: PTH116 (the mode alone)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> ConfigError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return ConfigError(
        f"cannot read {path}: {reason}", hint="check that it exists and that you may read it"
    )
