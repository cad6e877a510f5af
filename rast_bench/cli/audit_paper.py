"""`rast-bench audit-paper`: the published numbers against one another."""

from argparse import Namespace
from pathlib import Path

from rast_bench.config.arguments import CommandParser, add_results_dir

SUMMARY = "recompute the paper's numbers from one another"

_DESCRIPTION = """\
Recompute every published number of the RAST paper, its project page and its replies to reviewers
that follows from other published numbers, and list those that cannot be right.

A printed number stands for all numbers that round to it, so a verdict of "cannot be right" holds
whatever the unrounded numbers were, by the protocol that the paper states. "Unlikely" rests on
chance, on a protocol that is not stated, or on how fast decoding can be. Needs no model and no
network."""

_EPILOG = """\
Exit code 0 if the audit ran: findings are its result, not errors."""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument("--json", action="store_true", help="the same for programs")
    parser.add_argument(
        "--facts",
        metavar="DIR",
        type=Path,
        help="another folder of published numbers, in the form of results/paper/",
    )
    add_results_dir(parser, "a folder for the report of a bug")


def run(args: Namespace) -> int:
    """Print the audit on stdout; always 0.

    Raises:
        DatasetError: published numbers are missing or invalid.
    """
    from rast_bench.paper.audit import audit
    from rast_bench.paper.published import load_published
    from rast_bench.paper.render import render_audit, render_audit_json

    findings = audit(load_published(args.facts))
    print(render_audit_json(findings) if args.json else render_audit(findings), end="")
    return 0
