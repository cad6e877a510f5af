"""The identity of a cell: a hash of exactly what changes its tokens.

Two configurations with the same id share their samples in the ledger. So every field here must
change tokens, and every field that changes tokens must be here
(tests/config/identity_mutations.json).
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.compose.methods import EQUATION_3, find_method
from rast_bench.config.paths import local_model_dir, resolve_model
from rast_bench.domain import SampleKey
from rast_bench.errors import ModelError

if TYPE_CHECKING:
    from rast_bench.config.schema import CellConfig, ModelRef, PairConfig

IDENTITY_VERSION = 1
"""Raised when the meaning of an identity's field changes, so that old samples are not reused."""

CELL_ID_DIGITS = 16

_CONFIG_FILES = ("config.json", "generation_config.json")
_TOKENIZER_FILES = (
    "added_tokens.json",
    "chat_template.jinja",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
)


@dataclass(frozen=True)
class EngineKey:
    """What must be loaded for a cell. Cells with equal keys share one engine and one request
    stream.
    """

    main: ModelRef
    pairs: tuple[PairConfig, ...]
    shuffle_vocabulary_seed: int | None
    engine: str
    dtype: str
    method: str = EQUATION_3  # also for one model alone, which is equation 3 without ΔR
    draft_tokens: int = 0  # by the first pair's S_RL; 0 without one

    @property
    def roles(self) -> tuple[ModelRef, ...]:
        """M_base, every S_RL and every S_base that the method reads; a checkpoint can have several
        roles.
        """
        needed = find_method(self.method).roles
        return (self.main, *(getattr(pair, role) for role in needed for pair in self.pairs))


def engine_key(cell: CellConfig) -> EngineKey:
    """Return the models of a cell: M_base alone, its RL ceiling alone, or M_base and the pairs of
    ΔR.
    """
    main = cell.base_model.base
    if cell.method.name == "rl":
        assert cell.base_model.rl is not None  # CellConfig rejects a ceiling that does not exist
        main = cell.base_model.rl
    method = cell.method.name if cell.method.composition else EQUATION_3
    drafts = cell.steered and "rl" in find_method(method).roles
    return EngineKey(
        main=main,
        pairs=cell.delta.pairs if cell.steered else (),
        shuffle_vocabulary_seed=cell.delta.shuffle_vocabulary_seed if cell.steered else None,
        engine=cell.engine.name,
        dtype=cell.engine.dtype,
        method=method,
        draft_tokens=cell.engine.draft_tokens if drafts else 0,
    )


def model_fingerprint(ref: ModelRef) -> str:
    """Return `sha256:…` over the files of a local checkpoint, or `hub:<id>@<revision>`.

    The files are the configuration, the generation configuration (EOS ids), the tokenizer files and
    the safetensors weights. File names count, the folder's path does not.

    Raises:
        ModelError: the folder, its config.json or its weights are missing or cannot be read.
    """
    if local_model_dir(ref) is None:
        return f"hub:{ref.path}@{ref.revision or 'main'}"
    folder = Path(resolve_model(ref))
    weights = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"model {ref.path}: no config.json in {folder}",
            hint="a checkpoint is a folder in Hugging Face format",
        )
    if not weights:
        raise ModelError(
            f"model {ref.path}: no *.safetensors in {folder}",
            hint="save the weights with save_pretrained(…), which writes safetensors",
        )
    names = (folder / name for name in (*_CONFIG_FILES, *_TOKENIZER_FILES))
    present = [path for path in names if path.is_file()] + weights
    try:
        hashes = {path.name: _file_sha256(path) for path in present}
    except OSError as error:
        raise ModelError(
            f"model {ref.path}: cannot read {error.filename}: {error.strerror}",
            hint="check that it is a file and that you may read it",
        ) from error
    return "sha256:" + _digest(hashes)


