"""Provenance: commit, versions, machine."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from rast_bench import provenance


def git(folder: Path, *words: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    author = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    command = ["git", "-C", str(folder), *author, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()


def test_git_state_tells_commit_and_changes(tmp_path: Path) -> None:
    assert provenance.git_state(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert provenance.git_state(tmp_path) is None  # no commit yet
    read, written = tmp_path / "results" / "paper" / "t.csv", tmp_path / "results" / "e" / "t.md"
    odd = tmp_path / "results" / "é\n"
    for path in (tmp_path / "a", read, written, odd):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("1")
    written.write_text("2")
    odd.write_text("2")
    assert provenance.git_state(tmp_path) == {"commit": commit, "dirty": False}
    for path in (tmp_path / "a", read):
        path.write_text("2")
        assert provenance.git_state(tmp_path) == {"commit": commit, "dirty": True}
        path.write_text("1")
    git(tmp_path, "mv", "a", "results/a")
    assert provenance.git_state(tmp_path) == {"commit": commit, "dirty": True}
    (tmp_path / "inside").mkdir()
    assert provenance.git_state(tmp_path / "inside") is None  # another project's commit


def test_run_ids_are_unique_and_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([provenance.datetime(2026, 1, d, tzinfo=provenance.UTC) for d in (9, 10)])
    monkeypatch.setattr(provenance, "now", lambda: next(times))
    first, second = provenance.new_run_id(), provenance.new_run_id()
    assert first < second
    monkeypatch.undo()
    assert len({provenance.new_run_id() for _ in range(1000)}) == 1000


def test_environment_is_json_and_names_the_versions_in_use() -> None:
    import pyarrow

    found = json.loads(json.dumps(provenance.environment()))
    assert found["versions"]["pyarrow"] == pyarrow.__version__
    assert found["cpu"]["count"] == os.cpu_count()
    assert found["cpu"]["model"]
    assert {"python", "git", "host", "platform", "gpus"} <= found.keys()
