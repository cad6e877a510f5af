"""The validated configuration: what the YAML files of conf/ may say, and nothing else.

Hydra composes plain dictionaries; these models check them (unknown keys are refused, so `+x.y=1`
cannot slip through), and the rest of the code sees only typed, frozen values.
"""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator
from pydantic_core import PydanticCustomError

from rast_bench.config.engines import EngineConfig
from rast_bench.config.strict import Strict

GROUPS = ("base_model", "delta", "method", "dataset", "prompt", "decoding", "engine")
"""The configuration groups that make a cell, in the order of CellConfig."""

MethodName = Literal["base", "rl", "rast"]

LARGEST = 1e6  # of λ, τ and weights: beyond it float32 logits overflow, and no one means it
Strength = Annotated[FiniteFloat, Field(ge=0, le=LARGEST)]
Temperature = Annotated[FiniteFloat, Field(gt=0, le=LARGEST)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]


class ModelRef(Strict):
    """A checkpoint: `zoo:tiny-s/base` (shipped), a local folder, or a hub id with a revision."""

    path: str = Field(min_length=1)
    revision: str | None = None


class BaseModelConfig(Strict):
    """conf/base_model/*: M_base and, where one exists, its RL-trained ceiling."""

    name: Name
    base: ModelRef
    rl: ModelRef | None = None


class PairConfig(Strict):
    """One (S_RL, S_base) pair of ΔR and its weight in an ensemble (appendix E)."""

    rl: ModelRef
    base: ModelRef
    weight: Annotated[FiniteFloat, Field(ge=-LARGEST, le=LARGEST)] = 1.0


class DeltaConfig(Strict):
    """conf/delta/*: where ΔR comes from. `none` has no pairs.

    `shuffle_vocabulary_seed` makes the null control: ΔR's values permuted over the vocabulary.
    """

    name: Name
    pairs: tuple[PairConfig, ...] = ()
    shuffle_vocabulary_seed: int | None = None


class MethodConfig(Strict):
    """conf/method/*: how the next-token logits come about."""

    name: MethodName


class DatasetConfig(Strict):
    """conf/dataset/*: a JSONL or Parquet file (`zoo:` paths are shipped) or a hub data set."""

    name: Name
    path: str = Field(min_length=1)
    subset: str | None = None
    split: str = "test"
    revision: str | None = None
    question_field: str = "question"
    answer_field: str = "answer"
    id_field: str | None = None
    limit: Annotated[int, Field(ge=1)] | None = None  # first problems only; not part of a cell's id


class PromptConfig(Strict):
    """conf/prompt/*: the template holds `{question}`; stop strings end a generation."""

    name: Name
    template: str
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()

    @model_validator(mode="after")
    def _has_question(self) -> "PromptConfig":
        if "{question}" not in self.template:
            raise ValueError("template lacks the placeholder {question}")
        return self


class DecodingConfig(Strict):
    """conf/decoding/*: table 5 of the paper. `n` samples a problem; greedy means n = 1."""

    lambda_: Strength = Field(default=1.0, alias="lambda")
    temperature: Temperature = 1.0
    top_p: Annotated[FiniteFloat, Field(gt=0, le=1)] = 0.95
    n: Annotated[int, Field(ge=1)] = 32
    max_tokens: Annotated[int, Field(ge=1)] = 16384
    seed: Annotated[int, Field(ge=0)] = 0
    greedy: bool = False

    @property
    def samples_per_problem(self) -> int:
        """Greedy decoding has one outcome, so one sample."""
        return 1 if self.greedy else self.n


class CellConfig(Strict):
    """Everything that makes one cell (a row × column of results), n and the engine included."""

    base_model: BaseModelConfig
    method: MethodConfig
    delta: DeltaConfig
    dataset: DatasetConfig
    prompt: PromptConfig
    decoding: DecodingConfig
    engine: EngineConfig
    label: str | None = None  # the row's name in a table; not part of the cell's id

    @model_validator(mode="after")
    def _method_fits(self) -> "CellConfig":
        if self.method.name == "rast" and not self.delta.pairs:
            hint = "choose delta=…, or method=base"
            raise PydanticCustomError("no_delta", "method=rast needs a ΔR source", {"hint": hint})
        if self.method.name == "rl" and self.base_model.rl is None:
            raise PydanticCustomError(
                "no_ceiling",
                "method=rl: base_model {name} has no RL-trained checkpoint",
                {"name": self.base_model.name, "hint": "set base_model.rl, or choose another"},
            )
        return self
