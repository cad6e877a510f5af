"""A real miniature of the paper: tiny base models, their RL-trained siblings, and benchmarks.

`problems` and `corpus` make the data, `tokenizer` and `model` the models, `pretrain` and `grpo`
train them, `build` runs all stages. Using the shipped family needs none of these modules: the
weights are ordinary Hugging Face folders below `weights/`, the benchmarks JSONL below `data/`.
"""
