"""Where the workers of a command run, conf/hydra/launcher/*: this machine or SLURM.

`hydra/launcher=basic`, Hydra's default, means no launcher: the command's own process does the work.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from rast_bench.config.bounds import (
    MAX_DEVICES,
    MAX_MINUTES,
    MAX_SEED,
    MAX_TASKS,
    Problems,
    Retries,
)
from rast_bench.config.strict import Strict
from rast_bench.config.validate import validated
from rast_bench.errors import ConfigError
from rast_bench.known.cards import CARDS

Count = Annotated[int, Field(ge=1, le=MAX_TASKS)]
DeviceName = int | str
"""A device as CUDA_VISIBLE_DEVICES names it: a number, or GPU-… and MIG-…."""

CHOOSE_LAUNCHER = "choose hydra/launcher=local or hydra/launcher=slurm"

_MAX_WARNING_SECONDS = 65535  # seconds; what sbatch --signal takes


def _is_count(value: Any, *, least: int, most: int = MAX_DEVICES) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _devices(value: Any) -> Any:
    """Return the value; report one error where a pydantic union would report several."""
    if value == "auto" or _is_count(value, least=1):
        return value
    if not isinstance(value, list | tuple) or not value or not all(map(_is_device, value)):
        raise ValueError(
            f"must be auto, a number of devices up to {MAX_DEVICES:,}, or a list of them such as "
            "[0,1]"
        )
    if len(set(map(str, value))) < len(value):
        raise ValueError("names a device twice")
    return tuple(value)


def _is_device(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[A-Za-z0-9/_-]+", value) is not None
    return _is_count(value, least=0)


def _tasks(value: Any) -> Any:
    if value == "auto" or _is_count(value, least=1, most=MAX_TASKS):
        return value
    raise ValueError(f"must be auto or a number of tasks, from 1 to {MAX_TASKS:,}")


def _gpus(value: Any) -> Any:
    if value == "auto" or _is_count(value, least=0):
        return value
    raise ValueError(f"must be auto or a number of GPUs per node, up to {MAX_DEVICES:,}")


def _card(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value in CARDS):
        return value
    raise ValueError(f"must be one of {', '.join(CARDS)}; for another card set gpu_memory")


def _text(value: Any) -> Any:
    """Return a number as text: `account=1234` and `mem=64000` are text for sbatch."""
    return str(value) if _is_count(value, least=0, most=MAX_SEED) else value


def _lines(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not all(isinstance(line, str) for line in value):
        raise ValueError("must be a list of shell lines such as ['module load cuda']")
    return tuple(value)


Text = Annotated[str, Field(min_length=1), BeforeValidator(_text)]


class LocalLauncher(Strict):
    """One worker process per device of this machine, or per group of devices if an engine needs
    several.

    On a machine without GPUs, `devices` is the number of processes.
    """

    cluster: Literal["local"] = "local"
    devices: Annotated[
        Literal["auto"] | int | tuple[DeviceName, ...], BeforeValidator(_devices)
    ] = "auto"
    restarts: Retries = 3  # per worker that died


_OWN_KEYS = {
    "account": "account",
    "constraint": "constraint",
    "cpus-per-task": "cpus_per_task",
    "exclude": "exclude",
    "gpus-per-node": "gpus",
    "gres": "gres",
    "mem": "mem",
    "nodelist": "nodelist",
    "partition": "partition",
    "qos": "qos",
    "signal": "signal_seconds",
    "time": "minutes",
}
"""Options of sbatch that are keys of the launcher."""

_KEPT = ("array", "error", "nodes", "ntasks", "ntasks-per-node", "open-mode", "output", "wrap")
"""Options of sbatch that the launcher alone can set."""


def _sbatch(value: Any) -> Any:
    """Return options by their names with dashes, without those switched off by `false`."""
    if not isinstance(value, Mapping):
        raise ValueError("must be options of sbatch and their values such as {nice: 100}")
    options: dict[str, str | int | bool] = {}
    for name, content in value.items():
        option = str(name).replace("_", "-")
        if not re.fullmatch(r"[a-z][a-z0-9-]*", option):
            raise ValueError(f"{name!r} is not an option of sbatch; write it without its dashes")
        if option in _OWN_KEYS:
            raise ValueError(f"{name} is set by launcher.{_OWN_KEYS[option]}")
        if option in _KEPT:
            raise ValueError(f"{name} is set by the launcher itself")
        if not isinstance(content, str | int):
            raise ValueError(f"{name} must be text, a number, true or false")
        if content is not False:
            options[option] = content
    return options


class SlurmLauncher(Strict):
    """An array job whose tasks are worker processes. None leaves a choice to the site."""

    cluster: Literal["slurm"] = "slurm"
    tasks: Annotated[Literal["auto"] | int, BeforeValidator(_tasks)] = "auto"
    samples_per_task: Problems = 50_000  # samples that tasks=auto gives to each task
    wait: bool = True  # false: return after the submission
    on_interrupt: Literal["cancel", "leave"] = "cancel"  # what Ctrl-C does to the tasks
    restarts: Retries = 3  # per task that failed
    requeues: Retries = 100  # per task that reached its time limit
    array_parallelism: Count = 256  # tasks at a time
    max_array_size: Count | None = None  # None: ask scontrol
    minutes: Annotated[int, Field(ge=1, le=MAX_MINUTES)] = 60  # the time limit
    signal_seconds: Annotated[int, Field(ge=1, le=_MAX_WARNING_SECONDS)] = 120  # before the limit
    partition: Text | None = None
    account: Text | None = None
    qos: Text | None = None
    constraint: Text | None = None
    nodelist: Text | None = None
    exclude: Text | None = None
    gres: Text | None = None
    gpus: Annotated[Literal["auto"] | int, BeforeValidator(_gpus)] = "auto"  # per node
    gpu: Annotated[str | None, BeforeValidator(_card)] = None  # which card the nodes have
    gpu_memory: Annotated[float, Field(gt=0, le=1e6)] | None = None  # of one GPU, in GiB
    cpus_per_task: Count | None = None
    mem: Text | None = None  # per node
    python: Text | None = None  # the command that starts Python in the job
    setup: Annotated[tuple[str, ...], BeforeValidator(_lines)] = ()  # shell lines before it
    sbatch: Annotated[Mapping[str, str | int | bool], BeforeValidator(_sbatch)] = {}

    @model_validator(mode="after")
    def _warned_before_the_limit(self) -> "SlurmLauncher":
        if self.signal_seconds >= 60 * self.minutes:
            raise PydanticCustomError(
                "early_warning",
                "signal_seconds={seconds} is not less than the time limit, minutes={minutes}",
                {
                    "seconds": self.signal_seconds,
                    "minutes": self.minutes,
                    "hint": "set launcher.signal_seconds to what saving and requeueing may take",
                },
            )
        return self

    @model_validator(mode="after")
    def _one_card(self) -> "SlurmLauncher":
        if self.gpu is not None and self.gpu_memory is not None:
            raise PydanticCustomError(
                "two_cards",
                "gpu={gpu} and gpu_memory={memory} both say how large a GPU is",
                {"gpu": self.gpu, "memory": self.gpu_memory, "hint": "leave one of them out"},
            )
        return self


def _cluster(value: Any) -> Any:
    return value.get("cluster") if isinstance(value, Mapping) else getattr(value, "cluster", None)


LauncherConfig = Annotated[
    Annotated[LocalLauncher, Tag("local")] | Annotated[SlurmLauncher, Tag("slurm")],
    Discriminator(_cluster),
]


LAUNCHERS: Mapping[str, type[Strict]] = {"local": LocalLauncher, "slurm": SlurmLauncher}
"""The models by the options of hydra/launcher."""


class _Local(Strict):
    launcher: LocalLauncher  # so that errors name launcher.restarts


class _Slurm(Strict):
    launcher: SlurmLauncher


def read_launcher(settings: Mapping[str, Any]) -> LauncherConfig:
    """Return the launcher of a composed `hydra.launcher`. Raise ConfigError for its first invalid
    value.
    """
    match settings.get("cluster"):
        case "local":
            return validated(_Local, {"launcher": settings}).launcher
        case "slurm":
            return validated(_Slurm, {"launcher": settings}).launcher
        case other:
            raise ConfigError(
                f"launcher.cluster={other}: must be local or slurm",
                hint=CHOOSE_LAUNCHER,
            )
