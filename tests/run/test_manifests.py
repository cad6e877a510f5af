"""A run's manifest of a cell: begun, counted, ended, begun again."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fake_engine import make_cell

from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.plan import plan_cells
from rast_bench.run.manifests import CellManifests

pytestmark = pytest.mark.usefixtures("checked_keys")


@pytest.fixture
def cell(tmp_path: Path) -> PlannedCell:
    (planned,) = plan_cells([make_cell(tmp_path)])
    return planned


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def only(ledger: Ledger, cell: PlannedCell) -> dict[str, Any]:
    (manifest,) = ledger.manifests(cell.cell_id)
    return manifest


@pytest.mark.parametrize("status", ["complete", "partial"])
def test_a_cell_runs_counts_and_ends(ledger: Ledger, cell: PlannedCell, status: Any) -> None:
    manifests = CellManifests(ledger, "run-1")
    manifests.begin(cell)
    begun = only(ledger, cell)
    assert (begun["status"], begun["ended"], begun["samples_made"]) == ("running", None, 0)
    assert (begun["run_id"], begun["cell_id"]) == ("run-1", cell.cell_id)
    assert manifests.running == [cell.cell_id]

    for _ in range(3):
        manifests.count(cell.cell_id)
    manifests.end(cell.cell_id, status)

    ended = only(ledger, cell)
    assert (ended["status"], ended["samples_made"]) == (status, 3)
    assert ended["started"] == begun["started"] <= ended["ended"]
    assert manifests.running == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {"workers": 1}),
        ({"workers": 4}, {"workers": 4}),
        ({"launch": "l-1", "worker": 0}, {"workers": 1, "launch": "l-1", "worker": 0}),
    ],
)
def test_provenance_is_told_where_it_is_known(
    ledger: Ledger, cell: PlannedCell, given: dict[str, Any], told: dict[str, Any]
) -> None:
    CellManifests(ledger, "run-1", **given).begin(cell)
    manifest = only(ledger, cell)
    assert {
        key: manifest[key] for key in ("workers", "launch", "worker") if key in manifest
    } == told


@pytest.mark.parametrize(("configured", "told"), [(None, 2), (3, 3)])
def test_threads_are_the_engines_own_or_the_workers(
    tmp_path: Path, ledger: Ledger, configured: int | None, told: int
) -> None:
    (cell,) = plan_cells([make_cell(tmp_path, engine={"threads": configured})])
    CellManifests(ledger, "run-1", threads=2).begin(cell)
    assert only(ledger, cell)["threads"] == told


def test_a_cell_that_was_ended_goes_on(ledger: Ledger, cell: PlannedCell) -> None:
    manifests = CellManifests(ledger, "run-1")
    manifests.begin(cell)
    manifests.count(cell.cell_id)
    manifests.end(cell.cell_id, "partial")
    manifests.begin(cell)
    assert (only(ledger, cell)["status"], only(ledger, cell)["samples_made"]) == ("running", 1)
    manifests.count(cell.cell_id)
    manifests.end(cell.cell_id, "complete")
    assert (only(ledger, cell)["status"], only(ledger, cell)["samples_made"]) == ("complete", 2)


def test_a_sample_after_the_end_opens_the_cell_again(ledger: Ledger, cell: PlannedCell) -> None:
    """One of two engine groups with the cell has ended, the other goes on."""
    manifests = CellManifests(ledger, "run-1")
    manifests.begin(cell)
    manifests.end(cell.cell_id, "partial")
    manifests.count(cell.cell_id)
    assert manifests.running == [cell.cell_id]


def test_loading_does_not_count_as_sampling(ledger: Ledger, cell: PlannedCell) -> None:
    manifests = CellManifests(ledger, "run-1")
    manifests.begin(cell)
    begun = datetime.fromisoformat(only(ledger, cell)["started"])
    time.sleep(0.2)
    loaded = time.monotonic()
    manifests.engine_loaded([cell.cell_id, "a cell of later"])
    manifests.count(cell.cell_id)
    time.sleep(0.05)
    manifests.engine_loaded([cell.cell_id])  # a second load does not touch what was measured
    manifests.count(cell.cell_id)
    manifests.end(cell.cell_id, "complete")
    ended = only(ledger, cell)
    assert 0.05 <= ended["seconds"] <= time.monotonic() - loaded + 0.001
    assert (datetime.fromisoformat(ended["started"]) - begun).total_seconds() >= 0.2
    assert ended["samples_per_second"] == pytest.approx(2 / ended["seconds"], rel=0.05)


def test_a_cell_never_begun_has_no_end(ledger: Ledger, cell: PlannedCell) -> None:
    CellManifests(ledger, "run-1").end(cell.cell_id, "complete")
    assert ledger.manifests(cell.cell_id) == []
