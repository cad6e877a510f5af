"""Launches of made-up cells, for tests."""

from collections.abc import Sequence
from pathlib import Path

from rast_bench.config.schema import CellConfig
from rast_bench.ledger import Ledger
from rast_bench.planning.plan import plan_cells
from rast_bench.run.folder import Launch
from rast_bench.run.launch import Command, make_launch, missing_groups


def launch_of(
    cells: Sequence[CellConfig], folder: Path, *, workers: int, cluster: str = "local"
) -> Launch:
    ledger = Ledger(folder / "results")
    groups = missing_groups(plan_cells(cells), ledger)
    command = Command("python run.py", ("-m", "x=1,2"), folder)
    return make_launch(groups, ledger, command, cluster, {}, lambda _: workers)


def stored(launch: Launch) -> int:
    """Samples in the ledger, over the launch's cells."""
    return sum(len(launch.ledger.completed(cell_id)) for cell_id in launch.ledger.cells())
