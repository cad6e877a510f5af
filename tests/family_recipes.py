"""Small random models of many families; their windows are far below the length of a prompt."""

from random_checkpoints import Recipe

WINDOW = 16
SLIDING = (("sliding_window", WINDOW),)
_BASE = Recipe(vocab_size=56, hidden_size=64, heads=2, kv_heads=2, head_dim=32, layers=2)
_EXPERTS = (("num_experts", 4), ("num_experts_per_tok", 2), ("moe_intermediate_size", 64))
_ALL_SLIDE = (("layer_types", ("sliding_attention",) * 2),)
_PATTERN = (("sliding_window_pattern", 2),)

FAMILIES = {
    "Qwen2": _BASE,
    "Qwen2, window": _BASE.but(
        family="qwen2", config=(("use_sliding_window", True), ("max_window_layers", 0), *SLIDING)
    ),
    "Qwen2, some layers with a window": _BASE.but(
        family="qwen2", config=(("use_sliding_window", True), ("max_window_layers", 1), *SLIDING)
    ),
    "Qwen3": _BASE.but(family="qwen3"),
    "Llama": _BASE.but(family="llama"),
    "Mistral": _BASE.but(family="mistral", config=(("sliding_window", None),)),
    "Mistral, window": _BASE.but(family="mistral", config=SLIDING),
    "Gemma": _BASE.but(family="gemma"),
    "Gemma 2": _BASE.but(family="gemma2", config=SLIDING),
    "Gemma 3": _BASE.but(family="gemma3_text", config=(*SLIDING, *_PATTERN)),
    "Gemma 3, all layers with a window": _BASE.but(
        family="gemma3_text", config=(*SLIDING, *_ALL_SLIDE)
    ),
    "Phi-3": _BASE.but(family="phi3"),
    "Phi-3, window": _BASE.but(family="phi3", config=SLIDING),
    "Granite": _BASE.but(family="granite"),
    "Cohere": _BASE.but(family="cohere"),
    "GLM-4": _BASE.but(family="glm4"),
    "StableLM": _BASE.but(family="stablelm"),
    "Phi-1, Phi-2": _BASE.but(family="phi"),
    "OLMo 2": _BASE.but(family="olmo2"),
    "OLMo 3": _BASE.but(family="olmo3", config=SLIDING),
    "SmolLM3": _BASE.but(family="smollm3"),
    "Qwen3-MoE": _BASE.but(family="qwen3_moe", config=_EXPERTS),
    "Mixtral": _BASE.but(family="mixtral"),
}
FAMILIES = {name: recipe.but(seed=30 + i) for i, (name, recipe) in enumerate(FAMILIES.items())}
