import pytest
from pydantic import ValidationError

from rast_bench.config.schema import PromptConfig
from rast_bench.datasets import render_prompt
from rast_bench.domain import Problem


def test_only_the_placeholder_is_replaced() -> None:
    cfg = PromptConfig(name="p", template="{question}\n\\boxed{} {other} {{x}}")
    problem = Problem("1", r"Solve {x} and \frac{1}{2} {answer}", "2")
    assert (
        render_prompt(cfg, problem)
        == "Solve {x} and \\frac{1}{2} {answer}\n\\boxed{} {other} {{x}}"
    )


def test_a_template_without_placeholder_is_refused() -> None:
    with pytest.raises(ValidationError, match="lacks the placeholder"):
        PromptConfig(name="p", template="Solve: {problem}")
