"""What models and data sets of the Hugging Face hub have in common."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_pinned(revision: str | None) -> bool:
    """Whether it names a commit, whose files never change."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def terms_hint(page: str) -> str:
    """For what is gated; `page` is its place on the hub."""
    return (
        f"accept its terms at https://huggingface.co/{page}, then `hf auth login` or set HF_TOKEN"
    )


@contextmanager
def quiet_hub() -> Iterator[None]:
    """The hub's library tries again for half a minute and tells of every try, twice."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
