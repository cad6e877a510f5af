"""`python run.py` in a checkout: `rast-bench run` under another name."""

import sys

from rast_bench.cli import run_command
from rast_bench.guard import guarded

if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(guarded(lambda: run_command("run", words, "python run.py"), words))
