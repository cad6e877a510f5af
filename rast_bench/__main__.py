"""`python -m rast_bench`."""

import sys

from rast_bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
