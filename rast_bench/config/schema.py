"""The validated configuration: what the YAML files of conf/ may contain, and nothing else.

Hydra composes plain dictionaries. These models check them (unknown keys are rejected, so `+x.y=1`
cannot slip through); the rest of the code sees only typed, frozen values.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, FiniteFloat, model_validator
from pydantic_core import PydanticCustomError

from rast_bench.compose.limits import MAX_FACTOR
from rast_bench.compose.methods import Method, find_method
from rast_bench.config.bounds import (
    MAX_LABEL_LENGTH,
    MAX_NAME_LENGTH,
    Problems,
    Samples,
    Seed,
    Tokens,
)
from rast_bench.config.engines import EngineConfig
from rast_bench.config.strict import Strict

GROUPS = ("base_model", "delta", "method", "dataset", "prompt", "decoding", "engine")
"""The configuration groups that make a cell, in the order of CellConfig."""

OPTION_GROUPS = (*GROUPS, "experiment", "tracker")
"""All groups of which a command line chooses an option."""

OneModel = Literal["base", "rl"]
MethodName = Literal[
    OneModel,
    "rast",
    "dexperts",
    "contrastive",
    "dola",
    "geometric_mean",
    "mixture",
    "nudging",
    "rast_gated",
    "rast_first",
    "rast_top",
    "rast_words",
]
"""One model alone, or a composition of `compose.methods`."""
OwnMethod = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
"""A user's own composition: `my_package.my_module:MINE`."""

MAX_NUMBER = MAX_FACTOR  # also for τ, where nobody means more
Lambda = Annotated[FiniteFloat, Field(ge=0, le=MAX_NUMBER)]
Temperature = Annotated[FiniteFloat, Field(gt=0, le=MAX_NUMBER)]
ChatMarkup = Literal["chatml", "llama3"]
_MARKUP_SIGNS: dict[ChatMarkup, str] = {"chatml": "<|im_start|>", "llama3": "<|start_header_id|>"}
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=MAX_NAME_LENGTH)]
Label = Annotated[str, Field(max_length=MAX_LABEL_LENGTH)]
GraderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*(:[A-Za-z_]\w*)?$")]
"""`robust-2`, or a user's own class: `my_package.my_module:MyGrader`."""


class ModelRef(Strict):
    """A checkpoint: `zoo:tiny-s/base` (shipped), a local folder, or a hub id with a revision."""

    path: str = Field(min_length=1)
    revision: str | None = None


class BaseModelConfig(Strict):
    """conf/base_model/*: M_base and, where one exists, its RL-trained ceiling.

    `chat_markup` is the chat markup whose special tokens its tokenizer has (null: none, or
    unknown); `instruct` says that M_base was trained to follow it.
    """

    name: Name
    base: ModelRef
    rl: ModelRef | None = None
    chat_markup: ChatMarkup | None = None
    instruct: bool = False


class PairConfig(Strict):
    """One (S_RL, S_base) pair of ΔR and its weight in an ensemble (appendix E)."""

    rl: ModelRef
    base: ModelRef
    weight: Annotated[FiniteFloat, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)] = 1.0


class DeltaConfig(Strict):
    """conf/delta/*: where ΔR comes from. `none` has no pairs.

    `shuffle_vocabulary_seed` makes the null control: ΔR's values permuted over the vocabulary.
    """

    name: Name
    pairs: tuple[PairConfig, ...] = ()
    shuffle_vocabulary_seed: Seed | None = None


def _composition(name: str) -> Method | None:
    known = ":" in name or name in get_args(MethodName)  # pydantic names any other
    return find_method(name) if known and name not in get_args(OneModel) else None


