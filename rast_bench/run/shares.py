"""Concurrent equal commands share their work, as a launch's workers do: by leases.

<results>/ledger/running/<n>.json              each process's heartbeat: see heartbeats.py
  <results>/ledger/running/leases/<cell id>/     which process holds which problem: chunks.py

Whoever leases a problem checks the ledger for its samples again before making them. So these files
decide only who works, never what is stored: deleting them loses nothing.
"""

import errno
import hashlib
import math
import re
import secrets
import socket
import sys
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger
from rast_bench.ledger.atomic import LEFTOVER_AGE_SECONDS, is_old, ledger_errors, make_folder
from rast_bench.processes import runs
from rast_bench.run.chunks import Leases
from rast_bench.run.heartbeats import SILENT_SECONDS, Heartbeat, HeartbeatWriter, read_heartbeat

RUNNING = "running"
LOOK_SECONDS = 1.0  # how long knowledge about another process stays valid
_MERGE = "merge"
_NUMBER_BITS = 62
_TRIES = 10
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP}
_NOTE = re.compile(r"\.?(?P<number>[0-9]+)\.json(-[0-9a-f]+)?")


@dataclass
class _Other:
    """What this process knows about another one; times are of its own monotonic clock."""

    heartbeat: Heartbeat | None
    looked: float
    changed: float  # when the heartbeat was last seen to change
    gone: bool = False


