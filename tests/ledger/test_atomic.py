"""The write protocol, interrupted at each of its steps."""

import os
import time
from pathlib import Path

import pytest

from rast_bench.errors import LedgerError
from rast_bench.ledger import atomic

STEPS = ("open", "fsync", "replace", "sync_folder")


def fail_at(step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    if step == "open":
        monkeypatch.setattr(Path, "open", fail)
    elif step == "sync_folder":
        monkeypatch.setattr(atomic, "sync_folder", fail)
    else:
        monkeypatch.setattr(os, step, fail)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_old_or_new_and_no_temporary_file(
    tmp_path: Path, step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cell.json"
    atomic.write_durably(path, b"old")
    with monkeypatch.context() as patch:
        fail_at(step, error, patch)
        with pytest.raises(type(error)):
            atomic.write_durably(path, b"new")
    assert path.read_bytes() == (b"new" if step == "sync_folder" else b"old")
    assert list(tmp_path.iterdir()) == [path]


def test_data_are_synced_before_the_rename_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        calls.append("folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        fsync(descriptor)

    def note_replace(source: Path, target: Path) -> None:
        assert source.parent == target.parent
        assert source.read_bytes() == b"data"
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    atomic.write_durably(tmp_path / "x", b"data")
    assert calls == ["file", "rename", "folder"]


def test_only_old_leftovers_are_removed(tmp_path: Path) -> None:
    old, young, other = (tmp_path / n for n in (".tmp-host-1-aa", ".tmp-host-2-bb", "samples-x"))
    for path in (old, young, other):
        path.write_bytes(b"")
    long_ago = time.time() - atomic.LEFTOVER_AGE_SECONDS - 1
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    atomic.remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == [young, other]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (28, "no room"),
        (122, "no room"),
        (27, "no room"),
        (13, "no permission"),
        (30, "no permission"),
        (20, "cannot use"),
    ],
)
def test_errors_name_the_place_in_one_line_with_a_hint(
    tmp_path: Path, number: int, said: str
) -> None:
    with pytest.raises(LedgerError) as caught, atomic.ledger_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert caught.value.message.startswith(said)
    assert str(tmp_path) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
