"""Speculation with the S_RL that the composite holds: no second copy of its weights or its cache.

vLLM's proposer for draft models (Model Runner V1) runs S_RL's own layers on the blocks of the one
paged cache. It writes there what the verification writes again for the same tokens, and the slots
of rejected tokens are written before anything reads them, as for every model.
"""

from typing import Any

import torch
from torch import Tensor, nn
from vllm.v1.sample.ops.topk_topp_sampler import apply_top_k_top_p, random_sample
from vllm.v1.spec_decode.draft_model import DraftModelProposer

GREEDY_BELOW = 1e-5  # vLLM's own bound of temperatures that mean greedy


class Drafting(nn.Module):
    """One of the composite's models with logits [rows, V_M]; −inf for ids that some model lacks."""

    def __init__(self, model: nn.Module, vocabulary: int, width: int) -> None:
        super().__init__()
        self.model = model
        self.vocabulary = vocabulary
        self.width = width

    def forward(self, input_ids: Tensor, positions: Tensor, **_unused: object) -> Tensor:
        hidden: Tensor = self.model(input_ids, positions)
        return hidden

    def compute_logits(self, hidden_states: Tensor) -> Tensor:
        # As in the composite, every rank needs them.
        logits: Tensor = self.model.compute_logits(hidden_states)  # type: ignore[operator]
        padded = logits.new_full((len(logits), self.width), -torch.inf, dtype=torch.float32)
        padded[:, : self.vocabulary] = logits[:, : self.vocabulary]
        return padded


class ResidentProposer(DraftModelProposer):
    """Drafts with the first pair's S_RL.

    Drafts are drawn with the request's own generator from the distribution that temperature, top-k
    and top-p leave, and verified by vLLM's rejection sampler.
    """

    def load_model(self, target_model: Any) -> None:
        """Take S_RL from the composite."""
        index = target_model.rl[0]
        prefix = target_model.prefixes[index - 1]
        layers = self.vllm_config.compilation_config.static_forward_context
        self._draft_attn_layer_names = {
            name
            for name, layer in layers.items()
            if name.startswith(prefix) and layer.get_kv_cache_spec(self.vllm_config) is not None
        }
        width = self.vllm_config.model_config.get_vocab_size()
        self.model = Drafting(target_model.models[index], target_model.settings.vocabulary, width)
        # vLLM sized it for the model that speculative_config names, M_base.
        self.hidden_size = target_model.columns[index]
        self.hidden_states = torch.zeros(
            self.max_num_tokens, self.hidden_size, dtype=self.dtype, device=self.device
        )

    def _sample_draft_tokens(
        self, hidden_states: Tensor, sampling_metadata: Any
    ) -> tuple[Tensor, Tensor | None]:
        logits = self.model.compute_logits(hidden_states)
        best = logits.argmax(-1)
        if sampling_metadata.all_greedy:
            return best, None
        temperature = sampling_metadata.temperature[:, None]
        greedy = temperature < GREEDY_BELOW
        logits = logits / torch.where(greedy, 1.0, temperature)
        logits = apply_top_k_top_p(logits, sampling_metadata.top_k, sampling_metadata.top_p)
        chances = logits.softmax(-1, dtype=torch.float32)
        drawn = random_sample(chances.clone(), sampling_metadata.generators)
        return torch.where(greedy[:, 0], best, drawn), chances
