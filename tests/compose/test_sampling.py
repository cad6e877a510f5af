"""Temperature, top-p and the draw, against a plain loop over one row."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from rast_bench.compose import sampling
from rast_bench.compose.sampling import draw_tokens, nucleus, penalised

NUCLEI = json.loads((Path(__file__).parent / "nucleus_cases.json").read_text())


def row(values: list[float]) -> torch.Tensor:
    return torch.tensor([values])


def draw_one(
    logits: list[float], uniform: float, top_p: float = 1.0, tau: float = 1.0, greedy: bool = False
) -> int:
    return int(
        draw_tokens(
            row(logits),
            torch.tensor([tau]),
            torch.tensor([top_p]),
            torch.tensor([greedy]),
            torch.tensor([uniform], dtype=torch.float64),
        )
    )


def kept_by_brute_force(logits: list[float], tau: float, top_p: float) -> dict[int, float]:
    """The nucleus by its definition: add the likeliest tokens until their mass reaches top_p."""
    weights = [math.exp((value - max(logits)) / tau) for value in logits]
    probabilities = [weight / sum(weights) for weight in weights]
    order = sorted(range(len(logits)), key=lambda i: (-probabilities[i], i))
    kept: dict[int, float] = {}
    for i in order:
        kept[i] = probabilities[i]
        if sum(kept.values()) >= top_p:
            break
    return kept


@pytest.mark.parametrize("case", NUCLEI, ids=lambda case: case["name"])
def test_nucleus_by_hand(case: dict[str, Any]) -> None:
    logits = torch.tensor([case["probabilities"]]).log()
    ids, masses = nucleus(logits, torch.ones(1), torch.tensor([case["top_p"]]))
    assert ids[0][masses[0] > 0].tolist() == case["kept"]


QUARTERS = [math.log(p) for p in (0.5, 0.25, 0.125, 0.125)]


def test_inverse_cdf_by_hand() -> None:
    places = [0.0, 0.49, 0.51, 0.74, 0.76, 0.87, 0.88, 0.999999]
    assert [draw_one(QUARTERS, u) for u in places] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_boundary_belongs_to_the_next_token() -> None:
    places = [0.0, 0.5 - 2**-54, 0.5, 1 - 2**-53]
    assert [draw_one([0.0, 0.0], u) for u in places] == [0, 0, 1, 1]


def test_top_p_by_hand() -> None:
    """0.7 of the mass needs two tokens, which then share the uniform number 2 to 1."""
    assert [draw_one(QUARTERS, u, top_p=0.7) for u in (0.0, 0.66, 0.67, 0.999999)] == [0, 0, 1, 1]


def test_the_likeliest_token_always_stays() -> None:
    assert draw_one([0.0, 3.0, 0.0], 0.999999, top_p=1e-6) == 1


def test_temperature_comes_before_top_p() -> None:
    """At τ = 1 token 0 alone has 0.8 of the mass; at τ = 2 it has only 2/3."""
    logits = [math.log(0.8), math.log(0.2)]
    assert draw_one(logits, 0.99, top_p=0.75, tau=1.0) == 0
    assert draw_one(logits, 0.99, top_p=0.75, tau=2.0) == 1


def test_ties_stand_by_id() -> None:
    assert [draw_one([1.0] * 4, u) for u in (0.1, 0.3, 0.6, 0.9)] == [0, 1, 2, 3]
    assert draw_one([1.0] * 4, 0.9, top_p=0.5) == 1
    assert draw_one([0.0, 5.0, 5.0], 0.9, greedy=True) == 1


def test_greedy_ignores_the_other_settings() -> None:
    assert draw_one([0.0, 1.0, 4.0, 2.0], 0.0, tau=9.0, greedy=True) == 2


def test_impossible_tokens_are_never_drawn() -> None:
    logits = [-math.inf, 0.0, -math.inf]
    assert {draw_one(logits, u) for u in (0.0, 0.5, 1 - 2**-53)} == {1}


def test_a_tiny_temperature_is_greedy() -> None:
    assert draw_one([80.0, 90.0, 89.0], 0.999999, tau=1e-44) == 1


@pytest.mark.parametrize("tau", [1e6, 1e30, 3e38])
def test_a_huge_temperature_is_uniform_over_what_is_possible(tau: float) -> None:
    logits = [3.0, -9.0, -math.inf, 1.0]
    assert sorted(draw_one(logits, (i + 0.5) / 6, tau=tau) for i in range(6)) == [0, 0, 1, 1, 3, 3]


def test_a_tail_that_underflows_is_never_drawn() -> None:
    """exp(−200) is 0 in float32."""
    assert {draw_one([0.0, -200.0], u) for u in (0.0, 1 - 2**-53)} == {0}


@pytest.mark.parametrize("top_p", [0.3, 0.9, 1.0])
def test_extreme_uniform_numbers_stay_in_the_nucleus(top_p: float) -> None:
    """0 draws its first token and the largest float64 below 1 its last, whatever was rounded."""
    logits = torch.randn(200, 500, generator=torch.Generator().manual_seed(0)) * 3
    logits[:, ::7] = -torch.inf
    ones, p = torch.ones(200), torch.full((200,), top_p)
    ids, masses = nucleus(logits, ones, p)
    last = (masses > 0).sum(-1, keepdim=True) - 1
    for value, expected in ((0.0, ids[:, 0]), (1 - 2**-53, ids.gather(1, last)[:, 0])):
        uniform = torch.full((200,), value, dtype=torch.float64)
        assert torch.equal(draw_tokens(logits, ones, p, ones < 0, uniform), expected)


logit_rows = st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=12)


@given(logit_rows, st.floats(0.25, 4, width=32), st.floats(0.03125, 1, width=32))
def test_nucleus_is_the_smallest_likely_set(values: list[float], tau: float, top_p: float) -> None:
    kept = kept_by_brute_force(values, tau, top_p)
    masses = [sum(list(kept.values())[: i + 1]) for i in range(len(kept))]
    assume(all(abs(mass - top_p) > 1e-5 for mass in masses))  # rounding decides there
    ids, mass = nucleus(row(values), torch.tensor([tau]), torch.tensor([top_p]))
    found = ids[0][mass[0] > 0].tolist()
    assert len(found) == len(kept)
    ours = [kept_by_brute_force(values, tau, 2.0)[i] for i in found]
    torch.testing.assert_close(torch.tensor(ours), torch.tensor(list(kept.values())))
    torch.testing.assert_close(mass[0][mass[0] > 0].float(), torch.tensor(ours))


@given(
    st.lists(st.lists(st.floats(-8, 8, width=32), min_size=6, max_size=6), min_size=1, max_size=9),
    st.integers(0, 5),
)
def test_a_row_does_not_see_its_neighbours(rows: list[list[float]], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    count = len(rows)
    logits = torch.tensor(rows)
    tau = torch.rand(count, generator=generator) + 0.5
    top_p = torch.rand(count, generator=generator).clamp(min=0.1)
    greedy = torch.rand(count, generator=generator) < 0.3
    uniform = torch.rand(count, generator=generator, dtype=torch.float64)
    together = draw_tokens(logits, tau, top_p, greedy, uniform)
    for i in range(count):
        one = slice(i, i + 1)
        alone = draw_tokens(logits[one], tau[one], top_p[one], greedy[one], uniform[one])
        assert torch.equal(together[one], alone)


@pytest.mark.parametrize("rows_at_once", [1, 3, 7])
def test_some_rows_at_a_time(rows_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(17, 40, generator=generator) * 3
    tau, top_p = torch.rand(2, 17, generator=generator).clamp(min=0.1).unbind()
    greedy = torch.arange(17) % 5 == 0
    uniform = torch.rand(17, dtype=torch.float64, generator=generator)
    whole = draw_tokens(logits, tau, top_p, greedy, uniform)
    monkeypatch.setattr(sampling, "_ELEMENTS_AT_ONCE", rows_at_once * 40)
    assert torch.equal(draw_tokens(logits, tau, top_p, greedy, uniform), whole)
    assert torch.equal(draw_tokens(logits, tau, top_p, greedy, uniform, all_greedy=False), whole)


def test_a_row_that_is_not_a_number_leaves_the_others_alone() -> None:
    """Some id comes out; the engine refuses the row, once it has fetched the tokens."""
    logits = torch.tensor([[1.0, 2.0, 3.0], [torch.nan] * 3, [0.0, torch.inf, 0.0]])
    full = torch.ones(3)
    uniform = torch.full((3,), 0.1, dtype=torch.float64)
    drawn = draw_tokens(logits, full, full, full < 0, uniform)
    assert drawn[0] == 2
    assert bool(((drawn >= 0) & (drawn < 3)).all())


@pytest.mark.parametrize(("tau", "top_p"), [(1.0, 1.0), (0.6, 0.95), (1.5, 0.7)])
def test_frequencies_of_random_draws(tau: float, top_p: float) -> None:
    """20,000 Philox numbers: every frequency within 5 standard errors of the nucleus's share."""
    count = 20_000
    logits = [1.3, -0.2, 2.0, 0.4, -3.0, 0.4]
    kept = kept_by_brute_force(logits, tau, top_p)
    uniform = torch.from_numpy(np.random.Generator(np.random.Philox(key=3)).random(count))
    full = torch.ones(count)
    drawn = draw_tokens(row(logits).repeat(count, 1), full * tau, full * top_p, full < 0, uniform)
    counts = torch.bincount(drawn, minlength=6).tolist()
    for token, found in enumerate(counts):
        share = kept.get(token, 0.0) / sum(kept.values())
        assert abs(found - count * share) <= 5 * math.sqrt(count * share * (1 - share))


