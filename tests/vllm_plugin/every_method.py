"""A method of one's own that does by each row's `which` what one of ours does: one engine has all.

Beside each other in one batch they show what a row takes from another.
"""

import torch

from rast_bench.compose.combine import Step, combine
from rast_bench.compose.methods import EQUATION_3, METHODS, Method, Parameter

NAMES = [name for name in METHODS if name != EQUATION_3]


def every(step: Step) -> torch.Tensor:
    answers = torch.stack([combine(METHODS[name], step) for name in NAMES])
    return answers[step.parameters["which"].long(), torch.arange(len(step.main))]


_OURS = {one.name: one for name in NAMES for one in METHODS[name].parameters}
EVERY = Method(
    name="every",
    formula="that of method number `which`",
    source="this test",
    function=every,
    layers=True,
    words=True,
    parameters=(Parameter("which", 0, 0, len(NAMES) - 1, "place", whole=True), *_OURS.values()),
)
