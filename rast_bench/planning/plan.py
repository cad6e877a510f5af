"""From configured cells to planned ones, with every check that needs no weights."""

from collections.abc import Sequence

from rast_bench.config.identity import EngineKey, engine_key
from rast_bench.config.schema import CellConfig
from rast_bench.planning.cells import CellReader, PlannedCell
from rast_bench.planning.prompts import PromptLengths


def plan_cells(cells: Sequence[CellConfig]) -> list[PlannedCell]:
    """Read data sets, compute ids and check every model's files; load no weights.

    Raises:
        DatasetError: a data set is missing or lacks a field.
        ModelError: a checkpoint is missing or broken, or does not match its partner.
        ConfigError: the models have no room for the longest prompt and max_tokens, or the
            engine does not support a setting.
        EngineError: the engine is not installed.
    """
    from rast_bench.engines import check_engine, check_models, check_room

    for cell in cells:
        check_engine(cell)
    # Before any model file is read completely: hashing a large checkpoint takes minutes.
    for key in dict.fromkeys(engine_key(cell) for cell in cells):
        check_models(key)
    reader = CellReader()
    planned = [reader.read(cell) for cell in cells]
    longest = PromptLengths()
    for room in dict.fromkeys(needed_room(item, longest(item)) for item in planned):
        check_room(*room)
    return planned


Room = tuple[EngineKey, int, int | None, int]


def needed_room(planned: PlannedCell, prompt_tokens: int) -> Room:
    """Return the arguments of `check_room`: models, max_tokens, the engine's limit, the longest
    prompt.
    """
    limit = getattr(planned.cell.engine, "max_model_len", None)
    return planned.engine_key, planned.cell.decoding.max_tokens, limit, prompt_tokens
