"""Code that runs as an ordinary user, whom file permissions hold off; root passes them all."""

import os
import sys
import traceback
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

NOBODY = 65534


def let_others_in(folder: Path) -> None:
    """Other users may enter a folder below the one for temporary files."""
    for parent in takewhile(lambda each: each != Path(gettempdir()), (folder, *folder.parents)):
        parent.chmod(0o755)


def as_nobody(ask: Callable[[], str]) -> str:
    """What `ask` returns in a forked child that is no longer root; an error is returned as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            answer = ask()
        except BaseException:
            answer = traceback.format_exc()
        os.write(writer, answer.encode(errors="backslashreplace"))
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read().decode()
    os.waitpid(child, 0)
    return answer
