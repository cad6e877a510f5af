"""Footnotes on how the samples of a table were made and graded, unless the table shows it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rast_bench.config.identity import engine_key
from rast_bench.config.schema import CellConfig
from rast_bench.grading import graders_of
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.planning.cells import PlannedCell
from rast_bench.reporting.disagreement import disagreement_notes, undecided_notes
from rast_bench.results.experiment import Missing

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

OPEN = "auto"  # an engine's dtype that is determined by a run
MANY_DECODINGS = 4  # above this, a footnote does not list them
_METHOD_NAMES = {"base": "base", "rast": "RAST", "rl": "RL"}
"""The first to be listed; the others have the names of `method=`."""


def decoding_of(cell: CellConfig) -> str:
    """Return `λ = 1, τ = 1, top-p = 0.95`, or `greedy`; the method's parameters come first."""
    decoding = cell.decoding
    numbers = dict(cell.method.parameters)
    if cell.weight is not None:
        numbers["λ"] = cell.weight
    if not decoding.greedy:
        numbers |= {"τ": decoding.temperature, "top-p": decoding.top_p}
    if decoding.repetition_penalty != 1:
        numbers["repetition penalty"] = decoding.repetition_penalty
    words = [f"{name} = {value:g}" for name, value in numbers.items()]
    return ", ".join([*words, "greedy"] if decoding.greedy else words)


def _decodings(cells: Sequence[CellConfig]) -> str:
    """Return the decodings of one method; λ and τ of a whole grid are in its table."""
    distinct = list(dict.fromkeys(map(decoding_of, cells)))
    if len(distinct) > MANY_DECODINGS:
        words = [
            f"{len(distinct)} settings",
            f"top-p = {_listed(f'{cell.decoding.top_p:g}' for cell in cells)}",
        ]
        penalties = sorted({cell.decoding.repetition_penalty for cell in cells})
        if penalties != [1]:
            words.append(f"repetition penalty = {_listed(f'{one:g}' for one in penalties)}")
        return ", ".join(words)
    return " or ".join(distinct)


def engine_of(cell: CellConfig, planned: PlannedCell | None, ledger: "Ledger") -> str:
    """Return what made the cell's samples: `vllm, bfloat16`, `vllm, bfloat16, 4 drafts by S_RL`.

    A dtype that was left open (auto) is read from manifests.

    Raises:
        LedgerError: they cannot be read.
    """
    dtype: str = cell.engine.dtype
    if dtype == OPEN and planned is not None:
        runs = set(ledger.samples(planned.cell_id, ["run_id"])["run_id"])
        ran = [one for one in ledger.manifests(planned.cell_id) if one["run_id"] in runs]
        dtype = _listed(one["config"]["engine"]["dtype"] for one in ran) or dtype
    drafts = engine_key(cell).draft_tokens
    return f"{cell.engine.name}, {dtype}" + (f", {drafts} drafts by S_RL" if drafts else "")


def protocol_notes(used: Sequence[tuple[CellConfig, str]], grader: str | None) -> tuple[str, ...]:
    """Return the protocol, unless the table shows it: one sentence for each part.

    Args:
        used: Cells, each with its `engine_of`.
        grader: The chosen one; None for the first of each data set.
    """
    if not used:
        return ()
    cells, engines = zip(*used, strict=True)
    settled = [engine for engine in engines if not engine.endswith(OPEN)]
    tokens = _listed(f"{cell.decoding.max_tokens:,}" for cell in cells)
    seeds = _listed(str(cell.decoding.seed) for cell in cells if not cell.decoding.greedy)
    names = dict.fromkeys(_METHOD_NAMES) | dict.fromkeys(cell.method.name for cell in cells)
    notes = [
        "Decoding: "
        + "; ".join(
            f"{_METHOD_NAMES.get(method, method)}: {_decodings(members)}"
            for method in names
            if (members := [cell for cell in cells if cell.method.name == method])
        )
        + f"; at most {tokens} new tokens"
        + (f"; seed {seeds}." if seeds else "."),
        f"Prompt: {_prompts(cells)}. Grader: "
        f"{_listed(graders_of(cell, grader)[0] for cell in cells)}. Engine: "
        f"{_listed(settled or engines)}.",
    ]
    drawn = {(cell.dataset.limit, cell.dataset.limit_seed) for cell in cells}
    notes += [
        f"Problems: {limit:,} of each data set that has more, drawn at random (seed {seed})."
        for limit, seed in sorted(drawn, key=str)
        if seed is not None
    ]
    return tuple(notes)


def grading_notes(
    planned: Sequence[PlannedCell | None],
    outcomes: Sequence[CellOutcome | Missing],
    ledger: "Ledger",
    grader: str | None,
) -> tuple[str, ...]:
    """Return where graders disagree, and what they left undecided; the sequences are parallel.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    run = [
        (graders_of(cell.cell, grader)[0], outcome)
        for cell, outcome in zip(planned, outcomes, strict=True)
        if cell is not None and isinstance(outcome, CellOutcome)
    ]
    cells = [cell for cell in planned if cell is not None]
    return (*disagreement_notes(cells, ledger, grader), *undecided_notes(run))


def _prompts(cells: Sequence[CellConfig]) -> str:
    """Return their names; if data sets have different ones, with the data sets of each."""
    by_dataset: dict[str, list[str]] = {}
    for cell in cells:
        prompt = cell.prompt
        forced = f" (responses start with “{prompt.forced_prefix}”)" if prompt.forced_prefix else ""
        by_dataset.setdefault(cell.dataset.name, []).append(prompt.name + forced)
    datasets: dict[str, list[str]] = {}
    for name, prompts in by_dataset.items():
        datasets.setdefault(_listed(prompts), []).append(name)
    if len(datasets) == 1:
        return next(iter(datasets))
    return "; ".join(f"{prompts} for {', '.join(names)}" for prompts, names in datasets.items())


def _listed(values: Iterable[str]) -> str:
    """Return distinct values in order of first appearance: `a`, `a or b`."""
    return " or ".join(dict.fromkeys(values))
