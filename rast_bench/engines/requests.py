"""What every engine does with a request: check its length, make its sample."""

import hashlib
from collections.abc import Sequence
from typing import Any

from rast_bench.domain import FinishReason, Request, Sample
from rast_bench.errors import EngineError


def check_request_length(request: Request, prompt_tokens: int, positions: int) -> None:
    """Raise EngineError unless the prompt and all of max_tokens fit the models' positions."""
    problem = f"problem {request.key.problem_id}"
    if prompt_tokens == 0:
        raise EngineError(f"{problem}: the prompt has no tokens", hint="check the prompt template")
    needed = prompt_tokens + request.params.max_tokens
    if needed > positions:
        room = positions - prompt_tokens
        raise EngineError(
            f"{problem}: {prompt_tokens} prompt tokens and max_tokens={request.params.max_tokens} "
            f"need {needed} positions, the models have {positions}",
            hint=f"set decoding.max_tokens to at most {room}" if room > 0 else "shorten the prompt",
        )


def check_text_length(tokens: int, positions: int) -> None:
    """Raise EngineError unless a text to be scored fits the models' positions."""
    if tokens > positions:
        raise EngineError(
            f"the text to be scored has {tokens} tokens, the models have {positions} positions",
            hint="score a shorter trajectory",
        )


def check_token_ids(what: str, ids: Sequence[int], vocabulary: int) -> None:
    """Raise EngineError for an id that the tokenizer or some model's embedding does not have.

    Args:
        what: what the ids belong to.
        vocabulary: the number of ids that all of them have.
    """
    unknown = next((i for i in ids if not 0 <= i < vocabulary), None)
    if unknown is not None:
        raise EngineError(
            f"{what}: token id {unknown} is unknown to some model or to the tokenizer",
            hint=f"ids are 0 to {vocabulary - 1}: use models whose embeddings have a row for every "
            "token",
        )


def forced_ids(tokenizer: Any, request: Request) -> list[int]:
    """Return the ids that the response starts with; none without a forced prefix.

    Raises:
        EngineError: `max_tokens` leaves no token to draw after them.
    """
    if not request.forced_prefix:
        return []
    ids: list[int] = tokenizer(request.forced_prefix, add_special_tokens=False)["input_ids"]
    if len(ids) >= request.params.max_tokens:
        raise EngineError(
            f"problem {request.key.problem_id}: max_tokens={request.params.max_tokens} leaves no "
            f"token after the {len(ids)} of the forced prefix",
            hint="raise decoding.max_tokens, or shorten prompt.forced_prefix",
        )
    return ids


def finished_sample(
    request: Request,
    token_ids: Sequence[int],
    text: str,
    reason: FinishReason,
    small_steps: int | None = None,
) -> Sample:
    return Sample(
        key=request.key,
        seed=request.seed,
        prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
        token_ids=tuple(token_ids),
        text=text,
        finish_reason=reason,
        small_steps=small_steps,
    )
