"""Upper bounds of numbers: values that nobody can mean are rejected before any work starts.

Each bound is far above common use. docs/limits.md lists them with their reasons.
"""

from typing import Annotated

from pydantic import Field

MAX_SAMPLES = 100_000  # per problem; papers draw up to a few thousand
MAX_TOKENS = 10_000_000  # per sequence; the longest context windows that exist
MAX_ROWS = 16_384  # max_num_seqs; vLLM's own default is 1,024 at most
MAX_DRAFT_TOKENS = 32  # per verification; beyond ten, few are accepted
MAX_THREADS = 1_024  # per engine; the cores of the largest nodes
MAX_DEVICES = 1_024
MAX_WORKERS = 1_024  # processes per machine
MAX_TASKS = 100_000  # of SLURM arrays
MAX_PROBLEMS = 100_000_000  # per data set; also samples per task
MAX_RETRIES = 10_000  # per task that failed or reached its time limit
MAX_MINUTES = 10 * 366 * 24 * 60
MAX_JOBS = 100_000  # cells per command: points of a sweep, rows and grid points
MAX_SEED = 2**63 - 1
MAX_NAME_LENGTH = 100  # characters; it becomes a folder name
MAX_LABEL_LENGTH = 300

Samples = Annotated[int, Field(ge=1, le=MAX_SAMPLES)]
Tokens = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
Rows = Annotated[int, Field(ge=1, le=MAX_ROWS)]
DraftTokens = Annotated[int, Field(ge=0, le=MAX_DRAFT_TOKENS)]
Threads = Annotated[int, Field(ge=1, le=MAX_THREADS)]
Problems = Annotated[int, Field(ge=1, le=MAX_PROBLEMS)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Retries = Annotated[int, Field(ge=0, le=MAX_RETRIES)]
