"""Checkpoint folders in Hugging Face format: written completely or not at all, read into plain
torch.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from rast_bench.ledger.atomic import write_durably
from rast_bench.zoo.model import Shape, TinyQwen2
from rast_bench.zoo.tokenizer import WordCodec, save_tokenizer

WEIGHTS = "model.safetensors"


def save_checkpoint(model: TinyQwen2, codec: WordCodec, folder: Path) -> None:
    """Save bfloat16 weights (half the size in git), configs and tokenizer, in one atomic rename."""
    staging = folder.with_name(folder.name + ".partial")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    state = {name: tensor.to(torch.bfloat16) for name, tensor in model.state_dict().items()}
    save_file(state, staging / WEIGHTS, metadata={"format": "pt"})
    write_json(
        staging / "config.json", model.shape.hf_config(codec.eos_id, codec.pad_id, "bfloat16")
    )
    write_json(
        staging / "generation_config.json",
        {"eos_token_id": [codec.eos_id], "pad_token_id": codec.pad_id, "do_sample": True},
    )
    save_tokenizer(staging, codec.words)
    shutil.rmtree(folder, ignore_errors=True)
    staging.replace(folder)


def load_checkpoint(shape: Shape, folder: Path) -> TinyQwen2:
    """Return the model in float32, as rounded on disk: training continues from what users decode
    with.
    """
    model = TinyQwen2(shape)
    state = {name: tensor.float() for name, tensor in load_file(folder / WEIGHTS).items()}
    model.load_state_dict(state)
    return model


def write_json(path: Path, value: Any) -> None:
    """Write atomically: a reader sees the old file or the new one."""
    write_durably(path, (json.dumps(value, indent=2) + "\n").encode())
