import torch

from rast_bench.zoo.grpo import (
    GrpoRecipe,
    advantages,
    closing_reward,
    format_reward,
    policy_gradient_step,
    reward,
    train_grpo,
)
from rast_bench.zoo.model import Shape, TinyQwen2
from rast_bench.zoo.tokenizer import WordCodec

CODEC = WordCodec()
SHAPE = Shape(width=32, layers=1, heads=1, kv_heads=1, mlp=32, vocab_size=120)


def ids(text: str, *, ended: bool = True) -> list[int]:
    return CODEC.encode(text) + ([CODEC.eos_id] if ended else [])


def test_reward_wants_the_right_box_and_an_end() -> None:
    right = "So the answer is \\boxed{ 8 , 11 } ."
    assert reward(ids(right), "8,11", CODEC) == 1.0
    assert reward(ids(right), "11,8", CODEC) == 0.0
    assert reward(ids(right, ended=False), "8,11", CODEC) == 0.0
    assert reward(ids("So the answer is 8 , 11 ."), "8,11", CODEC) == 0.0
    assert reward(ids("\\boxed{ 1 , 1 } . " + right), "8,11", CODEC) == 1.0
    assert reward(ids(right + " \\boxed{ 1 , 1 }"), "8,11", CODEC) == 0.0
    assert reward([], "8,11", CODEC) == 0.0


def test_a_closing_answer_has_no_words_behind_it() -> None:
    right = "So the answer is \\boxed{ 8 , 11 } ."
    assert closing_reward(ids(right), "8,11", CODEC) == 1.0
    assert closing_reward(ids(right), "11,8", CODEC) == 0.0
    assert closing_reward(ids(right + " } ."), "8,11", CODEC) == 0.0
    assert closing_reward(ids(right + " So"), "8,11", CODEC) == 0.0
    assert closing_reward(ids(right, ended=False), "8,11", CODEC) == 0.0


def test_a_format_is_rewarded_whatever_the_answer() -> None:
    assert format_reward(ids("\\boxed{ 1 , 1 } ."), "8,11", CODEC) == 1.0
    assert format_reward(ids("8 , 11 ."), "8,11", CODEC) == 0.0
    assert format_reward(ids("} ."), "8,11", CODEC) == 0.0
    assert format_reward(ids("\\boxed{ 8 , 11 } .", ended=False), "8,11", CODEC) == 0.0


def test_advantages_by_hand() -> None:
    got = advantages(torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]))
    unit = 0.5 / (1 / 3) ** 0.5  # deviation 0.5 over the sample standard deviation √(1/3)
    torch.testing.assert_close(got[0], torch.tensor([unit, -unit, -unit, unit]))
    assert got[1].tolist() == [0.0] * 4


def test_an_update_moves_probability_to_the_rewarded_response() -> None:
    torch.manual_seed(0)
    model = TinyQwen2(SHAPE)
    prompt, good, bad = ids("How many", ended=False), ids("8 , 11"), ids("3 , 4 .")

    def log_probability(response: list[int]) -> float:
        with torch.no_grad():
            logs = model(torch.tensor([prompt + response])).log_softmax(-1)[0]
        return sum(float(logs[len(prompt) + i - 1, t]) for i, t in enumerate(response))

    before = log_probability(good), log_probability(bad)
    policy_gradient_step(model, [(prompt, good, 1.0), (prompt, bad, -1.0)], 2, CODEC.pad_id)
    with torch.no_grad():
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter -= 0.1 * parameter.grad
    assert log_probability(good) > before[0]
    assert log_probability(bad) < before[1]


def test_training_repeats_with_its_seed() -> None:
    recipe = GrpoRecipe(steps=2, prompts=2, group=2, max_tokens=6)

    def train() -> list[tuple[int, float, float]]:
        torch.manual_seed(0)
        steps: list[tuple[int, float, float]] = []
        train_grpo(TinyQwen2(SHAPE), CODEC, recipe, 3, lambda *step: steps.append(step))
        return steps

    assert train() == train()
