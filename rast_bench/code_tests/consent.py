"""Check that programs written by models may be run, before anything costly is done."""

from collections.abc import Iterable

from rast_bench.config.schema import CellConfig
from rast_bench.errors import ConfigError
from rast_bench.grading.registry import CODE_TESTS


def check_code_execution(
    cells: Iterable[CellConfig], chosen: str | None, *, allow_code_execution: bool
) -> None:
    """Check that the cells' programs can be graded, and that no other grader is chosen for them.

    Args:
        chosen: the command's grader; None leaves each data set its own.

    Raises:
        ConfigError: the user has not allowed it, this machine cannot confine a program, or the
            chosen grader does not fit a data set.
    """
    needed = False
    for cell in cells:
        wants, has = CODE_TESTS in cell.dataset.graders, CODE_TESTS in cell.graders(chosen)
        if wants != has:
            raise ConfigError(
                f"grader={chosen} cannot judge data set {cell.dataset.name}",
                hint=f"leave grader out: the data set has {', '.join(cell.dataset.graders)}",
            )
        needed = needed or has
    if needed:
        check_allowed(allow_code_execution=allow_code_execution)


def check_allowed(*, allow_code_execution: bool) -> None:
    """Raise ConfigError if programs may not or cannot be run."""
    if not allow_code_execution:
        raise ConfigError(
            "grading code runs programs written by a model, which is not allowed yet",
            hint="read docs/code_execution.md, then set allow_code_execution=true",
        )
    from rast_bench.code_tests.run import working_sandbox

    working_sandbox()
