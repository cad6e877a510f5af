"""`rast-bench analyse`: PCR, similarity of ΔR and KL along greedy paths, and single tokens."""

import argparse
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from rast_bench.cli import tokens
from rast_bench.config.arguments import (
    CommandParser,
    add_flags,
    arguments_of,
    one_of,
    whole_number,
)
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.startup import require_docstrings

if TYPE_CHECKING:
    from rast_bench.analysis.kinds import PathSource
    from rast_bench.analysis.run import PlannedStudy
    from rast_bench.analysis.scored import ScoredStudy
    from rast_bench.ledger import Ledger

SUMMARY = "PCR, similarity of ΔR and KL along greedy samples; where ΔR acts, token by token"

TOKENS = "tokens"

_DESCRIPTION = """\
Score greedy samples of the ledger with other models, token by token, and compare them.

  pcr         path coverage rate (eq. 1 and 2, figure 1a): of M_base and of M_base + λ·ΔR
  similarity  cosine between ΔR (eq. 6, figure 4), over all tokens and over plausible ones
  kl          KL divergence between M_base, M_base + λ·ΔR and RL (figure 5), nats
  tokens      where ΔR acts in stored samples of any cell: |ΔR|, KL, ranks and entropy at each
              token, with the most likely tokens of M, S_RL, S_base and the composition. `kl` keeps
              these of its paths, too; `rast-bench view` and `report` show them

One model is in memory at a time; its logits wait on disk (--scratch). The summary goes to stdout,
it and the records of each token to RESULTS/analysis/NAME/, those of `tokens` to
RESULTS/analysis/tokens/CELL/."""

_EXAMPLES = """\
examples:
  rast-bench analyse pcr tiny_table1 --generate
  rast-bench analyse similarity base_model=tiny-l delta=tiny-s dataset=tiny-hard
  rast-bench analyse kl 0123456789abcdef results_dir=results     cells of the ledger, by id
  rast-bench analyse kl demo --path rast                         along RAST's own greedy samples
  rast-bench analyse tokens "demo:+ ΔR dial-s" --limit 10        samples of a row, by chance
  rast-bench analyse tokens demo --problem hard-test-003         of all cells, on one problem
  rast-bench analyse tokens 0123456789abcdef --sample 3

The named cells determine what is compared: their base model, ΔR, λ, data set and prompt.
In an experiment with paths_of (figure4), all ΔR are compared along that base model's paths."""


def configure(parser: CommandParser) -> None:
    from rast_bench.analysis.kinds import PAPER_TRAJECTORIES, PLAUSIBLE_SHARE, Analysis, PathSource

    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    analyses, paths = (*get_args(Analysis), TOKENS), get_args(PathSource)
    parser.add_argument(
        "analysis",
        metavar="ANALYSIS",
        type=one_of("analysis", "analyses", analyses),
        help=", ".join(analyses),
    )
    parser.add_argument(
        "overrides",
        metavar="EXPERIMENT | key=value | CELL",
        nargs="+",
        help="what to compare; for tokens EXPERIMENT, EXPERIMENT:ROW or CELL",
    )
    parser.add_argument(
        "--path",
        metavar="METHOD",
        type=one_of("method", "methods", paths),
        help=f"whose samples: {', '.join(paths)}; default: rl",
    )
    parser.add_argument(
        "--limit",
        type=whole_number,
        metavar="N",
        help=f"paths per data set, drawn at random; default: {PAPER_TRAJECTORIES}, for tokens "
        f"{tokens.PROBLEMS} problems per cell; 0: all",
    )
    parser.add_argument(
        "--seed", type=whole_number, metavar="N", default=0, help="for drawing the paths"
    )
    parser.add_argument(
        "--plausible",
        type=_share,
        metavar="SHARE",
        help="a token is plausible from this share of the most likely token's probability; "
        f"{PLAUSIBLE_SHARE}",
    )
    parser.add_argument("--generate", action="store_true", help="make missing greedy samples first")
    parser.add_argument(
        "--name", metavar="NAME", help="folder of the results; the experiment's or the cells' names"
    )
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="a folder for the logits")
    parser.add_argument(
        "--problem", metavar="ID", action="append", help="of tokens: this problem; repeatable"
    )
    parser.add_argument(
        "--sample",
        metavar="N",
        action="append",
        type=whole_number,
        help="of tokens: this sample of each problem, default 0; repeatable",
    )
    add_flags(parser)


