"""Prompts: the template's `{question}` replaced, and nothing else touched."""

from rast_bench.config.schema import PromptConfig
from rast_bench.domain import Problem


def render_prompt(cfg: PromptConfig, problem: Problem) -> str:
    r"""The exact string the model continues.

    A plain replacement, not `str.format`: templates and questions are full of LaTeX braces, as in
    `\boxed{}` (figure 7 of the paper). Raises ValueError for a chat that was not rendered
    (engines/chat.py).
    """
    if cfg.chat:
        raise ValueError(f"prompt {cfg.name} is a chat whose markup is not known here")
    return cfg.template.replace("{question}", problem.question)
