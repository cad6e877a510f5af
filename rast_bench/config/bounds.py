"""How large a number may be: what nobody means is refused before any work, and says why.

Each bound is far above what the field does. docs/limits.md lists them with their reasons.
"""

from typing import Annotated

from pydantic import Field

MAX_SAMPLES = 100_000  # of one problem; papers draw up to some thousand
MAX_TOKENS = 10_000_000  # of one sequence; the longest contexts there are
MAX_ROWS = 16_384  # max_num_seqs; vLLM's own default is 1,024 at most
MAX_THREADS = 1_024  # of one engine; cores of the largest nodes
MAX_DEVICES = 1_024
MAX_WORKERS = 1_024  # processes of one machine
MAX_TASKS = 100_000  # of SLURM arrays
MAX_PROBLEMS = 100_000_000  # of a data set, or samples of one task
MAX_RETRIES = 10_000  # of a task that failed or ran out of time
MAX_MINUTES = 10 * 366 * 24 * 60
MAX_JOBS = 100_000  # cells of one command: points of a sweep, rows and grid points
MAX_SEED = 2**63 - 1
MAX_NAME_LENGTH = 100  # characters; it becomes a folder's name
MAX_LABEL_LENGTH = 300

Samples = Annotated[int, Field(ge=1, le=MAX_SAMPLES)]
Tokens = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
Rows = Annotated[int, Field(ge=1, le=MAX_ROWS)]
Threads = Annotated[int, Field(ge=1, le=MAX_THREADS)]
Problems = Annotated[int, Field(ge=1, le=MAX_PROBLEMS)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Retries = Annotated[int, Field(ge=0, le=MAX_RETRIES)]
