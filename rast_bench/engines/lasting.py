"""Imports of engines, which Python's garbage collector need not look through."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting_imports(module: str) -> Iterator[None]:
    """Surround the import of a module whose objects live as long as the process.

    A model library and what it imports make about a million objects. The collector would look
    through them again and again, a third of a second each time: while they are made, and later,
    as vLLM collects garbage eight times per engine. Objects that are alive at the end of the block
    are not looked for any more: a cycle among them stays when nothing needs it.
    """
    if module in sys.modules:
        yield
        return
    collecting = gc.isenabled()
    gc.collect()  # what is garbage by now must not stay
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
