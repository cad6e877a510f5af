"""Compares the facts that ship with the package (rast_bench/known) with the hub.

    python scripts/check_facts.py
    python scripts/check_facts.py Qwen/Qwen2.5-7B openai/gsm8k      (some of them)

Of checkpoints: config.json, EOS ids of generation_config.json, bytes of the safetensors files. Of
data sets: rows, by the hub's index of them (datasets-server), where it has one. Gated ones need
HF_TOKEN. Exit code 0 when all agree, 1 when some differ, 2 when the hub does not answer.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rast_bench.errors import RastBenchError, first_line
from rast_bench.hub import hub_silence
from rast_bench.known import KnownDataset, KnownModel, known_datasets, known_models
from rast_bench.planning.downloads import download_bytes

TOKENIZER_BYTES = 50_000_000  # what may lie beside the weights, and headers
ROWS_SERVER = "https://datasets-server.huggingface.co"
SECONDS = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="ID", help="of checkpoints and data sets")
    parser.add_argument("--rows-server", metavar="URL", default=ROWS_SERVER)
    options = parser.parse_args(arguments)
    names = options.names
    facts: list[KnownModel | KnownDataset] = [*known_models(), *known_datasets()]
    unknown = set(names) - {known.path for known in facts}
    if unknown:
        print(f"error: no facts ship of {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    silence = hub_silence()
    if silence is not None:
        print(f"error: nothing was compared: {silence}", file=sys.stderr)
        return 2
    differing = 0
    for known in facts:
        if names and known.path not in names:
            continue
        found = list(_compare(known, options.rows_server))
        differing += bool(found)
        print(f"{_title(known):<70} {'; '.join(found) or 'as shipped'}")
    return 1 if differing else 0


def _title(known: KnownModel | KnownDataset) -> str:
    detail = known.revision if isinstance(known, KnownModel) else known.subset
    return f"{known.path} {(detail or '')[:20]}".strip()


def _compare(known: KnownModel | KnownDataset, rows_server: str) -> Iterator[str]:
    """Yield what differs, a few words each; what cannot be asked for is a difference too."""
    try:
        if isinstance(known, KnownModel):
            yield from model_differences(known)
        else:
            yield from dataset_differences(known, rows_server)
    # Of the hub's library, the network and the file system; each means that nothing was compared.
    except (OSError, ValueError, KeyError, RastBenchError) as error:
        yield f"not compared: {first_line(error)}"


def model_differences(known: KnownModel) -> Iterator[str]:
    """Yield every fact, the guessed ones too. Raises OSError and ValueError."""
    config = _hub_json(known, "config.json")
    for name, shipped in known.config.items():
        found = config.get(name)
        if name == "dtype":
            found = config.get("dtype") or config.get("torch_dtype")
        if name != "eos_token_id" and str(found).removeprefix("torch.") != str(shipped):
            yield f"{name}: shipped {shipped}, hub {found}"
    ends = _ids(_hub_json(known, "generation_config.json").get("eos_token_id"))
    ends = ends or _ids(config.get("eos_token_id"))
    if ends != set(known.eos):
        yield f"EOS: shipped {sorted(known.eos)}, hub {sorted(ends)}"
    dual = "dual_chunk_attention_config" in config
    if dual != (known.attention is not None):
        yield f"dual chunk attention: shipped {known.attention is not None}, hub {dual}"
    found_bytes, shipped_bytes = _weight_bytes(known), download_bytes(known)
    if abs(found_bytes - shipped_bytes) > TOKENIZER_BYTES:
        yield f"bytes: shipped {shipped_bytes:,}, hub {found_bytes:,}"


def dataset_differences(known: KnownDataset, rows_server: str) -> Iterator[str]:
    """Rows, where the hub counts them as we do. Raises OSError and ValueError."""
    if known.adapter in ("mmlu-stem", "livecodebench"):  # a part; files of a release
        return
    content = _get(f"{rows_server}/size?dataset={quote(known.path, safe='')}")
    rows = {
        (split["config"], split["split"]): split["num_rows"] for split in content["size"]["splits"]
    }
    found = rows.get((known.subset or "default", known.split))
    if found != known.rows:
        yield f"rows: shipped {known.rows:,}, hub {found if found is None else f'{found:,}'}"


def _ids(value: Any) -> set[int]:
    if value is None:
        return set()
    return {value} if isinstance(value, int) else set(value)


def _hub_json(known: KnownModel, name: str) -> dict[str, Any]:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        path = hf_hub_download(known.path, name, revision=known.revision)
    except EntryNotFoundError:
        return {}
    content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return content


def _weight_bytes(known: KnownModel) -> int:
    """Of the safetensors files at the top of the repository: `original/` is not downloaded."""
    from huggingface_hub import HfApi

    found = HfApi().model_info(known.path, revision=known.revision, files_metadata=True)
    return sum(
        file.size or 0
        for file in found.siblings or ()
        if file.rfilename.endswith(".safetensors") and "/" not in file.rfilename
    )


def _get(url: str) -> Any:
    from huggingface_hub import get_session

    response = get_session().get(url, timeout=SECONDS)
    response.raise_for_status()
    return response.json()


if __name__ == "__main__":
    sys.exit(main())
