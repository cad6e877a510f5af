"""Engines turn requests into samples. Importing this package loads no model library."""

from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import EngineConfig
from rast_bench.engines.base import Engine
from rast_bench.engines.check import check_models, check_room
from rast_bench.errors import EngineError

__all__ = ["Engine", "check_models", "check_room", "load_engine"]


def load_engine(key: EngineKey, cfg: EngineConfig) -> Engine:
    """Load the models of `key`.

    Raises:
        EngineError: there is no such engine, or its device is missing.
        ModelError: a checkpoint cannot be loaded.
    """
    if key.engine == "transformers":
        from rast_bench.engines.transformers_engine import TransformersEngine

        return TransformersEngine(key, cfg)
    raise EngineError(f"there is no engine {key.engine!r}", hint="choose engine=transformers")
