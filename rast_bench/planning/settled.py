"""Settle what engine settings leave open, for a machine: dtype, tensor-parallel size, length.

A run settles its cells before it loads anything, and a plan settles them for the card that it is
given. The values depend only on all cells of an engine group and on the devices, so all workers of
a launch, and a resumed run, have the same. They are not part of a cell's id.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rast_bench.compose.methods import find_method
from rast_bench.config.engines import EngineConfig, TransformersConfig, VllmConfig
from rast_bench.config.identity import EngineKey, engine_key
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.errors import ConfigError
from rast_bench.hardware import GIB
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import EngineGroup, PlannedCell, completeness, group_cells
from rast_bench.planning.checkpoints import CheckpointSize, read_checkpoint
from rast_bench.planning.memory import BYTES
from rast_bench.planning.placement import Card, EngineLoad, check_heads, check_size, smallest_size
from rast_bench.planning.prompts import PromptLengths
from rast_bench.planning.quantities import count

LENGTH_STEP = 128
"""max_model_len is a multiple of this, so that a few problems more or less rarely change it."""

ONE_DTYPE = (
    "set engine.dtype=bfloat16, as the paper's experiments do, or engine.dtype=float32 if it is "
    "meant"
)


@dataclass(frozen=True)
class UnknownCard:
    """GPUs of unknown memory; `hint` says how to set it."""

    hint: str
    count: int | None = None


Devices = Card | UnknownCard | None
"""Where engines run; None: on CPUs."""


def settle_engines(
    planned: Sequence[PlannedCell], ledger: Ledger, devices: Callable[[], Devices]
) -> list[PlannedCell]:
    """Return the cells, in order, with engine settings that leave nothing open.

    Engine groups without missing samples stay unchanged: they will not be loaded.

    Args:
        devices: returns where they will run; called only if that matters.

    Raises:
        ConfigError: no size, or not the chosen one, works, or the dtype must be set.
        ModelError: a checkpoint is broken.
        LedgerError: the ledger cannot be read.
    """
    groups = [
        group
        for group in group_cells(planned)
        if isinstance(group.config, VllmConfig)
        and any(done < wanted for done, wanted in (completeness(c, ledger) for c in group.cells))
    ]
    if not groups:
        return list(planned)
    check_one_dtype(groups, read_checkpoint)
    where, lengths = devices(), PromptLengths()
    settled = list(planned)
    for group in groups:
        models = [read_checkpoint(ref) for ref in dict.fromkeys(group.key.roles)]
        config = settled_config(group, models, where, lengths)
        for number in group.indices:
            settled[number] = with_engine(planned[number], config)
    return settled


def with_engine(cell: PlannedCell, config: EngineConfig) -> PlannedCell:
    """Return the cell with another engine configuration and its old id."""
    changed = cell.cell.model_copy(update={"engine": config})
    return replace(cell, cell=changed, engine_key=engine_key(changed))


def settled_config(
    group: EngineGroup,
    models: Sequence[CheckpointSize | None],
    devices: Devices,
    longest: Callable[[PlannedCell], int],
) -> EngineConfig:
    """Return the group's configuration with nothing left open; its cells have room (`check_room`).

    Args:
        models: distinct, M_base first; None for those of unknown size.
        longest: returns the tokens of a cell's longest prompt.

    Raises:
        ConfigError: no size, or not the chosen one, works, or the dtype must be set.
    """
    config = group.config
    if not isinstance(config, VllmConfig):
        return config
    known = tuple(model for model in models if model is not None)
    whole = len(known) == len(models)
    config = config.model_copy(update={"dtype": _dtype(config, models[0], devices)})
    if config.max_model_len is None:
        length = group_length(group.cells, known if whole else None, longest)
        config = config.model_copy(update={"max_model_len": length})
    if whole and config.dtype != "auto":
        size = _size(group.key, config, known, devices)
    else:
        refs = dict.fromkeys(group.key.roles)
        unknown = [ref.path for ref, model in zip(refs, models, strict=True) if model is None]
        size = _size_unseen(config, known, devices, unknown)
    return config.model_copy(update={"tensor_parallel_size": size})


def engine_load(
    key: EngineKey, config: VllmConfig, models: Sequence[CheckpointSize], length: int
) -> EngineLoad:
    """Return what `models` need from their devices, with a settled dtype (a key of BYTES)."""
    return EngineLoad(
        models=tuple(models),
        dtype=config.dtype,
        rows=config.max_num_seqs,
        length=length,
        utilization=config.gpu_memory_utilization,
        cache=None if config.kv_cache_gib is None else int(config.kv_cache_gib * GIB),
        reads_layers=find_method(key.method).layers,
    )


def group_length(
    cells: Sequence[PlannedCell],
    models: Sequence[CheckpointSize] | None,
    longest: Callable[[PlannedCell], int],
) -> int:
    """Return the tokens of the longest request, prompt and response, in steps, within all
    positions.

    One token is added, because vLLM draws one when it scores a text. Without `models` the number is
    exact.
    """
    needed = max(longest(cell) + cell.cell.decoding.max_tokens for cell in cells)
    if models is None:
        return needed
    positions = [model.positions for model in models if model.positions is not None]
    return min([-(-(needed + 1) // LENGTH_STEP) * LENGTH_STEP, *positions])


def check_one_dtype(
    groups: Sequence[EngineGroup], read: Callable[[ModelRef], CheckpointSize | None]
) -> None:
    """Raise ConfigError if `auto` means different dtypes within one command."""
    found: dict[str, str] = {}
    for group in groups:
        if isinstance(group.config, VllmConfig) and group.config.dtype == "auto":
            model = read(group.key.main)
            if model is not None:
                found.setdefault(model.dtype, model.path)
    if len(found) > 1:
        (first, one), (second, other), *_ = found.items()
        raise ConfigError(
            f"engine.dtype=auto: {one} is saved in {first} and {other} in {second}, and cells that "
            "are compared need one dtype",
            hint=ONE_DTYPE,
        )


def precision_note(cells: Iterable[CellConfig]) -> str | None:
    """Return a note on documented behaviour that may surprise on a GPU."""
    for cell in cells:
        engine = cell.engine
        if isinstance(engine, TransformersConfig) and (engine.dtype, engine.device) == (
            "float32",
            "auto",
        ):
            return (
                "engine=transformers computes in float32 on GPUs too; engine.dtype=bfloat16 takes "
                "half the memory"
            )
    return None


def _dtype(config: VllmConfig, main: CheckpointSize | None, devices: Devices) -> str:
    if config.dtype != "auto" or main is None:
        return config.dtype
    if main.dtype not in BYTES:
        raise ConfigError(
            f"engine.dtype=auto: {main.path} is saved in {main.dtype}", hint=ONE_DTYPE
        )
    if main.dtype == "float32" and devices is not None:
        raise ConfigError(
            f"engine.dtype=auto: {main.path} is saved in float32, and would run in it on a GPU",
            hint=ONE_DTYPE,
        )
    return main.dtype


def _size(
    key: EngineKey, config: VllmConfig, models: Sequence[CheckpointSize], devices: Devices
) -> int:
    assert config.max_model_len is not None  # settled before
    size = config.tensor_parallel_size
    if isinstance(devices, Card):
        load = engine_load(key, config, models, config.max_model_len)
        if size == "auto":
            return smallest_size(load, devices)
        _check_present(config, devices)
        check_size(load, devices, size)
        return size
    return _size_unseen(config, models, devices)


def _size_unseen(
    config: VllmConfig,
    models: Sequence[CheckpointSize],
    devices: Devices,
    unknown: Sequence[str] = (),
) -> int:
    """Return the size if the memory of the devices or of a model is unknown: only heads can be
    checked.
    """
    size = config.tensor_parallel_size
    if size != "auto":
        _check_present(config, devices)
        check_heads(models, size)
        return size
    if devices is None:
        return 1
    what, hint = (
        ("memory of the GPUs", devices.hint)
        if isinstance(devices, UnknownCard)
        else (
            f"size of {', '.join(unknown) or 'a model'}",
            "config.json should say layers, heads and widths as Llama and Qwen2 do; or set "
            "engine.tensor_parallel_size",
        )
    )
    raise ConfigError(f"engine.tensor_parallel_size=auto: the {what} is not known", hint=hint)


def _check_present(config: VllmConfig, devices: Devices) -> None:
    """Raise ConfigError if there are fewer devices than the chosen size; Ray may find more
    elsewhere.
    """
    limit = None if devices is None else devices.count
    if (
        limit is not None
        and config.devices > limit
        and config.distributed_executor_backend != "ray"
    ):
        raise ConfigError(
            f"engine.tensor_parallel_size={config.devices}: an engine can have "
            f"{count(limit, 'GPU')} here",
            hint="leave it out for the fewest that hold the models",
        )
