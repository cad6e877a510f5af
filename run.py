"""`python run.py` in a checkout: `rast-bench run` under another name."""

import sys

from rast_bench.cli.run import run_words
from rast_bench.guard import end_process, guarded

if __name__ == "__main__":
    words = sys.argv[1:]
    end_process(guarded(lambda: run_words(words, "python run.py"), words))
