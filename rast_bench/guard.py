"""What a user sees of an error that ends a process, whichever command or worker it is."""

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rast_bench.errors import OutputError
from rast_bench.interrupt import Interrupted, exit_code
from rast_bench.startup import check_working_folder, tolerate_warnings
from rast_bench.terminal import Output, forget_stdout, safe_streams
from rast_bench.unexpected import as_user_error, one_line_warnings, results_folder

EXIT_BROKEN_PIPE = 141  # as a shell reports SIGPIPE


def guarded(action: Callable[[], int], words: Sequence[str] = ()) -> int:
    """The action's exit code, or what a user sees of its error: one line and a hint on stderr.

    An exception that nobody foresaw is 1, with its stack trace in a file (unexpected.py).

    Args:
        words: of the command line; they may name the results folder.

    Raises SystemExit as argparse does, for `--help` and `--version`.
    """
    results = results_folder(words)
    with safe_streams(), one_line_warnings(results):
        try:
            check_working_folder()
            tolerate_warnings()
            code = _finished(action)
        except BaseException as error:
            code = _told(error, results)
        lost = sys.stderr.lost if isinstance(sys.stderr, Output) else None
        return OutputError.exit_code if lost and code == 0 else code


def _finished(action: Callable[[], int]) -> int:
    """The exit code, once what was printed has been written."""
    try:
        code = action()
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return code


def _told(error: BaseException, results: Path) -> int:
    """Prints what there is to say of an error; its exit code. Raises SystemExit."""
    match error:
        case SystemExit():
            raise error
        case Interrupted():
            return error.exit_code
        case KeyboardInterrupt():
            return exit_code(signal.SIGINT)
        case BrokenPipeError():  # `… | head`: the reader has seen enough, and all is saved
            forget_stdout()
            return EXIT_BROKEN_PIPE
    known = as_user_error(error, results)
    print(known.render(), file=sys.stderr)
    sys.stderr.flush()
    return known.exit_code
