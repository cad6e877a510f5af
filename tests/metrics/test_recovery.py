import math
from itertools import product

import numpy as np
import pytest

from rast_bench.metrics.recovery import (
    AccuracyTriple,
    fieller_interval,
    mean_recovery_rate,
    recovery_rate,
)
from rast_bench.metrics.student_t import student_t_quantile

T_95_9 = 2.262157  # two-sided 95 %, 9 degrees of freedom


def constant(value: float, problems: int) -> np.ndarray:
    return np.full(problems, value)


def simulated(
    rng: np.random.Generator, problems: int, gap: float, recovery: float, samples: int = 32
) -> AccuracyTriple:
    """Samples of problems whose chances rise by `gap` and by `recovery · gap` on average."""
    base = rng.beta(1, 1, problems) * (1 - gap)
    return AccuracyTriple(
        *(rng.binomial(samples, base + share * gap) / samples for share in (0.0, recovery, 1.0))
    )


def test_equation_5() -> None:
    rng = np.random.default_rng(0)
    base, rast, rl = rng.random(50), rng.random(50) + 0.5, rng.random(50) + 1
    rate = recovery_rate(base, rast, rl)
    assert rate.estimate == pytest.approx((rast.mean() - base.mean()) / (rl.mean() - base.mean()))
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < rate.estimate < rate.high


@pytest.mark.parametrize(("problems", "method"), [(99, "fieller"), (100, "bootstrap")])
def test_method_by_number_of_problems(problems: int, method: str) -> None:
    rate = recovery_rate(*simulated(np.random.default_rng(1), problems, 0.4, 0.5))
    assert rate.method == method
    assert rate.identified


def test_both_methods_agree_where_both_are_good() -> None:
    triple = simulated(np.random.default_rng(2), 400, 0.3, 0.6)
    rate = recovery_rate(*triple)
    fieller = fieller_interval(triple.rast - triple.base, triple.rl - triple.base, 0.95)
    assert (rate.low, rate.high) == pytest.approx(fieller, abs=0.003)


def test_fieller_against_its_closed_form() -> None:
    # R/(1−g) · … in the form with g = t²v_b/b² (Finney, Statistical Method in Biological Assay).
    rng = np.random.default_rng(3)
    numerator, denominator = rng.normal(2, 1, 10), rng.normal(3, 1, 10)
    a, b = numerator.mean(), denominator.mean()
    (va, vab), (_, vb) = np.cov(numerator, denominator) / 10
    ratio, g = a / b, T_95_9**2 * vb / b**2
    half = T_95_9 / b * math.sqrt(va - 2 * ratio * vab + ratio**2 * vb - g * (va - vab**2 / vb))
    centre = ratio - g * vab / vb
    expected = ((centre - half) / (1 - g), (centre + half) / (1 - g))
    interval = fieller_interval(numerator, denominator, 0.95)
    assert interval == pytest.approx(expected, rel=1e-5)


def test_fieller_holds_exactly_the_ratios_that_a_t_test_keeps() -> None:
    rng = np.random.default_rng(4)
    numerator, denominator = rng.normal(1, 1, 20), rng.normal(4, 1, 20)
    interval = fieller_interval(numerator, denominator, 0.9)
    assert interval is not None
    for ratio in interval:
        rest = numerator - ratio * denominator
        t = abs(rest.mean()) / (rest.std(ddof=1) / math.sqrt(20))
        assert t == pytest.approx(student_t_quantile(0.9, 19))


def test_fieller_of_constant_denominators_is_the_t_interval() -> None:
    numerator = np.random.default_rng(5).random(10)
    interval = fieller_interval(numerator, constant(0.5, 10), 0.95)
    half = T_95_9 * numerator.std(ddof=1) / math.sqrt(10)
    expected = ((numerator.mean() - half) / 0.5, (numerator.mean() + half) / 0.5)
    assert interval == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("problems", "gap", "runs"), [(40, 0.5, 400), (120, 0.3, 200)])
def test_intervals_cover(problems: int, gap: float, runs: int) -> None:
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(runs):
        rate = recovery_rate(*simulated(rng, problems, gap, 0.7, samples=8), draws=2000)
        assert rate.low is not None
        assert rate.high is not None
        covered += rate.low <= 0.7 <= rate.high
    assert 0.91 <= covered / runs <= 0.99


