"""`rast-bench view`: what the local server answers, to whom, and how it ends."""

import http.client
import json
import os
import shutil
import signal
import socket
import threading
import time
import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from finished_run import Finished
from pages import columns_of, data_of

import rast_bench
from rast_bench.api.folder import open_results
from rast_bench.cli import main
from rast_bench.cli.view import chooser, open_browser
from rast_bench.ledger import Ledger
from rast_bench.viewer import live
from rast_bench.viewer.data import Numbers
from rast_bench.viewer.live import LiveView
from rast_bench.viewer.server import ViewerServer
from rast_bench.viewer.snapshot import Choice


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Client:
    server: ViewerServer

    def get(self, path: str, method: str = "GET", host: str | None = None) -> Answer:
        """What is answered to a path behind the token."""
        return self.ask(f"/{self.server.token}/{path}", method, host)

    def ask(self, path: str, method: str = "GET", host: str | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", host or f"127.0.0.1:{self.server.server_port}")
            connection.endheaders()
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()


def serving(results: Path, *names: str) -> Iterator[Client]:
    folder = open_results(results)
    view = LiveView(folder.ledger, chooser(folder, names), "rast-bench view")
    with ViewerServer(view, results) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Client(server)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def client(finished: Finished) -> Iterator[Client]:
    yield from serving(finished.results)


def test_a_page_and_its_blocks(client: Client, finished: Finished) -> None:
    page = client.get("")
    assert page.status == 200
    data = data_of(page.body.decode())
    assert (data["source"], data["experiment"], data["generation"]) == ("server", "small", "1")
    frame = rast_bench.open_results(finished.results).samples()
    problems = json.loads(client.get("block/problems/made-up").body)
    assert [one["gold"] for one in problems] == ["10", "11", "12"]
    for cell in data["cells"]:
        assert cell["blocks"] is None
        own = frame[frame["cell_id"] == cell["id"]].set_index(["problem_id", "sample_index"])
        header, index = columns_of(client.get(f"block/index/{cell['id']}").body)
        assert header["rows"] == cell["samples"] == len(own)
        assert client.get(f"block/words/{cell['id']}?generation=1").status == 200
        texts = json.loads(client.get(f"block/texts/{cell['id']}/1").body)
        assert list(texts) == ["1"]
        for sample in texts["1"]["samples"]:
            assert sample["text"] == own.loc[problems[1]["id"], sample["i"]]["response"]
        found = json.loads(client.get(f"search?cell={cell['id']}&text=%5CBOXED%7B10").body)["rows"]
        right = [place for place, problem in enumerate(index["problem"]) if problem == 0]
        assert found == right


def test_only_the_page_itself_is_answered(client: Client) -> None:
    client.get("")
    port = client.server.server_port
    token = client.server.token
    for path in ("/", "//", "/x/", f"/{token[:-1]}/", f"/{token}", "/%C3%B6/", "http://[/"):
        refused = client.ask(path)
        assert (refused.status, refused.body) == (404, b"Not Found\n")
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", ""):
        assert client.ask(f"/{client.server.token}/", host=host or " ").status == 404
    assert client.get("", host=f"localhost:{port}").status == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD", "BREW"):
        assert client.get("", method).status == 405
    assert client.server.server_address[0] == "127.0.0.1"


def test_headers_keep_the_page_to_itself(client: Client) -> None:
    for answer in (client.get(""), client.get("block/problems/made-up"), client.ask("/")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert policy.endswith("frame-ancestors 'none'")
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "block/",
        "block/problems/other",
        "block/problems/../made-up",
        "block/index/../../secret",
        "block/index/ffffffffffffffff",
        "block/texts/ffffffffffffffff/1",
        "block/texts/CELL/-1",
        "block/texts/CELL/1/2",
        "block/texts/CELL/99999999999999999999",
        "search",
        "search?cell=CELL",
        "search?cell=ffffffffffffffff&text=a",
        "search?cell=CELL&text=" + "a" * 2_000,
        "made_by.json",
        "../",
        "%00",
    ],
)
def test_what_is_not_there_is_not_found(path: str, client: Client, finished: Finished) -> None:
    client.get("")
    cell = Ledger(finished.results).cells()[0]
    assert client.get(path.replace("CELL", cell)).status == 404
    assert client.get(f"block/index/{cell}").status == 200


