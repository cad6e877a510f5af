"""All measures, in the order of numbers.csv, and a user's own (docs/add_a_measure.md).

To add one, write a function in measures.py and an entry here, also in MEASURES.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import get_args

from rast_bench.config.experiment import FigureKind, Role
from rast_bench.config.validate import did_you_mean
from rast_bench.domain import VerdictKind
from rast_bench.errors import ConfigError, first_line
from rast_bench.importing import import_object
from rast_bench.results import measures
from rast_bench.results.cells import CellSamples
from rast_bench.results.result import ROLE_ORDER, Measure, UnavailableError, Value

_TRANSFER: tuple[Role, ...] = (
    "rast",
    "control",
)  # base and ceiling have no recovery rate: they define it

ACCURACY = Measure(
    "accuracy",
    measures.accuracy,
    direction="higher",
    source="avg@n, table 1; averaged pass@1 over n runs (section 3.1)",
    replicate=measures.replicate_accuracy,
    grids=True,
    column="avg",
    title="accuracy (avg@n), in percent",
)
GAIN = Measure(
    "gain",
    measures.gain,
    direction="higher",
    source="accuracy less the base's, on the same problems (table 2)",
    level="comparison",
    replicate=measures.replicate_gain,
    roles=("rast", "ceiling", "control"),
    table_roles=_TRANSFER,
    column="avg_difference_from_base",
)
RECOVERY = Measure(
    "recovery rate",
    measures.recovery,
    direction="higher",
    source="equation 5",
    level="comparison",
    replicate=measures.replicate_recovery,
    roles=_TRANSFER,
    column="recovery",
)
PASS_AT_K = Measure(
    "pass@k",
    measures.pass_rates,
    direction="higher",
    source="equation 4, figure 3; unbiased: Chen et al. 2021",
    replicate=measures.replicate_pass_rate,
    by_k=True,
    column="pass",
)
MAJORITY_AT_K = Measure(
    "majority@k",
    measures.majority_rates,
    direction="higher",
    source="appendix C.1, figure 8",
    by_k=True,
    column="majority",
)
LENGTH = Measure(
    "response length",
    measures.mean_length,
    unit="tokens",
    source="table 6",
    replicate=measures.replicate_length,
    column="tokens_mean",
    title="output tokens per response",
)
RERUN_ERROR = Measure(
    "standard error over reruns",
    measures.error_over_reruns,
    direction="lower",
    source="arXiv 2411.00640, resampling of answers",
    column="avg_standard_error_over_reruns",
)
MEDIAN_LENGTH = Measure(
    "median response length", measures.median_length, unit="tokens", column="tokens_median"
)
CORRECT_LENGTH = Measure(
    "length of correct responses",
    measures.length_of("correct"),
    unit="tokens",
    column="tokens_correct_mean",
)
WRONG_LENGTH = Measure(
    "length of wrong responses",
    measures.length_of("wrong"),
    unit="tokens",
    column="tokens_wrong_mean",
)
TRUNCATED = Measure("truncated share", measures.truncated_share, direction="lower")
UNPARSED = Measure("unparsed share", measures.share_of("unparsed"), direction="lower")
TIMEOUT = Measure("timeout share", measures.share_of("timeout"), direction="lower")

VERDICT_SHARES = {
    kind: Measure(
        f"verdict share {kind}",
        measures.of_verdict(kind, lambda cell, found: found.samples / cell.correct.size),
    )
    for kind in get_args(VerdictKind)
}
VERDICT_LENGTHS = {
    kind: Measure(
        f"tokens mean {kind}", measures.of_verdict(kind, lambda _, found: found.mean), "tokens"
    )
    for kind in VERDICT_SHARES
}
VERDICT_MEDIANS = {
    kind: Measure(
        f"tokens median {kind}", measures.of_verdict(kind, lambda _, found: found.median), "tokens"
    )
    for kind in VERDICT_SHARES
}

BEHAVIOURS = {
    lemmas: Measure(
        name,
        measures.frequency_of(lemmas),
        unit="occurrences",
        decimals=3,
        source="appendix C.3, figures 9 and 10",
        replicate=measures.replicate_frequency(lemmas),
        column=f"behaviour_{lemmas.replace('-', '_')}",
        title=f"{name}, per response",
    )
    for lemmas, name in (
        ("branching", "branch out frequency"),
        ("backtracking", "backtrack frequency"),
        ("self-verification", "self verify frequency"),
    )
}
"""By list of lemmas; their names are the paper's words."""

