"""The columns of the frames. docs/notebooks.md lists them; a test compares the two."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Kind = Literal[
    "text", "whole", "whole or none", "number", "truth", "time", "texts", "tokens", "published"
]

_DTYPES: dict[Kind, str] = {
    "text": "string",
    "whole": "int64",
    "whole or none": "Int64",
    "number": "float64",
    "truth": "bool",
    "time": "datetime64[us, UTC]",
    "texts": "object",
    "tokens": "object",
    "published": "object",
}


@dataclass(frozen=True)
class Column:
    """One column of a frame. `unit` is empty for text and truth values."""

    name: str
    kind: Kind
    unit: str
    meaning: str

    @property
    def dtype(self) -> str:
        """As pandas prints it. Missing values are NA (string, Int64), NaN or NaT."""
        return _DTYPES[self.kind]


EXPERIMENTS = (
    Column("experiment", "text", "", "name, and folder of its tables and figures"),
    Column("saved", "time", "UTC", "when its results were saved last"),
    Column("sections", "whole or none", "count", "sections of its table"),
    Column("rows", "whole or none", "count", "rows of its table"),
    Column("datasets", "whole or none", "count", "data sets"),
    Column("cells", "whole or none", "count", "cells whose samples the results were computed from"),
    Column("results", "whole or none", "count", "results, as in `results()`"),
    Column(
        "unavailable",
        "whole or none",
        "count",
        "requested results without a number, for example because cells were not run",
    ),
)

_CELL = Column("cell_id", "text", "", "identity of the cell: a hash of what changes its tokens")
_LAMBDA = Column("lambda", "number", "", "λ of equation 3; missing without ΔR")
_TEMPERATURE = Column("temperature", "number", "", "τ; 0 for greedy decoding")
_PENALTY = Column("repetition_penalty", "number", "", "repetition penalty; 1 is none")
_MODELS = (
    Column("base_model", "text", "", "name of the base model"),
    Column("method", "text", "", "base, rl (the RL-trained model itself) or rast"),
    Column("delta", "text", "", "name of the ΔR source; `none` without one"),
    Column("dataset", "text", "", "name of the data set"),
    Column("prompt_name", "text", "", "name of the prompt"),
)

CELLS = (
    _CELL,
    Column("title", "text", "", "short description of the cell, from its first run"),
    *_MODELS,
    _LAMBDA,
    _TEMPERATURE,
    _PENALTY,
    Column("top_p", "number", "", "top-p; missing for greedy decoding"),
    Column("max_tokens", "whole", "tokens", "longest response"),
    Column("decoding_seed", "whole or none", "", "seed of the decoding; missing for greedy"),
    Column("engine", "text", "", "engine that made the samples"),
    Column("dtype", "text", "", "arithmetic of the engine, `auto` if the run chose it"),
    Column("problems", "whole", "count", "problems with at least one sample"),
    Column("samples", "whole", "count", "samples in the ledger"),
    Column(
        "samples_wanted",
        "whole or none",
        "count",
        "samples that the latest run requested; missing without a manifest",
    ),
    Column(
        "status",
        "text",
        "",
        "complete, partial (fewer samples than wanted) or unknown (no manifest)",
    ),
    Column("graders", "texts", "", "graders whose verdicts are stored, sorted"),
    Column("grader", "text", "", "the one of them that `samples()` takes by default"),
    Column("runs", "whole", "count", "runs that made samples of the cell"),
    Column("started", "time", "UTC", "start of the first run"),
    Column("ended", "time", "UTC", "end of the latest run; missing while it runs"),
)

RESULTS = (
    Column("experiment", "text", "", "name of the experiment"),
    Column("section", "text", "", "section of the table, by default the base model"),
    Column("row", "text", "", "label of the row; in a grid, the pair of models"),
    Column("role", "text", "", "base, rast, ceiling or control"),
    Column("grid", "text", "", "name of the λ × τ grid; missing for rows of a table"),
    Column("dataset", "text", "", "data set; missing for a mean over all of them"),
    Column("cell_id", "text", "", "the cell; missing for a mean, and if nothing was run"),
    Column("cell_ids", "texts", "", "all cells that the number was computed from"),
    Column("delta", "text", "", "ΔR in the words of results/paper/"),
    _LAMBDA,
    _TEMPERATURE,
    Column("measure", "text", "", "name of the measure, as in docs/add_a_measure.md"),
    Column("unit", "text", "", "fraction, tokens, occurrences, cosine, bytes or FLOPs"),
    Column("direction", "text", "", "which values are better: higher, lower or neither"),
    Column("k", "whole or none", "samples", "k of pass@k and majority@k"),
    Column(
        "estimator",
        "text",
        "",
        "estimator or interval, if a measure has several; the row that a difference is from",
    ),
    Column("main", "truth", "", "False for a second estimator or interval of the same number"),
    Column("estimate", "number", "`unit`", "the number; if it is missing, `status` says why"),
    Column("standard_error", "number", "`unit`", "standard error over problems"),
    Column("low", "number", "`unit`", "lower end of the 95 % interval"),
    Column("high", "number", "`unit`", "upper end of the 95 % interval"),
    Column("interval", "text", "", "method of the interval: fieller or bootstrap"),
    Column("p_value", "number", "", "paired sign-flip test of a difference"),
    Column("holm_p_value", "number", "", "Holm's correction over the section or grid"),
    Column("problems", "whole or none", "count", "problems"),
    Column("samples", "whole or none", "count", "samples per problem"),
    Column("status", "text", "", "measured, or why there is no number: not run, partial, …"),
    Column("reason", "text", "", "details of the status, if any"),
    Column("counted_by", "text", "", "lemmatizer that counted words"),
    Column("requested", "truth", "", "whether the experiment asks for it"),
    Column("replication_low", "number", "`unit`", "95 % range of replications, lower end"),
    Column("replication_high", "number", "`unit`", "95 % range of replications, upper end"),
    Column(
        "published",
        "published",
        "as printed",
        "list of the published numbers for it: source, value, sense, unit, verdict",
    ),
)

_VERDICT = (
    Column("verdict", "text", "", "correct, wrong, undecided, unparsed, truncated or timeout"),
    Column("extracted", "text", "", "the extracted answer; missing if there is none"),
    Column("reason", "text", "", "what decided (docs/graders.md); missing if not given"),
    Column("rule", "text", "", "the rule that decided; missing if not given"),
    Column("extraction", "text", "", "how the answer was found; missing if not given"),
)

SAMPLES = (
    _CELL,
    *_MODELS,
    _LAMBDA,
    _TEMPERATURE,
    _PENALTY,
    Column("problem_id", "text", "", "problem, unique within its data set"),
    Column("sample_index", "whole", "", "0, 1, … for each problem"),
    Column("seed", "whole", "", "seed of the sample, derived from cell, problem and index"),
    Column("question", "text", "", "the problem; missing if the data set is unavailable"),
    Column("prompt", "text", "", "the model's input; missing if the data set is unavailable"),
    Column("response", "text", "", "the model's output, without special tokens"),
    Column("gold", "text", "", "the gold answer; missing if the data set is unavailable"),
    Column("finish_reason", "text", "", "eos, stop (a stop string) or length (max_tokens)"),
    Column("token_count", "whole", "tokens", "length of the response, including the EOS token"),
    Column("run_id", "text", "", "the run that made it: manifest-RUN.json beside the samples"),
    Column("grader", "text", "", "the grader of the next five columns"),
    *_VERDICT,
    Column("token_ids", "tokens", "", "the response as token ids; only if `columns` names it"),
)

LEFT_OUT = ("token_ids",)
"""Columns of samples that are read only if named: they are the bulk of a ledger."""


def own_columns(grader: str) -> tuple[Column, ...]:
    """Return `verdict:robust-2` and so on: a grader's columns if several graders have verdicts."""
    return tuple(
        replace(one, name=f"{one.name}:{grader}", meaning=f"as `{one.name}`, by {grader}")
        for one in _VERDICT
    )


