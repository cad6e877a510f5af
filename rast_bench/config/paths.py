"""Where things are: `zoo:` names, local folders, hub ids and the configuration folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.errors import ConfigError, ModelError
from rast_bench.plain_files import folder_problem, is_folder, is_there, shown

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef

PACKAGE_DIR = Path(__file__).resolve().parent.parent
ZOO_PREFIX = "zoo:"
ZOO_WEIGHTS_DIR = PACKAGE_DIR / "zoo" / "weights"
ZOO_DATA_DIR = PACKAGE_DIR / "zoo" / "data"
ZOO_SCRIPT = "`python scripts/train_zoo.py` makes dial-*, with `--family piles` tiny-*"

_HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")


def config_dir() -> Path:
    """Return the folder of the YAML files: `conf/` of a checkout, `rast_bench/conf/` in a wheel.

    Raises:
        ConfigError: neither exists.
    """
    for candidate in (PACKAGE_DIR / "conf", PACKAGE_DIR.parent / "conf"):
        if (candidate / "config.yaml").is_file():
            return candidate
    raise ConfigError(
        f"no configuration folder beside or inside {PACKAGE_DIR}",
        hint="reinstall rast-bench, or run from a checkout that has conf/",
    )


def looks_local(path: str) -> bool:
    """Return whether a path that does not exist was meant as a folder or file, not as a hub id."""
    return path.startswith(("/", "./", "../", "~")) or path in {".", ".."}


def expanded(path: str) -> Path:
    """Return the path with `~` expanded; unchanged if there is no such home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def zoo_path(name: str, root: Path) -> Path:
    """Return the path of `zoo:NAME` or `NAME` below `root`.

    Raises:
        ValueError: the name leads out of `root`.
    """
    relative = Path(name.removeprefix(ZOO_PREFIX))
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise ValueError(f"{name!r} is not a name in the zoo")
    return root / relative


def local_model_dir(ref: ModelRef) -> Path | None:
    """Return the folder of a `zoo:` or local checkpoint (it may be missing), or None for a hub id.

    Raises:
        ModelError: `ref.path` is neither a path nor a possible hub id.
    """
    if ref.path.startswith(ZOO_PREFIX):
        try:
            return zoo_path(ref.path, ZOO_WEIGHTS_DIR)
        except ValueError as error:
            raise ModelError(
                f"model {error}", hint="write zoo:NAME, as in zoo:tiny-s/base"
            ) from None
    local = expanded(ref.path)
    if looks_local(ref.path) or is_folder(local):
        return local
    if _HUB_ID.match(ref.path):
        return None
    raise ModelError(
        f"model {shown(ref.path)!r} is neither a folder that exists nor a hub id",
        hint="write zoo:NAME, a folder, or a hub id such as Qwen/Qwen2.5-7B",
    )


def on_hub(ref: ModelRef) -> bool:
    """Return whether it is a hub id; False also for what is neither that nor a path."""
    try:
        return local_model_dir(ref) is None
    except ModelError:
        return False


def resolve_model(ref: ModelRef) -> str:
    """Return what `from_pretrained` takes: the folder of a local checkpoint, or the hub id.

    Raises:
        ModelError: as `local_model_dir`, and if a local folder is missing.
    """
    folder = local_model_dir(ref)
    if folder is None:
        return ref.path
    if not is_there(folder):
        raise ModelError(
            f"model {shown(ref.path)}: no folder {shown(folder)}", hint=_missing_model_hint(ref)
        )
    if problem := folder_problem(folder):
        raise ModelError(
            f"model {shown(ref.path)}: cannot read folder {shown(folder)}: {problem}",
            hint="name a folder that you may read, a hub id or a zoo: model",
        )
    return str(folder)


def _missing_model_hint(ref: ModelRef) -> str:
    if not ref.path.startswith(ZOO_PREFIX):
        return "check the path, or name a hub id or a zoo: model"
    names = sorted(
        str(p.parent.relative_to(ZOO_WEIGHTS_DIR)) for p in ZOO_WEIGHTS_DIR.glob("*/*/config.json")
    )
    if not names:
        return f"the zoo's weights are not installed; {ZOO_SCRIPT}"
    return "the zoo has " + ", ".join(names)
