"""`rast-bench analyse tokens`: where ΔR acts in stored samples, at each of their tokens."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.arguments import arguments_of, is_results_dir, results_folder_of
from rast_bench.errors import ConfigError
from rast_bench.terminal import stdout_width

if TYPE_CHECKING:
    from rast_bench.analysis.token_measures import SampleTokens
    from rast_bench.reporting.table import Table

PROBLEMS = 5  # of each cell, by default
STRONGEST = 10  # tokens that are printed
_MEANS = ("delta", "kl", "entropy")


@dataclass
class _Summary:
    """What is printed of a cell: sums over its tokens."""

    title: str
    samples: int = 0
    tokens: int = 0
    changed: int = 0
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_MEANS, 0.0))

    def add(self, one: "SampleTokens") -> None:
        self.samples += 1
        self.tokens += len(one.texts)
        self.changed += one.changed
        for name in _MEANS:
            self.sums[name] += sum(one.values[name])


@dataclass(frozen=True, order=True)
class _Strong:
    """A token, by what ΔR changes there."""

    kl: float
    cell_id: str
    problem_id: str
    sample_index: int
    position: int
    text: str


def run(args: Namespace) -> int:
    """Save the measures of every token; print their means and the tokens that ΔR changes most.

    Raises:
        ConfigError: the arguments name no sample.
        LedgerError, DatasetError, ModelError, EngineError: as `choose_samples` and
            `read_tokens_of`.
    """
    from rast_bench.api.folder import open_results
    from rast_bench.api.named import distinct, named_cells

    words = arguments_of(args)
    results = results_folder_of(words)
    folder = open_results(results)
    notes: list[str] = []
    names = [word for word in words.overrides if not is_results_dir(word)]
    for name in names:
        if "=" in name and ":" not in name:
            raise ConfigError(
                f"{name}: tokens are of stored cells, which cannot be changed",
                hint="name an experiment, EXPERIMENT:ROW, or cells by id",
            )
    named = distinct(one for name in names for one in named_cells(folder, name, notes))

    # Now that the names are known to be valid: these import PyTorch.
    from rast_bench.analysis.request import stored_cell
    from rast_bench.analysis.token_files import save_tokens
    from rast_bench.analysis.token_measures import as_json
    from rast_bench.analysis.token_run import choose_samples, read_tokens_of, title_of
    from rast_bench.reporting.render_text import render_text

    chosen = choose_samples(
        {one.cell_id: stored_cell(folder.ledger, one.cell_id) for one in named},
        folder.ledger,
        problems=args.problem or (),
        samples=args.sample or (0,),
        limit=PROBLEMS if args.limit is None else args.limit or None,
        seed=args.seed,
    )
    summaries: dict[str, _Summary] = {}
    strongest: list[_Strong] = []
    paths: list[Path] = []
    for one, tokens in read_tokens_of(chosen, folder.ledger, scratch=args.scratch, tell=tell_model):
        cell_id = one.planned.cell_id
        paths.append(save_tokens(results, cell_id, as_json(tokens)))
        summaries.setdefault(cell_id, _Summary(title_of(one))).add(tokens)
        places = enumerate(zip(tokens.values["kl"], tokens.texts, strict=True))
        strongest += [
            _Strong(kl, cell_id, tokens.problem_id, tokens.sample_index, place, text)
            for place, (kl, text) in places
        ]
        strongest = sorted(strongest, reverse=True)[:STRONGEST]
    for table in (_means(summaries), _strong_table(strongest)):
        print(render_text(table, stdout_width()))
    for note in dict.fromkeys(notes):
        print(f"note: {note}", file=sys.stderr)
    print(f"wrote {len(paths)} files in {paths[0].parent.parent}", file=sys.stderr)
    return 0


def tell_model(path: str) -> None:
    print(f"reading with {path}", file=sys.stderr, flush=True)


def _means(summaries: "dict[str, _Summary]") -> "Table":
    from rast_bench.analysis.token_measures import MEASURES
    from rast_bench.reporting.table import (
        Column,
        QuantityCell,
        Table,
        TableRow,
        TableSection,
        TextCell,
    )

    rows = tuple(
        TableRow(
            (
                TextCell(f"{one.title} ({cell_id})"),
                TextCell(str(one.samples)),
                TextCell(f"{one.tokens:,}"),
                *(QuantityCell(one.sums[name] / max(1, one.tokens), 3) for name in _MEANS),
                QuantityCell(100 * one.changed / max(1, one.tokens), 1),
            )
        )
        for cell_id, one in summaries.items()
    )
    headings = ("samples", "tokens", "|ΔR|", "KL", "entropy", "other token, %")
    notes = [f"{title}, {unit}" for title, unit in (MEASURES[name] for name in _MEANS)]
    return Table(
        "tokens",
        "Where ΔR acts: means over tokens",
        (Column("", "left"), *map(Column, headings)),
        (TableSection("samples that were read", rows),),
        (
            f"|ΔR|, KL, entropy: {'; '.join(notes)}; at τ = 1.",
            "other token: the composition's most likely token is not M's.",
        ),
    )


def _strong_table(strongest: "Sequence[_Strong]") -> "Table":
    from rast_bench.reporting.table import (
        Column,
        QuantityCell,
        Table,
        TableRow,
        TableSection,
        TextCell,
    )

    rows = tuple(
        TableRow(
            (
                TextCell(repr(one.text)),
                QuantityCell(one.kl, 3),
                TextCell(str(one.position)),
                TextCell(f"{one.cell_id}, problem {one.problem_id}, sample {one.sample_index}"),
            )
        )
        for one in strongest
    )
    return Table(
        "strongest",
        "Tokens where ΔR changes the distribution most, by KL(M ‖ composition)",
        (Column("token", "left"), Column("nats"), Column("position"), Column("sample", "left")),
        (TableSection("most first", rows),),
    )