def test_before_a_page_there_is_no_block(client: Client) -> None:
    assert client.get("block/problems/made-up").status == 404


def test_a_problem_beyond_the_last_has_no_texts(client: Client, finished: Finished) -> None:
    client.get("")
    cell = Ledger(finished.results).cells()[0]
    assert json.loads(client.get(f"block/texts/{cell}/3").body) == {}


def test_reloading_shows_what_came_since(client: Client, finished: Finished) -> None:
    first = data_of(client.get("").body.decode())
    cell = max(first["cells"], key=lambda one: one["samples"])
    assert client.get(f"block/index/{cell['id']}?generation=1").status == 200
    assert data_of(client.get("").body.decode())["generation"] == "1"  # nothing has changed
    assert main(["run", *finished.words, "decoding.n=5"]) == 0
    # Until somebody reloads, the page still gets its own samples.
    header, _ = columns_of(client.get(f"block/index/{cell['id']}?generation=1").body)
    assert header["rows"] == cell["samples"]
    second = data_of(client.get("").body.decode())
    assert second["generation"] == "2"
    grown = next(one for one in second["cells"] if one["id"] == cell["id"])
    assert grown["samples"] == cell["samples"] + cell["problems"]
    header, _ = columns_of(client.get(f"block/index/{cell['id']}?generation=2").body)
    assert header["rows"] == grown["samples"]
    stale = client.get(f"block/index/{cell['id']}?generation=1")
    assert stale.status == 410
    assert b"reload" in stale.body
    assert client.get(f"search?cell={cell['id']}&text=a&generation=1").status == 410


