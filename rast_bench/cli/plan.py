"""`rast-bench plan`: the arguments of `rast-bench run`, a report instead of a run."""

from argparse import Namespace
from pathlib import Path

from rast_bench.cli.run import show_configuration
from rast_bench.config.arguments import CommandParser, add_run_arguments, arguments_of, one_of

SUMMARY = "report what `run` with the same arguments would make and cost"

EXIT_BLOCKED = 2
_MOST = 1e9  # GiB, or tokens per second

_DESCRIPTION = """\
Report what `rast-bench run` with the same arguments would make: cells, engine groups, missing
samples, GPU memory, tokens and hours, disk, and everything that would stop it. Loads no model,
writes nothing."""

_EXAMPLES = """\
examples:
  rast-bench plan experiment=demo
  rast-bench plan -m delta=tiny-xs,tiny-s decoding.lambda=0.5,1 --gpu h100
  rast-bench plan engine=vllm base_model.base.path=/models/Qwen2.5-32B --gpu-memory 80
  rast-bench plan experiment=demo --json > plan.json

Groups, options and keys are those of `rast-bench run`: see `rast-bench run --help`.
Without a card the plan is for this machine. With --gpu or --gpu-memory it is for another one: then
a missing network, hub or vLLM is a warning, and checkpoints and data sets that are not here are
planned from the facts that ship (docs/planning.md).

Exit code 0: the run can start, 2: the plan lists what would stop it."""


def configure(parser: CommandParser) -> None:
    from rast_bench.known.cards import CARDS

    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add_run_arguments(parser)
    card = parser.add_mutually_exclusive_group()
    card.add_argument(
        "--gpu", metavar="CARD", type=one_of("card", "cards", CARDS), help=", ".join(CARDS)
    )
    card.add_argument(
        "--gpu-memory", metavar="GIB", type=_positive, help="memory of one device, in GiB"
    )
    parser.add_argument(
        "--tokens-per-second",
        metavar="N",
        type=_positive,
        help="tokens/s of one engine over all its rows, if the ledger has no measured speed",
    )
    parser.add_argument("--json", action="store_true", help="the same for programs")


def run(args: Namespace) -> int:
    """Print the plan on stdout; 2 if something would stop the run.

    Raises:
        RastBenchError: a configuration or a results folder cannot be read.
    """
    from rast_bench.config.frontend import jobs_of

    words = arguments_of(args)
    if show_configuration(args, words):
        return 0
    jobs = jobs_of(words)
    from rast_bench.known.cards import CARDS
    from rast_bench.ledger import Ledger
    from rast_bench.pipeline import shared_options
    from rast_bench.planning.groups import Assumptions
    from rast_bench.reporting.plan_json import render_json
    from rast_bench.reporting.plan_report import build_report
    from rast_bench.reporting.plan_text import render_plan

    memory = CARDS[args.gpu].memory if args.gpu_memory is None and args.gpu else args.gpu_memory
    assumptions = Assumptions(args.gpu, memory, args.tokens_per_second)
    ledger = Ledger(Path(shared_options(jobs).results_dir))
    report = build_report(jobs, ledger, assumptions)
    print(render_json(report) if args.json else render_plan(report), end="")
    return EXIT_BLOCKED if report.errors else 0


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= _MOST:
        raise ValueError
    return value


_positive.__name__ = "positive number"
