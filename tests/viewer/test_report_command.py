"""`rast-bench report`: what is in the page, and what lies beside it."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from finished_run import Finished
from pages import blocks_of, chunks_of, columns_of, data_of

import rast_bench
from rast_bench.api.folder import open_results
from rast_bench.cli import main
from rast_bench.config.identity import sample_seed
from rast_bench.domain import Sample, SampleKey
from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger
from rast_bench.metrics.behaviour import behaviour_lemmas
from rast_bench.viewer import report_file
from rast_bench.viewer.blocks import problems_block
from rast_bench.viewer.data import saved_numbers
from rast_bench.viewer.report_file import WrittenReport, write_report
from rast_bench.viewer.snapshot import Choice, Snapshot


def report(finished: Finished, *words: str) -> Path:
    assert main(["report", "small", *finished.words[:2], *finished.words[3:], *words]) == 0
    return finished.results / "small" / "report.html"


def test_the_page_has_what_the_ledger_has(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    path = report(finished)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"report   {path} \(\d\.\d MB, 33 samples\)", err.splitlines()[-1])
    html = path.read_text()
    data, blocks = data_of(html), blocks_of(html)
    assert data["source"] == "inline"
    assert data["title"] == data["experiment"] == "small"
    cells = {cell["id"]: cell for cell in data["cells"]}
    frame = rast_bench.open_results(finished.results).samples()
    assert set(cells) == set(frame["cell_id"])
    assert [cell["row"] for cell in data["cells"][:3]] == ["base", "with delta", "ceiling"]
    assert {(cell["status"], cell["grader"]) for cell in cells.values()} == {
        ("complete", "boxed-1")
    }
    problems = json.loads(blocks["problems/made-up"])
    assert [one["question"] for one in problems] == ["q0", "q1", "q2"]
    seen = 0
    for cell_id, own in frame.groupby("cell_id"):
        header, index = columns_of(blocks[f"index/{cell_id}"])
        words, counts = columns_of(blocks[f"words/{cell_id}"])
        assert header["rows"] == words["rows"] == len(own) == cells[str(cell_id)]["samples"]
        assert words["behaviours"] == list(behaviour_lemmas())
        assert list(counts) == [f"behaviour:{name}" for name in behaviour_lemmas()]
        texts = _texts(blocks, str(cell_id), cells[str(cell_id)]["blocks"])
        keys = list(zip(index["problem"], index["sample"], strict=True))
        assert keys == sorted(keys)
        rows = own.set_index(["problem_id", "sample_index"])
        for place, (problem, sample) in enumerate(keys):
            row = rows.loc[problems[problem]["id"], sample]
            shown = texts[problem, sample]
            assert problems[problem]["gold"] == row["gold"]
            assert shown["prompt"] == row["prompt"]
            assert shown["text"] == row["response"]
            assert shown["seed"] == str(row["seed"])
            assert index["tokens"][place] == row["token_count"]
            assert index["chars"][place] == len(row["response"])
            assert header["finish"][index["finish"][place]] == row["finish_reason"]
            for grader in ("boxed-1", "simplerl-1"):
                code = index[f"verdict:{grader}"][place]
                verdict = shown["verdicts"][grader]
                assert header["verdicts"][code] == verdict["verdict"] == row[f"verdict:{grader}"]
                assert verdict["extracted"] == row[f"extracted:{grader}"]
            seen += 1
    assert seen == 33


def _texts(
    blocks: dict[str, bytes], cell_id: str, first: list[int]
) -> dict[tuple[int, int], dict[str, Any]]:
    found = {}
    for place, start in enumerate(first):
        block = json.loads(blocks[f"texts/{cell_id}/{place}"])
        assert min(map(int, block)) == start
        for problem, one in block.items():
            for sample in one["samples"]:
                found[int(problem), sample["i"]] = {"prompt": one["prompt"], **sample}
    return found


def test_numbers_are_those_of_the_saved_results(finished: Finished) -> None:
    data = data_of(report(finished).read_text())
    frame = rast_bench.open_results(finished.results).results("small")
    for name in ("accuracy", "recovery rate", "response length"):
        own = frame[frame["measure"] == name]
        shown = [one for one in data["results"] if one["measure"] == name]
        assert len(shown) == len(own)
        told = [None if missing else value for value, missing in _optional(own["estimate"])]
        assert [one["estimate"] for one in shown] == told
    assert {one["k"] for one in data["results"] if one["measure"] == "pass@k"} == {1, 4}
    base = next(one for one in data["results"] if one["measure"] == "accuracy")
    assert base["row"] == "base"
    assert base["low"] <= base["estimate"] <= base["high"]
    assert data["charts"]
    assert any("one standard error over problems" in note for note in data["notes"])
    facts = {one["label"]: one["value"] for one in data["provenance"]}
    assert facts["graders"] == "boxed-1, simplerl-1"
    assert facts["tables"].startswith("rast-bench report small")
    assert any(label.startswith("model ") for label in facts)


def _optional(column: Any) -> list[tuple[float, bool]]:
    return list(zip(column.tolist(), column.isna().tolist(), strict=True))


def test_only_samples_that_the_table_counts_are_shown(finished: Finished) -> None:
    words = ["+experiment.limit=2", "decoding.n=3"]
    report(finished, *words)
    (path,) = (finished.results / "small").glob("*/report.html")
    cells = {cell["row"]: cell for cell in data_of(path.read_text())["cells"]}
    assert (cells["with delta"]["problems"], cells["with delta"]["samples"]) == (2, 6)


def test_a_second_report_is_the_same(finished: Finished) -> None:
    before = report(finished).read_bytes()
    assert report(finished).read_bytes() == before


@dataclass(frozen=True)
class Page:
    """A page of all cells, written as often as one likes."""

    finished: Finished

    @property
    def folder(self) -> Path:
        return self.finished.results / "small"

    def write(self) -> WrittenReport:
        opened = open_results(self.finished.results)
        cells = opened.select(None, None, None, [])
        snapshot = Snapshot(opened.ledger, [Choice(cell) for cell in cells])
        made = {"command": "rast-bench report small", "time": "2026-01-01", "commit": None}
        return write_report(self.folder, snapshot, saved_numbers(self.folder, "small"), made)

    def html(self) -> str:
        return self.write().path.read_text()


@pytest.fixture
def page(finished: Finished) -> Page:
    return Page(finished)


HOSTILE = "</script><script>alert(1)</script><!-- \u202e\x00\u2028 <svg onload=alert(2)>"


def test_hostile_names_are_text(page: Page) -> None:
    before = page.html()
    record = json.loads((page.folder / "made_by.json").read_text())
    changed = {**record, "title": HOSTILE, "notes": [HOSTILE], "command": HOSTILE}
    (page.folder / "made_by.json").write_text(json.dumps(changed))
    html = page.html()
    data = data_of(html)
    assert data["title"] == HOSTILE
    assert HOSTILE in data["notes"]
    for sign in ("</script", "<script", "<!--", "<svg"):
        assert html.lower().count(sign) == before.lower().count(sign)


def test_hostile_texts_come_whole(page: Page) -> None:
    ledger = Ledger(page.finished.results)
    cell = ledger.cells()[0]
    texts = [HOSTILE, "x" * 1_000_000, ""]
    samples = []
    for place, (problem, text) in enumerate(zip(["q0", "q1", "q2"], texts, strict=True)):
        key = SampleKey(cell, problem, 100 + place)
        samples.append(Sample(key, sample_seed(key), "ab" * 32, (1,), text, "length"))
    ledger.write_samples(cell, samples, "run")
    blocks = blocks_of(page.html())
    shown = [
        one["text"]
        for name, block in blocks.items()
        if name.startswith(f"texts/{cell}/")
        for problem in json.loads(block).values()
        for one in problem["samples"]
        if one["i"] >= 100
    ]
    assert sorted(shown) == sorted(texts)


def test_many_samples_lie_in_files_beside_it(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    inline = blocks_of(page.html())
    size = page.write().page_bytes
    monkeypatch.setattr(report_file, "INLINE_BYTES", size - 1)
    written = page.write()
    html = written.path.read_text()
    data = data_of(html)
    assert data["source"] == "files"
    assert blocks_of(html) == {}
    folder = page.folder / data["files"]
    assert chunks_of(folder) == inline
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert set(sizes) == {f"{name.replace('/', '-')}.js" for name in inline}
    assert (written.chunks, written.chunk_bytes) == (len(sizes), sum(sizes.values()))
    assert page.write() == written
    # Other parts, another folder; that of the page before goes.
    monkeypatch.setattr(report_file, "PART_CHARACTERS", 1)
    data = data_of(page.html())
    assert {len(cell["blocks"]) for cell in data["cells"]} == {3}
    others = page.folder / data["files"]
    assert others != folder
    assert list((page.folder / "report_files").iterdir()) == [others]
    # All in one page again.
    monkeypatch.setattr(report_file, "INLINE_BYTES", 2 * size)
    assert data_of(page.html())["source"] == "inline"
    assert not (page.folder / "report_files").exists()


def test_a_report_that_fails_leaves_the_one_before(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_file, "INLINE_BYTES", 1_000)
    chunks = page.folder / "report_files"
    (chunks / ".tmp-1").mkdir(parents=True)  # of one that was killed, long ago
    os.utime(chunks / ".tmp-1", (0, 0))
    before = page.html()

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(LedgerError, match="no room"):
        patch.setattr(report_file, "block_script", full)
        page.write()
    assert (page.folder / "report.html").read_text() == before
    assert [f"report_files/{one.name}" for one in chunks.iterdir()] == [data_of(before)["files"]]


def test_two_reports_at_once(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_file, "INLINE_BYTES", 1_000)
    chunk_name = report_file.chunk_name

    def another_comes(block: str) -> str:
        monkeypatch.setattr(report_file, "chunk_name", chunk_name)
        page.write()
        return chunk_name(block)

    monkeypatch.setattr(report_file, "chunk_name", another_comes)
    written = page.write()
    folder = page.folder / data_of(written.path.read_text())["files"]
    assert len(chunks_of(folder)) == written.chunks > 0
    assert list((page.folder / "report_files").iterdir()) == [folder]


def test_names_of_data_sets_are_no_paths() -> None:
    names = ("a/b", "a-b", "a=2f=b", "../x", "a\\b", "\0", "Δ", "")
    files = [report_file.chunk_name(f"problems/{name}") for name in names]
    assert len(set(files)) == len(names)
    for file in files:
        assert re.fullmatch(r"problems-[A-Za-z0-9._=-]*\.js", file)
    assert report_file.chunk_name("texts/0123456789abcdef/7") == "texts-0123456789abcdef-7.js"


def test_without_its_data_set_a_page_has_no_questions(finished: Finished) -> None:
    finished.dataset.unlink()
    folder = open_results(finished.results)
    cells = folder.select(None, None, None, [])
    snapshot = Snapshot(folder.ledger, [Choice(cell) for cell in cells])
    (note,) = snapshot.notes
    assert "question, prompt and gold are left empty" in note
    (problems,) = snapshot.problems.values()
    assert json.loads(problems_block(problems)) == [
        {"id": name, "question": None, "gold": None} for name in problems.ids
    ]


def test_a_partial_experiment_has_no_report(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger(finished.results)
    for path in ledger.cell_folder(ledger.cells()[0]).glob("samples-*"):
        path.unlink()
    words = [*finished.words[:2], *finished.words[3:]]
    assert main(["report", "small", *words]) == 2
    error, hint = capsys.readouterr().err.splitlines()[-2:]
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")


def test_an_unknown_experiment(finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "smal", *finished.words[:2]]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert "smal" in error
    assert "small" in hint
