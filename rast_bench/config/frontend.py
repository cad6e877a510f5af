"""Compose jobs from overrides with Hydra's compose API. Nothing runs in here.

All jobs of a sweep are made before any runs, so an error in the last one costs nothing and cells
that need the same models share one loaded engine.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.types import RunMode
from omegaconf import Container, DictConfig, OmegaConf, flag_override, open_dict

from rast_bench.config import files
from rast_bench.config.arguments import CommandArguments, read_arguments
from rast_bench.config.compose import Job, compose_job
from rast_bench.config.hydra_errors import CONFIG_EXCEPTIONS, as_config_error, raised_by_hydra
from rast_bench.config.hydra_launcher import check_one_launcher, hydra_overrides, launcher_of
from rast_bench.config.launchers import LauncherConfig
from rast_bench.config.options import OptionReader
from rast_bench.config.overrides import parsed_overrides
from rast_bench.config.paths import config_dir
from rast_bench.config.precheck import check_overrides, check_sweep
from rast_bench.config.sweep import (
    Point,
    Sweep,
    depends_on_the_job,
    depends_on_the_tree,
    read_sweep,
    sweep_trees,
)
from rast_bench.errors import ConfigError

_VERSION_BASE = "1.3"
_CONFIG_NAME = "config"


def jobs_of_command_line(argv: Sequence[str]) -> list[Job]:
    """Return the jobs of the arguments of `rast-bench run`, flags included (see `jobs_of`)."""
    return jobs_of(read_arguments(argv))


def jobs_of(words: CommandArguments) -> list[Job]:
    """Return every job of a command: one, or one for each point of a `-m` sweep.

    Raises:
        ConfigError: a group, option, key or value is not valid.
    """
    with _composer(words) as composer:
        swept = any(override.is_sweep_override() for override in parsed_overrides(composer.own))
        if not (words.multirun or swept):
            first = composer.compose(composer.own)
            if first.hydra.mode != RunMode.MULTIRUN:
                return [composer.job(first, composer.own)]
        return list(_jobs_of_sweep(composer, multirun=words.multirun))


def job_of(words: CommandArguments) -> Job:
    """Return the job of a command that takes no sweep.

    Raises:
        ConfigError: as `jobs_of`, and for a sweep.
    """
    with _composer(words) as composer:
        return composer.job(composer.compose(composer.own), composer.own)


def job_of_overrides(overrides: Sequence[str], extra_config_dir: str | None = None) -> Job:
    """Return the job of these overrides, with options from an extra folder (see `job_of`)."""
    return job_of(CommandArguments(tuple(overrides), config_dir=extra_config_dir))


def options_of(words: CommandArguments) -> OptionReader:
    """Return a reader of the options that these arguments can choose from.

    Raises:
        ConfigError: as `job_of`, for folders of options.
    """
    with _composer(words) as composer:
        return option_reader(composer.compose(()))


def configuration(
    words: CommandArguments, part: str, package: str | None = None, *, resolve: bool = False
) -> str:
    """Return the composed configuration as YAML.

    Args:
        part: `job`, `hydra` or `all`.
        package: a key; only its content is returned.
        resolve: replace interpolations by their values.

    Raises:
        ConfigError: as `jobs_of`, and for a package that does not exist.
    """
    with _composer(words) as composer:
        cfg = composer.compose(composer.own)
        with flag_override(cfg, ["struct", "readonly"], [False, False]):
            for key in list(cfg):
                if part != "all" and (key == "hydra") != (part == "hydra"):
                    del cfg[key]
        whole = package is None or package == "_global_"
        content = cfg if whole else OmegaConf.select(cfg, str(package))
        if content is None:
            raise ConfigError(
                f"--package {package}: there is no such key", hint="--cfg job shows all keys"
            )
        if not isinstance(content, Container):
            return f"{content}\n"
        if resolve:
            OmegaConf.resolve(content)
        head = "" if whole else f"# @package {package}\n"
        return head + OmegaConf.to_yaml(content)


class _Composer:
    """The compositions of one command: its own overrides vary, those of Hydra stay."""

    def __init__(self, words: CommandArguments) -> None:
        self.config_dir = words.config_dir
        typed = list(words.overrides)
        if words.results_dir is not None:
            typed.append(f"results_dir={_quoted(words.results_dir)}")
        spelled = hydra_overrides(typed)
        check_overrides(spelled)
        parsed = parsed_overrides(spelled)
        self.own = tuple(
            text
            for text, override in zip(spelled, parsed, strict=True)
            if not override.is_hydra_override()
        )
        hydras = [override for override in parsed if override.is_hydra_override()]
        for override in hydras:
            if override.is_sweep_override():
                raise ConfigError(
                    f"{override.input_line}: Hydra's own settings cannot be swept",
                    hint="choose one value",
                )
        folders = [] if words.config_dir is None else [_own_folder(words.config_dir)]
        self._hydra = [*_search_path(folders, hydras), *(str(one.input_line) for one in hydras)]

    def compose(self, own: Sequence[str], number: int | None = None) -> DictConfig:
        """Return the tree with Hydra's node; its interpolations resolve to it until the next
        composition.

        Args:
            number: the number of the job in its sweep.
        """
        cfg = hydra.compose(_CONFIG_NAME, [*self._hydra, *own], return_hydra_config=True)
        if number is not None:
            with open_dict(cfg.hydra.job):
                cfg.hydra.job.num, cfg.hydra.job.id = number, str(number)
        HydraConfig.instance().set_config(cfg)
        return cfg

    def job(self, cfg: DictConfig, own: Sequence[str]) -> Job:
        """Return the job of a tree; removes Hydra's node from it."""
        options, launcher = option_reader(cfg), launcher_of(cfg.hydra.launcher)
        return compose_job(_without_hydra(cfg), own, options, launcher, self.config_dir)


