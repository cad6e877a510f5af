"""The viewer's page in a real browser, opened from disk."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from finished_run import Finished
from made_up_report import HOSTILE, report
from opened_page import Opened

from rast_bench.api.folder import open_results
from rast_bench.cli import main
from rast_bench.cli.view import chooser
from rast_bench.ledger import Ledger
from rast_bench.ledger.records import from_json, to_json
from rast_bench.viewer import report_file
from rast_bench.viewer.data import Numbers
from rast_bench.viewer.live import LiveView
from rast_bench.viewer.server import ViewerServer
from rast_bench.viewer.snapshot import Choice, Snapshot
from rast_bench.viewer.web import block_script, render

BASE, RAST, CEILING = "00ab000000000000", "01ab000000000000", "02ab000000000000"
SAMPLES = "#view=samples&dataset=algebra"


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up report in one file."""
    data, blocks = report()
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(data, blocks=blocks, source="inline"), encoding="utf-8")
    return path


def column(page: Any, selector: str) -> list[str]:
    texts: list[str] = page.locator(selector).all_inner_texts()
    return [text.strip() for text in texts]


def listed(page: Any) -> list[str]:
    """The problems of the list, in their order."""
    return column(page, "table.list tbody th")


def rates(page: Any, method: int) -> list[int]:
    return list(map(int, column(page, f"table.list td.rate:nth-child({method + 2})")))


def test_the_report_of_a_run(finished: Finished, opened: Opened) -> None:
    """What `rast-bench report` writes opens from disk: table, charts, a sample in both forms."""
    words = [*finished.words[:2], *finished.words[3:]]
    for limit, source in ((10_000_000, "inline"), (1_000, "files")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report_file, "INLINE_BYTES", limit)
            assert main(["report", "small", *words]) == 0
        page = opened.open(finished.results / "small" / "report.html")
        assert json.loads(page.locator("#data").inner_text())["source"] == source
        assert "with delta" in column(page, "table.results th.row")
        page.locator("table.results tr", has_text="with delta").locator("a").first.click()
        opened.settled()
        assert column(page, ".response h3") == ["Abase", "Bwith delta", "Cceiling"]
        assert listed(page) == ["00000", "00001", "00002"]
        assert page.locator(".response mark").first.inner_text() == "10"
        opened.go("#view=samples&problem=00001&sample=1")
        assert page.locator(".response:nth-child(2) .badge").first.inner_text() == "✗ wrong"
    opened.go("#view=overview")
    page.locator("figure .drawn svg").first.wait_for()


