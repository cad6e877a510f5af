"""Chat templates of made-up tokenizers, rendered into plain templates."""

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from rast_bench.config.identity import cell_id, cell_identity
from rast_bench.config.schema import CellConfig, PromptConfig
from rast_bench.datasets import render_prompt
from rast_bench.domain import Problem
from rast_bench.engines.chat import with_rendered_chat
from rast_bench.errors import ModelError

TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] | trim }}"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def save_tokenizer(folder: Path, template: str | None, *, adds_bos: bool = False) -> Path:
    vocabulary = {"<bos>": 0, "<eos>": 1, "<unk>": 2}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    if adds_bos:
        backend.post_processor = processors.TemplateProcessing(
            single="<bos> $A", special_tokens=[("<bos>", 0)]
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<bos>", eos_token="<eos>", unk_token="<unk>"
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder


def cell(folder: Path, **prompt: Any) -> CellConfig:
    return CellConfig.model_validate(
        {
            "base_model": {"name": "m", "base": {"path": str(folder)}, "instruct": True},
            "method": {"name": "base"},
            "delta": {"name": "none"},
            "dataset": {"name": "set", "path": "set.jsonl"},
            "prompt": {"name": "p", "template": "{question} Why?", "chat": True, **prompt},
            "decoding": {},
            "engine": {"name": "transformers"},
        }
    )


def rendered(cell: CellConfig) -> str:
    return render_prompt(with_rendered_chat(cell).prompt, Problem("1", r" \frac{1}{2} ", "2"))


def test_the_tokenizer_renders_the_message(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, TEMPLATE)
    assert rendered(cell(tmp_path)) == r"<user> \frac{1}{2}  Why?<assistant>"


def test_the_system_speaks_first(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, TEMPLATE)
    assert rendered(cell(tmp_path, system="Be good.")).startswith("<system>Be good.<user>")


@pytest.mark.parametrize("adds_bos", [True, False])
def test_the_first_sign_comes_once(adds_bos: bool, tmp_path: Path) -> None:
    save_tokenizer(tmp_path, "{{ bos_token }}" + TEMPLATE, adds_bos=adds_bos)
    assert rendered(cell(tmp_path)).startswith("<user>" if adds_bos else "<bos><user>")


def test_other_prompts_stay_as_they_are(tmp_path: Path) -> None:
    plain = cell(tmp_path, chat=False)
    assert with_rendered_chat(plain) is plain


def test_a_chat_that_was_not_rendered_is_no_prompt() -> None:
    with pytest.raises(ValueError, match="markup is not known"):
        render_prompt(
            PromptConfig(name="p", template="{question}", chat=True), Problem("1", "q", "2")
        )


def test_how_it_was_rendered_is_part_of_the_identity(tmp_path: Path) -> None:
    other = TEMPLATE.replace("<assistant>", "<answer>")
    folders = [save_tokenizer(tmp_path / name, text) for name, text in
               (("a", TEMPLATE), ("b", TEMPLATE), ("c", other))]  # fmt: skip
    ids = [
        cell_id(cell_identity(with_rendered_chat(cell(folder)), "sha256:d", lambda _: "same"))
        for folder in folders
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_rendered_cell_is_read_back_as_it_was(tmp_path: Path) -> None:
    """Launches store planned cells as JSON."""
    done = with_rendered_chat(cell(save_tokenizer(tmp_path, TEMPLATE), system="Be good."))
    assert CellConfig.model_validate(done.model_dump(mode="json", by_alias=True)) == done


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (None, "its tokenizer has no chat template"),
        ("{{ raise_exception('no system here') }}", "rejects prompt p: no system here"),
        ("{{ messages[0]['role'] }}", "drops the user's message"),
    ],
)
def test_templates_that_do_not_serve_are_named(
    template: str | None, message: str, tmp_path: Path
) -> None:
    save_tokenizer(tmp_path, template)
    with pytest.raises(ModelError, match=message):
        with_rendered_chat(cell(tmp_path))


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the tokenizer of .* cannot be loaded"):
        with_rendered_chat(cell(tmp_path))
