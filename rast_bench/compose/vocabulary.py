"""Equation 3 adds logits id by id, so all models must give the same ids to the same tokens."""

from collections.abc import Mapping

from rast_bench.errors import ModelError

SHOWN_DIFFERENCES = 3


def check_same_vocabulary(
    main: str, ours: Mapping[str, int], other: str, theirs: Mapping[str, int]
) -> None:
    """Raise ModelError unless two tokenizers have equal vocabularies (token to id)."""
    if ours == theirs:
        return
    differing = [
        f"{token!r} is {ours.get(token, 'missing')} and {theirs.get(token, 'missing')}"
        for token in sorted({*ours, *theirs}, key=lambda t: (ours.get(t, theirs.get(t, 0)), t))
        if ours.get(token) != theirs.get(token)
    ]
    shown = "; ".join(differing[:SHOWN_DIFFERENCES])
    raise ModelError(
        f"the tokenizers of {main} and {other} differ in {len(differing)} tokens: {shown}",
        hint="ΔR is added id by id, so all models must come from one tokenizer family",
    )