class MethodConfig(Strict):
    """conf/method/*: how the next-token logits are computed, and the method's own parameters.

    Parameters stand beside the name: `method=contrastive method.beta=0.3`. Those left out have the
    defaults of `compose.methods`.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat]

    name: MethodName | OwnMethod

    @property
    def composition(self) -> Method | None:
        """The definition of the composition; None for one model alone."""
        return _composition(self.name)

    @property
    def parameters(self) -> dict[str, float]:
        """Every parameter of the method, in the order of its definition."""
        defined = self.composition.defaults if self.composition else {}
        return {name: float(self.__pydantic_extra__[name]) for name in defined}

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        for name, value in data.items():
            if isinstance(value, bool):  # pydantic would read it as 0 or 1
                raise PydanticCustomError(
                    "truth_value",
                    "method.{name} must not be a truth value",
                    {"name": name, "hint": "parameters of methods are numbers"},
                )
        method = _composition(str(data.get("name")))
        return {**method.defaults, **data} if method else data

    @model_validator(mode="after")
    def _parameters_fit(self) -> "MethodConfig":
        method = self.composition
        known = {one.name: one for one in method.parameters} if method else {}
        for name, value in self.__pydantic_extra__.items():
            one = known.get(name)
            if one is None:
                listed = ", ".join(known) or "none"
                raise PydanticCustomError(
                    "unknown_parameter",
                    "method={method} has no {name}",
                    {"method": self.name, "name": name, "hint": f"its parameters: {listed}"},
                )
            if not one.allows(value):
                raise PydanticCustomError(
                    "parameter_range",
                    "method.{name}={value} must be {range}",
                    {
                        "name": name,
                        "value": f"{value:g}",
                        "range": one.range,
                        "hint": f"{one.meaning}; the default is {one.default:g}",
                    },
                )
        return self


class DatasetConfig(Strict):
    """conf/dataset/*: a JSONL or Parquet file (`zoo:` paths are shipped) or a hub data set.

    With `data_dir`, `<data_dir>/<name>.jsonl` or `.parquet` replaces the hub. `data_files` are
    files of a hub repository that `datasets` cannot load (.jsonl or .parquet). An `adapter`
    (datasets/adapters.py, or `module:function`) makes the problem of a row where fields alone are
    not enough. `known_rows` and `known_fingerprints` are those of copies that were verified. The
    first of `graders` fills the tables, the others are reported beside it; `module:Class` is a
    user's own.

    `limit` takes that many problems: the first ones, or with `limit_seed` a random sample
    (datasets/load.py). Neither is part of a cell's id.
    """

    name: Name
    path: str = Field(min_length=1)
    subset: str | None = None
    split: str = "test"
    revision: str | None = None
    data_files: tuple[Annotated[str, Field(pattern=r"\.(jsonl|parquet)$")], ...] = ()
    data_dir: Annotated[str, Field(min_length=1)] | None = None
    adapter: Annotated[str, Field(pattern=r"^[\w.-]+(:\w+)?$")] | None = None
    question_field: str = "question"
    answer_field: str = "answer"
    id_field: str | None = None
    known_rows: tuple[Annotated[int, Field(ge=1)], ...] = ()
    known_fingerprints: tuple[str, ...] = ()
    graders: Annotated[tuple[GraderName, ...], Field(min_length=1)] = ("robust-2",)
    limit: Problems | None = None
    limit_seed: Seed | None = None

    @model_validator(mode="after")
    def _draws_some(self) -> "DatasetConfig":
        if self.limit is None and self.limit_seed is not None:
            raise ValueError("limit_seed draws `limit` problems: it needs limit")
        return self


class PromptConfig(Strict):
    """conf/prompt/*: the template contains `{question}`; stop strings end a generation.

    With `chat` the template is the user message and `system` the system message (null: the chat
    template's own); M_base's tokenizer renders them (engines/chat.py). `chat_for_base` allows chat
    markup for a model that was not trained on it, as figure 7 (a) of the paper does.

    Every response starts with `forced_prefix`, whatever the models would have drawn. Unlike the end
    of a template it belongs to the response: to its text, its tokens and `max_tokens`.
    """

    name: Name
    template: str
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    chat: bool = False
    system: str | None = None
    chat_for_base: bool = False
    forced_prefix: Annotated[str, Field(min_length=1)] | None = None

    @property
    def markup(self) -> ChatMarkup | None:
        """The chat markup that is written out in the template."""
        return next((name for name, sign in _MARKUP_SIGNS.items() if sign in self.template), None)

    @model_validator(mode="after")
    def _fits_together(self) -> "PromptConfig":
        if "{question}" not in self.template:
            raise ValueError("template lacks the placeholder {question}")
        if self.system is not None and not self.chat:
            raise ValueError("system needs chat: true")
        if self.chat and self.markup is not None:
            raise ValueError(f"with chat: true the template is a message, without {self.markup}")
        forced = self.forced_prefix or ""
        for stop in self.stop:
            if stop in forced or any(forced.endswith(stop[:end]) for end in range(1, len(stop))):
                raise ValueError(f"the stop string {stop!r} begins in forced_prefix {forced!r}")
        return self


class DecodingConfig(Strict):
    """conf/decoding/*: section 3.1 of the paper. `n` samples per problem; greedy means n = 1."""

    lambda_: Lambda = Field(default=1.0, alias="lambda")
    temperature: Temperature = 1.0
    top_p: Annotated[FiniteFloat, Field(gt=0, le=1)] = 0.95
    repetition_penalty: Annotated[FiniteFloat, Field(ge=0.01, le=100)] = 1.0
    n: Samples = 32
    max_tokens: Tokens = 16384
    seed: Seed = 0
    greedy: bool = False

    @property
    def samples_per_problem(self) -> int:
        """1 with greedy decoding, which has a single outcome; otherwise `n`."""
        return 1 if self.greedy else self.n


class CellConfig(Strict):
    """Everything that defines a cell (a row × column of results), n and the engine included."""

    base_model: BaseModelConfig
    method: MethodConfig
    delta: DeltaConfig
    dataset: DatasetConfig
    prompt: PromptConfig
    decoding: DecodingConfig
    engine: EngineConfig
    label: Label | None = None  # the row's label in a table; not part of the cell's id

    def graders(self, chosen: str | None) -> tuple[str, ...]:
        """Return who judges the samples: the grader chosen by the command, else those of the data
        set.
        """
        return self.dataset.graders if chosen is None else (chosen,)

    @property
    def steered(self) -> bool:
        """Whether small models take part in the decoding."""
        return self.method.composition is not None and bool(self.method.composition.roles)

    @property
    def weight(self) -> float | None:
        """Return λ; None if it is not part of the method's formula."""
        method = self.method.composition
        return self.decoding.lambda_ if method and method.uses_lambda else None

    @model_validator(mode="after")
    def _method_fits(self) -> "CellConfig":
        method, pairs = self.method.composition, self.delta.pairs
        named = {"method": self.method.name}
        if method and method.roles and not pairs:
            hint = "choose delta=…, or method=base"
            raise PydanticCustomError(
                "no_delta", "method={method} needs a ΔR source", {**named, "hint": hint}
            )
        if method and not method.several_pairs:
            if method.roles and len(pairs) > 1:
                raise PydanticCustomError(
                    "several_pairs",
                    "method={method} takes one pair of models, delta {delta} has {count}",
                    {
                        **named,
                        "delta": self.delta.name,
                        "count": len(pairs),
                        "hint": "choose a delta with one pair",
                    },
                )
            if method.roles and self.delta.shuffle_vocabulary_seed is not None:
                raise PydanticCustomError(
                    "no_delta_to_shuffle",
                    "method={method} has no ΔR whose values could be shuffled",
                    {**named, "hint": "leave delta.shuffle_vocabulary_seed out"},
                )
        if self.method.name == "rl" and self.base_model.rl is None:
            raise PydanticCustomError(
                "no_ceiling",
                "method=rl: base_model {name} has no RL-trained checkpoint",
                {"name": self.base_model.name, "hint": "set base_model.rl, or choose another"},
            )
        return self

    @model_validator(mode="after")
    def _prompt_fits(self) -> "CellConfig":
        """Raise for chat markup that a base model never learnt: it would answer nonsense."""
        prompt, model = self.prompt, self.base_model
        if not (prompt.chat or prompt.markup):
            return self
        names = {"prompt": prompt.name, "model": model.name}
        if not (model.instruct or prompt.chat_for_base):
            hint = (
                "choose a plain prompt such as question-answer; set prompt.chat_for_base=true if "
                "it is intended, base_model.instruct=true if the model was trained on chats"
            )
            raise PydanticCustomError(
                "chat_for_base",
                "prompt {prompt} is a chat, and {model} is a base model",
                {**names, "hint": hint},
            )
        known = model.chat_markup
        if prompt.markup and known and prompt.markup != known:
            raise PydanticCustomError(
                "other_markup",
                "prompt {prompt} is written in {markup}, whose signs {model} does not know",
                {
                    **names,
                    "markup": prompt.markup,
                    "hint": f"its chat markup is {known}; chat: true lets its tokenizer choose, "
                    "base_model.chat_markup=null leaves this check out",
                },
            )
        return self
