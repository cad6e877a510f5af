"""`tracker=trackio`: the second implementation of a tracker, on this machine alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from app_world import make_world
from finished_run import experiment_words

from rast_bench.cli import main

READ = """
import json, sys
from trackio.sqlite_storage import SQLiteStorage as storage
names = storage.get_runs("rast-bench")
print(json.dumps({name: storage.get_logs("rast-bench", name) for name in names}))
"""


def stored_runs(results: Path) -> dict[str, list[dict[str, object]]]:
    """The points of every run by its name, as trackio reads them."""
    environment = {**os.environ, "TRACKIO_DIR": str(results / "trackio")}
    done = subprocess.run(
        [sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=True
    )
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return found


def test_a_run_is_shown_in_the_results_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/elsewhere")  # nothing may go there
    world = make_world(tmp_path, monkeypatch)
    words = ["run", *experiment_words(world), "tracker=trackio"]
    assert main(words) == 0
    err = capsys.readouterr().err
    assert f"tracker  TRACKIO_DIR={world.results}/trackio trackio show --project rast-bench" in err
    assert "warning" not in err
    runs = stored_runs(world.results)
    assert len(runs) == 5
    (ceiling,) = (points for name, points in runs.items() if name.startswith("ceiling"))
    assert ceiling[-1]["accuracy"] == pytest.approx(0.5)
    assert "responses" in ceiling[-1]
    assert main(words) == 0
    assert {k: len(v) for k, v in stored_runs(world.results).items()} == {
        k: len(v) for k, v in runs.items()
    }
