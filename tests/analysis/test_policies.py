"""Eq. 3 and ΔR of several models against sums written out."""

import torch

from rast_bench.analysis.policies import Policy, Shift
from rast_bench.compose.logits import shuffled_vocabulary
from rast_bench.config.schema import ModelRef, PairConfig

VOCABULARY = 7
_GENERATOR = torch.Generator().manual_seed(3)
LOGITS = {
    name: torch.randn(4, VOCABULARY, generator=_GENERATOR)
    for name in ("m", "rl", "base", "rl2", "base2")
}
ENSEMBLE = (
    PairConfig(rl=ModelRef(path="rl"), base=ModelRef(path="base"), weight=0.6),
    PairConfig(rl=ModelRef(path="rl2"), base=ModelRef(path="base2"), weight=-0.4),
)
DELTA = 0.6 * (LOGITS["rl"] - LOGITS["base"]) - 0.4 * (LOGITS["rl2"] - LOGITS["base2"])


def read(ref: ModelRef) -> torch.Tensor:
    return LOGITS[ref.path].clone()


def test_a_shift_is_the_weighted_sum_of_its_pairs() -> None:
    torch.testing.assert_close(Shift(ENSEMBLE).logits(read), DELTA)


def test_a_shuffled_shift_takes_the_values_in_another_order() -> None:
    order = shuffled_vocabulary(VOCABULARY, 5)
    torch.testing.assert_close(Shift(ENSEMBLE, 5).logits(read), DELTA[:, order])


def test_a_policy_adds_lambda_times_the_shift() -> None:
    main = ModelRef(path="m")
    torch.testing.assert_close(Policy(main).logits(read), LOGITS["m"])
    steered = Policy(main, Shift(ENSEMBLE), 0.5)
    torch.testing.assert_close(steered.logits(read), LOGITS["m"] + 0.5 * DELTA)


def test_policies_are_equal_by_what_they_compute() -> None:
    main = ModelRef(path="m")
    assert Policy(main, name="base") == Policy(main, name="another name")
    assert Policy(main, Shift(ENSEMBLE), 0.5) != Policy(main, Shift(ENSEMBLE), 0.6)
    assert Shift(ENSEMBLE) != Shift(ENSEMBLE, 5)


def test_models_are_all_that_must_be_loaded() -> None:
    policy = Policy(ModelRef(path="m"), Shift(ENSEMBLE), 1.0)
    assert [ref.path for ref in policy.models] == ["m", "rl", "base", "rl2", "base2"]
