"""Model Runner V2 does not run on CPUs; its model state does, beside the least that it needs."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rast_bench.vllm_plugin.lambda_buffer import LambdaBuffer
from rast_bench.vllm_plugin.model import RastForCausalLM
from rast_bench.vllm_plugin.runner_v2 import RastModelState

SLOTS = 4


@pytest.fixture
def state() -> RastModelState:
    model = SimpleNamespace(
        lambda_buffer=LambdaBuffer(32, torch.device("cpu")),
        settings=SimpleNamespace(default_lambda=0.75),
    )
    config = SimpleNamespace(
        model_config=SimpleNamespace(
            get_inputs_embeds_size=lambda: 8,
            dtype=torch.float32,
            enable_prompt_embeds=False,
            max_model_len=64,
            uses_mrope=False,
            uses_xdrope_dim=0,
        ),
        scheduler_config=SimpleNamespace(max_num_seqs=SLOTS, max_num_batched_tokens=32),
    )
    return RastModelState(config, model, None, torch.device("cpu"))


def admit(state: RastModelState, slot: int, lambda_: float | None) -> None:
    extra_args = None if lambda_ is None else {"rast_lambda": lambda_}
    params = SimpleNamespace(extra_args=extra_args)
    state.add_request(slot, SimpleNamespace(sampling_params=params))


def tokens(state: RastModelState, slots: list[int], counts: list[int]) -> list[float]:
    """λ by token in a pass over these slots; what lies beyond the requests must not count."""
    batch = SimpleNamespace(
        num_reqs=len(slots),
        idx_mapping_np=np.array([*slots, 0, 0]),
        num_scheduled_tokens=np.array([*counts, 9, 9]),
    )
    assert state.prepare_inputs(batch, None) == {}
    return state.model.lambda_buffer.tokens[: sum(counts)].tolist()


def test_vllm_finds_the_state():
    assert RastForCausalLM.get_model_state_cls() is RastModelState


def test_lambda_follows_requests_through_their_slots(state: RastModelState):
    for slot, lambda_ in enumerate([0.0, 0.5, 1.0, None]):
        admit(state, slot, lambda_)
    assert tokens(state, [2, 0, 3, 1], [1, 2, 1, 3]) == [1.0, 0.0, 0.0, 0.75, 0.5, 0.5, 0.5]
    assert state.model.lambda_buffer.zero_share == 0.25
    state.remove_request("of slot 2")
    assert tokens(state, [3, 0], [1, 1]) == [0.75, 0.0]
    admit(state, 2, 0.25)
    state.remove_request("of slot 0")
    admit(state, 0, 2.0)
    assert tokens(state, [0, 1, 2], [2, 1, 1]) == [2.0, 2.0, 0.5, 0.25]
    assert state.model.lambda_buffer.zero_share == 0.0
