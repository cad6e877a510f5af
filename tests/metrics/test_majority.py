from collections import Counter
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outcome_cells import outcome_of
from planned_cells import CELL_ID, planned_cell, samples_of

from rast_bench.grading import grade_cells
from rast_bench.ledger import Ledger
from rast_bench.metrics import answer_forms
from rast_bench.metrics.accuracy import avg_at_n
from rast_bench.metrics.majority import (
    Votes,
    majority_at_k,
    majority_probabilities,
    read_answers_ahead,
    votes_per_problem,
)
from rast_bench.metrics.outcomes import load_outcome


def wins(answers: tuple[str | None, ...]) -> Fraction:
    """The right answer's share of the win; "g" is right, None abstains."""
    votes = Counter(answer for answer in answers if answer is not None)
    most = max(votes.values(), default=0)
    winners = [answer for answer, count in votes.items() if count == most]
    return Fraction(int("g" in winners), len(winners) or 1)


def by_enumeration(answers: list[str | None], k: int) -> Fraction:
    subsets = list(combinations(answers, k))
    return sum(map(wins, subsets), Fraction(0)) / len(subsets)


ENUMERATED: list[list[str | None]] = [
    ["g"],
    ["a"],
    [None],
    ["g", None, None],
    ["g", "a", None],
    ["g", "g", "a", "a", "b", "b"],
    ["g", "g", "a", "a", "b", "c", None, None],
    ["g", "g", "g", "a", "a", "a", "a", "b", "b", None],
    ["g", "a", "b", "c", "d", "e", "f", "h"],
    ["a", "a", "b", None, None],
    ["g", "g", "g", "g", "a", "a", "a", "b", "b", "c", "c", None],
]


@pytest.mark.parametrize("answers", ENUMERATED, ids=lambda a: "".join(x or "-" for x in a))
def test_against_every_subset(answers: list[str | None]) -> None:
    ks = range(1, len(answers) + 1)
    curve = majority_at_k(outcome_of([answers]), ks)
    assert curve.value == pytest.approx([float(by_enumeration(answers, k)) for k in ks], abs=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["g", "a", "b", "c", None]), min_size=1, max_size=9))
def test_any_votes_against_every_subset(answers: list[str | None]) -> None:
    for k in range(1, len(answers) + 1):
        value = majority_at_k(outcome_of([answers]), [k]).value[0]
        assert value == pytest.approx(float(by_enumeration(answers, k)), abs=1e-14)


def test_against_forty_thousand_draws() -> None:
    rng = np.random.default_rng(7)
    answers = np.array([0] * 11 + [1] * 9 + [2] * 5 + [3] * 2 + [4] + [-1] * 4)  # 0 is right
    votes = Votes(11, (1, 2, 5, 9), 4)
    ks = (8, 16)
    for k, exact in zip(ks, majority_probabilities(votes, ks), strict=True):
        drawn = np.argsort(rng.random((40_000, 32)), axis=1)[:, :k]
        counts = np.stack([(answers[drawn] == a).sum(axis=1) for a in range(5)], axis=1)
        top = counts == counts.max(axis=1, keepdims=True)
        shares = top[:, 0] / top.sum(axis=1)
        assert exact == pytest.approx(shares.mean(), abs=4 * shares.std() / 200)


def test_many_samples_stay_exact() -> None:
    # Two answers with 150 samples each and an odd k: either is as likely to win.
    (probability,) = majority_probabilities(Votes(150, (150,), 0), (151,))
    assert probability == pytest.approx(0.5, abs=1e-14)


def test_mean_and_standard_error_over_problems() -> None:
    curve = majority_at_k(outcome_of([["g", "g"], ["g", "a"], ["a", "a"]]), [1, 2])
    assert curve.value == pytest.approx([0.5, 0.5])
    assert curve.standard_error == pytest.approx([0.5 / 3**0.5] * 2)


def test_right_answers_written_differently_vote_together() -> None:
    outcome = outcome_of([["g", "h", "a", "a", "b"]])
    outcome.kinds[0, 1] = "correct"  # as a grader says that knows 1/2 = 0.5
    assert majority_at_k(outcome, [5]).value[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("written", "k"),
    [
        (["g", "g", "1/2", "0.5", r"\frac{1}{2}", "3"], 3),
        (["g", "g", "g", r"2\sqrt{2}", r"\sqrt{8}", "(1, 2)", r"(1, \frac{4}{2})", None], 4),
    ],
)
def test_equal_wrong_answers_vote_together(written: list[str | None], k: int) -> None:
    classes = {"1/2": "a", "0.5": "a", r"\frac{1}{2}": "a", "3": "b"} | {
        r"2\sqrt{2}": "c",
        r"\sqrt{8}": "c",
        "(1, 2)": "d",
        r"(1, \frac{4}{2})": "d",
    }
    expected = by_enumeration([classes.get(one, one) if one else None for one in written], k)
    value = majority_at_k(outcome_of([written]), [k]).value[0]
    assert value == pytest.approx(float(expected), abs=1e-14)
    assert expected != by_enumeration(written, k)


def test_what_the_grader_could_not_read_is_as_it_is_written() -> None:
    outcome = outcome_of([["g", "g", "0.5", "1/2", "2/4"]])
    outcome.kinds[0, 2:] = "timeout"
    assert majority_at_k(outcome, [5]).value[0] == 1.0


def test_a_timed_out_answer_is_a_wrong_answer() -> None:
    outcome = outcome_of([["g", "a", "a"]])
    outcome.kinds[0, 1:] = "timeout"
    assert majority_at_k(outcome, [3]).value[0] == 0.0


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(["g", "a", "b"]), min_size=5, max_size=5), min_size=1))
def test_one_vote_is_avg(rows: list[list[str]]) -> None:
    outcome = outcome_of(rows)
    expected = avg_at_n(outcome.correct)
    assert majority_at_k(outcome, [1]).at(1).value == pytest.approx(expected.value)


@pytest.mark.parametrize("k", [0, 4])
def test_k_must_be_among_the_samples(k: int) -> None:
    with pytest.raises(ValueError, match="not between 1 and the 3 samples"):
        majority_at_k(outcome_of([["g", "a", "a"]]), [1, k])


def test_the_answers_of_a_cell_are_read_ahead_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that may be merged: wrong ones of a problem with a correct answer, if they differ."""
    texts = {"z": ["1", "2", "2.0", "3"], "a": ["4", "5", "6", "7"], "b": ["2", "8", "8", "8"]}
    planned = planned_cell({"z": "1", "a": "0", "b": "2"}, 4)
    ledger = Ledger(tmp_path)
    read: list[str] = []
    monkeypatch.setattr(answer_forms, "read_ahead", read.extend)

    ledger.write_samples(CELL_ID, samples_of(rows_of(texts, 4)), "run")
    told = []
    grade_cells([planned], ledger, "boxed-1", graded=lambda *one: told.append(one))
    assert told == [(planned, "boxed-1")]
    outcome = load_outcome(planned, ledger, "boxed-1")
    read_answers_ahead(outcome)
    assert read == ["2", "2.0", "3"]

    votes = votes_per_problem(outcome)
    assert votes == [Votes(1, (1, 2), 0), Votes(0, (1, 1, 1, 1), 0), Votes(1, (3,), 0)]
    read_answers_ahead(outcome)
    assert len(read) == 3  # the votes are stored


def rows_of(texts: dict[str, list[str]], samples: int) -> list[tuple[str, int, str, str]]:
    return [
        (problem, index, rf"\boxed{{{text}}}", "eos")
        for problem, answers in texts.items()
        for index, text in enumerate(answers[:samples])
    ]
