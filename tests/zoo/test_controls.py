import torch

from rast_bench.compose.combine import Step
from rast_bench.zoo.controls import CHECK_BIAS, check_bias
from rast_bench.zoo.dial_corpus import vocabulary


def test_a_constant_is_added_to_the_word_that_starts_a_check_and_to_no_other() -> None:
    words = vocabulary()
    main = torch.randn(2, len(words))
    before = main.clone()
    nothing = torch.zeros(2)
    step = Step(main, (), (), (), nothing, nothing.long(), {"bias": torch.tensor([0.0, 6.0])})
    added = check_bias(step) - main
    expected = torch.zeros_like(main)
    expected[1, words.index("Check")] = 6.0
    assert torch.allclose(added, expected, atol=1e-5)
    assert torch.equal(main, before)
    assert not CHECK_BIAS.roles
    assert not CHECK_BIAS.uses_lambda