MEAN_ACCURACY = Measure(
    "mean accuracy",
    measures.mean_accuracy(ACCURACY),
    direction="higher",
    source="mean over data sets, table 1",
    level="row",
    column="avg",
)
RATIO_OF_MEANS = Measure(
    "recovery rate of the means",
    measures.ratio_of_means,
    direction="higher",
    source="equation 5 of the mean accuracies",
    level="row",
    roles=_TRANSFER,
    column="recovery_ratio_of_means",
)
MEAN_RECOVERY = Measure(
    "mean recovery rate",
    measures.mean_of(RECOVERY),
    direction="higher",
    source="mean of equation 5 over data sets, table 4",
    level="row",
    replicate=measures.replicate_mean_of(RECOVERY),
    roles=_TRANSFER,
    column="recovery_mean_of_ratios",
    title="mean recovery rate (mean of ratios, eq. 5), in percent",
)
DIFFERENCE_FROM_HIGHEST = Measure(
    "difference from the highest",
    measures.difference_from_highest,
    source="paired sign-flip test",
    level="comparison",
    rows=False,
    grids=True,
)
SPREAD = Measure(
    "standard deviation over runs",
    measures.spread_over_runs,
    direction="lower",
    decimals=2,
    source="figure 6",
    grids=True,
    optional=True,
    title="standard deviation over runs of the accuracy, in points",
)
MEAN_GAIN = Measure(
    "mean gain",
    measures.mean_of(GAIN),
    direction="higher",
    source="section 3.2",
    level="row",
    replicate=measures.replicate_mean_of(GAIN),
    roles=_TRANSFER,
    optional=True,
)
DIFFERENCE = Measure(
    "difference",
    measures.difference_from_row,
    direction="higher",
    source="accuracy less that of the row `compare_with`; paired sign-flip test",
    level="comparison",
    column="avg_difference",
)
MEAN_DIFFERENCE = Measure(
    "mean difference",
    measures.mean_difference_from_row,
    direction="higher",
    source="mean of the differences over data sets; paired sign-flip test over all problems",
    level="row",
    column="avg_difference",
)
ACCURACY_BY_OTHERS = Measure(
    "accuracy by another grader",
    measures.accuracy_by_others,
    direction="higher",
    source="avg@n by the experiment's other graders",
    level="comparison",
    optional=True,
)
MEAN_ACCURACY_BY_OTHERS = Measure(
    "mean accuracy by another grader",
    measures.mean_accuracy_by_others,
    direction="higher",
    source="mean over data sets",
    level="row",
    optional=True,
)
WEIGHTS_READ = Measure(
    "weights read",
    measures.token_cost_of(lambda cost: cost.weights),
    unit="bytes",
    direction="lower",
    source="weights of all models that the method reads, per decoded token",
    level="row",
    optional=True,
)
FLOPS = Measure(
    "FLOPs",
    measures.token_cost_of(lambda cost: cost.flops),
    unit="FLOPs",
    direction="lower",
    source="Kaplan et al. 2020, per decoded token",
    level="row",
    optional=True,
)
SMALL_SHARE = Measure(
    "steps that need a small model",
    measures.small_share,
    direction="lower",
    source="share of the drawn tokens whose scores a small model changes, mean over data sets",
    level="row",
    optional=True,
)
EQUAL_BYTES = Measure(
    "majority at equal bytes",
    measures.majority_at_equal_bytes,
    direction="higher",
    source="self-consistency (Wang et al. 2023) at the bytes of one sample of `compare_with`",
    level="comparison",
    optional=True,
)
MEAN_EQUAL_BYTES = Measure(
    "mean majority at equal bytes",
    measures.mean_accuracy(EQUAL_BYTES),
    direction="higher",
    source="mean over data sets",
    level="row",
    optional=True,
)
PCR = Measure(
    "PCR",
    measures.path_mean("PCR"),
    direction="higher",
    decimals=2,
    source="path coverage rate, equation 2",
    level="paths",
    replicate=measures.replicate_path_rate,
    optional=True,
    title="path coverage rate (eq. 2), in percent",
)
COSINE = Measure(
    "cosine similarity",
    measures.path_mean("cosine similarity"),
    unit="cosine",
    decimals=3,
    source="equation 6, figure 4",
    level="paths",
    replicate=measures.replicate_path_mean,
    roles=_TRANSFER,
    optional=True,
    title="cosine similarity of ΔR (eq. 6)",
)

VOTES = (MAJORITY_AT_K, EQUAL_BYTES, MEAN_EQUAL_BYTES)
"""What needs the values of wrong answers."""

