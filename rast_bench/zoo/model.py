"""The Qwen2 architecture in plain torch, for training and fast rollouts.

Parameter names and shapes are those of Hugging Face's `Qwen2ForCausalLM` with tied embeddings, so a
state dict saved here is a checkpoint there; a test compares the two forward passes.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROPE_THETA = 10_000.0
RMS_EPS = 1e-6
MAX_POSITIONS = 512


@dataclass(frozen=True, slots=True)
class Shape:
    """One scale of the family. head_dim is at least 32, which vLLM's CPU attention needs."""

    width: int
    layers: int
    heads: int
    kv_heads: int
    mlp: int
    vocab_size: int
    head_dim: int = 32

    def hf_config(self, eos_id: int, pad_id: int, dtype: str) -> dict[str, Any]:
        """Return config.json of the checkpoint."""
        return {
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "intermediate_size": self.mlp,
            "vocab_size": self.vocab_size,
            "max_position_embeddings": MAX_POSITIONS,
            "rope_theta": ROPE_THETA,
            "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_THETA},
            "rms_norm_eps": RMS_EPS,
            "hidden_act": "silu",
            "attention_dropout": 0.0,
            "initializer_range": 0.02,
            "tie_word_embeddings": True,
            "use_sliding_window": False,
            "use_cache": True,
            "bos_token_id": None,
            "eos_token_id": eos_id,
            "pad_token_id": pad_id,
            "dtype": dtype,
        }


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, dim = shape.width, shape.head_dim
        self.q_proj = nn.Linear(width, shape.heads * dim)
        self.k_proj = nn.Linear(width, shape.kv_heads * dim)
        self.v_proj = nn.Linear(width, shape.kv_heads * dim)
        self.o_proj = nn.Linear(shape.heads * dim, width, bias=False)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor], cache: tuple[Tensor, Tensor] | None, at: int
    ) -> Tensor:
        """Attend over `x` [rows, time, width]; with a cache, `x` holds the positions from `at`
        on.
        """
        rows, time, _ = x.shape
        s = self.shape
        q = self.q_proj(x).view(rows, time, s.heads, s.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(rows, time, s.kv_heads, s.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(rows, time, s.kv_heads, s.head_dim).transpose(1, 2)
        q, k = rotate(q, rope), rotate(k, rope)
        if cache is not None:
            cache[0][:, :, at : at + time] = k
            cache[1][:, :, at : at + time] = v
            k, v = cache[0][:, :, : at + time], cache[1][:, :, : at + time]
        groups = s.heads // s.kv_heads
        if groups > 1:
            k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=time > 1)
        out: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(rows, time, -1))
        return out


class MLP(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.mlp, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.mlp, bias=False)
        self.down_proj = nn.Linear(shape.mlp, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = MLP(shape)
        self.input_layernorm = nn.RMSNorm(shape.width, eps=RMS_EPS)
        self.post_attention_layernorm = nn.RMSNorm(shape.width, eps=RMS_EPS)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor], cache: tuple[Tensor, Tensor] | None, at: int
    ) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rope, cache, at)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=RMS_EPS)


Cache = list[tuple[Tensor, Tensor]]


class TinyQwen2(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape)
        cos, sin = rope_tables(shape.head_dim)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.initialise()

    def initialise(self) -> None:
        """Set normal matrices scaled by fan-in, zero biases, embeddings of std 0.1."""
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                std = 0.1 if "embed" in name else parameter.shape[1] ** -0.5 * 0.5
                nn.init.normal_(parameter, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def new_cache(self, rows: int, length: int) -> Cache:
        s = self.shape
        size = (rows, s.kv_heads, length, s.head_dim)
        device = self.model.embed_tokens.weight.device
        return [
            (torch.zeros(size, device=device), torch.zeros(size, device=device))
            for _ in range(s.layers)
        ]

    def hidden(self, ids: Tensor, cache: Cache | None = None, at: int = 0) -> Tensor:
        """Return final hidden states [rows, time, width] of token ids [rows, time]."""
        time = ids.shape[1]
        cos, sin = self.get_buffer("cos"), self.get_buffer("sin")
        rope = (cos[at : at + time], sin[at : at + time])
        x = self.model.embed_tokens(ids)
        for i, layer in enumerate(self.model.layers):
            x = layer(x, rope, None if cache is None else cache[i], at)
        out: Tensor = self.model.norm(x)
        return out

    def logits(self, hidden: Tensor) -> Tensor:
        """Map […, width] to […, vocab_size]; the head is the embedding (tied)."""
        return F.linear(hidden, self.model.embed_tokens.weight)

    def forward(self, ids: Tensor) -> Tensor:
        return self.logits(self.hidden(ids))

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())


def rope_tables(head_dim: int) -> tuple[Tensor, Tensor]:
    frequencies = ROPE_THETA ** (-torch.arange(0, head_dim, 2).float() / head_dim)
    angles = torch.outer(torch.arange(MAX_POSITIONS).float(), frequencies)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    half = x.shape[-1] // 2
    turned = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return x * rope[0] + turned * rope[1]
