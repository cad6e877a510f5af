"""Model Runner V1: λ and parameters of every token before a forward pass, and exact seeds."""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rast_bench.vllm_plugin.sampling import request_lambda, request_row

if TYPE_CHECKING:
    Base = Any  # GPUModelRunner, whichever platform's
else:
    Base = object


class StepGenerator(torch.Generator):
    """A request's random numbers, set again for every token from (seed, position in the sequence).

    vLLM keeps one generator per request, whose state depends on how often the request was
    scheduled: chunks of a prompt rewind it, which CPU generators cannot do ("CPU Generator does not
    use offset"). Setting it for each token makes a sample a function of its seed alone. CPU
    generators keep only 32 bits of a seed, so a hash mixes in all of them.
    """

    def at(self, seed: int, position: int) -> None:
        digest = hashlib.blake2b(f"{seed} {position}".encode(), digest_size=8).digest()
        self.manual_seed(int.from_bytes(digest, "big") >> 1)

    def get_offset(self) -> int:
        return 0

    def set_offset(self, offset: int) -> torch.Generator:  # noqa: ARG002
        """Do nothing: the next token sets the state anyway."""
        return self


class RunnerHooks(Base):
    """Mixed into the platform's GPUModelRunner before its own methods."""

    def _update_states(self: Any, scheduler_output: Any) -> Any:
        deferred = super()._update_states(scheduler_output)
        generators = self.input_batch.generators
        for index, generator in generators.items():
            if not isinstance(generator, StepGenerator):
                own = StepGenerator(device=self.device)
                generators[index] = own
                self.requests[self.input_batch.req_ids[index]].generator = own
        return deferred

    def _model_forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        model = self.get_model()
        if hasattr(model, "lambda_buffer"):
            default = model.settings.default_lambda
            ids = self.input_batch.req_ids
            lambdas = [
                request_lambda(self.requests[i].sampling_params.extra_args, default) for i in ids
            ]
            counts = np.diff(self.query_start_loc.np[: len(ids) + 1])
            model.lambda_buffer.fill(np.array(lambdas, dtype=np.float32), counts)
            if model.row_buffer is not None:
                requests = [self.requests[i] for i in ids]
                rows = [
                    request_row(r.sampling_params.extra_args, model.method, r.num_prompt_tokens)
                    for r in requests
                ]
                model.row_buffer.fill(np.array(rows), counts)
        return super()._model_forward(*args, **kwargs)

    def _sample(self: Any, *args: Any, **kwargs: Any) -> Any:
        for index, generator in self.input_batch.generators.items():
            request = self.requests[self.input_batch.req_ids[index]]
            generator.at(request.sampling_params.seed, request.num_tokens)
        return super()._sample(*args, **kwargs)
