"""Whether the hub answers is asked once, in bounded time, and told in one line."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from huggingface_hub import constants

from rast_bench import hub
from rast_bench.hub import hub_silence, probe


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    if "datasets" in sys.modules:
        config = sys.modules["datasets"].config
        monkeypatch.setattr(config, "HF_HUB_OFFLINE", config.HF_HUB_OFFLINE)
    hub_silence.cache_clear()
    yield
    hub_silence.cache_clear()


def test_no_answer_is_one_line_and_never_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def fails(endpoint: str) -> str:
        asked.append(endpoint)
        return "no route"

    monkeypatch.setattr(hub, "probe", fails)
    for _ in range(3):
        assert hub_silence() == "the hub does not answer"
    assert asked == [constants.ENDPOINT]
    assert capsys.readouterr().err.count("does not answer (no route)") == 1
    assert constants.HF_HUB_OFFLINE is True
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_who_is_offline_by_choice_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "probe", lambda _: pytest.fail("asked"))
    assert hub_silence() == "HF_HUB_OFFLINE is set"
    assert capsys.readouterr().err == ""


class _Refusing(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_any_answer_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "PROBE_SECONDS", 300)  # it answers at once, on a busy machine later
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        assert probe(f"http://127.0.0.1:{server.server_port}") is None
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_hub_that_takes_the_call_and_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "PROBE_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert probe(f"http://127.0.0.1:{silent.getsockname()[1]}")  # else it waits for ever