def _jobs_of_sweep(composer: _Composer, *, multirun: bool) -> Iterator[Job]:
    """Yield the job of each point, with as few compositions as possible."""

    def names(group: str) -> list[str]:
        return option_reader(composer.compose(())).names(group)

    sweep = read_sweep(composer.own, names)
    first = composer.compose(sweep.first)
    if not (multirun or first.hydra.mode == RunMode.MULTIRUN):
        composer.compose(composer.own)  # raises: a list of values needs -m
    preset = _preset(first)
    if preset:
        sweep = read_sweep([*preset, *composer.own], names)
        first = composer.compose(sweep.first)
    if _sweeps_nothing(sweep, first):
        raise ConfigError(
            "-m sweeps over several values, and no key has more than one",
            hint="leave -m out, or give values: decoding.lambda=0.5,1",
        )
    if depends_on_the_job(first) or depends_on_the_tree(first.hydra.launcher):
        launchers: list[LauncherConfig | None] = []
        for number, point in enumerate(sweep.points()):
            job = composer.job(composer.compose(point, number), point)
            launchers.append(job.launcher)
            yield job
    else:
        launchers = [launcher_of(first.hydra.launcher)]
        options = option_reader(first)

        def compose(point: Point) -> DictConfig:
            cfg = composer.compose(point)
            launchers.append(launcher_of(cfg.hydra.launcher))
            return _without_hydra(cfg)

        for point, tree in sweep_trees(sweep, _without_hydra(first), compose):
            yield compose_job(tree, point, options, launchers[0], composer.config_dir)
    check_one_launcher(launchers)


def _preset(cfg: DictConfig) -> list[str]:
    """Return what a file sweeps, for example `hydra.sweeper.params` of an experiment.

    Raises:
        ConfigError: the file chooses another sweeper.
    """
    chosen = cfg.hydra.runtime.choices["hydra/sweeper"]
    if chosen != "basic":
        raise ConfigError(
            f"hydra/sweeper={chosen}: a sweep takes all combinations",
            hint="leave hydra/sweeper out",
        )
    preset = [f"{key}={value}" for key, value in (cfg.hydra.sweeper.params or {}).items()]
    check_sweep(parsed_overrides(preset))
    return preset


def _sweeps_nothing(sweep: Sweep, first: DictConfig) -> bool:
    """Return whether -m has no effect; with experiments and launchers it is allowed."""
    varies = any(len(axis) > 1 for axis in sweep.axes)
    with_launcher = first.hydra.runtime.choices["hydra/launcher"] != "basic"
    return not (varies or with_launcher or first.get("experiment"))


def option_reader(cfg: DictConfig) -> OptionReader:
    """Return a reader along the search path of a composition, `hydra.searchpath` included."""
    return OptionReader(files.config_sources(cfg.hydra.runtime.config_sources))


def _without_hydra(cfg: DictConfig) -> DictConfig:
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg


def _own_folder(folder: str) -> str:
    path = Path(folder).resolve()
    if not path.is_dir():
        raise ConfigError(
            f"--config-dir: no folder {path}", hint="name a folder that has DIR/dataset/ etc."
        )
    return str(path)


def _search_path(folders: Sequence[str], typed: Sequence[Override]) -> list[str]:
    """Return the override with all option folders; Hydra uses only the first one of its kind."""
    found = list(folders)
    for override in typed:
        value = override.value()
        if override.key_or_group == "hydra.searchpath" and isinstance(value, list):
            found += map(str, value)
    if not found:
        return []
    return [f"hydra.searchpath=[{','.join(_quoted(files.checked_path(path)) for path in found)}]"]


def _quoted(text: str) -> str:
    return QuotedString(text, Quote.single).with_quotes()


@contextmanager
def _composer(words: CommandArguments) -> Iterator[_Composer]:
    """Provide a composer; errors of Hydra and its files become ConfigErrors."""
    with _one_line_errors():
        files.register()
        outer = HydraConfig.instance().cfg
        with hydra.initialize_config_dir(config_dir=str(config_dir()), version_base=_VERSION_BASE):
            try:
                yield _Composer(words)
            finally:
                HydraConfig.instance().cfg = outer


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except CONFIG_EXCEPTIONS as error:
        raise as_config_error(error) from error
    except Exception as error:
        if not raised_by_hydra(error):
            raise
        raise as_config_error(error) from error