@pytest.mark.parametrize("problems", [30, 300])
def test_no_gap_is_not_identified(problems: int) -> None:
    rng = np.random.default_rng(8)
    rate = recovery_rate(*(rng.random(problems) for _ in range(3)))
    assert not rate.identified
    assert (rate.low, rate.high) == (None, None)
    assert rate.reason == "the 95 % interval of RL − base accuracy holds 0"


@pytest.mark.parametrize("problems", [30, 300])
def test_a_rate_that_is_not_identified_has_its_number_all_the_same(problems: int) -> None:
    """A gap of 0.01 under noise of 0.3 per problem; RAST gains twice the gap."""
    base, noise = np.zeros(problems), np.random.default_rng(9).normal(0, 0.3, problems)
    rate = recovery_rate(base, base + 0.02, base + 0.01 + noise - noise.mean())
    assert (rate.identified, rate.low, rate.high) == (False, None, None)
    assert rate.estimate == pytest.approx(2)


@pytest.mark.parametrize("problems", [1, 30, 300])
def test_equal_accuracies_are_undefined(problems: int) -> None:
    same = constant(0.5, problems)
    rate = recovery_rate(same, constant(0.7, problems), same)
    assert (rate.identified, rate.estimate) == (False, None)
    assert rate.reason == "RL and base accuracy are equal"


def test_rounding_is_no_gap() -> None:
    rate = recovery_rate(constant(0.3, 50), constant(0.5, 50), constant(0.1 + 0.2, 50))
    assert rate.reason == "RL and base accuracy are equal"


def test_equal_means_of_unequal_problems_are_undefined() -> None:
    base, rl = np.tile([0.1, 0.3], 60), np.tile([0.3, 0.1], 60)
    rate = recovery_rate(base, rl, rl)
    assert rate.reason == "RL and base accuracy are equal"


def test_one_problem_gives_no_interval() -> None:
    rate = recovery_rate(constant(0.1, 1), constant(0.2, 1), constant(0.5, 1))
    assert (rate.identified, rate.reason) == (False, "one problem gives no interval")
    assert rate.estimate == pytest.approx(0.25)


@pytest.mark.parametrize("problems", [30, 300])
def test_a_ceiling_below_its_base_is_told(problems: int) -> None:
    base, rast, rl = simulated(np.random.default_rng(9), problems, 0.5, 0.5)
    rate = recovery_rate(rl, rast, base)
    assert rate.identified
    assert rate.reason == "RL accuracy is below base accuracy"


@pytest.mark.parametrize("problems", [30, 300])
def test_the_ends_of_the_scale(problems: int) -> None:
    base, _, rl = simulated(np.random.default_rng(10), problems, 0.5, 0.5)
    nothing, everything = recovery_rate(base, base, rl), recovery_rate(base, rl, rl)
    assert (nothing.estimate, nothing.low, nothing.high) == pytest.approx((0, 0, 0), abs=1e-9)
    assert (everything.estimate, everything.low, everything.high) == pytest.approx((1, 1, 1))


def test_a_wider_level_is_wider_and_a_seed_repeats() -> None:
    triple = simulated(np.random.default_rng(11), 200, 0.3, 0.5)
    narrow, wide = recovery_rate(*triple, level=0.8), recovery_rate(*triple, level=0.99)
    assert None not in (narrow.low, narrow.high, wide.low, wide.high)
    assert wide.low < narrow.low < narrow.high < wide.high  # type: ignore[operator]
    assert recovery_rate(*triple, seed=3) == recovery_rate(*triple, seed=3)
    assert recovery_rate(*triple, seed=3) != recovery_rate(*triple, seed=4)


def test_different_problems_are_refused() -> None:
    with pytest.raises(ValueError, match="same problems, not 2, 3 and 3"):
        recovery_rate(constant(0, 2), constant(0, 3), constant(1, 3))
    with pytest.raises(ValueError, match="same problems, not 0, 0 and 0"):
        recovery_rate(constant(0, 0), constant(0, 0), constant(1, 0))


