"""The small files of models on the hub: they are checked before anything large is fetched."""

import re
import sys
from functools import cache
from pathlib import Path

from rast_bench.config.paths import local_model_dir, resolve_model
from rast_bench.config.schema import ModelRef
from rast_bench.errors import ModelError, first_line
from rast_bench.hub import quiet_hub

SMALL_FILES = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def model_files(ref: ModelRef) -> Path:
    """The folder with a model's configuration and tokenizer; those of a hub id are fetched.

    Raises ModelError: a local folder is missing, or the hub and its cache do not have the model.
    """
    if local_model_dir(ref) is not None:
        return Path(resolve_model(ref))
    found = _hub_files(ref.path, ref.revision)
    if isinstance(found, ModelError):
        raise found
    return found


@cache
def _hub_files(path: str, revision: str | None) -> Path | ModelError:
    """An error is an answer too: the hub is asked once a process."""
    from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
    from huggingface_hub.constants import HF_HUB_OFFLINE

    cached = [try_to_load_from_cache(path, name, revision=revision) for name in SMALL_FILES]
    folder = Path(cached[0]).parent if isinstance(cached[0], str) else None
    pinned = revision is not None and _COMMIT.fullmatch(revision)
    if folder is not None and pinned and None not in cached:  # it never changes
        return folder
    try:
        with quiet_hub():
            HfApi().model_info(path, revision=revision)  # tries once: no half a minute offline
            return Path(
                snapshot_download(path, revision=revision, allow_patterns=list(SMALL_FILES))
            )
    # The hub's, the network's and the file system's exceptions have no common base; each means
    # that the model cannot be had, and each reason is passed on.
    except Exception as error:
        failed = f"model {path} cannot be had from the hub: {first_line(error)}"
        if folder is None:
            return ModelError(failed, hint=_hint(path, error))
        if not HF_HUB_OFFLINE:
            print(
                f"note: {failed}; its cache is used (HF_HUB_OFFLINE=1 spares the waiting)",
                file=sys.stderr,
            )
        return folder


def _hint(path: str, error: Exception) -> str:
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set and it is not in the cache: fetch it once, or name a folder"
    if isinstance(error, GatedRepoError):
        return (
            f"accept its terms at https://huggingface.co/{path}, then `hf auth login` or set "
            "HF_TOKEN"
        )
    if isinstance(error, RepositoryNotFoundError):
        return "check the id; for a private model `hf auth login` or set HF_TOKEN"
    return "check the network, or name a folder in place of the hub id"
