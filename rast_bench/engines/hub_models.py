"""The small files of hub models, which are checked before anything large is downloaded."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.paths import local_model_dir, resolve_model
from rast_bench.engines.model_folder import check_model_folder
from rast_bench.errors import ModelError, first_line
from rast_bench.hub import hub_silence, is_pinned, quiet_hub, terms_hint
from rast_bench.plain_files import shown

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef

SMALL_FILES = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")


def model_files(ref: ModelRef) -> Path:
    """Return the folder with a model's configuration and tokenizer; those of a hub id are
    downloaded.

    Raises:
        ModelError: a local folder is missing, neither the hub nor its cache has the model, or
            the folder contains files that are not read (`check_model_folder`).
    """
    if local_model_dir(ref) is not None:
        folder = Path(resolve_model(ref))
    else:
        found = _hub_files(ref)
        if isinstance(found, ModelError):
            raise found
        folder = found
    check_model_folder(ref.path, folder)
    return folder


def cached_files(ref: ModelRef) -> Path | None:
    """Return where the hub's cache has a model's configuration; None if it has none."""
    found = _cached(ref, "config.json")
    return Path(found).parent if isinstance(found, str) else None


@cache
def _hub_files(ref: ModelRef) -> Path | ModelError:
    """Return the folder or the error, so that the hub is asked once per process."""
    folder = cached_files(ref)
    known = all(_cached(ref, name) is not None for name in SMALL_FILES)
    if folder is not None and known and is_pinned(ref.revision):
        return folder
    path, revision = ref.path, ref.revision
    silence = hub_silence()
    if silence is not None:
        if folder is not None:
            return folder
        return ModelError(
            f"model {path} cannot be downloaded from the hub: {silence}",
            hint=f"{silence} and it is not in the cache: download it once, or name a folder",
            here_only=True,
        )
    from huggingface_hub import HfApi, snapshot_download

    try:
        with quiet_hub():
            HfApi().model_info(
                path, revision=revision
            )  # tries once: no half a minute of retries offline
            files = list(SMALL_FILES)
            return Path(snapshot_download(path, revision=revision, allow_patterns=files))
    # The hub's, the network's and the file system's exceptions have no common base; each means
    # that the model cannot be downloaded, and each reason is reported.
    except Exception as error:
        failed = f"model {path} cannot be downloaded from the hub: {first_line(error)}"
        if folder is None:
            return ModelError(failed, hint=_hint(path, error), here_only=_may_exist(error))
        print(f"note: {failed}; its cache is used", file=sys.stderr)
        return folder


def _cached(ref: ModelRef, name: str) -> object:
    """Return the file's path; None if nothing is known, another object if it is known to be
    absent.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return try_to_load_from_cache(ref.path, name, revision=ref.revision)
    except HFValidationError as error:
        raise ModelError(
            f"model {shown(ref.path)} is neither a folder that exists nor a hub id: "
            f"{first_line(error)}",
            hint="write zoo:NAME, a folder, or a hub id such as Qwen/Qwen2.5-7B",
        ) from None


def _hint(path: str, error: Exception) -> str:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        return terms_hint(path)
    if isinstance(error, RepositoryNotFoundError):
        return "check the id; for a private model `hf auth login` or set HF_TOKEN"
    return "check the network, or name a folder instead of the hub id"


def _may_exist(error: Exception) -> bool:
    """Return whether others may have access to the checkpoint: yes if it is gated, not for a wrong
    id.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    nowhere = isinstance(error, RepositoryNotFoundError | RevisionNotFoundError)
    return isinstance(error, GatedRepoError) or not nowhere
