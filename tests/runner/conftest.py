"""Engines in these tests load no weights, so the check of checkpoints has nothing to read."""

import pytest

from rast_bench.config.identity import EngineKey


@pytest.fixture
def checked_keys(monkeypatch: pytest.MonkeyPatch) -> list[EngineKey]:
    """The engine keys that `plan_cells` had checked, in order."""
    keys: list[EngineKey] = []
    monkeypatch.setattr("rast_bench.engines.check_models", keys.append, raising=False)
    return keys
