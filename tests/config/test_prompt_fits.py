"""Chat prompts and base models: refused by accident, allowed on purpose."""

import pytest

from rast_bench.config.frontend import job_of_overrides
from rast_bench.errors import ConfigError

CHATML = r"prompt.template='<|im_start|>user\n{question}'"


@pytest.mark.parametrize(
    "overrides",
    [
        ["base_model=qwen2.5-7b", "prompt=qwen-boxed"],  # figure 7 (a), on purpose
        ["base_model=qwen2.5-7b-instruct", "prompt=qwen-boxed"],
        ["base_model=qwen2.5-7b-instruct", "prompt=boxed-chat"],
        ["base_model=qwen2.5-7b", "prompt=boxed-chat", "prompt.chat_for_base=true"],
        ["base_model=llama-3.1-8b", "prompt=question-answer"],
        ["base_model=llama-3.1-8b", "prompt=qwen-boxed", "base_model.chat_markup=null"],
        ["base_model=tiny-l", "prompt=qwen-boxed"],
        ["base_model=tiny-l", CHATML, "prompt.chat_for_base=true"],
    ],
)
def test_what_is_meant_is_allowed(overrides: list[str]) -> None:
    assert len(job_of_overrides(overrides).cells) == 1


@pytest.mark.parametrize(
    ("overrides", "message", "hint"),
    [
        (
            ["base_model=qwen2.5-7b", "prompt=boxed-chat"],
            "prompt boxed-chat is a chat, and qwen2.5-7b is a base model",
            "prompt.chat_for_base=true",
        ),
        (
            ["base_model=llama-3.1-70b", "prompt=code-r1"],
            "prompt code-r1 is a chat, and llama-3.1-70b is a base model",
            "base_model.instruct=true",
        ),
        (["base_model=tiny-l", CHATML], "prompt tiny is a chat", "question-answer"),
        (
            ["base_model=llama-3.1-8b", "prompt=qwen-boxed"],
            "is written in chatml, whose signs llama-3.1-8b does not know",
            "its chat markup is llama3",
        ),
        (["prompt.system=Hello"], "system needs chat: true", ""),
        (
            ["base_model=qwen2.5-7b-instruct", "prompt=qwen-boxed", "prompt.chat=true"],
            "with chat: true the template is a message, without chatml",
            "",
        ),
    ],
)
def test_accidents_are_refused(overrides: list[str], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        job_of_overrides(overrides)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