def test_frequencies_follow_the_probabilities() -> None:
    """20,000 evenly spaced uniform numbers give each token its share, within one number."""
    count = 20_000
    logits = torch.tensor([0.3, -1.0, 2.0, 0.3, 1.1]).repeat(count, 1)
    uniform = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    ones = torch.ones(count)
    drawn = draw_tokens(logits, ones, ones, ones < 0, uniform)
    shares = torch.bincount(drawn, minlength=5) / count
    torch.testing.assert_close(shares, logits[0].softmax(-1), atol=1.5 / count, rtol=0)


def test_the_repetition_penalty_is_the_one_of_transformers() -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(6, 40, generator=generator)
    logits[:, 3], logits[:, 5] = -torch.inf, 0.0
    ids = torch.randint(40, (6, 25), generator=generator)
    ids[:, :2] = torch.tensor([3, 5])
    seen = torch.zeros(6, 40, dtype=torch.bool).scatter_(1, ids, True)
    penalties = torch.tensor([0.5, 0.9, 1.0, 1.2, 1.2, 10.0])
    found = penalised(logits, penalties, seen)
    for i, penalty in enumerate(penalties.tolist()):
        right = RepetitionPenaltyLogitsProcessor(penalty)(ids[i : i + 1], logits[i : i + 1].clone())
        assert torch.equal(found[i], right[0])
    assert torch.equal(found[2], logits[2])
