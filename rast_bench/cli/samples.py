"""`rast-bench samples`: questions, responses and verdicts of stored samples, in the terminal."""

import sys
import textwrap
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from rast_bench.config.arguments import (
    RESULTS,
    CommandParser,
    add_results_dir,
    one_of,
    whole_number,
)
from rast_bench.domain import FinishReason, VerdictKind
from rast_bench.terminal import printable, printable_json, stdout_width

if TYPE_CHECKING:
    from rast_bench.api.search import FoundSample

SUMMARY = "show stored samples: question, response, gold answer, verdict"

LIMIT = 5
WIDTH = 100  # columns, where stdout is no terminal
LONGEST = 60  # lines of a response; of a longer one the middle is left out
INDENT = "  "

_DESCRIPTION = """\
Show samples of the ledger with what was asked, the gold answer, the extracted answer and the
verdict with the rule that gave it. The first that match are shown, or with --seed some at random;
stderr says how many there are."""
_EPILOG = """\
examples:
  rast-bench samples demo --wrong --dataset dials-hard               the first wrong ones
  rast-bench samples demo --row "+ ΔR dial-s" --wrong --seed 0       five at random
  rast-bench samples demo --disagree                                 graders do not agree
  rast-bench samples demo --problem hard-test-003 --limit 0          all methods on one problem
  rast-bench samples 0123456789abcdef --text Wait --json | jq .response

--wrong and --correct are --verdict wrong and --verdict correct: what could not be judged is
undecided, unparsed, truncated or timeout. `rast-bench export samples` writes all of them."""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument(
        "names", metavar="EXPERIMENT | CELL", nargs="+", help="whose; also EXPERIMENT:ROW"
    )
    add_results_dir(parser)
    verdict = parser.add_mutually_exclusive_group()
    kinds = get_args(VerdictKind)
    verdict.add_argument("--wrong", action="store_const", const="wrong", dest="verdict")
    verdict.add_argument("--correct", action="store_const", const="correct", dest="verdict")
    verdict.add_argument(
        "--verdict", metavar="V", type=one_of("verdict", "verdicts", kinds), help=", ".join(kinds)
    )
    parser.add_argument("--grader", metavar="NAME", help="whose verdict counts")
    parser.add_argument(
        "--disagree", action="store_true", help="one grader says correct, another does not"
    )
    parser.add_argument(
        "--dataset", metavar="NAME", action="append", help="only this data set; repeatable"
    )
    parser.add_argument(
        "--row", metavar="LABEL", action="append", help="only this row of the table; repeatable"
    )
    parser.add_argument(
        "--method",
        metavar="NAME",
        action="append",
        help="only this method; repeatable",
    )
    parser.add_argument(
        "--problem", metavar="ID", action="append", help="only this problem; repeatable"
    )
    ends = get_args(FinishReason)
    parser.add_argument(
        "--finish",
        metavar="REASON",
        type=one_of("finish reason", "finish reasons", ends),
        help=", ".join(ends),
    )
    parser.add_argument("--text", metavar="TEXT", help="only responses with this text")
    parser.add_argument(
        "--limit", metavar="N", type=whole_number, default=LIMIT, help=f"default: {LIMIT}, 0: all"
    )
    parser.add_argument("--seed", metavar="N", type=whole_number, help="choose at random")
    parser.add_argument("--full", action="store_true", help="long responses without a gap")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def run(args: Namespace) -> int:
    """Print the samples on stdout, and on stderr how many match.

    Raises:
        ConfigError: a name does not exist.
        LedgerError: the results folder cannot be read.
    """
    from rast_bench.api.folder import open_results
    from rast_bench.api.named import distinct, named_cells, only
    from rast_bench.api.search import Wanted, find_samples

    folder = open_results(args.results_dir or RESULTS)
    notes: list[str] = []
    cells = [cell for name in args.names for cell in named_cells(folder, name, notes)]
    cells = only("data set", args.dataset, cells, lambda one: one.cell.dataset)
    cells = only("method", args.method, cells, lambda one: one.cell.display.get("method"))
    cells = distinct(only("row", args.row, cells, lambda one: one.row))
    wanted = Wanted(
        verdict=args.verdict,
        grader=args.grader,
        disagree=args.disagree,
        problems=tuple(args.problem or ()),
        finish=args.finish,
        text=args.text,
    )
    found = find_samples(folder, cells, wanted, notes, limit=args.limit or None, seed=args.seed)
    width = min(stdout_width() or WIDTH, 200)
    for number, sample in enumerate(found.samples, 1):
        if args.json:
            print(printable_json(_record(sample)))
        else:
            place = f"{number} of {found.matching:,}"
            print(
                "\n".join(_lines(sample, place, width, None if args.full else LONGEST)), end="\n\n"
            )
    for note in dict.fromkeys(notes):
        print(f"note: {note}", file=sys.stderr)
    cells_told = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    told = f"{found.matching:,} of {found.searched:,} samples of {cells_told} match"
    if len(found.samples) < found.matching:
        more = "--limit 0 shows all" if args.seed is not None else "--seed 0 draws some at random"
        told += f", {len(found.samples)} are shown; {more}"
    print(told, file=sys.stderr)
    return 0


