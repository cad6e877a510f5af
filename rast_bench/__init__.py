"""rast-bench: does a reasoning behaviour transfer at decoding time? (RAST, arXiv 2506.15710)"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rast-bench")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
