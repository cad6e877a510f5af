"""`python -m rast_bench.cli`, as sbatch scripts of earlier versions call it."""

import sys

from rast_bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
