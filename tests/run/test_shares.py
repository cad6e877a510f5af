"""Who of several processes has a problem: the living, those that are gone, those elsewhere."""

import errno
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger
from rast_bench.run import shares as module
from rast_bench.run.chunks import Leases
from rast_bench.run.shares import Shares

CELL = "0123456789abcdef"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def notes(ledger: Ledger) -> list[Path]:
    return sorted((ledger.root / "running").glob("*.json"))


def test_one_of_two_has_a_problem_until_it_ends(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    with Shares(ledger) as one:
        with Shares(ledger) as two:
            assert one.lease(CELL, "p/1")
            assert one.lease(CELL, "p/1")
            assert not two.lease(CELL, "p/1")
            assert two.lease(CELL, "p/2")
            assert not one.lease(CELL, "p/2")
            assert not two.free_again(CELL)
            assert len(two.others([CELL])) == 1
            assert capsys.readouterr().err.count("is working on the same cells") == 2
        time.sleep(module.LOOK_SECONDS)
        assert one.free_again(CELL)
        assert one.lease(CELL, "p/2")
    assert notes(ledger) == []
    assert list((ledger.root / "running" / "leases").iterdir()) == []


def edit_note(ledger: Ledger, **changes: Any) -> None:
    (path,) = notes(ledger)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


HOLDER = """
import sys
from rast_bench.ledger import Ledger
from rast_bench.run.shares import Shares
shares = Shares(Ledger(sys.argv[1])).__enter__()
assert shares.lease(sys.argv[2], 'p')
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(ledger: Ledger) -> "Iterator[subprocess.Popen[str]]":
    """A living process with problem `p` of the cell in its hands."""
    command = [sys.executable, "-c", HOLDER, str(ledger.root.parent), CELL]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def dead(ledger: Ledger, holder: "subprocess.Popen[str]") -> int:
    """The number of a process that was killed with problem `p` of the cell in its hands."""
    holder.kill()
    assert holder.wait() == -9
    (path,) = notes(ledger)
    return int(path.stem)


def test_a_killed_process_holds_nothing_and_leaves_nothing(ledger: Ledger, dead: int) -> None:
    with Shares(ledger) as heir:
        assert str(dead) not in [path.stem for path in notes(ledger)]
        assert heir.lease(CELL, "p")
        with Shares(ledger) as late:
            assert not late.lease(CELL, "p")
    assert list((ledger.root / "running" / "leases").iterdir()) == []


@pytest.mark.usefixtures("dead")
def test_what_a_killed_process_left_in_a_complete_cell_goes(ledger: Ledger) -> None:
    with Shares(ledger) as heir:
        heir.take_part_in([CELL])
    assert list((ledger.root / "running" / "leases").iterdir()) == []


def test_one_that_is_killed_at_the_very_end_leaves_nothing(
    ledger: Ledger, holder: "subprocess.Popen[str]"
) -> None:
    with Shares(ledger) as heir:
        assert not heir.lease(CELL, "p")
        holder.kill()
        holder.wait()
        heir.release(CELL)  # at a moment when the other one is still taken to be alive
        assert list((ledger.root / "running" / "leases").iterdir()) != []
    assert list((ledger.root / "running" / "leases").iterdir()) == []


@pytest.mark.usefixtures("dead")
def test_a_process_elsewhere_is_gone_after_a_minutes_silence(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its clock says, up to an hour."""
    edit_note(ledger, host="elsewhere", updated=time.time() + 1800)
    with Shares(ledger) as waiting:
        assert not waiting.lease(CELL, "p")
        now = time.monotonic
        monkeypatch.setattr(module.time, "monotonic", lambda: now() + 30)
        assert not waiting.free_again(CELL)
        monkeypatch.setattr(module.time, "monotonic", lambda: now() + 61)
        assert waiting.free_again(CELL)
        assert waiting.lease(CELL, "p")


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize("away", [-7200, 7200])
def test_a_note_from_elsewhere_that_is_hours_off_is_nobodys(ledger: Ledger, away: int) -> None:
    edit_note(ledger, host="elsewhere", updated=time.time() + away)
    with Shares(ledger) as shares:
        assert shares.lease(CELL, "p")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"worker": 1}', '{"no": "note"}'])
def test_a_broken_note_is_nobodys(ledger: Ledger, dead: int, content: str) -> None:
    (path,) = notes(ledger)
    path.write_text(content)
    with Shares(ledger) as shares:
        assert shares.lease(CELL, "p")
    assert dead


def test_without_symbolic_links_each_makes_everything(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_self: Path, _target: str) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    with Shares(ledger) as one, Shares(ledger) as two:
        monkeypatch.setattr(Path, "symlink_to", refuse)
        for shares in (one, two, one):
            assert shares.lease(CELL, "p")
        assert capsys.readouterr().err.count("cannot store symbolic links") == 2


def test_a_full_disk_is_one_clear_error(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: Path, _target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Shares(ledger) as shares:
        monkeypatch.setattr(Path, "symlink_to", fail)
        with pytest.raises(LedgerError, match="no room to write"):
            shares.lease(CELL, "p")


def test_a_folder_that_another_has_just_removed_is_made_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder = Leases.make_folder
    removals = 0

    def make_and_lose(self: Leases) -> None:
        nonlocal removals
        make_folder(self)
        if removals == 0:
            removals = 1
            (ledger.root / "running" / "leases" / CELL).rmdir()

    monkeypatch.setattr(Leases, "make_folder", make_and_lose)
    with Shares(ledger) as shares:
        assert shares.lease(CELL, "p")
    assert removals == 1


def test_what_one_worker_of_a_command_leases_all_of_it_have(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    with Shares(ledger) as command, Shares(ledger) as other:
        command.take_part_in([CELL])
        workers = [Shares(ledger, command.number) for _ in range(2)]
        assert other.lease(CELL, "p/2")
        assert all(worker.lease(CELL, "p/1") for worker in workers)
        assert not workers[0].lease(CELL, "p/2")
        assert capsys.readouterr().err == ""  # the command itself says it, once
        held = [command.holder(CELL, f"p/{i}") for i in (1, 2, 3)]
        assert held == [command.number, other.number, None]
        assert "is working on the same cells" in capsys.readouterr().err
    assert list((ledger.root / "running" / "leases").iterdir()) == []
