"""RAST inside vLLM: the plugin's model behind the engine protocol.

Seeds belong to samples here too, and the tokens do not depend on what shares the batch, as far as
float arithmetic goes: vLLM's kernels may round a row differently in another batch, and a tie that
breaks differently changes the rest of that sample. So a resumed run draws from the same
distribution, and mostly the same tokens.
"""

import gc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rast_bench.compose.methods import find_method
from rast_bench.config.engines import VllmConfig
from rast_bench.config.identity import EngineKey
from rast_bench.domain import FinishReason, Request, Sample
from rast_bench.engines.base import Scores
from rast_bench.engines.requests import (
    check_request_length,
    check_text_length,
    check_token_ids,
    finished_sample,
    forced_ids,
)
from rast_bench.engines.stopping import first_stop
from rast_bench.engines.vllm_setup import (
    check_vllm_installed,
    engine_args,
    eos_of,
    set_environment,
    start_engine,
)
from rast_bench.vllm_plugin.sampling import LAMBDA, PROMPT_TOKENS, keys_of
from rast_bench.vllm_plugin.settings import OVERRIDE, RastSettings

LOOKAHEAD = 8  # requests beyond the batch, so that a row that ends is replaced at once


class VllmEngine:
    """See `Engine`.

    Raises:
        ModelError: a checkpoint cannot be loaded or does not fit the others.
        EngineError: vLLM is not installed or does not start.
    """

    def __init__(self, key: EngineKey, cfg: VllmConfig) -> None:
        check_vllm_installed()
        set_environment(key, cfg)  # before anything imports PyTorch or vLLM
        args = engine_args(key, cfg)
        self.method = find_method(key.method)
        self.vocabulary = RastSettings.from_override(args["hf_overrides"][OVERRIDE]).vocabulary
        self.engine: Any = start_engine(args, cfg)
        self.tokenizer = self.engine.get_tokenizer()
        self.eos = eos_of(key.main, self.tokenizer)
        self.positions = int(self.engine.model_config.max_model_len)
        self.capacity = cfg.max_num_seqs + LOOKAHEAD
        added = self.tokenizer.added_tokens_decoder
        self.special = {token.content: i for i, token in added.items() if token.special}

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See `Engine.generate`."""
        source = iter(requests)
        running: dict[str, Request] = {}
        numbers = iter(range(2**63))
        try:
            while True:
                while len(running) < self.capacity and (request := next(source, None)) is not None:
                    name = str(next(numbers))
                    self._submit(name, request)
                    running[name] = request
                if not running:
                    return
                for output in self.engine.step():
                    yield self._sample(running.pop(output.request_id), output.outputs[0])
        finally:
            self.engine.abort_request(list(running))

    def score(
        self,
        prompt: str,
        token_ids: Sequence[int],
        lambda_: float,
        parameters: Sequence[float] = (),
    ) -> Scores:
        """See `Engine.score`. vLLM needs room for one more token."""
        ids = [*self._encode(prompt), *token_ids]
        check_text_length(len(ids), self.positions - 1)
        check_token_ids("a text to be scored", ids, self.vocabulary)
        params = self._sampling_params(
            lambda_,
            parameters,
            len(ids) - len(token_ids),
            temperature=0.0,
            max_tokens=1,
            prompt_logprobs=0,
            detokenize=False,
        )
        self.engine.add_request("score", {"prompt_token_ids": ids}, params)
        outputs: list[Any] = []
        while not outputs:
            outputs = self.engine.step()
        scored = outputs[0].prompt_logprobs[len(ids) - len(token_ids) :]
        entries = [logprobs[token] for logprobs, token in zip(scored, token_ids, strict=True)]
        return Scores(
            tuple(entry.logprob for entry in entries), tuple(entry.rank for entry in entries)
        )

    def close(self) -> None:
        """See `Engine.close`. Another engine can start in this process afterwards."""
        from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

        self.engine.engine_core.shutdown()
        del self.engine
        gc.collect()
        cleanup_dist_env_and_memory()

    def _submit(self, name: str, request: Request) -> None:
        from vllm.sampling_params import RequestOutputKind

        ids = self._encode(request.prompt)
        check_request_length(request, len(ids), self.positions)
        forced = forced_ids(self.tokenizer, request)
        text = [*ids, *forced]
        check_token_ids(f"problem {request.key.problem_id}", text, self.vocabulary)
        params = request.params
        special = {s: self.special[s] for s in params.stop if s in self.special}
        stop = [s for s in params.stop if s not in special]
        sampling = self._sampling_params(
            params.lambda_,
            params.parameters,
            len(ids),
            temperature=0.0 if params.greedy else params.temperature,
            top_p=1.0 if params.greedy else params.top_p,
            repetition_penalty=params.repetition_penalty,
            seed=None if params.greedy else request.seed,
            max_tokens=params.max_tokens - len(forced),
            ignore_eos=True,  # vLLM adds the tokenizer's EOS; stop_token_ids are exactly ours
            stop_token_ids=[*self.eos, *special.values()],
            stop=stop,
            detokenize=bool(stop),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        self.engine.add_request(name, {"prompt_token_ids": text}, sampling)

    def _sampling_params(
        self, lambda_: float, parameters: Sequence[float], prompt_tokens: int, **params: Any
    ) -> Any:
        """Return vLLM's SamplingParams with what the engine's method reads.

        Args:
            prompt_tokens: those before the response.
            params: vLLM's own.
        """
        from rast_bench.vllm_plugin import rast_sampling_params

        known = keys_of(self.method)
        if PROMPT_TOKENS in known:
            params["extra_args"] = {PROMPT_TOKENS: prompt_tokens}
        if LAMBDA in known:
            params["lambda_"] = lambda_
        return rast_sampling_params(
            parameters=dict(zip(self.method.defaults, parameters, strict=True)), **params
        )

    def _encode(self, prompt: str) -> list[int]:
        ids: list[int] = self.tokenizer(prompt)["input_ids"]
        return ids

    def _sample(self, request: Request, output: Any) -> Sample:
        ids = [*forced_ids(self.tokenizer, request), *output.token_ids]
        reason: FinishReason = "length"
        if ids[-1] in self.eos:
            reason = "eos"
        elif output.finish_reason == "stop":
            reason = "stop"
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        if reason == "stop" and (start := first_stop(text, request.params.stop)) is not None:
            text = text[:start]
        return finished_sample(request, ids, text, reason)
