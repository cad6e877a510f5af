"""Every corruption of the list: found by `verify`, and repaired by the same command."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ledger_corruptions
import pytest
from corruptions.damage import CORRUPTIONS, Corruption, Place
from ledger_corruptions import Outcome, World, main

from rast_bench.ledger import Ledger
from rast_bench.ledger.verify import verify


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    return World(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.name)
def test_a_corruption_is_found_and_repaired(world: World, corruption: Corruption) -> None:
    outcome = world.try_out(corruption)
    assert replace(outcome, line="") == Outcome(corruption.name, True, True, True, "")
    assert outcome.line.startswith("warning: ")


def test_the_list_is_long_and_without_repetition() -> None:
    assert len({corruption.name for corruption in CORRUPTIONS}) == len(CORRUPTIONS) >= 32


def test_nothing_is_found_where_nothing_is_wrong(world: World) -> None:
    found = verify(Ledger(world.pristine))
    assert (found.cells, found.samples, found.unstamped, found.corruptions) == (2, 48, 0, ())


def test_a_ledger_of_before_is_valid(world: World, tmp_path: Path) -> None:
    """No stamps and no checksums, as all ledgers were: accepted, counted, nothing made again."""
    place = Place(tmp_path / "ledger", ledger_corruptions.GRADERS)
    place.age(world.pristine / "ledger")
    found = verify(Ledger(tmp_path))
    assert (found.samples, found.corruptions) == (48, ())
    assert found.unstamped == 2 * (1 + 2 + 1 + 1)  # samples, verdicts, cell.json, manifest
    before = sorted(path.name for path in tmp_path.rglob("*.parquet"))
    assert world.run(tmp_path) == world.table
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == before


def test_the_report(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ledger_corruptions, "World", lambda _folder: world)
    monkeypatch.setattr(
        ledger_corruptions,
        "CORRUPTIONS",
        [CORRUPTIONS[0], Corruption("nothing", lambda _place: None)],
    )
    out = tmp_path / "report.json"
    assert main(["--out", str(out)]) == 1
    assert "| nothing | **no** | yes | yes |" in capsys.readouterr().out.splitlines()
    result = json.loads(out.read_text())
    assert (result["corruptions"], result["found"], result["repaired"]) == (2, 1, 2)
