"""Threads of real engines on CPUs: as many as the configuration, or this process's cores, allow."""

from collections.abc import Iterator

import pytest
import torch
from engine_requests import key_of

from rast_bench.config.engines import EngineConfig, TransformersConfig, VllmConfig
from rast_bench.engines import load_engine

ENGINES = [TransformersConfig(device="cpu"), VllmConfig(kv_cache_gib=0.05, max_num_seqs=4)]


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("config", ENGINES, ids=lambda config: config.name)
def test_an_engine_takes_what_it_is_given(
    config: EngineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rast_bench.engines.engine_threads", lambda: 3)
    for configured, threads in ((None, 3), (2, 2)):
        engine = load_engine(
            key_of("zoo:tiny-xs/base"), config.model_copy(update={"threads": configured})
        )
        try:
            assert torch.get_num_threads() == threads
        finally:
            engine.close()
