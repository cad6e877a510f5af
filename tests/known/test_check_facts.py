"""scripts/check_facts.py against a small server that stands in for the hub."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rast_bench.known import known_models
from rast_bench.planning.downloads import download_bytes

SCRIPT = Path(__file__).parents[2] / "scripts/check_facts.py"
COMMIT = "0123456789" * 4
MODELS = {known.path: known for known in known_models()}
SEVEN, FOURTEEN = "Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-14B"


class Hub(BaseHTTPRequestHandler):
    """Serves two checkpoints and the rows of data sets; FOURTEEN has other heads and more bytes."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        found = content_of(self.path)
        text = json.dumps(found or {}).encode()
        self.send_response(200 if found is not None else 404)
        if found is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hash(text)}"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if body:
            self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def content_of(path: str) -> dict[str, Any] | None:
    name = next((name for name in (SEVEN, FOURTEEN) if f"/{name}/" in path), None)
    if path.startswith("/size"):
        rows = 1319 if "gsm8k" in path else 41
        subset = "main" if "gsm8k" in path else "default"
        return {"size": {"splits": [{"config": subset, "split": "test", "num_rows": rows}]}}
    if name is None:
        return None
    known = MODELS[name]
    if path.startswith("/api/models/"):
        size = download_bytes(known) + (10**9 if name == FOURTEEN else 10_000)
        files = [{"rfilename": "model.safetensors", "size": size}]
        files += [{"rfilename": "original/other.safetensors", "size": 10**12}]
        return {"id": name, "sha": COMMIT, "siblings": files}
    if path.endswith("/config.json"):
        return known.config | ({"num_key_value_heads": 40} if name == FOURTEEN else {})
    return None  # no generation_config.json: the EOS ids are those of config.json


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(endpoint: str, home: Path, *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *names, "--rows-server", endpoint],
        env={**os.environ, "HF_HUB_OFFLINE": "0", "HF_HOME": str(home), "HF_ENDPOINT": endpoint},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_agrees_and_what_differs(hub: str, tmp_path: Path) -> None:
    good = check(hub, tmp_path, SEVEN, "openai/gsm8k")
    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.count("as shipped") == 2
    bad = check(hub, tmp_path, FOURTEEN, "math-ai/amc23")
    assert bad.returncode == 1
    model, dataset = bad.stdout.splitlines()
    assert "num_key_value_heads: shipped 8, hub 40; bytes: shipped 29,540,067,328" in model
    assert "rows: shipped 40, hub 41" in dataset


def test_without_a_hub_it_says_so(tmp_path: Path) -> None:
    done = check("http://127.0.0.1:9", tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error: nothing was compared: the hub does not answer" in done.stderr


def test_an_id_of_which_nothing_ships_is_refused(tmp_path: Path) -> None:
    done = check("http://127.0.0.1:9", tmp_path, "org/other")
    assert done.returncode == 2
    assert done.stderr == "error: no facts ship of org/other\n"
