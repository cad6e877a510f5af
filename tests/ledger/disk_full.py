"""Run as a program on a folder with little room: what a full disk costs, as JSON on stdout.

Room is limited by the file system where ROOM is `disk`, else by RLIMIT_FSIZE.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

from ledger_samples import CELL, make_sample

from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger

LIMIT = 20_000


def main(folder: Path, room: str) -> None:
    ledger = Ledger(folder)
    ballast = folder / "ballast"
    writer = ledger.writer("run")
    writer.add(make_sample("small", 0))
    writer.flush()
    big = make_sample("big", 0, text=os.urandom(LIMIT).hex())
    if room == "disk":
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass  # full, as intended
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))

    report: dict[str, object] = {"errors": []}
    for step in (lambda: writer.add(big), writer.flush, ledger.check_writable):
        try:
            step()
        except LedgerError as error:
            report["errors"].append([error.message, error.hint])  # type: ignore[attr-defined]
    report["leftovers"] = [path.name for path in ledger.root.rglob(".tmp-*")]
    report["kept"] = sorted(ledger.completed(CELL))

    if room == "disk":
        ballast.unlink()
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    writer.close()
    report["after"] = sorted(ledger.completed(CELL))
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
