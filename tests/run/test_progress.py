"""Progress on stderr: lines where there is no terminal, a bar where there is one."""

import io
import os
import pty
import re
import subprocess
import sys

import pytest

from rast_bench.run.progress import PlainProgress, stderr_progress

SHOW = (
    "from rast_bench.run.progress import stderr_progress\n"
    "p = stderr_progress()\n"
    "p.start(total=4, done=2)\n"
    "p.describe('rast [x], λ=1')\n"
    "p.advance()\n"
    "p.advance()\n"
    "p.stop()\n"
)


def test_plain_lines_tell_state_rate_time_left_and_cell() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream, interval=0)
    progress.start(total=4000, done=1000)
    progress.describe("rast tiny-l")
    progress.advance(1000)
    progress.stop()
    first, second = stream.getvalue().splitlines()
    assert first == "1,000/4,000 samples (25%)"
    assert re.fullmatch(
        r"2,000/4,000 samples \(50%\), [\d.]+ samples/s, \d+ s left: rast tiny-l", second
    )


def test_plain_lines_are_rare_and_the_last_state_is_told() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream, interval=3600)
    progress.start(total=100, done=0)
    for _ in range(100):
        progress.advance()
    progress.stop()
    progress.stop()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[-1].startswith("100/100 samples (100%)")


def test_nothing_goes_to_stdout_without_a_terminal() -> None:
    done = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("4/4 samples (100%)")
    assert "\x1b" not in done.stderr


def test_a_bar_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW], stdout=subprocess.PIPE, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal closes with its last process
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.communicate()[0] == b""
    assert process.returncode == 0
    text = shown.decode()
    assert "4/4" in text
    assert "rast [x], λ=1" in text
    assert "\x1b[?25h" in text  # the cursor is back


def test_the_choice_follows_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(stderr_progress(), PlainProgress)
