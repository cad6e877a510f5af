"""How large a number may be: what nobody means is refused before any work, and says why.

Each bound is far above what the field does. docs/limits.md lists them with their reasons.
"""

from typing import Annotated

from pydantic import Field

MOST_SAMPLES = 100_000  # of one problem; papers draw up to some thousand
MOST_TOKENS = 10_000_000  # of one sequence; the longest contexts there are
MOST_ROWS = 16_384  # max_num_seqs; vLLM's own default is 1,024 at most
MOST_THREADS = 1_024  # of one engine; cores of the largest nodes
MOST_DEVICES = 1_024
MOST_WORKERS = 1_024  # processes of one machine
MOST_TASKS = 100_000  # of SLURM arrays
MOST_PROBLEMS = 100_000_000  # of a data set, or samples of one task
MOST_RETRIES = 10_000  # of a task that failed or ran out of time
MOST_MINUTES = 10 * 366 * 24 * 60
MOST_JOBS = 100_000  # cells of one command: points of a sweep, rows and grid points
LARGEST_SEED = 2**63 - 1
LONGEST_NAME = 100  # characters; it becomes a folder's name
LONGEST_LABEL = 300

Samples = Annotated[int, Field(ge=1, le=MOST_SAMPLES)]
Tokens = Annotated[int, Field(ge=1, le=MOST_TOKENS)]
Rows = Annotated[int, Field(ge=1, le=MOST_ROWS)]
Threads = Annotated[int, Field(ge=1, le=MOST_THREADS)]
Problems = Annotated[int, Field(ge=1, le=MOST_PROBLEMS)]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Retries = Annotated[int, Field(ge=0, le=MOST_RETRIES)]
