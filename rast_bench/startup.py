"""Checks and settings of a process before its command starts."""

import codecs
import os
import sys
import warnings

from rast_bench.errors import ConfigError

# For files with a byte order mark. Loaded now: a process that drops its privileges later may
# no longer be able to read the standard library.
codecs.lookup("utf-8-sig")


def check_working_folder() -> None:
    """Raise ConfigError if the working folder was deleted: every relative path would fail."""
    try:
        os.getcwd()  # noqa: PTH109 (Path.cwd() does no more)
    except OSError as error:
        raise ConfigError(
            f"the working folder cannot be used: {(error.strerror or 'it is gone').lower()}",
            hint="cd to a folder that exists, and run the command there",
        ) from None


def tolerate_warnings() -> None:
    """Do not turn library warnings into errors, whatever PYTHONWARNINGS says."""
    if any(option.partition(":")[0] == "error" for option in sys.warnoptions):
        warnings.filterwarnings("ignore")
        os.environ.pop("PYTHONWARNINGS", None)  # for worker processes


def require_docstrings() -> None:
    """Raise ConfigError for `python -OO`: transformers reads docstrings to build its classes."""
    if sys.flags.optimize >= 2:
        raise ConfigError(
            "Python runs without docstrings (PYTHONOPTIMIZE=2 or -OO), which transformers needs",
            hint="unset PYTHONOPTIMIZE, or set it to 1",
        )
