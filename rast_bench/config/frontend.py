"""Hydra as the reader of the command line: overrides in, jobs out. Nothing runs in here.

A sweep's jobs are gathered first, so that a mistake in the last of them costs nothing and cells
that need the same models share one loaded engine.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import hydra
from hydra._internal.core_plugins.basic_launcher import BasicLauncherConf
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import get_args_parser
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict

from rast_bench.config import files, precheck
from rast_bench.config.compose import Job, compose_job
from rast_bench.config.hydra_errors import CONFIG_EXCEPTIONS, as_config_error, raised_by_hydra
from rast_bench.config.hydra_launcher import (
    foreign_launcher,
    hydra_words,
    launcher_of,
    plugin_errors,
    refuse_several,
)
from rast_bench.config.hydra_launcher import (
    register as register_launcher,
)
from rast_bench.config.launchers import LauncherConfig
from rast_bench.config.options import OptionReader
from rast_bench.config.overrides import parsed_overrides
from rast_bench.config.paths import config_dir
from rast_bench.config.precheck import check_overrides
from rast_bench.config.sweep import (
    Sweep,
    depends_on_the_job,
    depends_on_the_tree,
    read_sweep,
    sweep_trees,
)
from rast_bench.errors import ConfigError, RastBenchError, first_line

_VERSION_BASE = "1.3"
_CONFIG_NAME = "config"


def jobs_of_command_line(argv: Sequence[str], program: str) -> list[Job] | None:
    """Every job of one command: one, or one for each point of a `-m` sweep.

    None when Hydra answered the command itself (`--cfg`, `--info`, …), on stdout.

    Raises:
        ConfigError: a group, option, key or value that cannot be.
    """
    with _one_line_errors():
        sweep = _sweep(argv)
    if sweep is not None:
        jobs = _jobs_of_sweep(argv, program, sweep)
        if jobs is not None:
            return jobs
    return jobs_composed_by_hydra(argv, program)


def jobs_composed_by_hydra(argv: Sequence[str], program: str) -> list[Job] | None:
    """As `jobs_of_command_line`, with every point of a sweep composed by Hydra, 0.2 s each."""
    jobs: list[Job] = []
    errors: list[RastBenchError] = []
    composed = False

    def gather(cfg: DictConfig) -> None:
        nonlocal composed
        composed = True
        hydra_cfg = HydraConfig.get()
        options = _option_reader(hydra_cfg.runtime.config_sources)
        with _gathered(errors):
            launcher = launcher_of(hydra_cfg.launcher)
            jobs.append(compose_job(cfg, hydra_cfg.overrides.task, options, launcher))

    _run_hydra(argv, program, gather)
    if errors:
        raise errors[0]
    if composed:
        refuse_several([job.launcher for job in jobs])
        return jobs
    if _asks_for_run(argv):
        raise foreign_launcher()
    return None


def _jobs_of_sweep(argv: Sequence[str], program: str, sweep: Sweep) -> list[Job] | None:
    """The jobs of a sweep of which Hydra runs the first point only; None where that is not enough.

    That is so for parameters of the sweeper and for values taken from Hydra's own node.
    """
    jobs: list[Job] = []
    errors: list[RastBenchError] = []
    faults: list[Exception] = []
    enough: list[bool] = []  # an entry for each job of Hydra's
    launchers: list[LauncherConfig | None] = []

    def gather(first: DictConfig) -> None:
        hydra_cfg = HydraConfig.get()
        as_asked = tuple(hydra_cfg.overrides.task) == sweep.first
        late = depends_on_the_job(first) or depends_on_the_tree(hydra_cfg.launcher)
        enough.append(as_asked and not late)
        if enough != [True]:
            return
        if _sweeps_nothing(sweep, first, hydra_cfg):
            errors.append(_nothing_to_sweep())
            return
        options = _option_reader(hydra_cfg.runtime.config_sources)
        with _gathered(errors):
            launchers.append(launcher_of(hydra_cfg.launcher))
            compose = _composer(hydra_cfg, launchers)
            try:
                for point, tree in sweep_trees(sweep, first, compose):
                    with _gathered(errors):
                        jobs.append(compose_job(tree, point, options, launchers[0]))
            except CONFIG_EXCEPTIONS as error:
                faults.append(error)

    flags, overrides = _flags_and_overrides(argv)
    own = [text for text in overrides if parsed_overrides([text])[0].is_hydra_override()]
    _run_hydra([*flags, *own, *sweep.first], program, gather)
    if not enough:
        raise foreign_launcher()
    if enough != [True]:
        return None
    if faults:
        raise as_config_error(faults[0]) from faults[0]
    if errors:
        raise errors[0]
    refuse_several(launchers)
    return jobs


def _composer(
    hydra_cfg: HydraConf, launchers: list[LauncherConfig | None]
) -> Callable[[Sequence[str]], DictConfig]:
    """Hydra's composition of other overrides than those of the running job.

    Adds the launcher that each composition chooses: an experiment may choose its own.
    """
    name, own = hydra_cfg.job.config_name, list(hydra_cfg.overrides.hydra)

    def compose(overrides: Sequence[str]) -> DictConfig:
        cfg = hydra.compose(name, [*own, *overrides], return_hydra_config=True)
        launchers.append(launcher_of(cfg.hydra.launcher))
        return _without_hydra(cfg)

    return compose


def _without_hydra(cfg: DictConfig) -> DictConfig:
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg


@contextmanager
def _gathered(errors: list[RastBenchError]) -> Iterator[None]:
    """Errors are kept for later: Hydra would print its own beside them."""
    try:
        yield
    except RastBenchError as error:
        errors.append(error)
    except CONFIG_EXCEPTIONS as error:
        errors.append(as_config_error(error))


def _run_hydra(argv: Sequence[str], program: str, task: Callable[[DictConfig], None]) -> None:
    with _one_line_errors(), plugin_errors(), _hydra_surroundings(argv, program):
        _register()
        hydra.main(
            config_path=str(config_dir()), config_name=_CONFIG_NAME, version_base=_VERSION_BASE
        )(task)()


def job_of_overrides(overrides: Sequence[str], extra_config_dir: str | None = None) -> Job:
    """The job of some overrides, outside any Hydra application.

    Raises ConfigError as `jobs_of_command_line`.
    """
    search = []
    if extra_config_dir is not None:
        folder = Path(extra_config_dir).resolve()
        if not folder.is_dir():
            raise ConfigError(
                f"--config-dir: no folder {folder}", hint="name a folder that has DIR/dataset/ etc."
            )
        search = [f"hydra.searchpath=['file://{folder}']"]
    with (
        _one_line_errors(),
        hydra.initialize_config_dir(config_dir=str(config_dir()), version_base=_VERSION_BASE),
    ):
        _register()
        spelled = hydra_words(overrides)
        check_overrides(spelled)
        words = [*spelled, *search]
        cfg = hydra.compose(_CONFIG_NAME, words, return_hydra_config=True)
        options = _option_reader(cfg.hydra.runtime.config_sources)
        launcher = launcher_of(cfg.hydra.launcher)
        return compose_job(_without_hydra(cfg), overrides, options, launcher)


def _register() -> None:
    """What Hydra shall know of ours; it forgets plugins and sources with its other singletons."""
    register_launcher()
    files.register()
    precheck.register()


def _option_reader(sources: Sequence[Any]) -> OptionReader:
    """Reads along the search path that Hydra used, `hydra.searchpath` included."""
    registry = SourcesRegistry.instance()
    return OptionReader(
        [
            registry.resolve(source.schema)(source.provider, f"{source.schema}://{source.path}")
            for source in sources
        ]
    )


def _asks_for_run(argv: Sequence[str]) -> bool:
    args, _ = _hydra_parser().parse_known_args(list(argv))
    return not (args.cfg or args.info or args.hydra_help or args.shell_completion)


def _flags_and_overrides(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Apart: Hydra's parser takes `-m` before all overrides or after them, but not between.

    The overrides are spelled as Hydra needs them.
    """
    words = [word for word in argv if word != "--"]  # all words but flags are overrides anyway
    overrides = _hydra_parser().parse_intermixed_args(words).overrides
    spelled = hydra_words(overrides)
    check_overrides(spelled)
    return [word for word in words if word not in overrides], spelled


