"""What engine settings leave open, settled for a machine: dtype, tensor-parallel size, length.

A run settles its cells before it loads anything, and a plan settles them for the card that it is
told. The values depend on all cells of an engine group and on the devices alone, so that all
workers of a launch, and a run that is resumed, have the same. They are no part of a cell's id.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rast_bench.config.engines import EngineConfig, TransformersConfig, VllmConfig
from rast_bench.config.identity import engine_key
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.errors import ConfigError
from rast_bench.hardware import GIB
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import EngineGroup, PlannedCell, completeness, group_cells
from rast_bench.planning.checkpoints import CheckpointSize, read_checkpoint
from rast_bench.planning.memory import BYTES
from rast_bench.planning.placement import Card, EngineLoad, check_heads, check_size, place
from rast_bench.planning.prompts import PromptLengths
from rast_bench.planning.quantities import count

LENGTH_STEP = 128
"""max_model_len is a multiple of this: a few problems more or less rarely change it."""

ONE_DTYPE = (
    "set engine.dtype=bfloat16, as the paper's experiments do, or engine.dtype=float32 if it is "
    "meant"
)


@dataclass(frozen=True)
class UnknownCard:
    """GPUs whose memory nobody has told; `hint` says how to tell it."""

    hint: str
    count: int | None = None


Devices = Card | UnknownCard | None
"""Where engines run; None: on CPUs."""


def settle_engines(
    planned: Sequence[PlannedCell], ledger: Ledger, devices: Callable[[], Devices]
) -> list[PlannedCell]:
    """The cells, in their order, with engine settings that leave nothing open.

    Engine groups that lack no sample stay as they are: nothing of them will be loaded.

    Args:
        devices: tells where they will run; asked only where that matters.

    Raises:
        ConfigError: no size or not the chosen one works, or the dtype should be said.
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
    """The cell with another engine configuration, and the id that it had."""
    changed = cell.cell.model_copy(update={"engine": config})
    return replace(cell, cell=changed, engine_key=engine_key(changed))


def settled_config(
    group: EngineGroup,
    models: Sequence[CheckpointSize | None],
    devices: Devices,
    longest: Callable[[PlannedCell], int],
) -> EngineConfig:
    """The group's configuration without anything open; its cells have room (`check_room`).

    Args:
        models: distinct, M_base first; None for those of unknown size.
        longest: tokens of a cell's longest prompt.

    Raises ConfigError.
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
        size = _size(config, known, devices)
    else:
        refs = dict.fromkeys(group.key.roles)
        unknown = [ref.path for ref, model in zip(refs, models, strict=True) if model is None]
        size = _size_unseen(config, known, devices, unknown)
    return config.model_copy(update={"tensor_parallel_size": size})


def engine_load(config: VllmConfig, models: Sequence[CheckpointSize], length: int) -> EngineLoad:
    """What `models` with a settled dtype, a key of BYTES, ask of their devices."""
    return EngineLoad(
        models=tuple(models),
        dtype=config.dtype,
        rows=config.max_num_seqs,
        length=length,
        utilization=config.gpu_memory_utilization,
        cache=None if config.kv_cache_gib is None else int(config.kv_cache_gib * GIB),
    )


def group_length(
    cells: Sequence[PlannedCell],
    models: Sequence[CheckpointSize] | None,
    longest: Callable[[PlannedCell], int],
) -> int:
    """Tokens of the longest request, prompt and response, in steps, within the models' positions.

    One token is added, because vLLM draws one when it scores a text. Without `models` the number
    is exact.
    """
    needed = max(longest(cell) + cell.cell.decoding.max_tokens for cell in cells)
    if models is None:
        return needed
    positions = [model.positions for model in models if model.positions is not None]
    return min([-(-(needed + 1) // LENGTH_STEP) * LENGTH_STEP, *positions])


def check_one_dtype(
    groups: Sequence[EngineGroup], read: Callable[[ModelRef], CheckpointSize | None]
) -> None:
    """Raise ConfigError where `auto` means different dtypes in one command."""
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
    """What is as documented but may surprise on a GPU."""
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


def _size(config: VllmConfig, models: Sequence[CheckpointSize], devices: Devices) -> int:
    assert config.max_model_len is not None  # settled before
    size = config.tensor_parallel_size
    if isinstance(devices, Card):
        load = engine_load(config, models, config.max_model_len)
        if size == "auto":
            return place(load, devices)
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
    """Where the memory of the devices or of a model is unknown: heads alone can be looked at."""
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
    """A chosen size needs as many devices; Ray may find them on other nodes."""
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