def cell_identity(
    cell: CellConfig,
    dataset_fingerprint: str,
    fingerprint: Callable[[ModelRef], str] = model_fingerprint,
) -> dict[str, Any]:
    """Return the canonical identity: JSON values only, and exactly what changes tokens.

    λ is dropped without ΔR; τ, top-p, the seed and drafts are dropped under greedy decoding, and
    drafts where no S_RL is loaded. n, limit, names, labels, device, threads and batch size are not
    part of it. `fingerprint` may be cached.
    """
    key = engine_key(cell)
    decoding: dict[str, Any] = {
        "greedy": cell.decoding.greedy,
        "max_tokens": cell.decoding.max_tokens,
    }
    if cell.decoding.repetition_penalty != 1:
        decoding["repetition_penalty"] = _number(cell.decoding.repetition_penalty)
    if not cell.decoding.greedy:
        decoding["temperature"] = _number(cell.decoding.temperature)
        decoding["top_p"] = _number(cell.decoding.top_p)
        decoding["seed"] = cell.decoding.seed
    method = find_method(key.method)
    if key.pairs and method.uses_lambda:
        decoding["lambda"] = _number(cell.decoding.lambda_)
    own: dict[str, Any] = {}  # nothing for equation 3, so that its cells keep their ids
    if key.method != EQUATION_3:
        parameters = {name: _number(value) for name, value in cell.method.parameters.items()}
        own["method"] = {"name": key.method, "parameters": parameters}
        if method.function is not None:
            own["method"]["source"] = "sha256:" + _source_sha256(method.function)
    prompt: dict[str, Any] = {"template": cell.prompt.template, "stop": list(cell.prompt.stop)}
    if cell.prompt.forced_prefix is not None:
        prompt["forced_prefix"] = cell.prompt.forced_prefix
    engine: dict[str, Any] = {"name": key.engine, "dtype": key.dtype}
    if key.draft_tokens and not cell.decoding.greedy:  # other draws from the same distribution
        engine["draft_tokens"] = key.draft_tokens
    return {
        "version": IDENTITY_VERSION,
        **own,
        "models": {
            "main": fingerprint(key.main),
            "pairs": [
                {
                    **{role: fingerprint(getattr(pair, role)) for role in method.roles},
                    **({"weight": _number(pair.weight)} if method.several_pairs else {}),
                }
                for pair in key.pairs
            ],
            "shuffle_vocabulary_seed": key.shuffle_vocabulary_seed,
        },
        "prompt": prompt,
        "decoding": decoding,
        "dataset": dataset_fingerprint,
        "engine": engine,
    }


def cell_id(identity: dict[str, Any]) -> str:
    """Return the first 16 hex digits of the SHA-256 of the identity's canonical JSON."""
    return _digest(identity)[:CELL_ID_DIGITS]


def sample_seed(key: SampleKey) -> int:
    """Return the seed of one sample, 0 ≤ seed < 2**63, from its key alone, not from batch order:
    the first 63 bits of the SHA-256 of cell, problem and sample index as JSON.
    """
    (digest,) = sample_digests(key.cell_id, [(key.problem_id, key.sample_index)])
    return int.from_bytes(digest[:8], "big") >> 1


def sample_digests(cell_id: str, keys: Iterable[tuple[str, int]]) -> Iterator[bytes]:
    """Yield the digest that begins with the seed of each (problem id, sample index) of a cell.

    The part that a problem's samples have in common is hashed once.
    """
    begun: dict[str, hashlib._Hash] = {}
    ends: dict[int, bytes] = {}
    for problem_id, index in keys:
        if problem_id not in begun:
            canonical = json.dumps([cell_id, problem_id, 0], ensure_ascii=True)
            begun[problem_id] = hashlib.sha256(canonical.removesuffix("0]").encode())
        if index not in ends:
            ends[index] = b"%d]" % index
        digest = begun[problem_id].copy()
        digest.update(ends[index])
        yield digest.digest()


def _number(value: float) -> float:
    """Return the number in one spelling: 1 as 1.0, −0.0 as 0.0."""
    return float(value) + 0.0


def _digest(value: Any) -> str:
    canonical = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _source_sha256(function: Callable[..., object]) -> str:
    """Return the SHA-256 of the file that a user's own method is written in."""
    return _file_sha256(Path(inspect.getfile(function)))


_hash_cache: dict[tuple[str, int, int], str] = {}


def _file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, cached in the process while its size and time are unchanged."""
    stat = path.stat()
    cache_key = (str(path.resolve()), stat.st_size, stat.st_mtime_ns)
    if cache_key not in _hash_cache:
        with path.open("rb") as stream:
            _hash_cache[cache_key] = hashlib.file_digest(stream, "sha256").hexdigest()
    return _hash_cache[cache_key]
