"""`python -m rast_bench`, and the program `rast-bench`."""

from typing import NoReturn

from rast_bench.cli import main
from rast_bench.guard import end_process


def program() -> NoReturn:
    """Run the command of this process's arguments; nothing follows it."""
    end_process(main())


if __name__ == "__main__":
    program()
