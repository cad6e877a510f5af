"""Checks and settings of a process before its command starts."""

import codecs
import gc
import os
import sys
import warnings

from rast_bench.errors import ConfigError

# For files with a byte order mark. Loaded now: a process that drops its privileges later may
# no longer be able to read the standard library.
codecs.lookup("utf-8-sig")

# Importing PyTorch and transformers makes 360,000 objects that are never garbage. Going through
# them every 700 new objects, Python's default, takes a second of the start.
_OBJECTS_PER_COLLECTION = 50_000


def collect_garbage_rarely() -> None:
    """Let Python look for reference cycles less often."""
    if gc.get_threshold()[0] < _OBJECTS_PER_COLLECTION:
        gc.set_threshold(_OBJECTS_PER_COLLECTION, 20, 10)


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
