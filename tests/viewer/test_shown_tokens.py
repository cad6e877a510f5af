"""Samples whose tokens were measured: as files of the page, and asked for one at a time."""

import gzip
import json
import re
from pathlib import Path

import pytest
from finished_run import Finished
from pages import blocks_of, data_of

from rast_bench.analysis.token_files import files_of_analysis, save_tokens, token_files
from rast_bench.api.folder import open_results
from rast_bench.cli.view import chooser
from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger
from rast_bench.viewer.data import saved_numbers
from rast_bench.viewer.live import LiveView
from rast_bench.viewer.report_file import write_report
from rast_bench.viewer.snapshot import Choice, Snapshot

OTHER = "f" * 16


def record(problem: str, sample: int) -> dict[str, object]:
    return {
        "problem_id": problem,
        "sample": sample,
        "composition": "M + ΔR tiny-s",
        "tokens": ["a", "b"],
        "measures": {"delta": {"title": "|ΔR|", "unit": "", "values": [0.5, 1.0]}},
        "top": {},
    }


def make_tokens(results: Path) -> str:
    """Measures of a sample of a shown cell, of a problem that it lacks, and of two other paths."""
    cell = Ledger(results).cells()[0]
    problem = Ledger(results).samples(cell, ["problem_id"])["problem_id"].iloc[-1]
    save_tokens(results, cell, record(str(problem), 0))
    save_tokens(results, cell, record("unknown", 0))
    for name in ("m1", "m2"):
        save_tokens(results, OTHER, record(name, 0))
    studies = [{"cell_id": OTHER, "problems": ["m1", "m2"]}]
    (results / "analysis" / "small").mkdir()
    (results / "analysis" / "small" / "kl.json").write_text(json.dumps({"studies": studies}))
    return cell


def test_a_report_has_them(finished: Finished) -> None:
    cell = make_tokens(finished.results)
    folder = open_results(finished.results)
    snapshot = Snapshot(folder.ledger, [Choice(one) for one in folder.select(None, None, None, [])])
    numbers = saved_numbers(finished.results / "small", "small")
    html = write_report(finished.results / "small", snapshot, numbers, {}).path.read_text()
    assert data_of(html)["tokens"] == [
        {"cell": cell, "problem": 2, "sample": 0},
        {"cell": OTHER, "problem": 0, "sample": 0, "title": "M + ΔR tiny-s, m1"},
        {"cell": OTHER, "problem": 1, "sample": 0, "title": "M + ΔR tiny-s, m2"},
    ]
    blocks = blocks_of(html)
    assert json.loads(blocks[f"tokens/{cell}/2/0"])["tokens"] == ["a", "b"]
    assert json.loads(blocks[f"tokens/{OTHER}/1/0"])["problem_id"] == "m2"


def test_a_view_finds_those_that_come(finished: Finished) -> None:
    folder = open_results(finished.results)
    view = LiveView(folder.ledger, chooser(folder, ["small"]), "rast-bench view small")
    assert data_of(view.page())["tokens"] == []
    cell = make_tokens(finished.results)
    data = data_of(view.page())
    assert len(data["tokens"]) == 3
    assert data["generation"] == "1"
    block = json.loads(view.block(f"tokens/{cell}/2/0", "1"))
    assert block["measures"]["delta"]["values"] == [0.5, 1.0]
    (path,) = (finished.results / "analysis" / "tokens" / OTHER).glob("m1-*")
    assert view.block(f"tokens/{OTHER}/0/0") == gzip.decompress(path.read_bytes())


@pytest.mark.parametrize(
    "content", [b"", b"x", gzip.compress(b"{}", mtime=0)[:-3], gzip.compress(b"[]", mtime=0)]
)
def test_a_broken_file_is_named(finished: Finished, content: bytes) -> None:
    cell = make_tokens(finished.results)
    (finished.results / "analysis" / "tokens" / cell / "notes.json.gz").write_bytes(content)
    folder = open_results(finished.results)
    view = LiveView(folder.ledger, chooser(folder, []), "rast-bench view")
    named = data_of(view.page())["tokens"][0]
    assert named == {"cell": cell, "problem": 2, "sample": 0}
    (broken,) = (
        one.path for one in token_files(finished.results, [cell]) if "unkn" not in str(one)
    )
    broken.write_bytes(content)
    with pytest.raises(LedgerError, match=rf"{re.escape(str(broken))} is broken"):
        view.block(f"tokens/{cell}/2/0")


def test_a_broken_analysis_is_named(finished: Finished) -> None:
    make_tokens(finished.results)
    (finished.results / "analysis" / "small" / "kl.json").write_text('{"studies": ')
    with pytest.raises(LedgerError, match=r"kl\.json is broken"):
        files_of_analysis(finished.results, "small")
