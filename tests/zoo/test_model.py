"""Our plain torch against transformers, and the checkpoint format between them."""

from pathlib import Path

import pytest
import torch

from rast_bench.zoo.checkpoint import load_checkpoint, save_checkpoint
from rast_bench.zoo.model import Shape, TinyQwen2
from rast_bench.zoo.sampling import rollout
from rast_bench.zoo.tokenizer import WordCodec

SHAPE = Shape(width=64, layers=2, heads=4, kv_heads=2, mlp=48, vocab_size=120)
TEXT = (
    "Problem : Mia has 4 apples and 9 pears . First Mia finds 2 pears . Second the apples double . "
    "How many apples and pears now ? Solution : The answer is \\boxed{ 8 , 11 } ."
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    model = TinyQwen2(SHAPE)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # zeros would hide a bias that is not loaded
            torch.nn.init.normal_(parameter, std=0.1)
    folder = tmp_path_factory.mktemp("zoo") / "model"
    save_checkpoint(model, WordCodec(), folder)
    return folder


def test_logits_equal_those_of_transformers(checkpoint: Path) -> None:
    from transformers import AutoModelForCausalLM

    ours = load_checkpoint(SHAPE, checkpoint)
    theirs = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    ids = torch.tensor([WordCodec().encode(TEXT)])
    with torch.no_grad():
        torch.testing.assert_close(ours(ids), theirs(ids).logits, atol=1e-5, rtol=1e-5)


def test_the_tokenizer_survives_auto_tokenizer(checkpoint: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    codec = WordCodec()
    ids = tokenizer(TEXT)["input_ids"]
    assert ids == codec.encode(TEXT)
    assert tokenizer.decode(ids) == TEXT
    assert tokenizer.decode([*ids, codec.eos_id], skip_special_tokens=True) == TEXT
    assert tokenizer.eos_token_id == codec.eos_id
    assert len(tokenizer) == len(codec.words) <= SHAPE.vocab_size
    assert tokenizer("unheard of")["input_ids"] == [codec.ids["<|unk|>"]] * 2


def test_cached_rollouts_equal_uncached_decoding(checkpoint: Path) -> None:
    model, codec = load_checkpoint(SHAPE, checkpoint), WordCodec()
    prompts = [codec.encode(TEXT)[:n] for n in (5, 9, 9, 20)]
    outputs = rollout(model, prompts, 12, codec.eos_id, 0, len(codec.words), temperature=0.0)
    for prompt, output in zip(prompts, outputs, strict=True):
        ids = list(prompt)
        for token in output:
            with torch.no_grad():
                logits = model(torch.tensor([ids]))[0, -1, : len(codec.words)]
            assert token == int(logits.argmax())
            ids.append(token)
        assert len(output) == 12 or output[-1] == codec.eos_id


def test_rollouts_repeat_with_their_seed_and_avoid_padding_ids(checkpoint: Path) -> None:
    model, codec = load_checkpoint(SHAPE, checkpoint), WordCodec()
    prompts = [codec.encode(TEXT)[:7]] * 64
    first = rollout(model, prompts, 16, codec.eos_id, 5, len(codec.words))
    assert first == rollout(model, prompts, 16, codec.eos_id, 5, len(codec.words))
    assert first != rollout(model, prompts, 16, codec.eos_id, 6, len(codec.words))
    assert max(token for output in first for token in output) < len(codec.words)