def test_who_waits_for_a_page_gets_that_one(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = open_results(finished.results)
    choose = chooser(folder, [])
    asked, pages, calls = threading.Event(), [], []
    waiting = threading.Thread(target=lambda: pages.append(view.page()))

    def clock() -> float:
        if threading.current_thread() is waiting:
            asked.set()
        return time.monotonic()

    def chosen() -> tuple[Sequence[Choice], Numbers]:
        calls.append(1)
        if len(calls) == 1:
            waiting.start()
            assert asked.wait(60)
        return choose()

    monkeypatch.setattr(live, "monotonic", clock)
    view = LiveView(folder.ledger, chosen, "rast-bench view")
    first = view.page()
    waiting.join()
    assert pages == [first]
    assert len(calls) == 1
    assert view.page()
    assert len(calls) == 2


def test_shards_that_are_merged_are_found_again(client: Client, finished: Finished) -> None:
    data = data_of(client.get("").body.decode())
    cell = max(data["cells"], key=lambda one: one["samples"])["id"]
    before = client.get(f"block/index/{cell}")
    folder = Ledger(finished.results).cell_folder(cell)
    kept = [path.read_bytes() for path in folder.glob("samples-*")]
    for path in folder.glob("samples-*"):
        path.rename(path.with_name("gone"))
        path.write_bytes(kept.pop())  # another file with the same rows
    texts = json.loads(client.get(f"block/texts/{cell}/0").body)
    assert texts["0"]["samples"]
    assert client.get(f"block/index/{cell}").body == before.body


def test_a_ledger_that_cannot_be_read_is_told_and_the_server_goes_on(
    client: Client, finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = data_of(client.get("").body.decode())["cells"][0]["id"]
    folder = Ledger(finished.results).cell_folder(cell)
    shutil.move(folder, folder.with_name("kept"))
    folder.write_text("")
    refused = client.get(f"block/index/{cell}")
    assert refused.status == 500
    assert str(folder).encode() in refused.body
    assert capsys.readouterr().err.startswith("error: ")
    folder.unlink()
    shutil.move(folder.with_name("kept"), folder)
    assert client.get(f"block/index/{cell}").status == 200


def test_partial_cells_are_shown_as_partial(client: Client, finished: Finished) -> None:
    ledger = Ledger(finished.results)
    cell = ledger.cells()[0]
    (path,) = ledger.cell_folder(cell).glob("samples-*")
    path.unlink()
    data = data_of(client.get("").body.decode())
    (partial,) = (one for one in data["cells"] if one["id"] == cell)
    assert (partial["status"], partial["samples"], partial["problems"]) == ("partial", 0, 0)
    assert any(f"cell {cell}" in note and "is partial: 0 of" in note for note in data["notes"])
    header, _ = columns_of(client.get(f"block/index/{cell}").body)
    assert header["rows"] == 0


def test_named_cells_alone(finished: Finished) -> None:
    cells = Ledger(finished.results).cells()[:2]
    for client in serving(finished.results, *cells):
        data = data_of(client.get("").body.decode())
        assert {one["id"] for one in data["cells"]} == set(cells)
        assert (data["experiment"], data["results"]) == (None, [])
        other = Ledger(finished.results).cells()[2]
        assert client.get(f"block/index/{other}").status == 404


def test_results_that_cannot_be_read_are_a_note(finished: Finished) -> None:
    (finished.results / "small" / "results.parquet").write_bytes(b"x")
    folder = open_results(finished.results)
    _, numbers = chooser(folder, [folder.ledger.cells()[0]])()
    assert not numbers.notes
    for client in serving(finished.results):
        data = data_of(client.get("").body.decode())
        assert data["results"] == data["charts"] == []
        assert len(data["cells"]) == 4
        assert any("not a complete Parquet file" in note for note in data["notes"])


def test_the_command_ends_with_ctrl_c(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The address is on stdout; SIGTERM ends it, too, with the code that shells expect."""
    for number, code in ((signal.SIGINT, 0), (signal.SIGTERM, 143)):
        answers: list[int] = []

        def serve(server: ViewerServer, number: int = number, seen: list[int] = answers) -> None:
            def visit() -> None:
                seen.append(Client(server).get("").status)
                os.kill(os.getpid(), number)

            threading.Thread(target=visit).start()
            super(ViewerServer, server).serve_forever(0.01)

        monkeypatch.setattr(ViewerServer, "serve_forever", serve)
        words = ["view", "small", "--no-open", f"results_dir={finished.results}"]
        assert main(words) == code
        assert answers == [200]
        out, err = capsys.readouterr()
        assert out.startswith("http://127.0.0.1:")
        assert err == f"4 cells of {finished.results}; Ctrl-C ends it\n"


@pytest.mark.parametrize(
    ("names", "error", "hint"),
    [
        (["smal"], "{RESULTS} has no experiment and no cell 'smal'", "small"),
        (["0" * 16], f"there is no cell '{'0' * 16}' in {{RESULTS}}", "CELL"),
        (["small:bas", "small:upper"], "experiment small has no row 'upper'", "ceiling"),
    ],
)
def test_names_that_do_not_fit(
    names: list[str], error: str, hint: str, finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = Ledger(finished.results).cells()[0]
    assert main(["view", "--no-open", *names, f"results_dir={finished.results}"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"error: {error.replace('{RESULTS}', str(finished.results))}"
    assert hint.replace("CELL", cell) in second


def test_a_folder_without_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ledger").mkdir()
    assert main(["view", "--no-open", f"results_dir={tmp_path}"]) == 2
    assert f"error: {tmp_path}/ledger has no samples" in capsys.readouterr().err


def test_a_port_that_is_taken(finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["view", "--no-open", f"--port={port}", f"results_dir={finished.results}"]
        assert main(words) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error == f"error: cannot listen on port {port}: address already in use"
    assert "--port" in hint
    assert main(["view", "--port", "65536", f"results_dir={finished.results}"]) == 2


def test_a_browser_is_opened_only_where_there_are_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def visit(address: str) -> None:
        opened.append(address)
        raise webbrowser.Error("it fails")

    monkeypatch.setattr("webbrowser.open", visit)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    open_browser("http://here/")
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    open_browser("http://here/")
    for thread in threading.enumerate():
        if thread.name == "browser":
            thread.join()
    assert opened == ["http://here/"]


def test_two_experiments_need_a_name(finished: Finished) -> None:
    shutil.copytree(finished.results / "small", finished.results / "smaller")
    folder = open_results(finished.results)
    cells, numbers = chooser(folder, [])()
    assert len(cells) == 4
    assert numbers.experiment is None
    _, numbers = chooser(folder, ["smaller"])()
    assert numbers.experiment == "smaller"
    _, numbers = chooser(folder, ["small", "smaller"])()
    assert numbers.experiment is None


def test_rows_of_an_experiment(finished: Finished) -> None:
    cells, numbers = chooser(open_results(finished.results), ["small:base", "small:ceil"])()
    assert [one.stored.display["method"] for one in cells] == ["base", "rl"]
    assert numbers.experiment == "small"
