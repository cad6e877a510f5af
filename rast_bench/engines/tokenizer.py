"""The tokenizer of a checkpoint, and which of its ids end a generation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import AutoTokenizer

from rast_bench.compose.vocabulary import check_same_vocabulary
from rast_bench.config.paths import local_model_dir, resolve_model
from rast_bench.engines.load_errors import load_error
from rast_bench.errors import ModelError

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef


def load_tokenizer(ref: ModelRef) -> Any:
    """Return the tokenizer of a checkpoint. Raise ModelError if it cannot be loaded."""
    try:
        return AutoTokenizer.from_pretrained(
            resolve_model(ref), revision=ref.revision, trust_remote_code=False
        )
    except Exception as error:  # the tokenizers library raises this very class
        raise load_error(ref, f"the tokenizer of {ref.path}", error) from error


def check_same_tokenizer(refs: Sequence[ModelRef], tokenizer: Any) -> None:
    """Raise ModelError unless all checkpoints, as loaded, share the tokenizer.

    `check_models` compares the files beforehand. Eq. 3 adds logits id by id.
    """
    main, *others = refs
    for ref in others:
        if local_model_dir(main) is not None and local_model_dir(ref) is not None:
            continue
        theirs = load_tokenizer(ref).get_vocab()
        check_same_vocabulary(main.path, tokenizer.get_vocab(), ref.path, theirs)


def eos_ids(main: ModelRef, generation_config: Any, config: Any, tokenizer: Any) -> frozenset[int]:
    """Return the ids that end a generation: generation_config's, else config's, else the
    tokenizer's.

    Raises:
        ModelError: none of them names one.
    """
    for source in (generation_config, config, tokenizer):
        found = getattr(source, "eos_token_id", None)
        if isinstance(found, int):
            return frozenset([found])
        if found:
            return frozenset(found)
    raise ModelError(
        f"model {main.path} names no EOS token",
        hint="set eos_token_id in its generation_config.json",
    )
