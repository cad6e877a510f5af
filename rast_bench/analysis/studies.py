"""From cells to studies: which paths are read, and what is compared along them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rast_bench.analysis.kinds import PathSource
from rast_bench.analysis.policies import Policy, Shift
from rast_bench.config.schema import (
    BaseModelConfig,
    CellConfig,
    DatasetConfig,
    DecodingConfig,
    DeltaConfig,
    MethodConfig,
    PairConfig,
)
from rast_bench.errors import ConfigError


@dataclass(frozen=True)
class Study:
    """The greedy samples of one cell, and what is compared along them.

    `base`, `rl` (None without a ceiling) and `steered` are policies over one base model; `shifts`
    are ΔR, the base model's own first.
    """

    greedy: CellConfig
    path_source: PathSource
    base: Policy
    rl: Policy | None
    steered: tuple[Policy, ...]
    shifts: tuple[Shift, ...]

    @property
    def path(self) -> Policy:
        """The policy that decoded the paths."""
        if self.path_source == "rast":
            return self.steered[0]
        return self.rl if self.path_source == "rl" and self.rl is not None else self.base

    @property
    def policies(self) -> tuple[Policy, ...]:
        return (self.base, *self.steered, *(() if self.rl is None else (self.rl,)))


def studies_of(cells: Sequence[CellConfig], path_source: PathSource) -> list[Study]:
    """Return one study for each greedy cell that the cells lead to, in their order.

    Cells that differ in λ, ΔR, τ or n share one study, which compares all of them. Cells without
    such a path are left out.

    Raises:
        ConfigError: no cell has one, or two different ΔR have the same name.
    """
    grouped: dict[CellConfig, list[CellConfig]] = {}
    refusal: ConfigError | None = None
    for cell in cells:
        try:
            followed = greedy_cell(cell, path_source)
        except ConfigError as error:
            refusal = error
            continue
        grouped.setdefault(followed, []).append(cell)
    if not grouped:
        raise refusal or ConfigError("no cell to analyse", hint="name an experiment or overrides")
    return [_study(followed, path_source, members) for followed, members in grouped.items()]


def cells_over(cells: Sequence[CellConfig], base_model: str | None) -> Sequence[CellConfig]:
    """Return the cells of one base model, or all: figure 4 reads every ΔR along one model's paths.

    Raises:
        ConfigError: there is no such cell.
    """
    found = [cell for cell in cells if base_model in (None, cell.base_model.name)]
    if not found:
        names = ", ".join(dict.fromkeys(cell.base_model.name for cell in cells))
        raise ConfigError(
            f"paths_of: {base_model}, but no cell is of that base model",
            hint=f"the cells are of {names}",
        )
    return found


def greedy_cell(cell: CellConfig, path_source: PathSource) -> CellConfig:
    """Return the cell whose one sample per problem is the path: same problems, prompt and engine.

    Its data set has no limit.

    Raises:
        ConfigError: the cell has no such models, or cannot be read (`why_unreadable`).
    """
    if (unreadable := why_unreadable(cell)) is not None:
        raise unreadable
    if path_source == "rl" and cell.base_model.rl is None:
        raise ConfigError(
            f"base_model {cell.base_model.name} has no RL-trained checkpoint, so no path of it",
            hint="choose another path: --path rast or --path base",
        )
    if path_source == "rast" and cell.method.name != "rast":
        raise ConfigError("--path rast needs a ΔR source", hint="choose delta=…")
    decoding = DecodingConfig(max_tokens=cell.decoding.max_tokens, greedy=True)
    if path_source == "rast":
        decoding = decoding.model_copy(update={"lambda_": cell.decoding.lambda_})
    return cell.model_copy(
        update={
            "method": MethodConfig(name=path_source),
            "delta": cell.delta if path_source == "rast" else DeltaConfig(name="none"),
            "dataset": cell.dataset.model_copy(update={"limit": None}),
            "decoding": decoding,
            "label": None,
        }
    )


def why_unreadable(cell: CellConfig) -> ConfigError | None:
    """Return the refusal of a cell whose tokens are not the choice of models alone; None for
    others.
    """
    penalty = cell.decoding.repetition_penalty
    if cell.prompt.forced_prefix is not None:
        return ConfigError(
            f"prompt {cell.prompt.name}: no model chose the tokens of forced_prefix, so an "
            "analysis would count them wrongly",
            hint="analyse cells without prompt.forced_prefix",
        )
    if penalty != 1:
        return ConfigError(
            f"decoding.repetition_penalty={penalty:g}: an analysis reads scores without it, and "
            "would count the tokens that it chose wrongly",
            hint="analyse cells without a repetition penalty",
        )
    return None


def _study(followed: CellConfig, path_source: PathSource, cells: Sequence[CellConfig]) -> Study:
    model = followed.base_model
    own = () if model.rl is None else (own_shift(model),)
    deltas = [shift_of(cell.delta) for cell in cells if cell.method.name == "rast"]
    study = Study(
        greedy=followed.model_copy(update={"dataset": _widest(cell.dataset for cell in cells)}),
        path_source=path_source,
        base=Policy(model.base, name="base"),
        rl=None if model.rl is None else Policy(model.rl, name="RL"),
        steered=steered_policies(cells),
        shifts=tuple(dict.fromkeys((*own, *deltas))),
    )
    _check_distinct_names(study)
    return study


def _widest(datasets: Iterable[DatasetConfig]) -> DatasetConfig:
    """Return the data set with most problems of several that differ only in `limit`."""
    return max(datasets, key=lambda one: float("inf") if one.limit is None else one.limit)


def steered_policies(cells: Iterable[CellConfig]) -> tuple[Policy, ...]:
    """Return the distinct M_base + λ·ΔR of the RAST cells, ignoring τ, top-p and n."""
    policies: dict[Policy, Policy] = {}
    for cell in cells:
        if cell.method.name != "rast":
            continue
        lambda_ = cell.decoding.lambda_
        name = f"+ ΔR {cell.delta.name}" + ("" if lambda_ == 1 else f", λ = {lambda_:g}")
        policy = Policy(cell.base_model.base, shift_of(cell.delta), lambda_, name)
        policies.setdefault(policy, policy)
    return tuple(policies)


def own_shift(model: BaseModelConfig) -> Shift:
    """Return the ΔR of a base model with an RL-trained sibling; it has the model's name."""
    assert model.rl is not None
    return Shift((PairConfig(rl=model.rl, base=model.base),), name=model.name)


def shift_of(delta: DeltaConfig) -> Shift:
    """Return ΔR as it is transferred."""
    return Shift(delta.pairs, delta.shuffle_vocabulary_seed, name=delta.name)


def shift_names(cells: Iterable[CellConfig], base_model: str) -> dict[Shift, str]:
    """Return each ΔR's name in the similarity records along this model's paths."""
    over = [cell for cell in cells if cell.base_model.name == base_model]
    shifts = [own_shift(cell.base_model) for cell in over if cell.base_model.rl is not None]
    shifts += [shift_of(cell.delta) for cell in over if cell.method.name == "rast"]
    return {shift: shift.name for shift in reversed(shifts)}  # the first name wins


def _check_distinct_names(study: Study) -> None:
    """Raise ConfigError if two ΔR share a name, by which records are told apart."""
    seen: set[str] = set()
    for name in (shift.name for shift in study.shifts):
        if name in seen:
            raise ConfigError(
                f"base_model {study.greedy.base_model.name}: two different ΔR are called {name}",
                hint="rename one: delta.name=…",
            )
        seen.add(name)