VERDICT_NAMES = tuple(one.name for one in _VERDICT)


def typed(frame: "pd.DataFrame", columns: Sequence[Column]) -> "pd.DataFrame":
    """Return the columns in their order and dtypes, whatever dtypes pandas inferred."""
    import pandas as pd

    dtypes: dict[Kind, Any] = {**_DTYPES, "text": pd.StringDtype("pyarrow")}
    data = {one.name: frame[one.name].astype(dtypes[one.kind]) for one in columns}
    return pd.DataFrame(data, columns=[one.name for one in columns], index=frame.index)


def empty(columns: Sequence[Column]) -> "pd.DataFrame":
    """Return a frame without rows, in the columns' dtypes."""
    import pandas as pd

    return typed(pd.DataFrame({one.name: [] for one in columns}), columns)


def arrow_schema(columns: Iterable[Column]) -> "pa.Schema":
    """Return the columns as in a Parquet file."""
    import pyarrow as pa

    from rast_bench.results.saved import result_schema

    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "whole or none": pa.int64(),
        "number": pa.float64(),
        "truth": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
        "texts": pa.list_(pa.string()),
        "tokens": pa.list_(pa.int32()),
        "published": result_schema().field("published").type,
    }
    return pa.schema([(one.name, types[one.kind]) for one in columns])
