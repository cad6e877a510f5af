import itertools

import torch

from rast_bench.zoo.corpus import Document, Mixture, documents
from rast_bench.zoo.model import Shape, TinyQwen2
from rast_bench.zoo.pretrain import (
    BUCKET_BATCHES,
    PretrainRecipe,
    batches,
    encode,
    learning_rate_factor,
    pretrain,
)
from rast_bench.zoo.tokenizer import WordCodec

CODEC = WordCodec()


def test_learning_rate_warms_up_stays_and_decays() -> None:
    recipe = PretrainRecipe(steps=100, warmup_steps=10, decay_share=0.5)
    factors = [learning_rate_factor(step, recipe) for step in range(100)]
    assert factors[0] == 0.1
    assert factors[9] == factors[49] == 1.0
    assert factors[75] == 0.5
    assert factors[99] == 0.02


def test_encoding_weighs_the_solution_and_appends_the_end() -> None:
    ids, weights = encode(Document("How many", "8 , 11"), CODEC, prompt_weight=0.1)
    assert CODEC.decode(ids) == "How many 8 , 11"
    assert ids[-1] == CODEC.eos_id
    assert weights == [0.1, 0.1, 1.0, 1.0, 1.0, 1.0]


def test_batches_hold_every_document_once() -> None:
    recipe = PretrainRecipe(steps=1, batch_documents=4)
    docs = list(itertools.islice(documents(0, Mixture()), 4 * BUCKET_BATCHES))
    stream = batches(iter(docs), CODEC, recipe, seed=0)
    seen = [
        CODEC.decode([t for t in row.tolist() if t != CODEC.pad_id])
        for ids, _ in itertools.islice(stream, BUCKET_BATCHES)
        for row in ids
    ]
    assert sorted(seen) == sorted(f"{d.prompt} {d.solution}".strip() for d in docs)


def test_padding_carries_no_weight() -> None:
    recipe = PretrainRecipe(steps=1, batch_documents=4)
    for ids, weights in itertools.islice(batches(documents(0, Mixture()), CODEC, recipe, 0), 5):
        assert bool((weights[ids == CODEC.pad_id] == 0).all())
        assert bool((weights[ids != CODEC.pad_id] > 0).all())


def test_the_loss_falls() -> None:
    torch.manual_seed(0)
    model = TinyQwen2(Shape(width=32, layers=1, heads=1, kv_heads=1, mlp=32, vocab_size=120))
    recipe = PretrainRecipe(steps=30, batch_documents=8, warmup_steps=5)
    losses: list[float] = []
    docs = documents(0, Mixture())
    pretrain(model, docs, CODEC, recipe, 0, lambda _, loss: losses.append(loss))
    assert len(losses) == 30
    assert sum(losses[-5:]) / 5 < 0.75 * losses[0]