def run(args: Namespace) -> int:
    """Print the summary on stdout and save it with its records; 2 if generating failed.

    Raises:
        RastBenchError: the analysis cannot be made.
    """
    require_docstrings()
    _check_flags(args)
    if args.analysis == TOKENS:
        return tokens.run(args)
    from rast_bench.analysis.kinds import PAPER_TRAJECTORIES, PLAUSIBLE_SHARE
    from rast_bench.analysis.request import read_request

    limit = PAPER_TRAJECTORIES if args.limit is None else args.limit or None
    path_source: PathSource = args.path or "rl"
    request = read_request(arguments_of(args), args.name)

    # Now that the arguments are known to be valid: these import PyTorch.
    from rast_bench.analysis.provenance import provenance
    from rast_bench.analysis.render import render_summary
    from rast_bench.analysis.run import Settings, analyse, plan_studies
    from rast_bench.analysis.saved import save_analysis
    from rast_bench.analysis.studies import cells_over
    from rast_bench.analysis.summaries import summarise
    from rast_bench.analysis.token_files import save_tokens
    from rast_bench.analysis.token_measures import as_json
    from rast_bench.analysis.token_run import tokens_of_paths
    from rast_bench.analysis.trajectories import MissingPathsError
    from rast_bench.ledger import Ledger
    from rast_bench.provenance import now

    ledger = Ledger(request.results)
    settings = Settings(limit, args.seed, args.plausible or PLAUSIBLE_SHARE, args.scratch)
    cells = cells_over(request.cells, request.paths_of if args.analysis == "similarity" else None)
    planned = plan_studies(args.analysis, cells, path_source, settings)
    if args.generate and (code := generate(planned, ledger)):
        return code
    started = now()

    def keep_tokens(ready: "ScoredStudy") -> None:
        if args.analysis == "kl":
            for one in tokens_of_paths(ready):
                save_tokens(request.results, ready.cell_id, as_json(one))

    try:
        records = analyse(
            args.analysis, planned, ledger, settings, tell=tokens.tell_model, keep=keep_tokens
        )
    except MissingPathsError as error:
        again = shlex.join(["rast-bench", "analyse", *args.words, "--generate"])
        raise LedgerError(error.message, hint=f"`{again}` makes them first") from error
    print(render_summary(args.analysis, summarise(args.analysis, records)), end="")
    origin = provenance(args.analysis, path_source, planned, settings, started)
    paths = save_analysis(
        request.results, request.name, args.analysis, path_source, records, origin
    )
    print("\n".join(f"wrote {path}" for path in paths), file=sys.stderr)
    return 0


def generate(planned: "Sequence[PlannedStudy]", ledger: "Ledger") -> int:
    """Generate the greedy samples that the ledger lacks; 0 if all of them are there now."""
    from rast_bench.run.devices import automatic_workers
    from rast_bench.run.direct import run_cells
    from rast_bench.run.progress import stderr_progress

    cells = [item.planned for item in planned]
    workers = automatic_workers(sum(c.wanted for c in cells), [c.cell for c in cells])
    summary = run_cells(cells, ledger, progress=stderr_progress(), workers=workers)
    if summary.failures:
        print(summary.render_failures(), file=sys.stderr)
    return summary.exit_code


def _check_flags(args: Namespace) -> None:
    """Raise ConfigError for a flag of another analysis."""
    if args.analysis == TOKENS:
        foreign: Sequence[str] = ("path", "plausible", "generate", "name", "config_dir")
    else:
        foreign = ("problem", "sample")
    for name in foreign:
        if getattr(args, name):
            raise ConfigError(
                f"--{name.replace('_', '-')} is not for analyse {args.analysis}",
                hint="leave it out; `rast-bench analyse --help` says what is for which",
            )


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share above 0 and at most 1")
    return value
