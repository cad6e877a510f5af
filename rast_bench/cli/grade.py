"""`rast-bench grade`: verdicts on responses from anywhere, and why one answer gets its verdict."""

import sys
import tempfile
from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.arguments import CommandParser, add_results_dir
from rast_bench.errors import ConfigError

if TYPE_CHECKING:
    from rast_bench.grading import Answer

SUMMARY = "verdicts on responses of a JSONL file, from anywhere"

BATCH = 1_000  # responses between two reports of progress
DEFAULT = "robust"

_USAGE = """\
rast-bench grade IN.jsonl OUT.jsonl [--grader NAME] [--explain]
       rast-bench grade --gold GOLD (--answer ANSWER | --response TEXT) [--grader NAME]
                        [--dataset NAME] [--finish-reason REASON]"""
_DESCRIPTION = "Grade the responses of a JSONL file, or explain the verdict on one answer."
_EPILOG = """\
IN.jsonl has one response per line:
  id        string or number, copied to the output
  gold      the reference answer
  response  the model's text
  dataset   its data set's name (optional): some graders read choices and units according to it
  finish_reason  eos, stop or length (optional, eos): "length" makes a missing answer truncated
OUT.jsonl repeats id in the same order, with
  extracted  the extracted answer, null if there is none
  verdict    correct, wrong, undecided, unparsed, truncated or timeout
  seconds    CPU seconds of the comparison; a repeated answer repeats them
and with --explain
  gold        the gold answer as the grader reads it
  extraction  how the answer was found
  reason      what decided
  rule        by which rule
which are null if the grader does not give them. docs/graders.md explains the terms.

With --gold one answer is graded and explained on stdout:
  rast-bench grade --gold '|x+5|' --answer 'x+5'
  rast-bench grade --gold='-x' --answer='-2x/2'
  rast-bench grade --gold '1/2' --response 'So it is \\boxed{0.5}.'"""


def configure(parser: CommandParser) -> None:
    from rast_bench.grading import grader_names
    from rast_bench.grading.response_file import FINISH_REASONS

    parser.usage, parser.description, parser.epilog = _USAGE, _DESCRIPTION, _EPILOG
    parser.add_argument("source", metavar="IN.jsonl", type=Path, nargs="?")
    parser.add_argument(
        "target", metavar="OUT.jsonl", type=Path, nargs="?", help="replaced if it exists"
    )
    parser.add_argument(
        "--grader",
        default=DEFAULT,
        metavar="NAME",
        help=f"{', '.join(grader_names())}; without a version, the newest; or your own, "
        f"module:Class (default: {DEFAULT})",
    )
    parser.add_argument(
        "--explain", action="store_true", help="also write how each verdict came about"
    )
    add_results_dir(parser, "a folder for the report of a bug")
    one = parser.add_argument_group("one answer")
    one.add_argument("--gold", metavar="GOLD", help="its gold answer")
    one.add_argument("--answer", metavar="ANSWER", help="the answer, graded as \\boxed{ANSWER}")
    one.add_argument("--response", metavar="TEXT", help="the whole response with the answer")
    one.add_argument("--dataset", metavar="NAME", default="")
    one.add_argument("--finish-reason", choices=FINISH_REASONS, default="eos")


def run(args: Namespace) -> int:
    """Grade a file or one answer.

    Raises:
        ConfigError, DatasetError: as `grade_file` and `grade_one`.
    """
    from rast_bench.grading import Answer

    if args.gold is None and args.answer is None and args.response is None:
        if args.target is None:
            raise _misused("IN.jsonl and OUT.jsonl are needed, or --gold and --answer")
        return grade_file(args.source, args.target, args.grader, explain=args.explain)
    if args.source is not None:
        raise _misused("--gold, --answer and --response are for one answer, without files")
    if args.gold is None or (args.answer is None) == (args.response is None):
        raise _misused("one answer needs --gold, and either --answer or --response")
    text = args.response if args.answer is None else f"\\boxed{{{args.answer}}}"
    return grade_one(Answer(text, args.gold, args.finish_reason, args.dataset), args.grader)


def _misused(message: str) -> ConfigError:
    return ConfigError(message, hint="see `rast-bench grade --help`")


def grade_file(source: Path, target: Path, grader_name: str, *, explain: bool = False) -> int:
    """Grade every line of `source` into `target`; progress and a summary go to stderr.

    Raises:
        ConfigError: no grader has this name, or `target` cannot be written.
        DatasetError: `source` cannot be read, or a line of it is not a response.
    """
    from rast_bench.grading import get_grader, newest_version
    from rast_bench.grading.response_file import read_responses, write_judgements
    from rast_bench.run.progress import stderr_progress

    grader = get_grader(newest_version(grader_name))
    _check_target(target, source)
    responses = read_responses(source)
    judged = []
    progress = stderr_progress()
    progress.start(total=len(responses), done=0)
    try:
        for start in range(0, len(responses), BATCH):
            batch = responses[start : start + BATCH]
            judged += grader.explain([response.answer for response in batch])
            progress.advance(len(batch))
    finally:
        progress.stop()
    write_judgements(target, responses, judged, explain=explain)
    kinds = Counter(explained.judgement.kind for explained in judged)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    print(f"{grader.name}: {len(responses):,} responses: {counts or 'none'}", file=sys.stderr)
    return 0


def _check_target(target: Path, source: Path) -> None:
    """Raise ConfigError if verdicts cannot be written, before any work is done."""
    from rast_bench.grading.response_file import check_target

    try:
        if target.is_dir():
            raise ConfigError(f"cannot write {target}: it is a folder", hint="name a file in it")
        if not target.parent.is_dir():
            raise ConfigError(
                f"cannot write {target}: there is no folder {target.parent}", hint="create it first"
            )
        check_target(target, source)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f"cannot write {target}: {(error.strerror or str(error)).lower()}",
            hint="choose a writable folder with enough space",
        ) from error


def grade_one(answer: "Answer", grader_name: str) -> int:
    """Print how one response is judged.

    Raises:
        ConfigError: no grader has this name.
    """
    from rast_bench.grading import get_grader, newest_version
    from rast_bench.grading.math_verify_grader import MATH_VERIFY, math_verify_verdicts

    grader = get_grader(newest_version(grader_name), workers=1)
    ((judgement, gold, _),) = grader.explain([answer])
    extracted = judgement.extracted
    mathematics = grader.name.startswith(("robust-", "simplerl-"))
    lines = (
        ("grader", grader.name),
        ("found by", judgement.extraction),
        ("answer", "none" if extracted is None else extracted),
        ("read as", grader.reading(extracted) if extracted else ""),
        ("gold", gold),
        ("read as", grader.reading(gold)),
        ("verdict", judgement.kind),
        ("reason", judgement.reason),
        ("rule", judgement.rule),
        (MATH_VERIFY, math_verify_verdicts([answer])[0] if mathematics else ""),
    )
    for name, text in lines:
        if text:
            print(f"{name:<11} {text}")
    return 0
