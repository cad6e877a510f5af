"""What models and data sets on the Hugging Face hub have in common."""

import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from rast_bench.errors import first_line

PROBE_SECONDS = 4.0

_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_pinned(revision: str | None) -> bool:
    """Return whether the revision names a commit, whose files never change."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def terms_hint(page: str) -> str:
    """Return the hint for a gated repository; `page` is its path on the hub."""
    return (
        f"accept its terms at https://huggingface.co/{page}, then `hf auth login` or set HF_TOKEN"
    )


@cache
def hub_silence() -> str | None:
    """Return why the hub cannot be asked, None if it answers: one short request per process.

    If there is no answer, one line on stderr says so, and this process and its children go on as
    with HF_HUB_OFFLINE, so that no library waits for the hub again.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    failure = probe(constants.ENDPOINT)
    if failure is None:
        return None
    print(
        f"note: the hub {constants.ENDPOINT} does not answer ({failure}); only its cache is used",
        file=sys.stderr,
    )
    constants.HF_HUB_OFFLINE = True
    os.environ["HF_HUB_OFFLINE"] = "1"
    if "datasets" in sys.modules:  # it has copied the constant
        sys.modules["datasets"].config.HF_HUB_OFFLINE = True
    return "the hub does not answer"


def probe(endpoint: str) -> str | None:
    """Return why `endpoint` does not answer within PROBE_SECONDS; None if it does.

    Runs in a thread: name lookup has no timeout of its own.
    """
    from huggingface_hub import get_session  # not in the thread: importing is slow on busy disks

    outcome: list[str | None] = []

    def ask() -> None:
        try:
            get_session().head(endpoint, timeout=PROBE_SECONDS)
        # Proxies, certificates, names and sockets fail with exceptions of several libraries.
        except Exception as error:
            outcome.append(first_line(error))
        else:
            outcome.append(None)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return outcome[0] if outcome else f"nothing within {PROBE_SECONDS:g} s"


@contextmanager
def quiet_hub() -> Iterator[None]:
    """Silence the hub's library, which retries for half a minute and reports every attempt
    twice.
    """
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