def test_results_are_sorted_within_their_sections(made_up: Path, opened: Opened) -> None:
    page = opened.open(made_up)
    rows = "table.results tr:not(.second):not(.section) th.row"
    original = column(page, rows)
    page.locator("[data-sort=algebra]").click()
    opened.settled()
    assert column(page, rows)[1:4] == ["RL ceiling", "+ ΔR tiny-s", "tiny-l"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("algebra")
    assert "by=-algebra" in page.url
    page.locator("[data-sort=algebra]").click()
    opened.settled()
    assert column(page, rows)[1:4] == ["tiny-l", "+ ΔR tiny-s", "RL ceiling"]
    page.locator("[data-sort=algebra]").click()
    opened.settled()
    assert column(page, rows) == original


def test_measures_published_values_and_provenance(made_up: Path, opened: Opened) -> None:
    page = opened.open(made_up)
    assert "agrees" in page.locator("table.results .published .good").inner_text()
    assert column(page, "table.results tr.second th")[0] == "recovery, %"
    page.get_by_label("Measure", exact=True).select_option("response length")
    opened.settled()
    assert page.locator("table.results caption").inner_text().startswith("output tokens")
    assert "61.3 ± 1.5" in " ".join(column(page, "table.results td"))
    opened.go("#view=overview&measure=pass@k&k=4")
    assert page.get_by_label("k", exact=True).input_value() == "4"
    assert "rast-bench table made_up" in column(page, ".provenance .command code")
    assert HOSTILE["script"] in page.locator(".notes").inner_text()
    chart = page.locator("figure").first
    assert (
        chart.locator("[role=img]").get_attribute("aria-label")
        == "Lines rising with k; the RL ceiling is highest."
    )
    chart.locator("summary").click()
    chart.locator("tbody tr").first.wait_for()  # drawn when the browser reports the opening
    assert chart.locator("tbody tr").count() == 18


def test_filters_and_sorting(made_up: Path, opened: Opened) -> None:
    page = opened.open(made_up, SAMPLES)
    assert page.locator("#problems").inner_text().startswith("120 problems, 2040 samples")
    everything = listed(page)
    assert len(everything) == 50
    page.get_by_label("Sort by", exact=True).select_option("rate")
    opened.settled()
    page.get_by_label("of", exact=True).select_option(RAST)
    opened.settled()
    assert rates(page, 1) == sorted(rates(page, 1))
    assert listed(page) != everything
    opened.go(f"{SAMPLES}&sort=-diff&a={BASE}&b={RAST}")
    assert page.locator("table.list thead").inner_text().split("\t")[-2] == "B − A"
    differences = [b - a for a, b in zip(rates(page, 0), rates(page, 1), strict=True)]
    assert differences == sorted(differences, reverse=True)
    assert differences[0] > 0
    opened.go(SAMPLES)
    page.get_by_label("robust-2 says").select_option("unparsed")
    opened.settled()
    assert page.locator(".dot.kept").all_inner_texts() == ["∅"] * page.locator(".dot.kept").count()
    assert page.locator(".dot.kept[aria-current]").count() >= 1  # the first that is kept
    few = len(listed(page))
    page.get_by_label("graders disagree").check()
    opened.settled()
    assert 0 < len(listed(page)) < few
    page.get_by_role("button", name="Clear all filters").click()
    opened.settled()
    assert listed(page) == everything
    opened.go(f"{SAMPLES}&min=50&max=60&finish=eos")
    number = int(page.locator(".facts").first.inner_text().split()[1])
    assert page.locator("#problems p").first.inner_text().endswith("kept by the filters")
    assert 0 < number <= 192
    opened.go(f"{SAMPLES}&text=let%20ME%20check:%20150")
    shown = page.locator(".response .text").all_inner_texts()
    assert any("let me check: 150" in text for text in shown)
    opened.go(f"{SAMPLES}&find=alg-0099")
    assert listed(page) == ["alg-0099"]
    opened.go(f"{SAMPLES}&word=check")
    assert page.get_by_label("Words of").input_value() == "check"
    assert int(page.locator(".group span").nth(1).inner_text().split()[1]) % 2 == 1  # as it says
    opened.go(f"{SAMPLES}&verdict=wrong&grader=robust-2")
    assert page.get_by_label("robust-2 says").input_value() == "wrong"
    opened.go(f"{SAMPLES}&verdict=timeout")
    assert page.locator("#problems").inner_text().endswith("No sample passes the filters.")


def test_methods_beside_each_other(made_up: Path, opened: Opened) -> None:
    """A deep link, the fields of a response, the keys, and other methods."""
    page = opened.open(
        made_up, f"{SAMPLES}&cells={BASE},{RAST},{CEILING}&problem=alg-0020&sample=2"
    )
    assert column(page, ".response h3") == ["Atiny-l", "B+ ΔR tiny-s", "CRL ceiling"]
    first, second = (page.locator(f".response:nth-child({at})") for at in (1, 2))
    assert "has no sample 2 here: sample 0" in first.inner_text()
    assert second.locator("mark").count() == 1
    extracted = second.locator(".verdict code").first.inner_text()
    assert second.locator("mark").inner_text() == extracted
    assert second.locator(".text").first.inner_text().endswith(rf"\boxed{{{extracted}}}.")
    assert "rule integer, exact" in second.inner_text()
    assert f"seed {2**62 + 20 * 64 + 2}" in second.inner_text()
    second.locator("summary").click()
    assert "Question 20 :\nAnswer :" in second.inner_text()
    page.keyboard.press("n")
    opened.settled()
    assert "sample=3" in page.url
    page.keyboard.press("j")
    opened.settled()
    assert page.locator(".detail-head h2").inner_text().startswith("alg-0021")
    assert "problem=alg-0021" in page.url
    page.keyboard.press("k")
    opened.settled()
    page.locator("details.methods summary").click()
    page.get_by_label("RL ceiling").first.uncheck()
    opened.settled()
    assert column(page, ".response h3") == ["Atiny-l", "B+ ΔR tiny-s"]
    assert page.locator(".detail-head h2").inner_text().startswith("alg-0020")
    page.get_by_label("Data set", exact=True).select_option("*")
    opened.settled()
    assert page.locator("#problems").inner_text().startswith("150 problems")
    page.locator("h1").click()  # keys are those of a control while it has the focus
    page.keyboard.press("?")
    assert "next, previous problem" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0


@pytest.mark.parametrize(
    "opened", [{"permissions": ["clipboard-read", "clipboard-write"]}], indirect=True
)
def test_a_response_as_json(made_up: Path, opened: Opened) -> None:
    page = opened.open(made_up, f"{SAMPLES}&problem=hostile%20surrogate")
    page.locator(".response:nth-child(2)").get_by_role("button", name="Copy as JSON").click()
    page.get_by_text("Copied the response of + ΔR tiny-s").wait_for()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["response"] == HOSTILE["surrogate"]
    assert (copied["cell_id"], copied["sample_index"], copied["gold"]) == (RAST, 0, "42")
    assert copied["seed"] == str(2**62 + 5 * 64)


def test_hostile_texts_are_inert_and_visible(made_up: Path, opened: Opened) -> None:
    """Nothing runs or is fetched, with LaTeX drawn too; what cannot be seen is shown."""
    visible = {
        "script": ["<script>window.hacked = 1</script>"],
        "controls": ["␇", "␀", "␛[31m", "␡", "U+0085", "␍"],
        "direction": ["U+202E24U+202C", "U+206642U+2069", "U+200B", "U+200F", "U+FEFF"],
        "surrogate": ["U+D83D", "U+DC00", "U+E0041"],
        "formula": [HOSTILE["formula"]],
        "long line": ["x" * 16_000, "976\u202f011 characters more: show all", r"\boxed{42}"],
    }
    page = opened.open(made_up)
    texts = page.locator(".response .text, .statement .text")
    active = texts.locator("img, svg, a, script, iframe, object, form, [style*=fixed]")
    for name in HOSTILE:
        state = f"{SAMPLES}&problem=hostile%20{name}"
        opened.go(state)
        shown = page.locator(".response .text").first.inner_text()
        assert [seen for seen in visible.get(name, []) if seen not in shown] == [], name
        assert active.count() == 0, name
        opened.go(f"{state}&latex=1")
        assert active.count() == 0, name
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, name
        assert page.evaluate("window.hacked") is None, name
    opened.go(f"{SAMPLES}&problem=hostile%20long%20line")
    page.locator(".response .gap").first.click()
    assert len(page.locator(".response .text").first.inner_text()) > 1_000_000


def test_formulas_on_request(made_up: Path, opened: Opened) -> None:
    page = opened.open(made_up, f"{SAMPLES}&problem=alg-0020")
    assert page.locator(".katex").count() == 0
    page.keyboard.press("x")
    opened.settled()
    assert page.locator(".statement .text .katex").count() == 2
    assert "latex=1" in page.url
    assert page.evaluate("document.fonts.check('16px KaTeX_Math')")


def test_where_the_difference_acts(made_up: Path, opened: Opened) -> None:
    """Tokens are shaded by a measure of choice; the keys move, and the panel follows."""
    page = opened.open(made_up, f"{SAMPLES}&problem=alg-0012&shade=delta")
    view = page.locator(".response:nth-child(2) .token-view")
    assert page.locator(".token-view").count() == 1
    strongest = view.locator(".tokens .current").inner_text()
    view.locator(".tokens .current").focus()
    page.keyboard.press("ArrowRight")
    panel = view.locator(".token-panel")
    assert view.locator(".tokens .current").inner_text() != strongest
    assert column(page, ".token-panel thead th") == [
        "#",
        "M",
        "S_RL",
        "S_base",
        "RAST",
    ]
    assert "70.0" in panel.inner_text()
    view.get_by_label("Shade by").select_option("rank")
    opened.settled()
    assert "shade=rank" in page.url
    opened.go("#view=tokens")
    path = page.locator(".paths a[aria-current]")
    assert path.inner_text() == "+ ΔR tiny-s on algebra: alg-0012, sample 0"
    assert "U+202E" in page.locator(".tokens").inner_text()
    assert page.locator(".tokens .changed").all_inner_texts() == [" apples"]
    page.get_by_role("link", name="This sample beside other methods").click()
    opened.settled()
    assert column(page, ".response h3") == ["Atiny-l", "B+ ΔR tiny-s", "CRL ceiling"]
    assert page.locator(".detail-head h2").inner_text().startswith("alg-0012")


@pytest.fixture
def server(finished: Finished) -> Iterator[ViewerServer]:
    folder = open_results(finished.results)
    view = LiveView(folder.ledger, chooser(folder, ["small"]), "rast-bench view small")
    with ViewerServer(view, finished.results) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_local_server(server: ViewerServer, opened: Opened) -> None:
    """The same page asks the server for its blocks, and says when it does not answer."""
    opened.allowed = server.address
    page = opened.open(server.address, "#view=samples&text=BOXED{11}&problem=00001")
    assert listed(page) == ["00001"]
    assert page.locator(".response mark").first.inner_text() == "11"
    page.context.set_offline(True)
    opened.go("#view=samples&problem=00000")
    told = page.locator(".response .bad").first.inner_text()
    assert "does `rast-bench view` still run?" in told
    assert all("ERR_INTERNET_DISCONNECTED" in one for one in opened.complaints)
    opened.complaints.clear()


def test_a_data_set_named_like_a_path(finished: Finished, opened: Opened, tmp_path: Path) -> None:
    """From the server and from files: its name is never resolved as a path."""
    ledger = Ledger(finished.results)
    for cell in ledger.cells():
        file = ledger.cell_folder(cell) / "cell.json"
        record = from_json(file.read_bytes())[0]
        record["display"]["dataset"] = "../../a b/%2f?#"
        file.write_bytes(to_json(record))
    folder = open_results(finished.results)
    with ViewerServer(LiveView(ledger, chooser(folder, []), "view"), finished.results) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        opened.allowed = server.address
        assert listed(opened.open(server.address, "#view=samples")) == ["00000", "00001", "00002"]
        server.shutdown()
    cells = [Choice(cell) for cell in folder.select(None, None, None, [])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_file, "INLINE_BYTES", 1_000)
        written = report_file.write_report(
            tmp_path, Snapshot(ledger, cells), Numbers(None, "cells"), {}
        )
    assert written.chunks
    opened.allowed = "file:"
    assert listed(opened.open(written.path, "#view=samples")) == ["00000", "00001", "00002"]


def test_chunk_files_that_are_gone(tmp_path: Path, opened: Opened) -> None:
    """Samples in files beside the page are read on demand; what is missing is named."""
    data, blocks = report(problems={"algebra": 20})
    (tmp_path / "report_files").mkdir()
    for name, content in blocks.items():
        file = tmp_path / "report_files" / f"{name.replace('/', '-')}.js"
        file.write_text(block_script(name, content), encoding="utf-8")
    path = tmp_path / "report.html"
    path.write_text(render(data, blocks=None, source="files"), encoding="utf-8")
    page = opened.open(path, f"{SAMPLES}&problem=alg-0015")
    assert page.locator(".response .text").count() == 6
    assert opened.complaints == []
    (tmp_path / "report_files" / f"index-{RAST}.js").unlink()
    page.reload()
    opened.settled()
    told = page.get_by_role("alert").inner_text()
    assert f"cannot read report_files/index-{RAST}.js" in told
    assert all("ERR_FILE_NOT_FOUND" in one for one in opened.complaints)
    opened.complaints.clear()


@pytest.mark.parametrize(
    "opened", [{"color_scheme": "dark", "reduced_motion": "reduce"}], indirect=True
)
def test_narrow_dark_and_printed(made_up: Path, opened: Opened) -> None:
    page = opened.open(made_up)
    page.locator("figure .drawn svg").first.wait_for()
    colours = """() => [
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector(".drawn svg text")).fill,
    ]"""
    dark = page.evaluate(colours)
    page.emulate_media(color_scheme="light")
    drawn = 'document.querySelector(".drawn svg text")'
    opened.until(f"dark => {drawn} && ({colours})().every((one, at) => one !== dark[at])", dark)
    page.set_viewport_size({"width": 360, "height": 700})
    for state in ("#view=overview", f"{SAMPLES}&problem=alg-0020", "#view=tokens"):
        opened.go(state)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    opened.go(f"{SAMPLES}&problem=alg-0020")
    page.emulate_media(media="print")
    assert page.locator(".response .text").first.is_visible()
    assert not page.locator("aside").is_visible()
