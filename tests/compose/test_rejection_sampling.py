"""Rejection sampling of drafts, against frequencies and against the formula by hand."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
import torch
from goodness_of_fit import FALSE_ALARM, p_value
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.compose.sampling import inverse_cdf
from rast_bench.compose.speculation import (
    Counts,
    best_drafts,
    distribution,
    draw_drafts,
    expected_gain,
    expected_gain_over_main,
    expected_tokens,
    verify_drafts,
)

ROWS, DRAFTS, VOCAB = 60_000, 2, 4
SAMPLED = torch.zeros(ROWS, dtype=torch.bool)


def numbers(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape))


def logits(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 1.5, shape)).float()


def tables(seed: int) -> list[torch.Tensor]:
    """Next-token logits after none, one and two tokens: [1, V], [V, V] and [V², V]."""
    return [logits(seed + i, VOCAB**i, VOCAB) for i in range(DRAFTS + 1)]


def probabilities(table: torch.Tensor, temperature: float, top_p: float) -> np.ndarray:
    """[contexts, V] by hand: tempered, cut to the smallest set with mass ≥ top_p."""
    made = []
    for row in table.double().numpy() / temperature:
        p = np.exp(row - row.max())
        p /= p.sum()
        order = np.argsort(-p, kind="stable")
        before = np.cumsum(p[order]) - p[order]
        p[order[before >= top_p]] = 0
        made.append(p / p.sum())
    return np.array(made)


def at_drafts(table: Sequence[torch.Tensor], drafts: torch.Tensor) -> torch.Tensor:
    """[rows, k + 1, V] logits of a table in the places of each row's drafts."""
    context = torch.zeros(len(drafts), dtype=torch.int64)
    places = [table[0][context]]
    for i in range(DRAFTS):
        context = context * VOCAB + drafts[:, i]
        places.append(table[i + 1][context])
    return torch.stack(places, 1)


def speculate(
    target: Sequence[torch.Tensor],
    drafter: Sequence[torch.Tensor],
    temperature: float,
    top_p: float,
    drafter_top_p: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    tau, mass = torch.full((ROWS,), temperature), torch.full((ROWS,), top_p)
    wider = mass if drafter_top_p is None else torch.full((ROWS,), drafter_top_p)
    drafts = torch.zeros(ROWS, DRAFTS, dtype=torch.int64)
    chances = torch.zeros(ROWS, DRAFTS, dtype=torch.float64)
    for i in range(DRAFTS):
        here = at_drafts(drafter, drafts)[:, i]
        found = draw_drafts(here, tau, wider, SAMPLED, numbers(i, ROWS))
        drafts[:, i], chances[:, i] = found
    return verify_drafts(
        at_drafts(target, drafts),
        at_drafts(drafter, drafts)[:, :-1],
        drafts,
        chances,
        tau,
        mass,
        SAMPLED,
        numbers(10, ROWS, DRAFTS),
        numbers(11, ROWS, DRAFTS + 1),
    )


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.7, 0.9), (1.4, 0.6)])
def test_tokens_follow_the_target_whatever_drafts(temperature: float, top_p: float) -> None:
    """Of every number of accepted drafts, and only together: tokens after a rejection are made by
    the next verification, so here by hand.
    """
    target, drafter = tables(100), tables(200)
    tokens, accepted = speculate(target, drafter, temperature, top_p)
    assert accepted.bincount(minlength=DRAFTS + 1).min() > ROWS / 100
    right = [probabilities(table, temperature, top_p) for table in target]
    wrong = [probabilities(table, temperature, top_p) for table in drafter]

    first = tokens[:, 0].tolist()
    assert p_value(first, right[0][0]) > FALSE_ALARM
    assert p_value(first, wrong[0][0]) < FALSE_ALARM
    for context in range(VOCAB):  # the second token, where the first draft was accepted
        rows = (accepted >= 1) & (tokens[:, 0] == context)
        if rows.sum() > 500:
            second = tokens[rows, 1].tolist()
            assert p_value(second, right[1][context]) > FALSE_ALARM
            assert p_value(second, wrong[1][context]) < FALSE_ALARM
    for one, two in product(range(VOCAB), repeat=2):  # the third, where both were
        context = one * VOCAB + two
        rows = (accepted == 2) & (tokens[:, 0] == one) & (tokens[:, 1] == two)
        if rows.sum() > 500:
            third = tokens[rows, 2].tolist()
            assert p_value(third, right[2][context]) > FALSE_ALARM


def test_a_drafter_with_another_nucleus() -> None:
    """It drafts what the target excludes, and excludes what the target draws."""
    target, drafter = tables(100), tables(200)
    right, other = (probabilities(one[0], 1.0, 0.5)[0] for one in (target, drafter))
    assert ((right == 0) & (other > 0)).any() and ((right > 0) & (other == 0)).any()
    tokens, accepted = speculate(target, drafter, 1.0, 0.5)
    assert p_value(tokens[:, 0].tolist(), right) > FALSE_ALARM
    assert 0 < int((accepted == 0).sum()) < ROWS


def test_drafts_from_another_distribution_than_the_one_they_are_judged_by_would_show() -> None:
    target, drafter = tables(100), tables(200)
    tokens, _ = speculate(target, drafter, 1.0, 0.5, drafter_top_p=1.0)
    right = probabilities(target[0], 1.0, 0.5)[0]
    assert p_value(tokens[:, 0].tolist(), right) < FALSE_ALARM


