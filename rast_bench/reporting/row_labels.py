"""Row labels of cells that belong to no experiment: models, decoding, and every key that varies."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rast_bench.config.schema import CellConfig
from rast_bench.reporting.protocol_notes import decoding_of

GRID_KEYS = ("decoding.lambda", "decoding.temperature")
"""The keys on a heat map's axes."""

_LONGEST_VALUE = 40
_SHOWN = ("label", "base_model.name", "dataset.name")  # the row's own label, section and column
_METHODS = {"base": "base", "rl": "RL", "rast": "RAST"}
_TEXTS: Mapping[str, str] = {
    "delta.name": "ΔR {}",
    "prompt.name": "prompt {}",
    "engine.name": "engine {}",
    "engine.dtype": "{}",
    "decoding.lambda": "λ = {:g}",
    "decoding.temperature": "τ = {:g}",
    "decoding.top_p": "top-p = {:g}",
    "decoding.repetition_penalty": "repetition penalty {:g}",
    "decoding.n": "n = {}",
    "decoding.seed": "seed {}",
    "decoding.max_tokens": "at most {:,} new tokens",
}


@dataclass(frozen=True)
class RowLabel:
    """The label of a cell's row.

    Attributes:
        name: The user's name for the cell, or its models and decoding.
        varied: What distinguishes it from others of that name, by key.
    """

    name: str
    varied: Mapping[str, str]

    @property
    def text(self) -> str:
        """Return the whole label."""
        return ", ".join((self.name, *self.varied.values()))

    def without(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the parts whose keys are not among `keys`."""
        left_out = set(keys)
        return tuple(text for key, text in self.varied.items() if key not in left_out)


def row_labels(cells: Sequence[CellConfig]) -> list[RowLabel]:
    """Return the label of each cell, equal only for cells of one row.

    Cells with the same name and base model differ on a data set by some keys; all of these are in
    their labels. What differs only between data sets, such as a prompt of its own, is not.
    """
    names = [cell.label or f"{models_of(cell)}, {decoding_of(cell)}" for cell in cells]
    values = [_flat(cell.model_dump(by_alias=True)) for cell in cells]
    groups: dict[tuple[str, str], list[int]] = {}
    for place, (cell, name) in enumerate(zip(cells, names, strict=True)):
        groups.setdefault((cell.base_model.name, name), []).append(place)
    labels: dict[int, RowLabel] = {}
    for (_, name), places in groups.items():
        keys = _varying([(cells[place].dataset.name, values[place]) for place in places])
        for place in places:
            varied = {key: _text(key, values[place].get(key)) for key in keys}
            labels[place] = RowLabel(name, varied)
    return [labels[place] for place in range(len(cells))]


def pool_label(cell: CellConfig, label: RowLabel, pool: str) -> tuple[str, str]:
    """Return the label without what `pool` (a key or a group) contributes, and the pooled value."""
    values = _flat(cell.model_dump(by_alias=True))
    name = label.name
    if pool in ("delta", "delta.name") and cell.label is None and cell.steered:
        name = f"{models_of(cell, delta='')}, {decoding_of(cell)}"
    keys = [key for key in label.varied if key == pool or key.startswith(f"{pool}.")]
    value = values.get(pool, values.get(f"{pool}.name", ""))
    return ", ".join((name, *label.without(keys))), str(value)


def models_of(cell: CellConfig, delta: str | None = None) -> str:
    """Return `base`, `RL`, `+ ΔR tiny-s` or `contrastive tiny-s`."""
    name = cell.delta.name if delta is None else delta
    if not cell.steered:
        return _METHODS.get(cell.method.name, cell.method.name)
    sign = "+ ΔR" if cell.method.name == "rast" else cell.method.name
    return f"{sign} {name}".rstrip()


def varied_keys(cells: Sequence[CellConfig]) -> list[str]:
    """Return the keys that differ between any two cells, those of a named group as one."""
    return _varying([("", _flat(cell.model_dump(by_alias=True))) for cell in cells])


def _varying(members: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return keys with several values on one data set; for a group with other names, its name."""
    found: dict[str, None] = {}
    for dataset in dict.fromkeys(name for name, _ in members):
        mine = [values for name, values in members if name == dataset]
        for key in dict.fromkeys(key for values in mine for key in values):
            counts = Counter(repr(values.get(key)) for values in mine)
            if len(counts) > 1 and (dataset == "" or key not in _SHOWN):
                found[key] = None
    named = {
        key.partition(".")[0] for key in found if key.endswith(".name") and key.count(".") == 1
    }
    return [key for key in found if key.partition(".")[0] not in named or key.endswith(".name")]


def _text(key: str, value: Any) -> str:
    if key == "method.name":
        return _METHODS.get(value, str(value))
    if key == "decoding.greedy":
        return "greedy" if value else "sampled"
    if key in _TEXTS and value is not None:
        return _TEXTS[key].format(value)
    text = str(value)
    return f"{key} = {text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + '…'}"


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings and sequences by their dotted keys."""
    if isinstance(tree, Mapping):
        items: Iterable[tuple[Any, Any]] = tree.items()
    elif isinstance(tree, list | tuple):
        items = enumerate(tree)
    else:
        return {prefix: tree}
    flat: dict[str, Any] = {}
    for key, value in items:
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat
