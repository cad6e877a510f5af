"""The state of slots and the random numbers of samples."""

from dataclasses import replace

import numpy as np
import torch
from engine_requests import PARAMS, request
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.engines.rows import Pending, Row, SlotState, finish_reason, uniform_numbers

CPU = torch.device("cpu")


@given(st.integers(0, 2**63 - 1), st.integers(1, 40), st.integers(0, 40))
def test_longer_rows_begin_with_the_same_numbers(seed: int, count: int, more: int) -> None:
    """`max_tokens` may be raised later without another beginning."""
    numbers = uniform_numbers(seed, count + more)
    assert torch.equal(uniform_numbers(seed, count), numbers[:count])
    assert numbers.dtype == torch.float64
    assert bool(((numbers >= 0) & (numbers < 1)).all())


def test_numbers_are_numpys_philox() -> None:
    expected = np.random.Generator(np.random.Philox(key=2**62 + 3)).random(5)
    assert uniform_numbers(2**62 + 3, 5).tolist() == expected.tolist()


def test_neighbouring_seeds_share_nothing() -> None:
    numbers = torch.stack([uniform_numbers(seed, 200) for seed in range(50)])
    assert len(numbers.unique()) == numbers.numel()
    assert abs(float(numbers.mean()) - 0.5) < 4 / (12 * numbers.numel()) ** 0.5
    correlation = torch.corrcoef(numbers) - torch.eye(50)
    assert float(correlation.abs().max()) < 0.35


def row(index: int, numbers: list[float], prompt_tokens: int = 4) -> Row:
    item = request(index, [3], replace(PARAMS, lambda_=index / 2))
    return Row(item, [0] * prompt_tokens, torch.tensor(numbers, dtype=torch.float64))


def test_each_token_has_its_own_number() -> None:
    """Two equally likely tokens: the numbers say which, one after the other."""
    state = SlotState(2, CPU, 2)
    state.put(0, row(0, [0.1, 0.9, 0.2]))
    state.put(1, row(1, [0.9]))
    even = torch.zeros(2, 2)
    assert state.advance(slice(0, 2), even) == [0, 1]
    assert [state.advance(slice(0, 1), even[:1]) for _ in range(2)] == [[1], [0]]
    assert state.positions.tolist() == [6, 4]
    assert state.tokens.tolist() == [0, 1]


def test_a_moved_row_takes_everything_along() -> None:
    state = SlotState(3, CPU, 2)
    state.put(0, row(0, [0.9] * 9))
    state.put(2, row(2, [0.1, 0.9]))
    even = torch.zeros(1, 2)
    state.advance(slice(2, 3), even)
    state.move(2, 0)
    assert state.advance(slice(0, 1), even) == [1]
    assert float(state.lambda_[0]) == 1.0


def test_a_penalty_counts_the_prompt_the_start_and_what_was_drawn() -> None:
    state = SlotState(3, CPU, 5)
    plain = row(0, [0.5] * 9)
    state.put(0, plain)
    item = request(1, [3], replace(PARAMS, greedy=True, repetition_penalty=2.0))
    state.put(2, Row(item, [0, 1, 1], torch.zeros(1), [2]))
    logits = torch.tensor([[-1.0, 3.0, 2.0, 1.9, -1.5]])  # halved 1 and 2, doubled 0
    assert state.advance(slice(2, 3), logits) == [3]
    assert state.advance(slice(2, 3), logits) == [1]
    state.move(2, 0)
    logits = torch.tensor([[-5.0, -1.0, -2.0, -2.1, -1.5]])  # the last is the only one as it is
    assert state.advance(slice(0, 1), logits) == [4]
    state.put(0, plain)
    assert state.seen is not None and not state.seen[0, 1:].any()


def test_a_taken_slot_forgets_its_last_row() -> None:
    state = SlotState(1, CPU, 2)
    state.put(0, row(0, [0.9] * 5, prompt_tokens=9))
    state.advance(slice(0, 1), torch.zeros(1, 2))
    state.put(0, row(1, [0.1]))
    assert state.advance(slice(0, 1), torch.zeros(1, 2)) == [0]
    assert state.positions.tolist() == [4]


def test_logits_that_are_not_finite_give_no_token() -> None:
    state = SlotState(3, CPU, 2)
    for slot in range(3):
        state.put(slot, row(slot, [0.5]))
    logits = torch.tensor([[0.0, 9.0], [torch.nan, 0.0], [0.0, torch.inf]])
    assert state.advance(slice(0, 3), logits) == [1, -1, -1]


def test_what_was_put_back_comes_first() -> None:
    made = [request(i, [3 + i]) for i in range(3)]
    pending = Pending(iter(made), lambda prompt: [int(prompt[1:])])
    assert pending.take() == (made[0], [3])
    pending.put_back(made[0], [3])
    assert [pending.take() for _ in range(4)] == [
        (made[0], [3]),
        (made[1], [4]),
        (made[2], [5]),
        None,
    ]


def test_why_a_row_ends() -> None:
    eos = frozenset({1, 5})
    assert finish_reason(5, 3, 10, eos) == "eos"
    assert finish_reason(5, 10, 10, eos) == "eos"
    assert finish_reason(2, 10, 10, eos) == "length"
    assert finish_reason(2, 9, 10, eos) is None
