"""rast-bench: does a reasoning behaviour transfer at decoding time? (RAST, arXiv 2506.15710)

    import rast_bench
    folder = rast_bench.open_results("results")    # docs/notebooks.md

Importing this is cheap: what `open_results` needs is loaded when it is asked for.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rast_bench.api import ResultsFolder, open_results

try:
    __version__ = version("rast-bench")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"

__all__ = ["ResultsFolder", "__version__", "open_results"]


def __getattr__(name: str) -> Any:
    if name in ("ResultsFolder", "open_results"):
        return getattr(import_module("rast_bench.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