MEASURES: tuple[Measure, ...] = (
    ACCURACY,
    GAIN,
    RECOVERY,
    PASS_AT_K,
    MAJORITY_AT_K,
    LENGTH,
    RERUN_ERROR,
    MEDIAN_LENGTH,
    CORRECT_LENGTH,
    WRONG_LENGTH,
    TRUNCATED,
    UNPARSED,
    TIMEOUT,
    *(
        one[kind]
        for kind in VERDICT_SHARES
        for one in (VERDICT_SHARES, VERDICT_LENGTHS, VERDICT_MEDIANS)
    ),
    *BEHAVIOURS.values(),
    MEAN_ACCURACY,
    RATIO_OF_MEANS,
    MEAN_RECOVERY,
    DIFFERENCE_FROM_HIGHEST,
    DIFFERENCE,
    MEAN_DIFFERENCE,
    SPREAD,
    MEAN_GAIN,
    PCR,
    COSINE,
    ACCURACY_BY_OTHERS,
    MEAN_ACCURACY_BY_OTHERS,
    WEIGHTS_READ,
    FLOPS,
    SMALL_SHARE,
    EQUAL_BYTES,
    MEAN_EQUAL_BYTES,
)

BESIDE_COSTS = (WEIGHTS_READ, FLOPS, SMALL_SHARE, EQUAL_BYTES, MEAN_EQUAL_BYTES)
"""Of an experiment that compares rows and has the cost `flops`."""
BY_OTHERS = (ACCURACY_BY_OTHERS, MEAN_ACCURACY_BY_OTHERS)
"""Of an experiment that names several graders."""

RECOVERIES = (RECOVERY, RATIO_OF_MEANS, MEAN_RECOVERY)
"""Measures that may be undefined, or not identified."""

FIGURE_MEASURES: dict[FigureKind, tuple[Measure, ...]] = {
    "pass@k": (PASS_AT_K,),
    "majority@k": (MAJORITY_AT_K,),
    "behaviour": tuple(BEHAVIOURS.values()),
    "length": (LENGTH,),
    "pcr": (PCR,),
    "similarity": (RECOVERY, COSINE),
    "grids": (ACCURACY,),
    "kl": (),  # figure 5 is shown token by token
}
"""The measures that a figure is drawn from."""

_IN_DETAILS = {*VERDICT_SHARES.values(), *VERDICT_LENGTHS.values(), *VERDICT_MEDIANS.values()}
_NOT_REQUESTED = {DIFFERENCE, MEAN_DIFFERENCE, *BESIDE_COSTS, *BY_OTHERS}  # keys ask for them
_BY_NAME = {
    one.name: one
    for one in MEASURES
    if one.rows and one not in _IN_DETAILS and one not in _NOT_REQUESTED
}
"""The measures that an experiment may request."""


def measure_of(name: str) -> Measure:
    """Return the measure of that name, or a user's own, `module:object`.

    Raises:
        ConfigError: there is none, the object is not a measure, or it has the name of a built-in
            one.
    """
    if ":" not in name:
        if name in _BY_NAME:
            return _BY_NAME[name]
        raise ConfigError(
            f"unknown measure {name!r}",
            hint=f"{did_you_mean(name, _BY_NAME, 'measures')}; your own is module:object",
        )
    place = f"measure {name}"
    found = import_object(name, place)
    if not isinstance(found, Measure):
        raise ConfigError(
            f"{place} is not a measure but of type {type(found).__name__}",
            hint="create it with rast_bench.results.Measure; docs/add_a_measure.md shows one",
        )
    if found.level != "cell" or found.grids or set(found.roles) != set(ROLE_ORDER):
        raise ConfigError(
            f"{place}: your own measure must be of the samples of a cell, in every row",
            hint="leave level, roles and grids out",
        )
    if any(found.name == one.name or found.csv_name == one.csv_name for one in MEASURES):
        raise ConfigError(
            f"{place}: the name {found.name!r} belongs to a measure of rast-bench",
            hint="give yours another name",
        )
    return replace(found, function=partial(_own_values, place, found.function))


def _own_values(
    place: str, function: Callable[[CellSamples], Sequence[Value]], cell: CellSamples
) -> Sequence[Value]:
    """Return what a user's function returns.

    Raises:
        ConfigError: it fails or returns no values.
    """
    try:
        values = tuple(function(cell))
    except UnavailableError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{place}: its function fails with {type(error).__name__}: {first_line(error)}",
            hint="it is called with a CellSamples and returns a list of Values",
        ) from error
    for value in values:
        if not isinstance(value, Value):
            raise ConfigError(
                f"{place}: its function returns a {type(value).__name__} where a Value belongs",
                hint="rast_bench.results.per_sample makes the list from an array",
            )
    return values


def measures_of(names: Iterable[str]) -> tuple[Measure, ...]:
    """Return the measures of these names.

    Raises:
        ConfigError: as `measure_of`, and for two with the same name.
    """
    found: dict[str, Measure] = {}
    for path in dict.fromkeys(names):
        measure = measure_of(path)
        if measure.name in found:
            raise ConfigError(
                f"two measures are named {measure.name!r}, one of them {path}",
                hint="give one of them another name",
            )
        found[measure.name] = measure
    return tuple(found.values())