def _hydra_parser() -> ArgumentParser:
    """Hydra's, which raises ConfigError."""
    parser: ArgumentParser = get_args_parser()

    def refuse(message: str) -> NoReturn:
        raise ConfigError(message, hint="overrides are key=value; `--help` lists the flags")

    parser.error = refuse  # type: ignore[method-assign]
    return parser


def _sweep(argv: Sequence[str]) -> Sweep | None:
    """The sweep that a command line asks for; None where there is none, or only Hydra can tell."""
    flags, overrides = _flags_and_overrides(argv)
    if not _is_multirun(flags) or not _asks_for_run(argv):
        return None
    return read_sweep(overrides)


def _sweeps_nothing(sweep: Sweep, first: DictConfig, hydra_cfg: HydraConf) -> bool:
    """Whether -m stands there in vain. With experiments and launchers it is a habit of Hydra's."""
    varies = any(len(axis) > 1 for axis in sweep.axes)
    with_launcher = hydra_cfg.launcher["_target_"] != BasicLauncherConf._target_
    return not (varies or with_launcher or first.get("experiment"))


def _nothing_to_sweep() -> ConfigError:
    return ConfigError(
        "-m sweeps over several values, and no key has more than one",
        hint="leave -m out, or give values: decoding.lambda=0.5,1",
    )


def _is_multirun(flags: Sequence[str]) -> bool:
    return bool({"-m", "--multirun"} & set(flags))


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


@contextmanager
def _hydra_surroundings(argv: Sequence[str], program: str) -> Iterator[None]:
    """What hydra.main reads from outside: the arguments, and that it raises instead of printing.

    Hydra leaves a multirun.yaml in a sweep's folder; the ledger's manifests say more, so that
    folder is a passing one.
    """
    flags, overrides = _flags_and_overrides(argv)
    with _scratch() if _is_multirun(flags) else nullcontext(".") as scratch:
        arguments, environment = sys.argv, dict(os.environ)
        sys.argv = [program, *flags, *overrides]
        os.environ.update(HYDRA_FULL_ERROR="1", RAST_BENCH_SCRATCH=scratch)
        try:
            yield
        finally:
            sys.argv = arguments
            os.environ.clear()
            os.environ.update(environment)


@contextmanager
def _scratch() -> Iterator[str]:
    try:
        folder = TemporaryDirectory(prefix="rast-bench-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ConfigError(
            f"-m needs a temporary folder: {first_line(error)}",
            hint="set TMPDIR to a folder that can be written",
        ) from error
    with folder as path:
        yield path
