"""The commands of docs/vllm.md start a server that refuses bad requests and goes on."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from random_checkpoints import Checkpoint
from test_documented_example import PAGE
from worlds import WORLDS, WorldOnDisk

READY = "Application startup complete"
ADDRESS = "http://localhost:8000"  # of the page's curl
SMALL_SERVER = (
    " --host 127.0.0.1 --port {port} --dtype float32 --enforce-eager"
    " --kv-cache-memory-bytes 16777216 --block-size 32 --disable-uvicorn-access-log"
)
CASES = json.loads(Path(__file__).with_name("http_cases.json").read_text())
"""Bodies of requests to a world of 64, 50 and 50 ids, of which the tokenizer knows 48."""


@pytest.fixture(scope="module")
def world(checkpoint: Checkpoint) -> WorldOnDisk:
    return WorldOnDisk(WORLDS["qwen2"], checkpoint)


@pytest.fixture(scope="module")
def commands(world: WorldOnDisk) -> list[str]:
    """Making the engine's arguments, starting the server, asking it; with the test's models."""
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    ((rl, base, _),) = world.pairs
    for name, folder in {
        "Qwen/Qwen2.5-7B": world.main,
        "hkust-nlp/Qwen-2.5-1.5B-SimpleRL-Zoo": rl,
        "Qwen/Qwen2.5-1.5B": base,
    }.items():
        assert f'"{name}"' in block
        block = block.replace(f'"{name}"', f'"{folder}"')
    made = block.strip().split("\n\n")
    assert len(made) == 3
    return made


@pytest.fixture(scope="module")
def url(commands: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    # The page's `python` and `vllm` are those of an activated virtual environment.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path}
    subprocess.run(commands[0], shell=True, check=True, cwd=folder, env=environment)
    port = 20_000 + os.getpid() % 20_000
    server = subprocess.Popen(
        "exec " + commands[1] + SMALL_SERVER.format(port=port),
        shell=True,
        cwd=folder,
        env=environment | {"VLLM_ENABLE_V1_MULTIPROCESSING": "1", "VLLM_LOGGING_LEVEL": "INFO"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    lines = []
    try:
        assert server.stderr is not None
        for line in server.stderr:
            lines.append(line)
            if READY in line:
                break
        else:
            raise AssertionError("".join(lines))
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate()


def ask(url: str, body: dict[str, Any], path: str = "/v1/completions") -> tuple[int, str]:
    """Status and what the server says, its text or its error."""
    request = urllib.request.Request(
        url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)["choices"][0]["text"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]["message"]


def test_bad_requests_are_refused_and_the_server_goes_on(
    url: str, commands: list[str], world: WorldOnDisk
) -> None:
    asked = commands[2].replace(ADDRESS, url).replace("12 · 13 =", "w5 w6")
    answer = json.loads(subprocess.check_output(asked, shell=True, stderr=subprocess.DEVNULL))
    assert answer["choices"][0]["text"]
    good = {"model": world.main, "prompt": [5, 6, 7], "temperature": 0, "max_tokens": 6}
    texts = [ask(url, good | {"vllm_xargs": {"rast_lambda": x}}) for x in (0, 1, 0.5)]
    expected = [world.reference.greedy([5, 6, 7], x, 6, 1) for x in (0.0, 1.0, 0.5)]
    words = [" ".join(f"w{i}" for i in ids if i > 2) for ids in expected]
    assert [(status, text.strip()) for status, text in texts] == [(200, text) for text in words]
    for case in CASES:
        body = good | case["body"]
        status, message = ask(url, body, case.get("path", "/v1/completions"))
        assert (status, case["says"] in message) == (400, True), (case, status, message)
    assert ask(url, good) == texts[1]  # λ = 1 is the default
