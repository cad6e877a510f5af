"""Code that runs as an ordinary user, for whom file permissions hold, unlike for root."""

import sys
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from hostile.ordinary_user import as_nobody, in_child

__all__ = ["as_nobody", "in_child", "let_others_in"]


def let_others_in(folder: Path) -> None:
    """Let other users enter a folder below the one for temporary files."""
    for parent in takewhile(lambda each: each != Path(gettempdir()), (folder, *folder.parents)):
        parent.chmod(0o755)
