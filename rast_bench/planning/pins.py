"""What a run takes from the hub without a pinned revision: a later run may get something else."""

import sys
from collections.abc import Iterable, Iterator

from rast_bench.config.identity import engine_key
from rast_bench.config.paths import local_model_dir
from rast_bench.config.schema import CellConfig
from rast_bench.datasets.sources import dataset_file


def warn_of_unpinned(cells: Iterable[CellConfig]) -> None:
    """Print one line on stderr that names every hub model and data set without a revision, if
    any.
    """
    names = list(dict.fromkeys(name for cell in cells for name in _unpinned(cell)))
    if names:
        print(
            f"warning: no revision is set for {', '.join(names)}: what the hub has today is used, "
            "and a later run may get something else",
            file=sys.stderr,
        )


def _unpinned(cell: CellConfig) -> Iterator[str]:
    for ref in engine_key(cell).roles:
        if ref.revision is None and local_model_dir(ref) is None:
            yield ref.path
    if cell.dataset.revision is None and dataset_file(cell.dataset) is None:
        yield cell.dataset.path
