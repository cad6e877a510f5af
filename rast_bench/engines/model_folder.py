"""A checkpoint's folder is data: plain readable files, and no code of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rast_bench.errors import ModelError
from rast_bench.plain_files import file_problem, is_folder, parse_json, shown

_READ = (".json", ".jinja", ".model", ".safetensors", ".txt")  # by transformers or by vLLM
_TEMPLATES = "additional_chat_templates"
_MAY_NAME_CODE = (
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "processor_config.json",
    "preprocessor_config.json",
)
_MAX_JSON_BYTES = 2**30
_WHOLE = "a checkpoint is a complete folder in Hugging Face format: download or save it again"


def check_model_folder(name: str, folder: Path) -> None:
    """Raise ModelError for files that no loader should open, and for code in the folder.

    Named pipes, devices, link loops and unreadable files would hang or crash a loader; they are
    reported without being opened. Code that a configuration names in `auto_map` is never run:
    transformers would ask on standard input. With `adapter_config.json` it would load another
    checkpoint than the folder's.
    """
    for path in _files(folder):
        problem = file_problem(path)
        if problem is None and path.suffix == ".json" and path.stat().st_size > _MAX_JSON_BYTES:
            problem = f"it has {path.stat().st_size:,} bytes, more than such a file can have"
        if problem is not None:
            raise ModelError(f"model {name}: cannot read {shown(path)}: {problem}", hint=_WHOLE)
    for file in _MAY_NAME_CODE:
        path = folder / file
        if not path.is_file():
            continue
        code = next(_named_code(read_json(name, path).get("auto_map")), None)
        if code is not None:
            raise ModelError(
                f"model {name}: {path} names code of the checkpoint in auto_map: {code!r}",
                hint="code of a checkpoint is never run: use a copy of the folder without auto_map "
                "if transformers has this model_type, else another checkpoint",
            )
    if (folder / "adapter_config.json").is_file():
        raise ModelError(
            f"model {name}: {folder / 'adapter_config.json'} makes it an adapter of another model",
            hint="merge it into that model (peft: merge_and_unload) and save the whole checkpoint",
        )


def read_json(name: str, path: Path) -> dict[str, Any]:
    """Return the object in a JSON file of a checkpoint. Raise ModelError if there is none."""
    problem = file_problem(path)
    if problem is None:
        try:
            content = parse_json(path.read_bytes())
        except OSError as error:
            problem = error.strerror or type(error).__name__
        except ValueError as error:
            problem = f"it {error}"
    if problem is not None:
        raise ModelError(f"model {name}: cannot read {shown(path)}: {problem}", hint=_WHOLE)
    if not isinstance(content, dict):
        raise ModelError(f"model {name}: {path} is not a JSON object", hint=_WHOLE)
    return content


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that a loader may open, except hidden ones."""
    templates = folder / _TEMPLATES
    for place in (folder, *([templates] if is_folder(templates) else [])):
        for path in sorted(place.iterdir()):
            if path.suffix in _READ and not path.name.startswith("."):
                yield path


def _named_code(auto_map: Any) -> Iterator[str]:
    """Yield every class that an auto_map names; an empty one names none."""
    if isinstance(auto_map, str):
        yield auto_map
    elif isinstance(auto_map, dict):
        for value in auto_map.values():
            yield from _named_code(value)
    elif isinstance(auto_map, list):
        for value in auto_map:
            yield from _named_code(value)
