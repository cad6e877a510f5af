"""Facts about hub checkpoints: enough to place and size them without their config.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from rast_bench.errors import ModelError

_GUESSED = ("memory", "assumed")  # a source with such a word is not a file


class HubModel(Protocol):
    """What identifies a checkpoint, as in config.schema.ModelRef."""

    @property
    def path(self) -> str: ...
    @property
    def revision(self) -> str | None: ...


@dataclass(frozen=True)
class KnownModel:
    """One checkpoint at one revision (None: whatever the hub's main branch is)."""

    path: str
    revision: str | None
    shape: Mapping[str, Any]  # names and values as in config.json
    positions: int
    dtype: str  # as stored
    eos: tuple[int, ...]  # the ids that end a generation
    tokenizer: str  # family: equal names have equal ids
    attention: str | None  # None: full attention
    saved_parameters: int | None  # None: as many as are loaded
    sources: Mapping[str, str]  # of each fact

    def uncertain(self, fact: str) -> bool:
        """Return whether a fact was not read from a file: it is marked as such and causes no
        error.
        """
        return any(word in self.sources[fact] for word in _GUESSED)

    @property
    def config(self) -> dict[str, Any]:
        """Return what its config.json is assumed to contain."""
        return {
            **self.shape,
            "max_position_embeddings": self.positions,
            "eos_token_id": self.eos[0] if len(self.eos) == 1 else list(self.eos),
            "dtype": self.dtype,
        }


def known_model(ref: HubModel) -> KnownModel | None:
    """Return the facts about a checkpoint; None if none are shipped. All revisions share them."""
    return _by_path().get(ref.path)


def known_models() -> tuple[KnownModel, ...]:
    return tuple(_by_path().values())


def check_known_config(ref: HubModel, config: Mapping[str, Any]) -> None:
    """Raise ModelError if a config.json contradicts a certain fact of the same id and revision.

    Either the file or the facts are wrong, and so was a plan made from the facts.
    """
    known = known_model(ref)
    if known is None or known.revision != ref.revision:
        return
    for name, expected, found in differences(known, config):
        raise ModelError(
            f"model {ref.path}: its config.json says {name}={found}, the shipped facts {expected}",
            hint="run scripts/check_facts.py; to use the checkpoint as it is, name its folder in "
            "place of the hub id",
        )


def differences(known: KnownModel, config: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return (key of config.json, shipped, found) of the certain facts that differ.

    EOS ids are left out: generation_config.json adds to those of config.json.
    """
    facts = [] if known.uncertain("shape") else list(known.shape.items())
    if not known.uncertain("positions"):
        facts.append(("max_position_embeddings", known.positions))
    if (
        "config.json" in known.sources["dtype"]
    ):  # the model page shows the weights' dtype, not this entry
        facts.append(("dtype", known.dtype))
    found = dict(config) | {"dtype": config.get("dtype") or config.get("torch_dtype")}
    return [
        (name, expected, found[name])
        for name, expected in facts
        if found.get(name) is not None and str(found[name]).removeprefix("torch.") != str(expected)
    ]


def known_shapes() -> Mapping[str, Mapping[str, Any]]:
    """Return names and values of config.json by the names of base models in conf/base_model/.

    RL-trained and Instruct siblings have the same.
    """
    shapes: Mapping[str, Mapping[str, Any]] = _content()["shapes"]
    return shapes


@cache
def _content() -> dict[str, Any]:
    text = (files("rast_bench.known") / "models.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


@cache
def _by_path() -> dict[str, KnownModel]:
    content = _content()
    optional = {"attention": None, "saved_parameters": None}
    found = {}
    for entry in content["models"]:
        shape = content["shapes"][entry["shape"]]
        fields = optional | entry | {"shape": shape, "eos": tuple(entry["eos"])}
        found[entry["path"]] = KnownModel(**fields)
    return found