def test_the_share_of_accepted_drafts_is_what_two_distributions_have_in_common() -> None:
    target, drafter = tables(100), tables(200)
    _, accepted = speculate(target, drafter, 1.0, 1.0)
    p, q = (probabilities(table[0], 1.0, 1.0)[0] for table in (target, drafter))
    share = np.minimum(p, q).sum()
    deviation = (share * (1 - share) / ROWS) ** 0.5
    assert abs(float((accepted >= 1).double().mean()) - share) < 5 * deviation


def test_what_drafts_itself_is_always_accepted() -> None:
    same = tables(100)
    tokens, accepted = speculate(same, same, 0.9, 0.95)
    assert bool((accepted == DRAFTS).all())
    assert p_value(tokens[:, 0].tolist(), probabilities(same[0], 0.9, 0.95)[0]) > FALSE_ALARM


def one_row(
    target: list[list[float]],
    drafter: list[list[float]],
    drafts: list[int],
    chances: list[float],
    greedy: bool = False,
    accept: float = 0.5,
) -> tuple[list[int], int]:
    count = len(drafts)
    tokens, accepted = verify_drafts(
        torch.tensor([target]),
        torch.tensor([drafter]),
        torch.tensor([drafts]),
        torch.tensor([chances], dtype=torch.float64),
        torch.ones(1),
        torch.ones(1),
        torch.tensor([greedy]),
        torch.full((1, count), accept, dtype=torch.float64),
        torch.full((1, count + 1), 0.5, dtype=torch.float64),
    )
    return tokens[0, : int(accepted) + 1].tolist(), int(accepted)


def test_greedy_accepts_exactly_the_most_likely_tokens() -> None:
    target = [[0.0, 1.0, 5.0], [4.0, 0.0, 3.9], [0.0, 2.0, 1.0]]
    even = [[0.0] * 3] * 2
    assert one_row(target, even, [2, 0], [1.0, 1.0], greedy=True) == ([2, 0, 1], 2)
    assert one_row(target, even, [2, 2], [1.0, 1.0], greedy=True) == ([2, 0], 1)
    assert one_row(target, even, [1, 0], [1.0, 1.0], greedy=True) == ([2], 0)


def test_an_excluded_draft_is_replaced() -> None:
    """−inf is what a method or padding excludes."""
    excluded = [[-torch.inf, 0.0, -torch.inf]] * 2
    assert one_row(excluded, [[0.0, 0.0, 0.0]], [0], [1 / 3], accept=0.0) == ([1], 0)


def test_a_drafter_with_nan_only_costs_speed() -> None:
    nan = [[torch.nan] * 3]
    assert one_row([[9.0, 0.0, 0.0]] * 2, nan, [2], [torch.nan]) == ([0], 0)


@given(st.integers(0, 2**32), st.sampled_from([0.3, 1.0, 2.0]), st.sampled_from([0.4, 0.9, 1.0]))
def test_the_distribution_is_the_filtered_one(seed: int, tau: float, top_p: float) -> None:
    made = logits(seed, 3, 7)
    found = distribution(made, torch.full((3,), tau), torch.full((3,), top_p))
    assert np.allclose(found.numpy(), probabilities(made, tau, top_p), atol=1e-6)
    assert np.allclose(found.sum(-1), 1, atol=1e-12)


def test_columns_without_mass_are_not_drawn() -> None:
    masses = torch.tensor([[0.0, 0.5, 0.0, 0.5, 0.0]] * 4, dtype=torch.float64)
    uniform = torch.tensor([0.0, 0.49, 0.5, 1 - 2**-53], dtype=torch.float64)
    assert inverse_cdf(masses, uniform).tolist() == [1, 1, 3, 3]


def test_drafts_that_a_row_did_not_keep_are_not_judged() -> None:
    counts = Counts()
    counts.add(accepted=4, drafts=4, kept=5)
    counts.add(accepted=1, drafts=4, kept=2)
    counts.add(accepted=4, drafts=4, kept=2)  # the row ended inside its drafts
    counts.add(accepted=2, drafts=4, kept=3)
    assert (counts.passes, counts.tokens) == (4, 12)
    assert (counts.judged, counts.accepted) == (4 + 2 + 2 + 3, 4 + 1 + 2 + 2)
    assert counts.tokens_per_pass == 3


def test_expected_tokens_of_a_simulated_drafter() -> None:
    """As in Leviathan et al., eq. 1."""
    accepted = np.random.default_rng(0).random((200_000, 5)) < 0.8
    simulated = 1 + np.cumprod(accepted, axis=1).sum(1).mean()
    assert expected_tokens(0.8, 5) == pytest.approx(simulated, abs=0.02)
    assert expected_tokens(0.8, 5) == pytest.approx((1 - 0.8**6) / (1 - 0.8))
    assert expected_tokens(1.0, 5) == 6
    assert expected_tokens(0.0, 5) == 1


def test_expected_gains() -> None:
    # 3.5 tokens for M + 4 S + S_base's 1 instead of M + 2 S each, by hand
    tokens = 1 + 0.9 + 0.81 + 0.729
    assert expected_gain(0.9, 3, 32, 7) == pytest.approx(tokens * 46 / (32 + 5 * 7))
    assert expected_gain_over_main(0.9, 3, 32, 7) == pytest.approx(tokens * 32 / (32 + 5 * 7))
    assert expected_gain(0.0, 1, 1, 0) == 1
    gains = {k: expected_gain(0.8, k, 32, 7) for k in range(1, 17)}
    assert best_drafts(0.8, 32, 7) == max(gains, key=gains.__getitem__) > 1
