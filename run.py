"""The Hydra entry of a checkout: `python run.py --help`. Everything is in rast_bench/app.py."""

import sys

from rast_bench.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], program="python run.py"))
