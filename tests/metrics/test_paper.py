import numpy as np
import pytest
from outcome_cells import outcome_of

from rast_bench.metrics.majority import majority_at_k
from rast_bench.metrics.paper import _subsets, paper_majority_at_k, paper_pass_at_k
from rast_bench.metrics.pass_at_k import pass_at_k

KS = [1, 3, 8]


def random_answers(problems: int, samples: int) -> list[list[str | None]]:
    rng = np.random.default_rng(3)
    choices = np.array(["g", "a", "b", "c", None], dtype=object)
    return [
        rng.choice(choices, size=samples, p=rng.dirichlet(np.ones(5))).tolist()
        for _ in range(problems)
    ]


def test_pass_at_k_tends_to_the_unbiased_one() -> None:
    outcome = outcome_of(random_answers(40, 8))
    exact = pass_at_k(outcome.correct)
    paper = paper_pass_at_k(outcome.correct, KS, draws=4000)
    assert paper == pytest.approx([exact.at(k).value for k in KS], abs=0.005)
    assert paper[-1] == pytest.approx(exact.at(8).value)  # k = N leaves no choice


def test_majority_tends_to_the_exact_one() -> None:
    """With the empty string of a sample without an answer as one more wrong answer."""
    answers = random_answers(40, 8)
    paper = paper_majority_at_k(outcome_of(answers), KS, draws=4000)
    spoken = outcome_of([["empty" if one is None else one for one in row] for row in answers])
    assert paper == pytest.approx(majority_at_k(spoken, KS).value, abs=0.005)


def test_strings_split_the_vote() -> None:
    outcome = outcome_of([["g", "h", "a", "a", "a", "g", "h"]])
    outcome.kinds[outcome.answers == "h"] = "correct"
    assert majority_at_k(outcome, [7]).value[0] == 1.0
    assert paper_majority_at_k(outcome, [7])[0] == 0.0


def test_no_answer_votes_for_the_empty_string_which_is_wrong() -> None:
    for answers, won in (
        (["g", None, None, None], 0.0),
        (["g", "g", "g", None], 1.0),
        ([None, None, None, None], 0.0),
    ):
        assert paper_majority_at_k(outcome_of([answers]), [4])[0] == won


@pytest.mark.parametrize("estimator", [paper_pass_at_k, paper_majority_at_k])
def test_a_value_depends_on_its_seed_and_k_alone(estimator: object) -> None:
    outcome = outcome_of(random_answers(40, 8))
    given = outcome.correct if estimator is paper_pass_at_k else outcome
    both = estimator(given, [3, 5], seed=1)  # type: ignore[operator]
    assert both.tolist() == estimator(given, [3, 5], seed=1).tolist()  # type: ignore[operator]
    assert both[1:].tolist() == estimator(given, [5], seed=1).tolist()  # type: ignore[operator]
    assert both.tolist() != estimator(given, [3, 5], seed=2).tolist()  # type: ignore[operator]


def test_ten_draws_by_default() -> None:
    value = paper_pass_at_k(np.array([[True, False]]), [1])[0]
    assert 10 * value == pytest.approx(round(10 * value))
    assert 0 < value < 1


@pytest.mark.parametrize("k", [0, 3])
def test_k_must_be_among_the_samples(k: int) -> None:
    with pytest.raises(ValueError, match="not between 1 and the 2 samples"):
        paper_pass_at_k(np.array([[True, False]]), [k])
    with pytest.raises(ValueError, match="not between 1 and the 2 samples"):
        paper_majority_at_k(outcome_of([["g", "a"]]), [k])


@pytest.mark.parametrize("samples", [255, 256, 300])
def test_draws_take_every_sample_alike(samples: int) -> None:
    """Also of more samples than a byte numbers."""
    chosen = _subsets((2, samples), samples, 0, 3)
    assert (np.sort(chosen, axis=2) == np.arange(samples)).all()
    assert _subsets((2, samples), samples, 0, 3) is chosen
