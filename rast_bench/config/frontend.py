"""Hydra as the reader of the command line: overrides in, jobs out. Nothing runs in here.

A sweep's jobs are gathered first, so that a mistake in the last of them costs nothing and cells
that need the same models share one loaded engine.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict

from rast_bench.config.compose import Job, compose_job
from rast_bench.config.hydra_errors import CONFIG_EXCEPTIONS, as_config_error
from rast_bench.config.options import OptionReader
from rast_bench.config.paths import config_dir
from rast_bench.errors import ConfigError, RastBenchError

_VERSION_BASE = "1.3"
_CONFIG_NAME = "config"


def jobs_of_command_line(argv: Sequence[str], program: str) -> list[Job] | None:
    """Every job of one command: one, or one for each point of a `-m` sweep.

    None when Hydra answered the command itself (`--cfg`, `--info`, …), on stdout.

    Raises:
        ConfigError: a group, option, key or value that cannot be.
        SystemExit: flags that Hydra's argument parser refuses, with its message on stderr.
    """
    jobs: list[Job] = []
    errors: list[RastBenchError] = []
    composed = False

    def gather(cfg: DictConfig) -> None:
        # Hydra would print "Error executing job" beside whatever a job raises.
        nonlocal composed
        composed = True
        try:
            hydra_cfg = HydraConfig.get()
            options = _option_reader(hydra_cfg.runtime.config_sources)
            jobs.append(compose_job(cfg, hydra_cfg.overrides.task, options))
        except RastBenchError as error:
            errors.append(error)
        except CONFIG_EXCEPTIONS as error:
            errors.append(as_config_error(error))

    with _one_line_errors(), _hydra_surroundings(argv, program):
        hydra.main(
            config_path=str(config_dir()), config_name=_CONFIG_NAME, version_base=_VERSION_BASE
        )(gather)()
    if errors:
        raise errors[0]
    if composed:
        return jobs
    if _asks_for_run(argv):
        raise ConfigError(
            "the sweep's launcher ran its jobs in other processes, where rast-bench does nothing",
            hint="leave out hydra/launcher=…: one process runs all cells of a sweep",
        )
    return None


def job_of_overrides(overrides: Sequence[str], extra_config_dir: str | None = None) -> Job:
    """The job of some overrides, outside any Hydra application.

    Raises ConfigError as `jobs_of_command_line`.
    """
    search = []
    if extra_config_dir is not None:
        folder = Path(extra_config_dir).resolve()
        if not folder.is_dir():
            raise ConfigError(f"--config-dir: no folder {folder}")
        search = [f"hydra.searchpath=['file://{folder}']"]
    with (
        _one_line_errors(),
        hydra.initialize_config_dir(config_dir=str(config_dir()), version_base=_VERSION_BASE),
    ):
        cfg = hydra.compose(_CONFIG_NAME, overrides=[*overrides, *search], return_hydra_config=True)
        options = _option_reader(cfg.hydra.runtime.config_sources)
        with open_dict(cfg):
            del cfg["hydra"]
        return compose_job(cfg, overrides, options)


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
    args, _ = get_args_parser().parse_known_args(list(argv))
    return not (args.cfg or args.info or args.hydra_help or args.shell_completion)


def _flags_first(argv: Sequence[str]) -> list[str]:
    """Hydra's parser takes `-m` before all overrides or after them, but not between."""
    overrides = get_args_parser().parse_intermixed_args(list(argv)).overrides
    return [*(word for word in argv if word not in overrides), *overrides]


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except CONFIG_EXCEPTIONS as error:
        raise as_config_error(error) from error


@contextmanager
def _hydra_surroundings(argv: Sequence[str], program: str) -> Iterator[None]:
    """What hydra.main reads from outside: the arguments, and that it raises instead of printing.

    Hydra leaves a multirun.yaml in a sweep's folder; the ledger's manifests say more, so that
    folder is a passing one.
    """
    with TemporaryDirectory(prefix="rast-bench-") as scratch:
        arguments, environment = sys.argv, dict(os.environ)
        sys.argv = [program, *_flags_first(argv)]
        os.environ.update(HYDRA_FULL_ERROR="1", RAST_BENCH_SCRATCH=scratch)
        try:
            yield
        finally:
            sys.argv = arguments
            os.environ.clear()
            os.environ.update(environment)
