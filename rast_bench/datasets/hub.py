"""Hub data sets, requested once per machine, since many jobs would hit the hub's rate limit.

`datasets` asks the hub on every load, whatever is in its cache. A set with a pinned revision never
changes, so its rows are kept as Parquet in HF_HOME and no later command asks again.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.schema import DatasetConfig
from rast_bench.errors import DatasetError, first_line
from rast_bench.hub import hub_silence, is_pinned, quiet_hub, terms_hint

if TYPE_CHECKING:
    import datasets


def downloaded_files(cfg: DatasetConfig) -> list[Path]:
    """Return the `data_files` of a hub repository, in order; the hub's cache serves pinned ones.

    Raises:
        DatasetError: a file cannot be downloaded.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    found = [
        try_to_load_from_cache(cfg.path, name, repo_type="dataset", revision=cfg.revision)
        for name in cfg.data_files
    ]
    if is_pinned(cfg.revision) and all(isinstance(path, str) for path in found):
        return [Path(str(path)) for path in found]
    _check_hub_answers(cfg, cached=all(isinstance(path, str) for path in found))
    with _hub_errors(cfg):
        return [
            Path(hf_hub_download(cfg.path, name, repo_type="dataset", revision=cfg.revision))
            for name in cfg.data_files
        ]


def hub_table(cfg: DatasetConfig) -> "datasets.Dataset":
    """Return the set as `datasets` loads it. Raise DatasetError if it cannot be loaded."""
    _check_hub_answers(cfg, cached=_in_cache(cfg))  # at once: importing `datasets` takes seconds
    import datasets

    with _hub_errors(cfg):
        return datasets.load_dataset(
            cfg.path, name=cfg.subset, split=cfg.split, revision=cfg.revision
        )


def kept_copy(cfg: DatasetConfig) -> Path | None:
    """Return where the rows of a pinned set are kept (the file may be missing); None for other
    sets.
    """
    from huggingface_hub.constants import HF_HOME

    if not is_pinned(cfg.revision):
        return None
    source = json.dumps([cfg.path, cfg.subset, cfg.split, cfg.revision])
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    return Path(HF_HOME) / "rast_bench" / f"{cfg.path.replace('/', '--')}-{digest}.parquet"


def keep(table: "datasets.Dataset", cfg: DatasetConfig, copy: Path) -> None:
    """Write the copy, completely or not at all; a folder that is not writable is only reported.

    A table that may be of another revision is not kept: without the hub, `datasets` takes whichever
    revision it has.
    """
    sources = table.info.download_checksums or {}
    if not any(f"@{cfg.revision}/" in str(url) for url in sources):
        return
    temporary = copy.with_name(f".{copy.name}-{os.getpid()}")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(temporary)
        temporary.replace(copy)
    except OSError as error:
        print(
            f"note: data set {cfg.name} is not kept in {copy.parent}: {error.strerror}",
            file=sys.stderr,
        )
        with suppress(OSError):  # the first error is the one to report
            temporary.unlink(missing_ok=True)


@contextmanager
def _hub_errors(cfg: DatasetConfig) -> Iterator[None]:
    try:
        with quiet_hub():
            yield
    # The libraries raise their own, the hub's and the network's exceptions without a common base;
    # each means that the data set cannot be loaded, and each reason is reported.
    except Exception as error:
        raise DatasetError(
            f"data set {cfg.name}: cannot load {cfg.path!r} from the hub: {first_line(error)}",
            hint=_hint(cfg, str(error)),
            here_only=_may_exist(error),
        ) from error


def _in_cache(cfg: DatasetConfig) -> bool:
    """Return whether the cache of `datasets` has a folder of this set, under a changed name."""
    from huggingface_hub.constants import HF_HOME

    folder = Path(os.environ.get("HF_DATASETS_CACHE") or Path(HF_HOME) / "datasets")
    return any(_plain(path.name) == _plain(cfg.path) for path in folder.glob("*"))


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _check_hub_answers(cfg: DatasetConfig, *, cached: bool) -> None:
    """Raise DatasetError if the hub cannot be asked for what is not in its cache."""
    silence = hub_silence()
    if silence is not None and not cached:
        raise DatasetError(
            f"data set {cfg.name}: cannot load {cfg.path!r} from the hub: {silence}",
            hint=f"{silence} and it is not in the cache: load it once with the hub, or set "
            "dataset.data_dir=FOLDER",
            here_only=True,
        )


def _may_exist(error: Exception) -> bool:
    """Return whether others may have access: yes if it is gated, not for a wrong id or subset."""
    return _is_gated(str(error)) or not isinstance(error, ValueError | FileNotFoundError)


def _is_gated(reason: str) -> bool:
    return "gated" in reason or "authenticated" in reason


def _hint(cfg: DatasetConfig, reason: str) -> str:
    if _is_gated(reason):
        return terms_hint(f"datasets/{cfg.path}")
    return (
        "a local file ends in .jsonl or .parquet; for the hub check the id, dataset.subset, "
        "dataset.split and the network; without one set dataset.data_dir=FOLDER"
    )
