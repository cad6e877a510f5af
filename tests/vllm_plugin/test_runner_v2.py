"""Model Runner V2 does not run on CPUs; its model state does, beside the least that it needs."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rast_bench.compose.methods import EQUATION_3, find_method
from rast_bench.vllm_plugin.lambda_buffer import LambdaBuffer, RowBuffer
from rast_bench.vllm_plugin.model import RastForCausalLM
from rast_bench.vllm_plugin.runner_v2 import RastModelState
from rast_bench.vllm_plugin.sampling import request_row

SLOTS = 4


def state_of(method: str) -> RastModelState:
    found, device = find_method(method), torch.device("cpu")
    row = request_row(None, found, 0)
    model = SimpleNamespace(
        lambda_buffer=LambdaBuffer(32, device),
        row_buffer=None if method == EQUATION_3 else RowBuffer(32, row, device),
        method=found,
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
    return RastModelState(config, model, None, device)


@pytest.fixture
def state() -> RastModelState:
    return state_of(EQUATION_3)


def admit(state: RastModelState, slot: int, lambda_: float | None, **own: float) -> None:
    extra_args = own if lambda_ is None else {"rast_lambda": lambda_, **own}
    params = SimpleNamespace(extra_args=extra_args or None)
    prompt = list(range(10 + slot))
    state.add_request(slot, SimpleNamespace(sampling_params=params, prompt_token_ids=prompt))


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


def test_parameters_follow_requests_too() -> None:
    state = state_of("contrastive")
    assert state.model.row_buffer.tokens.tolist() == [[0, 0.5, 0.1]] * 32
    admit(state, 0, None)
    admit(state, 2, None, rast_beta=2.0, rast_prompt_tokens=4)
    tokens(state, [2, 0], [2, 1])
    assert state.model.row_buffer.tokens[:3].tolist() == [[4, 2.0, 0.1]] * 2 + [[10, 0.5, 0.1]]
