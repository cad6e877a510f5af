"""Which published number stands where, and whether ours agrees with it."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from measured_cells import HALF, cell, cells, published, requested

from rast_bench.reporting.ours import ours_of
from rast_bench.results.cells import PathMean
from rast_bench.results.published import is_of_cell, published_of, unplaced
from rast_bench.results.registry import ACCURACY


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({}, True),
        ({"lambda_": None, "temperature": None}, True),
        ({"lambda_": 0.5}, False),
        ({"temperature": 0.7}, False),
        ({"model": "bigger"}, False),
        ({"method": "rl"}, False),
        ({"delta": None}, False),
        ({"dataset": "easy"}, False),
        ({"dataset": None}, False),
        ({"metric": "PCR"}, False),
        ({"k": 4}, False),
    ],
)
def test_a_published_number_fits_only_the_cell_it_is_of(changed: dict, fits: bool) -> None:
    assert is_of_cell(published("50.0", **changed), cells()[1], ACCURACY, None) is fits


def test_the_parts_of_an_ensemble_have_no_order() -> None:
    ours = cell("both", "rast", HALF, delta="a+b")
    assert is_of_cell(published("50.0", delta="b+a"), ours, ACCURACY, None)
    assert not is_of_cell(published("50.0", delta="b"), ours, ACCURACY, None)


def test_sources_are_chosen_by_name_section_and_measure() -> None:
    numbers = [
        published("1.0"),
        published("2.0", source="text", section="3.4"),
        published("3.0", source="text", section="4.2"),
        published("4.0", metric="PCR"),
    ]
    found = published_of(numbers, ["table 1", "text 3.4"], [ACCURACY])
    assert [str(one.value) for one in found] == ["1.0", "2.0"]


@pytest.mark.parametrize(
    ("value", "sense", "verdict"),
    [
        ("50.0", "equal", "agrees"),
        ("95.0", "equal", "differs"),
        ("5.0", "equal", "differs"),
        ("95.0", "below", "agrees"),
        ("95.0", "above", "differs"),
        ("5.0", "at least", "agrees"),
        ("5.0", "up to", "differs"),
    ],
)
def test_the_verdict_takes_the_sense_into_account(value: str, sense: str, verdict: str) -> None:
    """σ̂² = 7/24 (p̂ = ½, ½, ¾, ¼): the range is ½ ± 1.96 · √(σ̂²/4 · (1/4 + 1/4)) = ½ ± 0.37."""
    (result,) = requested(cells()[1:2], ["accuracy"], published(value, sense=sense))
    ours = ours_of(result)
    assert ours is not None
    reach = 1.959964 * math.sqrt(7 / 24 / 4 * (1 / 4 + 1 / 4))
    assert ours.value == 50.0
    assert ours.low == pytest.approx(100 * (0.5 - reach))
    assert ours.high == pytest.approx(100 * (0.5 + reach))
    assert result.verdicts == (verdict,)


def test_rounding_of_the_published_number_counts() -> None:
    """The range ends at 87.42; "about 87.5" may have been cut off from 87.4."""
    numbers = published("87.5"), published("87.5", sense="about")
    (result,) = requested(cells()[1:2], ["accuracy"], *numbers)
    assert result.verdicts == ("differs", "agrees")


def test_recovery_and_gain_are_over_the_base_of_the_same_section() -> None:
    results = requested(cells(), ["recovery rate", "gain"])
    recovery, gain = map(ours_of, results)
    assert recovery is not None
    assert gain is not None
    assert recovery.value == pytest.approx(100 * (0.5 - 0.25) / 0.75)
    assert gain.value == pytest.approx(25.0)
    assert [result.row for result in results] == ["+ ΔR", "+ ΔR"]


def test_what_is_missing_says_so() -> None:
    base, rast, _ = cells()
    nothing = cell("RL", "ceiling", None)
    (result,) = requested([base, rast, nothing], ["recovery rate"])
    assert (ours_of(result), result.missing) == (None, "not run")
    partial = cell("+ ΔR", "rast", None, status="partial", reason="3 of 16")
    (result,) = requested([partial], ["accuracy"], published("50.0"))
    assert result.missing == "3 of 16"
    assert result.verdicts == ("open",)
    equal = cell("RL", "ceiling", [[1], [0], [0], [0]])
    (result,) = requested([base, rast, equal], ["recovery rate"])
    assert result.missing == "undefined"


def test_a_rate_that_is_not_identified_is_printed_flagged_and_judged() -> None:
    """Ceiling and base: 9 and 8 of 16 samples. The paper prints such rates."""
    unsure = [
        cell("base", "base", HALF),
        cell("+ ΔR", "rast", [[1, 1, 1, 1], *HALF[1:]]),
        cell("RL", "ceiling", [[1, 1, 1, 0], *HALF[1:]]),
    ]
    rates: dict = {"metric": "recovery rate"}
    means: dict = {"metric": "mean recovery rate", "dataset": None}
    for measure, fact_of in (("recovery rate", rates), ("mean recovery rate", means)):
        near, far = published("210", **fact_of), published("99999", **fact_of)
        (result,) = requested(unsure, [measure], near, far)
        ours = ours_of(result)
        assert ours is not None
        assert ours.value == pytest.approx(200)
        assert not ours.identified
        assert result.verdicts == ("agrees", "differs")


def test_a_row_that_the_paper_has_not_gets_no_published_number() -> None:
    ours = cell("+ ΔR", "rast", HALF, compared=False)
    (result,) = requested([ours], ["accuracy"], published("50.0"))
    assert result.published == ()


def test_the_spread_over_runs_is_of_the_accuracy_of_a_run() -> None:
    """The runs of HALF have 3, 2, 3 and 0 of 4 right: sd of ¾, ½, ¾, 0."""
    grid = [cell("big + ΔR small", "rast", HALF, grid="g")]
    (result,) = requested(grid, ["standard deviation over runs"])
    ours = ours_of(result)
    assert ours is not None
    assert ours.value == pytest.approx(100 * np.std([0.75, 0.5, 0.75, 0], ddof=1))
    assert ours.standard_error == pytest.approx(ours.value / math.sqrt(6))
    greedy = cell("base", "base", [[1], [0]])
    (result,) = requested([greedy], ["standard deviation over runs"])
    assert result.missing == "n = 1"


def test_fewer_published_samples_make_a_wider_range() -> None:
    wide, narrow = (
        ours_of(requested(cells()[1:2], ["accuracy"], published("50.0", samples=samples))[0])
        for samples in (10, 32)
    )
    assert wide is not None
    assert narrow is not None
    reach = [1 / 4 + 1 / 10, 1 / 4 + 1 / 32]  # ours has 4 samples
    assert (wide.high - 50) / (narrow.high - 50) == pytest.approx(math.sqrt(reach[0] / reach[1]))


class FixedCounter:
    def __init__(self, name: str) -> None:
        self.name = name

    def counts(self, texts: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), len(wanted)), dtype=np.int64)


def test_frequencies_are_held_against_the_papers_by_its_lemmatizer_alone() -> None:
    number = published("0.001", metric="self verify frequency")
    verdicts = {}
    for name in ("simplemma 1.1.2", "spaCy en_core_web_sm 3.8.0"):
        measures = ["self verify frequency"]
        (result,) = requested(cells()[1:2], measures, number, counter=FixedCounter(name))
        (verdicts[name],) = result.verdicts
    assert list(verdicts.values()) == ["not comparable", "differs"]


def test_a_mean_is_over_the_data_sets_of_the_row() -> None:
    other = [
        cell("base", "base", [[0]] * 4, dataset="hard"),
        cell("+ ΔR", "rast", HALF, dataset="hard"),
    ]
    (result,) = requested([*cells(), *other], ["mean gain"])
    ours = ours_of(result)
    assert ours is not None
    assert result.dataset is None
    assert ours.value == pytest.approx((25 + 50) / 2)


def test_pass_at_k_stands_at_the_published_k() -> None:
    numbers = [published("90.0", metric="pass@k", k=4), published("90.0", metric="pass@k", k=8)]
    four, eight = requested(cells()[1:2], ["pass@k"], *numbers)
    assert (four.k, eight.k) == (4, 8)
    assert four.estimate == 1.0
    assert eight.missing == "n = 4"


def test_majority_at_k_stands_at_the_published_k() -> None:
    """2, 2, 3 and 1 of 4 samples are right: most of 3 are with a chance of ½, ½, 1 and 0."""
    numbers = [
        published("90.0", metric="majority@k", k=3),
        published("9", metric="majority@k", k=8),
    ]
    three, eight = requested(cells()[1:2], ["majority@k"], *numbers)
    assert three.estimate == pytest.approx((1 / 2 + 1 / 2 + 1 + 0) / 4)
    assert (three.published, eight.missing) == ((numbers[0],), "n = 4")


def test_behaviours_and_lengths_are_a_response() -> None:
    results = requested(cells()[1:2], ["self verify frequency", "response length"])
    assert [result.estimate for result in results] == [1.0, 4.0]


def test_a_path_coverage_comes_from_the_analysis() -> None:
    rl = cell("7B", "ceiling", None, method="base", policy="base")
    pcr = published("90.0", metric="PCR", method="base", delta=None, lambda_=None, temperature=None)
    paths = {"PCR": {("big", "easy", "base"): PathMean(0.9, 0.01, 50)}}
    (result,) = requested([rl], ["PCR"], pcr, paths=paths)
    ours = ours_of(result)
    assert ours is not None
    assert ours.low == pytest.approx(100 * (0.9 - 1.959964 * 0.01 * math.sqrt(2)))
    assert result.verdicts == ("agrees",)
    (result,) = requested([rl], ["PCR"], pcr)
    assert result.verdicts == ("not run",)


def test_published_numbers_that_stand_nowhere_are_found() -> None:
    placed, lost = published("50.0"), published("50.0", model="other")
    results = requested(cells(), ["accuracy"], placed, lost)
    assert unplaced([placed, lost], results) == [lost]
