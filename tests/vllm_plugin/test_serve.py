"""`rast-bench serve` as clients meet it: it answers exactly, refuses clearly and goes on."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import psutil
import pytest
from random_checkpoints import Checkpoint
from worlds import WORLDS, WorldOnDisk

from rast_bench.processes import runs, start_ticks

NAME = "tiny-l+tiny-s"  # as on the page
PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
CASES = json.loads(Path(__file__).with_name("http_cases.json").read_text())
"""Requests to a world of 64, 50 and 50 ids, of which the tokenizer knows 48."""

PROMPT = [5, 6, 7]
KEY = "a-key-of-clients"


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    address: str  # ends with /v1
    told: str  # the lines on stderr before it was ready

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture(scope="module")
def world(checkpoint: Checkpoint) -> WorldOnDisk:
    return WorldOnDisk(WORLDS["qwen2"], checkpoint)


@pytest.fixture(scope="module")
def server(world: WorldOnDisk) -> Iterator[Server]:
    """The command on random models. Ctrl-C ends it with nothing left and no stack trace."""
    ((rl, base, _),) = world.pairs
    words = ["--base", world.main, "--delta", f"{rl}:{base}", "--name", NAME, "--port", "0"]
    words += ["--variant", "lambda=0", "--variant", "lambda=0.5", "--api-key", KEY]
    words += ["engine.kv_cache_gib=0.02", "engine.max_num_seqs=64", "engine.max_model_len=256"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VLLM_")}
    temporary = Path(tempfile.mkdtemp(prefix="serve-"))  # pytest's is too long for sockets
    process = subprocess.Popen(
        [sys.executable, "-m", "rast_bench", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept | {"TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    address = process.stdout.readline().strip()
    if not address:
        raise AssertionError(process.communicate()[1])
    told = "".join(process.stderr.readline() for _ in range(4))
    started = Server(process, address, told)
    children = {child.pid: start_ticks(child.pid) for child in started.children}
    try:
        yield started
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate()
    assert not list(temporary.glob("rast-bench-serve-*"))
    shutil.rmtree(temporary)
    assert len(children) >= 2
    assert (process.returncode, rest) == (0, "")
    deadline = time.monotonic() + 10  # multiprocessing's tracker ends once its parent is gone
    while left := [pid for pid, ticks in children.items() if runs(pid, ticks)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.fixture(scope="module")
def client(server: Server) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.address, api_key=KEY, max_retries=0)


def ask(server: Server, body: Any, path: str = "/completions", key: str = KEY) -> tuple[int, str]:
    """Status, and the text or the error's message."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(server.address + path, data, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)["choices"][0]["text"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]["message"]


def words(ids: list[int]) -> str:
    return " ".join(f"w{i}" for i in ids if i > 2)


def greedy(client: openai.OpenAI, model: str = NAME, **settings: float) -> str:
    """What the server makes of the prompt in eight tokens."""
    extra = {"vllm_xargs": settings} if settings else {}
    made = client.completions.create(
        model=model, prompt=PROMPT, temperature=0, max_tokens=8, extra_body=extra
    )
    return made.choices[0].text.strip()


def test_what_the_command_says_works(server: Server) -> None:
    (curl,) = re.findall(r"^try +(.*)$", server.told, re.MULTILINE)
    assert answered(curl)
    assert f"models   {NAME}, {NAME}@lambda=0, {NAME}@lambda=0.5\n" in server.told


