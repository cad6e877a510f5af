"""A control of the dials without any RL: M_base with a constant on the word that starts a check.

It is told which word matters, which RL and ΔR are not.
"""

from typing import TYPE_CHECKING

from rast_bench.compose.methods import Method, Parameter
from rast_bench.zoo.dial_corpus import CHECK, vocabulary

if TYPE_CHECKING:  # so that a command that loads no model need not wait for PyTorch
    from torch import Tensor

    from rast_bench.compose.combine import Step

CHECK_ID = vocabulary().index(CHECK)


def check_bias(step: "Step") -> "Tensor":
    """Return M_base's logits [rows, V] float32 with `bias` added to the word's."""
    logits = step.main.clone()
    logits[:, CHECK_ID] += step.column("bias")[:, 0].float()
    return logits


CHECK_BIAS = Method(
    name="check_bias",
    formula="l_M, plus bias for the word Check",
    source="docs/tiny_family.md",
    function=check_bias,
    roles=(),
    uses_lambda=False,
    several_pairs=False,
    parameters=(Parameter("bias", 5.0, 0.0, 50.0, "added to the logit of Check"),),
)
