"""`python -m rast_bench.cli`, as sbatch scripts of earlier versions call it."""

from rast_bench.cli import main
from rast_bench.guard import end_process

if __name__ == "__main__":
    end_process(main())
