r"""Writes pairs of a response and a gold answer whose truth is known because they were made so.

    python benchmarks/grading_pairs.py --right 500 --wrong 500 --seed 0 > pairs.jsonl

One JSON object a line: id, kind, change (how the answer differs from the gold answer), style (of
the response), gold, answer, response, right. `rast-bench grade` takes such lines. How they are made
is told in benchmarks/answer_pairs.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from answer_pairs import KINDS, pairs


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--right", type=int, default=500, help="pairs to be judged correct")
    parser.add_argument("--wrong", type=int, default=500, help="pairs to be judged wrong")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", action="store_true", help="list the kinds of answers instead")
    options = parser.parse_args(arguments)
    if options.kinds:
        print("\n".join(KINDS))
        return 0
    for right, count in ((True, options.right), (False, options.wrong)):
        for pair in pairs(right, count, options.seed):
            print(json.dumps(asdict(pair), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
