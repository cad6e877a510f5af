"""Model Runner V2: the model's own state, which sets λ and parameters of every token.

V2 draws each token from (seed, position), so its seeds need no correction.
"""

from typing import Any

import numpy as np
from vllm.v1.worker.gpu.model_states.default import DefaultModelState

from rast_bench.vllm_plugin.sampling import request_lambda, request_row


class RastModelState(DefaultModelState):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not zero: vLLM profiles its memory with dummy requests, which must run every head.
        self.lambda_by_slot = np.ones(self.max_num_reqs, dtype=np.float32)
        if self.model.row_buffer is not None:
            row = request_row(None, self.model.method, 0)
            self.row_by_slot = np.tile(np.array(row), (self.max_num_reqs, 1))

    def add_request(self, req_index: int, new_req_data: Any) -> None:
        super().add_request(req_index, new_req_data)
        extra_args = new_req_data.sampling_params.extra_args
        self.lambda_by_slot[req_index] = request_lambda(
            extra_args, self.model.settings.default_lambda
        )
        if self.model.row_buffer is not None:
            prompt_tokens = len(new_req_data.prompt_token_ids)
            self.row_by_slot[req_index] = request_row(extra_args, self.model.method, prompt_tokens)

    def prepare_inputs(self, input_batch: Any, req_states: Any) -> dict[str, Any]:
        slots = input_batch.idx_mapping_np[: input_batch.num_reqs]
        counts = input_batch.num_scheduled_tokens[: input_batch.num_reqs]
        self.model.lambda_buffer.fill(self.lambda_by_slot[slots], counts)
        if self.model.row_buffer is not None:
            self.model.row_buffer.fill(self.row_by_slot[slots], counts)
        inputs: dict[str, Any] = super().prepare_inputs(input_batch, req_states)
        return inputs
