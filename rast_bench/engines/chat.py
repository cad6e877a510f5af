"""Chat templates, rendered once into plain templates before a cell gets its id."""

from functools import lru_cache
from typing import Any

from rast_bench.config.identity import engine_key
from rast_bench.config.schema import CellConfig, ModelRef, PromptConfig
from rast_bench.engines.hub_models import model_files
from rast_bench.errors import ModelError, first_line


def with_rendered_chat(cell: CellConfig) -> CellConfig:
    """Return the cell with its chat prompt as a plain template; any other cell unchanged.

    M_base's tokenizer renders the messages with `{question}` still in them. So the cell's identity
    contains every character that the model reads, samples are never mixed when a tokenizer's chat
    template changes, and workers need no tokenizer for a prompt.

    Raises:
        ModelError: the tokenizer cannot be loaded, has no chat template, or its template
            rejects these messages.
    """
    if not cell.prompt.chat:
        return cell
    template = rendered_chat(engine_key(cell).main, cell.prompt)
    plain = {"template": template, "chat": False, "system": None}
    return cell.model_copy(update={"prompt": cell.prompt.model_copy(update=plain)})


@lru_cache(maxsize=256)
def rendered_chat(ref: ModelRef, prompt: PromptConfig) -> str:
    """Return the messages in the markup of the model's tokenizer, up to where the answer starts.

    Cached: the cells of an experiment share few pairs of model and prompt, and loading a tokenizer
    takes a second.

    Raises:
        ModelError: as `with_rendered_chat`.
    """
    from rast_bench.engines.tokenizer import load_tokenizer

    model_files(ref)  # asks the hub once; the tokenizer would ask repeatedly
    tokenizer = load_tokenizer(ref)
    if not tokenizer.chat_template:
        raise ModelError(
            f"model {ref.path}: its tokenizer has no chat template",
            hint="choose a prompt without chat: true, or another model",
        )
    messages = [{"role": "user", "content": prompt.template}]
    if prompt.system is not None:
        messages.insert(0, {"role": "system", "content": prompt.system})
    try:
        text = str(
            tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        )
    # Templates are programs of the checkpoint's author, which may raise anything.
    except Exception as error:
        raise ModelError(
            f"model {ref.path}: its chat template rejects prompt {prompt.name}: "
            f"{first_line(error)}",
            hint="use another prompt, or one without chat (prompt.chat=false)",
        ) from error
    if "{question}" not in text:
        raise ModelError(
            f"model {ref.path}: its chat template drops the user's message",
            hint="use a prompt without chat (prompt.chat=false), or repair the template",
        )
    return _without_first_sign(text, tokenizer)


def _without_first_sign(text: str, tokenizer: Any) -> str:
    """Remove the BOS token that the tokenizer adds to every prompt, so that it is not added
    twice.
    """
    sign = tokenizer.bos_token
    if sign and tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]:
        return text.removeprefix(sign)
    return text