def test_what_the_page_says_works(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    page = "http://127.0.0.1:8000/v1"
    curls = re.findall(r"^curl http://127.*\n +-d .*", text, re.MULTILINE)
    assert len(curls) == 2
    assert all(answered(curl.replace(page, server.address)) for curl in curls)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert 'api_key="none"' in code
    code = code.replace(page, server.address).replace('"none"', repr(KEY))
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert names["answer"].choices[0].text
    assert f"{NAME}@lambda=0.5 " in capsys.readouterr().out


def answered(curl: str) -> str:
    """What a command of the page or of the server gets, shown the key."""
    if "Authorization" not in curl:
        curl += ' -H "Authorization: Bearer KEY"'
    curl = curl.replace("Bearer KEY", f"Bearer {KEY}")
    made = subprocess.check_output(curl, shell=True, stderr=subprocess.DEVNULL)
    text: str = json.loads(made)["choices"][0]["text"]
    return text


def test_names_and_parameters_choose_the_composition(
    client: openai.OpenAI, world: WorldOnDisk
) -> None:
    assert [one.id for one in client.models.list()] == [
        NAME,
        f"{NAME}@lambda=0",
        f"{NAME}@lambda=0.5",
    ]
    expected = {x: words(world.reference.greedy(PROMPT, x, 8, 1)) for x in (0.0, 0.5, 1.0, 1.75)}
    assert len(set(expected.values())) == 4
    for lambda_, text in expected.items():
        assert greedy(client, rast_lambda=lambda_) == text
        assert greedy(client, f"{NAME}@lambda={lambda_}") == text
    assert greedy(client) == expected[1.0]


def test_streams_are_equal_to_answers_and_may_be_left(
    client: openai.OpenAI, world: WorldOnDisk
) -> None:
    def stream(tokens: int) -> Any:
        return client.completions.create(
            model=f"{NAME}@lambda=0.5",
            prompt=PROMPT,
            temperature=0,
            max_tokens=tokens,
            stream=True,
            extra_body={"ignore_eos": True},
        )

    text = "".join(part.choices[0].text for part in stream(8))
    expected = world.reference.greedy(PROMPT, 0.5, 8, -1)
    assert text.split() == words(expected).split()
    for _ in range(5):
        with stream(200) as left:
            next(iter(left))
    assert greedy(client, rast_lambda=0.5)


def test_fifty_clients_at_once_get_their_own_answers(server: Server, client: openai.OpenAI) -> None:
    lambdas = [i / 20 for i in range(50)]

    async def all_at_once() -> list[str]:
        async with openai.AsyncOpenAI(base_url=server.address, api_key=KEY, max_retries=0) as many:
            made = await asyncio.gather(
                *(
                    many.completions.create(
                        model=f"{NAME}@lambda={x}", prompt=PROMPT, temperature=0, max_tokens=8
                    )
                    for x in lambdas
                )
            )
        return [one.choices[0].text.strip() for one in made]

    together = asyncio.run(all_at_once())
    alone = [greedy(client, rast_lambda=x) for x in lambdas]
    assert together == alone
    assert len(set(alone)) > 3


GOOD: dict[str, Any] = {"model": NAME, "prompt": PROMPT, "temperature": 0, "max_tokens": 4}
REFUSED: dict[str, tuple[dict[str, Any] | bytes, int, str]] = {
    "misspelt parameter": ({"temprature": 1}, 400, "did you mean temperature?"),
    "unknown parameter": (
        {"qqqq": 1},
        400,
        "unknown parameter 'qqqq'; vllm_xargs takes rast_lambda",
    ),
    "unknown setting": (
        {"vllm_xargs": {"rast_beta": 1}},
        400,
        "unknown parameter 'rast_beta' in vllm_xargs; vllm_xargs takes rast_lambda",
    ),
    "setting in a name": ({"model": f"{NAME}@beta=1"}, 400, "known are lambda"),
    "value in a name": ({"model": f"{NAME}@lambda=x"}, 400, "λ must be a finite number"),
    "empty setting": ({"model": f"{NAME}@"}, 400, "'' is not a setting"),
    "given twice": (
        {"model": f"{NAME}@lambda=1", "vllm_xargs": {"rast_lambda": 1}},
        400,
        "rast_lambda is given twice",
    ),
    "other model": ({"model": "other"}, 404, "`other` does not exist"),
    "xargs of another kind": ({"vllm_xargs": [1]}, 400, "vllm_xargs must be an object"),
    "empty xargs of another kind": ({"vllm_xargs": []}, 400, "vllm_xargs must be an object"),
    "long prompt": ({"prompt": [5] * 1000}, 400, "256"),
    "negative id": ({"prompt": [-1]}, 400, "-1"),
    "id out of range": ({"prompt": [10**30]}, 400, ""),
    "no prompt": ({"prompt": []}, 400, ""),
    "prompt of another kind": ({"prompt": {"a": 1}}, 400, ""),
    "huge n": ({"n": 10**9}, 400, "4096"),
    "many prompts": ({"prompt": ["w5"] * 5000}, 400, "4096"),
    "n in words": ({"n": "1000000"}, 400, "n must be a whole number"),
    "n with a fraction": ({"n": 1e6}, 400, "n must be a whole number"),
    "negative n": ({"n": -1}, 400, ""),
    "NaN": ({"temperature": float("nan")}, 400, "NaN is not a finite number"),
    "too large a number": (b'{"temperature": 1e999}', 400, "1e999 is not a finite number"),
    "many log-probabilities": ({"logprobs": 10**6}, 400, ""),
    "many tokens": ({"max_tokens": 10**12}, 400, ""),
    "bias out of range": ({"logit_bias": {"99999": 1}}, 400, "99999"),
    "broken JSON": (b'{"model": ', 400, "not valid JSON"),
    "deep JSON": (b"[" * 100_000, 400, "not valid JSON"),
    "half a character": ({"stop": ["\ud800"]}, 400, "half of a surrogate pair"),
    "not UTF-8": (b"\xff\xfe", 400, "not valid JSON"),
    "no object": (b"[]", 400, "not a JSON object"),
    "too large": (b" " * (33 << 20), 413, "larger than 32 MiB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_requests_are_refused_in_one_line(name: str, server: Server) -> None:
    body, status, says = REFUSED[name]
    body = body if isinstance(body, bytes) else GOOD | body
    given, message = ask(server, body)
    assert (given, says in message) == (status, True), message


def test_what_the_plugin_refuses_is_refused_over_http(server: Server) -> None:
    for case in CASES:
        path = case.get("path", "/v1/completions").removeprefix("/v1")
        body = GOOD | case["body"]
        if "messages" in body:
            del body["prompt"]
        given, message = ask(server, body, path)
        assert (given, case["says"] in message) == (400, True), (case, given, message)


def test_chat_without_a_template_says_so(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="chat template"):
        client.chat.completions.create(
            model=NAME, messages=[{"role": "user", "content": "w5 w6"}], max_tokens=4
        )


def test_only_what_is_meant_is_open(server: Server) -> None:
    assert ask(server, GOOD, key="other")[0] == 401
    root = server.address.removesuffix("/v1")
    for path in ("/invocations", "/v1/messages", "/tokenize", "/docs", "/v1/completions/../x"):
        request = urllib.request.Request(root + path, b"{}", {"Authorization": f"Bearer {KEY}"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == 404
        assert "is not served" in json.load(caught.value)["error"]["message"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(root + "/metrics")
    assert caught.value.code == 401
    assert urllib.request.urlopen(root + "/health").status == 200


def test_connections_that_break_off_harm_nobody(server: Server, client: openai.OpenAI) -> None:
    host, port = server.address.removeprefix("http://").removesuffix("/v1").split(":")
    for sent in (
        b"",
        b"nonsense\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"
        b"Content-Length: 100\r\n\r\n{",
    ):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(sent)
    assert greedy(client)


def test_metrics_tell_the_composition_and_the_names(server: Server, client: openai.OpenAI) -> None:
    for settings in ("", "@lambda=0", "@lambda=0.5", "@lambda=0.123"):
        greedy(client, NAME + settings)
    url = server.address.removesuffix("/v1") + "/metrics"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    assert f'rast_composition{{method="rast",model_name="{NAME}",rast_lambda="1.0"}} 1.0' in text
    counted = dict(re.findall(r'^rast_requests_total\{model_name="([^"]*)"\} (\S+)', text, re.M))
    assert counted.keys() == {NAME, f"{NAME}@lambda=0", f"{NAME}@lambda=0.5", f"{NAME}@…"}
    assert min(map(float, counted.values())) >= 1
    assert f'vllm:generation_tokens_total{{engine="0",model_name="{NAME}"}}' in text