def _record(sample: "FoundSample") -> dict[str, Any]:
    named, own = sample.named, sample.named.cell.constants()
    judged = sample.verdicts.get(sample.grader or "", {})
    return {
        **own,
        **{name: getattr(named, name) for name in ("experiment", "section", "row", "grid")},
        **sample.fields,
        "grader": sample.grader,
        **judged,
        "verdicts": sample.verdicts,
    }


def _lines(sample: "FoundSample", place: str, width: int, longest: int | None) -> Iterator[str]:
    """Yield a sample as lines of the terminal, none wider than it."""
    fields, own = sample.fields, sample.named.cell.constants()
    head = f"── {place} · {sample.named.title} · {own['dataset']} "
    yield _one_line(head, width).ljust(width, "─")
    drawn = "greedy" if own["temperature"] == 0 else f"τ = {own['temperature']:g}"
    if own["repetition_penalty"] != 1:
        drawn += f", repetition penalty {own['repetition_penalty']:g}"
    steered = "" if own["lambda"] is None else f"λ = {own['lambda']:g}, "
    yield from _wrapped(
        f"cell {sample.named.cell_id}, problem {fields['problem_id']}, sample "
        f"{fields['sample_index']}; {steered}{drawn}, seed {fields['seed']}",
        width,
    )
    if fields["question"] is not None:
        yield from ("", "question")
        yield from _body(fields["question"], width, longest)
    yield from ("", f"response ({fields['token_count']:,} tokens, {fields['finish_reason']})")
    yield from _body(fields["response"], width, longest)
    yield ""
    judged = sample.verdicts.get(sample.grader or "", {})
    how = [judged.get("reason"), judged.get("rule") and f"rule {judged['rule']}"]
    said = ", ".join(filter(None, how))
    verdict = f"{judged['verdict']} ({sample.grader})" if judged else "none"
    others = [
        f"{one['verdict']} ({name}, extracted {one['extracted'] or 'nothing'})"
        for name, one in sample.verdicts.items()
        if name != sample.grader
    ]
    for name, text in (
        ("gold", fields["gold"]),
        ("extracted", judged.get("extracted") or ("nothing" if judged else None)),
        ("found by", judged.get("extraction")),
        ("verdict", f"{verdict}: {said}" if said else verdict),
        ("also", "; ".join(others)),
    ):
        if text:
            lead = f"{name:<11}"
            yield from _wrapped(f"{lead}{text}", width, later=" " * len(lead))


def _body(text: str, width: int, longest: int | None) -> list[str]:
    """Return a text in indented lines; of a long one, the first and the last."""
    lines = _wrapped(text, width, first=INDENT, later=INDENT)
    if longest is None or len(lines) <= longest:
        return lines
    half = longest // 2
    gap = f"{INDENT}… {len(lines) - 2 * half:,} lines are left out; --full shows them …"
    return [*lines[:half], gap, *lines[-half:]]


def _wrapped(text: str, width: int, *, first: str = "", later: str = "") -> list[str]:
    lines: list[str] = []
    for line in printable(text).expandtabs(4).splitlines() or [""]:
        lines += textwrap.wrap(
            line,
            width,
            initial_indent=later if lines else first,
            subsequent_indent=later,
            replace_whitespace=False,
            break_on_hyphens=False,
        ) or [""]
    return lines


def _one_line(text: str, width: int) -> str:
    plain = printable(" ".join(text.split("\n")))
    return plain if len(plain) <= width else f"{plain[: width - 1]}…"
