"""Prompts: the template's `{question}` is replaced, and nothing else."""

from rast_bench.config.schema import PromptConfig
from rast_bench.domain import Problem


def render_prompt(cfg: PromptConfig, problem: Problem) -> str:
    r"""Return the exact string that the model continues.

    A plain replacement, not `str.format`: templates and questions are full of LaTeX braces, as in
    `\boxed{}` (figure 7 of the paper).

    Raises:
        ValueError: the prompt is a chat that was not rendered (engines/chat.py).
    """
    if cfg.chat:
        raise ValueError(f"prompt {cfg.name} is a chat whose markup is not known here")
    return cfg.template.replace("{question}", problem.question)