class Shares:
    """This command's part of the work on one results folder. Methods raise LedgerError.

    The command's own process enters it, which announces it to the others. Each of its worker
    processes has one with the same `number`, without entering: what one leases, all hold.
    """

    def __init__(self, ledger: Ledger, number: int | None = None) -> None:
        self._folder = ledger.root / RUNNING
        # Numbers are never reused: leases outlive processes.
        self.number = secrets.randbits(_NUMBER_BITS) if number is None else number
        self._is_worker = number is not None
        self._heartbeat_writer = HeartbeatWriter(self._folder, self.number, None)
        self._others: dict[int, _Other] = {}
        self._refused: dict[str, dict[int, str]] = {}  # one of the problems, by cell and owner
        self._told: set[int] = set()  # of the owners
        self._cells: set[str] = set()
        self._alone = False

    def __enter__(self) -> Self:
        with ledger_errors(self._folder):
            make_folder(self._folder / "leases")
        self._sweep()
        self._heartbeat_writer.open()
        self._heartbeat_writer.say(state="running")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._heartbeat_writer.close("done")
        for other in self._others.values():  # one that was alive a moment ago may have ended
            other.looked = -math.inf
        with ledger_errors(self._folder):
            leased = {path.name for path in (self._folder / "leases").iterdir()}
        for cell_id in self._cells & leased:
            self.release(cell_id)
        with ledger_errors(self._folder):
            self._path(self.number).unlink(missing_ok=True)

    def take_part_in(self, cell_ids: Iterable[str]) -> None:
        """Register cells whose problems workers may lease, so that the leases are returned at the
        end.

        Complete cells too: a killed process may have left leases there.
        """
        self._cells.update(cell_ids)

    def lease(self, cell_id: str, problem_id: str) -> bool:
        """Return whether this command makes the problem's samples, from now on or already."""
        name = _name_of(problem_id)
        owner = self._lease(cell_id, name)
        if owner != self.number:
            self._note_refusal(cell_id, name, owner)
        return owner == self.number

    def lease_merge(self, cell_id: str) -> bool:
        """Return whether to merge the complete cell's shards: two merges would each leave a
        copy.
        """
        return self._lease(cell_id, _MERGE) == self.number

    def holder(self, cell_id: str, problem_id: str) -> int | None:
        """Return the number of the living command that holds the problem; None if it is free."""
        name = _name_of(problem_id)
        owner = self._leases(cell_id).owner(name, self._gone)
        if owner is not None and owner != self.number:
            self._note_refusal(cell_id, name, owner)
        return owner

    def _note_refusal(self, cell_id: str, name: str, owner: int) -> None:
        self._refused.setdefault(cell_id, {})[owner] = name
        if self._is_worker or owner in self._told:
            return
        self._told.add(owner)
        print(
            f"another process ({self._name(owner)}) is working on the same cells; "
            "the samples are shared with it",
            file=sys.stderr,
            flush=True,
        )

    def free_again(self, cell_id: str) -> bool:
        """Return whether problems of the cell that another process held may be leased now."""
        refused = self._refused.get(cell_id, {})
        leases = self._leases(cell_id)
        free = [owner for owner, name in refused.items() if leases.owner(name, self._gone) != owner]
        for owner in free:
            del refused[owner]
        return bool(free) or not refused

    def others(self, cell_ids: Collection[str]) -> list[str]:
        """Return the living processes that hold problems of these cells: `host, pid 123`."""
        owners = {owner for cell_id in cell_ids for owner in self._refused.get(cell_id, {})}
        return sorted(self._name(owner) for owner in owners if not self._gone(owner))

    def release(self, cell_id: str) -> None:
        """Return the leases on this cell, all of whose finished samples are durable."""
        if cell_id not in self._cells:
            return
        self._refused.pop(cell_id, None)
        if self._leases(cell_id).clear(lambda owner: owner == self.number or self._gone(owner)):
            self._cells.discard(cell_id)

    def _lease(self, cell_id: str, name: str) -> int:
        """Return the problem's owner: this process if the file system cannot tell."""
        if self._alone:
            return self.number
        leases = self._leases(cell_id)
        self._cells.add(cell_id)
        for _ in range(_TRIES):
            try:
                leases.make_folder()
                return leases.lease(name, self.number, self._gone)
            except LedgerError as error:
                cause = error.__cause__
                if isinstance(cause, FileNotFoundError):
                    continue  # another process has just removed the folder with its leases
                if not isinstance(cause, OSError) or cause.errno not in _NO_LINKS:
                    raise
                self._alone = True
                print(
                    f"note: {self._folder} cannot store symbolic links, so an equal command at the "
                    "same time would make every sample, too",
                    file=sys.stderr,
                    flush=True,
                )
                return self.number
        raise LedgerError(
            f"{self._folder} is removed again and again", hint="find out which program removes it"
        )

    def _leases(self, cell_id: str) -> Leases:
        return Leases(self._folder / "leases" / cell_id)

    def _gone(self, owner: int) -> bool:
        """Return whether the process has ended: by the kernel, elsewhere by a minute of silence.

        Hosts' clocks may differ, so a heartbeat is silent if it does not change while this one
        watches.
        """
        now = time.monotonic()
        known = self._others.get(owner)
        if known is not None and (known.gone or now - known.looked < LOOK_SECONDS):
            return known.gone
        heartbeat = self._heartbeat(owner)
        changed = now if known is None or known.heartbeat != heartbeat else known.changed
        gone = heartbeat is None or heartbeat.over or _is_silent(heartbeat, now - changed)
        self._others[owner] = _Other(heartbeat, now, changed, gone)
        return gone

    def _heartbeat(self, owner: int) -> Heartbeat | None:
        try:
            return read_heartbeat(self._folder, owner)
        except (TypeError, ValueError):  # broken, so no process updates it
            return None

    def _name(self, owner: int) -> str:
        known = self._others.get(owner)
        heartbeat = None if known is None else known.heartbeat
        return "a process" if heartbeat is None else f"{heartbeat.host}, pid {heartbeat.pid}"

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.json"

    def _sweep(self) -> None:
        """Remove the heartbeats of killed processes."""
        with ledger_errors(self._folder):
            for path in self._folder.iterdir():
                match = _NOTE.fullmatch(path.name)
                if match is None:
                    continue
                # An incomplete heartbeat may be the first one of a process that is just starting.
                half = path.name.startswith(".")
                if is_old(path) if half else self._gone(int(match["number"])):
                    path.unlink(missing_ok=True)


def _is_silent(heartbeat: Heartbeat, unchanged: float) -> bool:
    if heartbeat.host == socket.gethostname():
        return not runs(heartbeat.pid, heartbeat.ticks)
    old = abs(time.time() - heartbeat.updated) > LEFTOVER_AGE_SECONDS
    return old or unchanged > SILENT_SECONDS


def _name_of(problem_id: str) -> str:
    return hashlib.sha256(problem_id.encode()).hexdigest()[:16]
