"""The baseline: eq. 3 the way a plain script runs it, one prompt at a time through three models.

Every model keeps transformers' own cache and attention, a token is one forward pass of each, as in
`model.generate`. Composition and sampling are the engine's functions on one row, so that a request
has the same outcome and only the way of running it is compared.
"""

import torch
from transformers import AutoModelForCausalLM, DynamicCache

from rast_bench.compose.logits import compose_logits
from rast_bench.compose.sampling import draw_tokens
from rast_bench.config.identity import EngineKey
from rast_bench.config.paths import resolve_model
from rast_bench.domain import Request
from rast_bench.engines.rows import uniform_numbers
from rast_bench.engines.tokenizer import eos_ids, load_tokenizer


class SequentialLoop:
    """M_base, S_RL and S_base of an engine key with one pair, on the CPU in float32."""

    def __init__(self, key: EngineKey) -> None:
        (pair,) = key.pairs
        self.models = [
            AutoModelForCausalLM.from_pretrained(resolve_model(ref), dtype=torch.float32).eval()
            for ref in (key.main, pair.rl, pair.base)
        ]
        self.weight = pair.weight
        self.tokenizer = load_tokenizer(key.main)
        self.vocabulary = len(self.tokenizer)
        main = self.models[0]
        self.eos = eos_ids(key.main, main.generation_config, main.config, self.tokenizer)

    @torch.inference_mode()
    def generate(self, request: Request) -> list[int]:
        """Return the tokens of one request, the EOS id included."""
        params = request.params
        uniform = uniform_numbers(request.seed, params.max_tokens)
        lambda_ = torch.tensor([params.lambda_])
        temperature = torch.tensor([params.temperature])
        top_p = torch.tensor([params.top_p])
        greedy = torch.tensor([params.greedy])
        caches = [DynamicCache(config=model.config) for model in self.models]
        new = torch.tensor([self.tokenizer(request.prompt)["input_ids"]])
        tokens: list[int] = []
        while len(tokens) < params.max_tokens:
            main, rl, base = (
                model(
                    input_ids=new, past_key_values=cache, use_cache=True, logits_to_keep=1
                ).logits[:, -1]
                for model, cache in zip(self.models, caches, strict=True)
            )
            composed = compose_logits(
                main, [rl], [base], [self.weight], lambda_, vocabulary=self.vocabulary
            )
            number = uniform[len(tokens) : len(tokens) + 1]
            new = draw_tokens(composed, temperature, top_p, greedy, number)[:, None]
            tokens.append(int(new))
            if tokens[-1] in self.eos:
                break
        self.tokenizer.decode(tokens, skip_special_tokens=True)
        return tokens