def test_mean_recovery_is_of_the_mean_accuracies() -> None:
    rng = np.random.default_rng(12)
    triples = [simulated(rng, 300, 0.4, 0.9), simulated(rng, 200, 0.1, 0.2)]
    rate = mean_recovery_rate(triples)
    base, rast, rl = (np.mean([triple[i].mean() for triple in triples]) for i in range(3))
    assert rate.estimate == pytest.approx((rast - base) / (rl - base))
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < rate.estimate < rate.high
    assert rate.method == "bootstrap"


def test_mean_recovery_of_one_data_set_is_its_own() -> None:
    triple = simulated(np.random.default_rng(13), 200, 0.4, 0.9)
    assert mean_recovery_rate([triple]) == recovery_rate(*triple)


def test_mean_recovery_of_two_data_sets_is_steadier() -> None:
    rng = np.random.default_rng(14)
    triples = [simulated(rng, 200, 0.4, 0.5) for _ in range(2)]
    widths = [
        rate.high - rate.low  # type: ignore[operator]
        for rate in (recovery_rate(*triples[0]), mean_recovery_rate(triples))
    ]
    assert widths[1] == pytest.approx(widths[0] / math.sqrt(2), rel=0.25)


def test_mean_recovery_without_a_gap() -> None:
    same = constant(0.5, 10)
    assert mean_recovery_rate([AccuracyTriple(same, same, same)]).reason == (
        "RL and base accuracy are equal"
    )
    rng = np.random.default_rng(15)
    noise = AccuracyTriple(*(rng.random(200) for _ in range(3)))
    assert not mean_recovery_rate([noise, noise]).identified
    with pytest.raises(ValueError, match="no data set"):
        mean_recovery_rate([])


def test_both_intervals_are_there() -> None:
    for problems in (60, 300):
        base, rast, rl = simulated(np.random.default_rng(16), problems, 0.4, 0.6)
        rate = recovery_rate(base, rast, rl)
        assert rate.fieller == fieller_interval(rast - base, rl - base, 0.95)
        assert rate.bootstrap is not None
        assert rate.bootstrap == pytest.approx(rate.fieller, abs=0.12)
        chosen = rate.fieller if rate.method == "fieller" else rate.bootstrap
        assert (rate.low, rate.high) == chosen


def test_bootstrap_against_every_resample() -> None:
    # Of all 5^5 resamples about 95 % have a ratio within the interval, and 2.5 % lie on each side.
    base = np.zeros(5)
    rast, rl = np.array([0.1, 0.55, 0.2, 0.73, 0.4]), np.array([0.8, 0.9, 0.5, 1.0, 0.7])
    drawn = np.array(list(product(range(5), repeat=5)))
    ratios = rast[drawn].sum(axis=1) / rl[drawn].sum(axis=1)
    interval = recovery_rate(base, rast, rl).bootstrap
    assert interval is not None
    assert (ratios < interval.low).mean() == pytest.approx(0.025, abs=0.008)
    assert (ratios > interval.high).mean() == pytest.approx(0.025, abs=0.008)


def test_fieller_of_the_mean_over_equal_sets_is_that_of_their_sums() -> None:
    # Independent sets add their covariances: two sets alike are one set with half the variance.
    triple = simulated(np.random.default_rng(17), 40, 0.5, 0.6)
    gaps = triple.rast - triple.base, triple.rl - triple.base
    means = [gap.mean() for gap in gaps]
    (va, vab), (_, vb) = np.cov(*gaps) / 40 / 2
    t = student_t_quantile(0.95, 39)
    interval = mean_recovery_rate([triple, triple]).fieller
    assert interval is not None
    for ratio in interval:  # exactly the ratios that a t test keeps
        error = math.sqrt(va - 2 * ratio * vab + ratio**2 * vb)
        assert abs(means[0] - ratio * means[1]) == pytest.approx(t * error)


def test_sets_of_one_problem_each_give_no_interval() -> None:
    triple = AccuracyTriple(constant(0.1, 1), constant(0.2, 1), constant(0.5, 1))
    rate = mean_recovery_rate([triple, triple])
    assert (rate.identified, rate.reason) == (False, "one problem gives no interval")
