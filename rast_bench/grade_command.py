"""`rast-bench grade IN.jsonl OUT.jsonl --grader NAME`: verdicts on responses from anywhere."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

BATCH = 1_000  # responses between two reports of progress
_EPILOG = """\
IN.jsonl has one response a line:
  id        string or number, copied to the output
  gold      the reference answer
  response  the model's text
  dataset   its data set's name (optional): some graders read choices and units by it
  finish_reason  eos, stop or length (optional, eos): "length" makes a missing answer truncated
OUT.jsonl repeats id in the same order, with
  extracted  the answer that was found, null where none was
  verdict    correct, wrong, unparsed, truncated or timeout
  seconds    CPU seconds that the comparison took; a repeated answer repeats them"""


def main(arguments: Sequence[str]) -> int:
    """Runs the subcommand and returns its exit code. Raises ConfigError and DatasetError."""
    from rast_bench.grading import grader_names

    parser = argparse.ArgumentParser(
        prog="rast-bench grade",
        description="Grade the responses of a JSONL file.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="IN.jsonl", type=Path)
    parser.add_argument("target", metavar="OUT.jsonl", type=Path, help="replaced if it exists")
    parser.add_argument(
        "--grader",
        required=True,
        metavar="NAME",
        help=f"{', '.join(grader_names())}; without a version, the newest",
    )
    options = parser.parse_args(arguments)
    return grade_file(options.source, options.target, options.grader)


def grade_file(source: Path, target: Path, grader_name: str) -> int:
    """Grades every line of `source` into `target`; progress and a summary go to stderr.

    Raises:
        ConfigError: no grader has this name, or `target` cannot be written.
        DatasetError: `source` cannot be read, or a line of it is no response.
    """
    from rast_bench.grading import get_grader, newest_version
    from rast_bench.grading.response_file import check_target, read_responses, write_judgements
    from rast_bench.runner.progress import stderr_progress

    grader = get_grader(newest_version(grader_name))
    check_target(target, source)
    responses = read_responses(source)
    judged = []
    progress = stderr_progress()
    progress.start(total=len(responses), done=0)
    try:
        for start in range(0, len(responses), BATCH):
            batch = responses[start : start + BATCH]
            judged += grader.grade_timed([response.answer for response in batch])
            progress.advance(len(batch))
    finally:
        progress.stop()
    write_judgements(target, responses, judged)
    kinds = Counter(judgement.kind for judgement, _ in judged)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    print(f"{grader.name}: {len(responses):,} responses: {counts or 'none'}", file=sys.stderr)
    return 0
