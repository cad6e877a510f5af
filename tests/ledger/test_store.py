"""Round trips, identity, duplicates, verdicts, compaction and the results folder's errors."""

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import CELL, make_manifest, make_sample, rows, sample_rows, write_forged

from rast_bench.config.identity import cell_id
from rast_bench.domain import SampleKey, Verdict
from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger, codec
from rast_bench.ledger.codec import KEY, Family
from rast_bench.ledger.store import SAMPLE_COLUMNS, VERDICT_COLUMNS


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


ID = cell_id({"stop": ["a"]})


def shards(ledger: Ledger) -> list[Path]:
    return sorted(ledger.cell_folder(CELL).glob("*.parquet"))


def test_samples_come_back_exactly(ledger: Ledger) -> None:
    samples = [make_sample(p, i) for p in ("p2", "p10", "ü") for i in (2, 0, 1)]
    ledger.write_samples(CELL, samples, "run")

    frame = ledger.samples(CELL)

    assert rows(frame) == sample_rows(samples)
    assert tuple(frame.columns) == SAMPLE_COLUMNS
    assert frame["token_ids"].iloc[0].dtype == "int32"
    assert list(frame.index) == list(range(len(samples)))


def test_empty_ledger_has_empty_frames(ledger: Ledger) -> None:
    assert ledger.completed(CELL) == set()
    assert tuple(ledger.samples(CELL).columns) == SAMPLE_COLUMNS
    assert tuple(ledger.verdicts(CELL, "boxed-1").columns) == VERDICT_COLUMNS
    assert len(ledger.samples(CELL)) == len(ledger.verdicts(CELL, "boxed-1")) == 0
    assert ledger.cells() == []


def test_fewer_columns_same_rows(ledger: Ledger) -> None:
    ledger.write_samples(CELL, [make_sample("p1", 1), make_sample("p1", 0)], "run")
    assert rows(ledger.samples(CELL, ["text"])) == [("λ p1/0",), ("λ p1/1",)]


KEYS = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3))
WRITES = st.lists(
    st.tuples(st.sampled_from(["run-1", "run-2", "run-3"]), st.sets(KEYS, min_size=1)), max_size=6
)


@settings(max_examples=25, deadline=None)
@given(writes=WRITES, compact_after=st.sets(st.integers(0, 5)))
def test_the_earliest_run_wins_whatever_the_shards(
    writes: list[tuple[str, set[tuple[str, int]]]], compact_after: set[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(folder)
        expected: dict[tuple[str, int], str] = {}
        for step, (run, keys) in enumerate(writes):
            batch = [make_sample(p, i, text=f"{run} {p}/{i}") for p, i in keys]
            ledger.write_samples(CELL, batch, run)
            for key in keys:
                expected[key] = min(run, expected.get(key, run))
            if step in compact_after:
                ledger.compact(CELL)

        frame = ledger.samples(CELL, ["problem_id", "sample_index", "text"])

        assert rows(frame) == [(p, i, f"{run} {p}/{i}") for (p, i), run in sorted(expected.items())]
        assert ledger.completed(CELL) == set(expected)


def test_compaction_makes_one_shard_and_changes_no_row(ledger: Ledger) -> None:
    samples = [make_sample("p", i) for i in range(9)]
    for sample in samples:
        ledger.write_samples(CELL, [sample], "run")
        ledger.write_verdicts(CELL, "boxed-1", [Verdict(sample.key, "wrong", None)])
    before = rows(ledger.samples(CELL)), rows(ledger.verdicts(CELL, "boxed-1"))
    assert len(shards(ledger)) == 18

    ledger.compact(CELL)

    assert len(shards(ledger)) == 2
    assert (rows(ledger.samples(CELL)), rows(ledger.verdicts(CELL, "boxed-1"))) == before
    ledger.compact(CELL)
    assert len(shards(ledger)) == 2


def test_compaction_leaves_large_shards_alone(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.write_samples(CELL, [make_sample("big", i) for i in range(400)], "run")
    (big,) = shards(ledger)
    monkeypatch.setattr("rast_bench.ledger.shards.SMALL_SHARD_BYTES", big.stat().st_size)
    for i in range(3):
        ledger.write_samples(CELL, [make_sample("small", i)], "run")

    ledger.compact(CELL)

    assert big in shards(ledger)
    assert len(shards(ledger)) == 2
    assert len(ledger.samples(CELL)) == 403


def test_verdicts_are_kept_by_grader_and_version(ledger: Ledger) -> None:
    key = SampleKey(CELL, "p", 0)
    ledger.write_verdicts(CELL, "boxed", [Verdict(key, "wrong", "1")])
    ledger.write_verdicts(CELL, "boxed-1", [Verdict(key, "correct", "2")])
    ledger.write_verdicts(CELL, "boxed-1", [Verdict(SampleKey(CELL, "p", 1), "truncated", None)])
    ledger.write_verdicts(CELL, "boxed-1", [])

    assert rows(ledger.verdicts(CELL, "boxed")) == [("p", 0, "wrong", "1")]
    found = ledger.verdicts(CELL, "boxed-1")
    assert rows(found) == [("p", 0, "correct", "2"), ("p", 1, "truncated", None)]
    assert found["extracted"].iloc[1] is None
    assert len(ledger.samples(CELL)) == 0


def test_verdicts_without_any_answer_stay_none(ledger: Ledger) -> None:
    ledger.write_verdicts(CELL, "boxed-1", [Verdict(SampleKey(CELL, "p", 0), "unparsed", None)])
    assert ledger.verdicts(CELL, "boxed-1")["extracted"].tolist() == [None]


WITH_REASONS = (*VERDICT_COLUMNS, "reason", "rule", "extraction")


def write_old_shard(ledger: Ledger, table: pa.Table) -> None:
    """A shard of the time before verdicts had reasons."""
    old = Family("verdicts-g-1", table.schema, KEY)
    ledger.cell_folder(CELL).mkdir(parents=True, exist_ok=True)
    write_forged(ledger.cell_folder(CELL), old, table, stamp={})


def test_reasons_come_back_and_older_shards_have_none(ledger: Ledger) -> None:
    key = SampleKey(CELL, "p", 0)
    full = Verdict(key, "undecided", "x", "numeric", "no proof", "box")
    ledger.write_verdicts(CELL, "g-1", [full, Verdict(SampleKey(CELL, "p", 1), "wrong", "2")])
    old = {"problem_id": ["o"], "sample_index": [0], "kind": ["correct"], "extracted": ["1"]}
    write_old_shard(ledger, pa.table(old))
    expected = [
        ("o", 0, "correct", "1", None, None, None),
        ("p", 0, "undecided", "x", "numeric", "no proof", "box"),
        ("p", 1, "wrong", "2", None, None, None),
    ]

    for _ in range(2):
        assert rows(ledger.verdicts(CELL, "g-1", WITH_REASONS)) == expected
        assert rows(ledger.verdicts(CELL, "g-1")) == [row[:4] for row in expected]
        assert rows(ledger.verdicts(CELL, "g-1", ["rule"])) == [(row[5],) for row in expected]
        assert ledger.judged(CELL, "g-1") == {("o", 0), ("p", 0), ("p", 1)}
        ledger.compact(CELL)
    assert len(shards(ledger)) == 1


def test_gates_come_back_and_older_shards_have_none(ledger: Ledger) -> None:
    counted = replace(make_sample("p1", 2), small_steps=2)
    ledger.write_samples(CELL, [counted, make_sample("p1", 3)], "run-2")
    columns = ("sample_index", codec.SMALL_STEPS)
    steps = {2: 2, 3: None}
    assert dict(zip(*ledger.sample_table(CELL, columns).to_pydict().values(), strict=True)) == steps
    older = codec.sample_table([make_sample("p1", 1)], "run-1").drop_columns([codec.SMALL_STEPS])
    write_forged(ledger.cell_folder(CELL), codec.SAMPLES, older)
    ledger.compact(CELL)
    steps |= {1: None}
    assert dict(zip(*ledger.sample_table(CELL, columns).to_pydict().values(), strict=True)) == steps
    assert ledger.samples(CELL, columns)[codec.SMALL_STEPS].tolist()[1] == 2


@pytest.mark.parametrize("steps", [-1, 4])
def test_more_open_gates_than_tokens_are_corrupt(ledger: Ledger, steps: int) -> None:
    ledger.write_samples(CELL, [make_sample("p2")], "run")
    bad = replace(make_sample("p1", 2), small_steps=steps)  # of three tokens
    write_forged(ledger.cell_folder(CELL), codec.SAMPLES, codec.sample_table([bad], "run"))
    assert set(ledger.samples(CELL, ("problem_id", codec.SMALL_STEPS))["problem_id"]) == {"p2"}


def test_of_two_equal_verdicts_the_one_with_a_reason_counts(ledger: Ledger) -> None:
    for number in range(8):  # the order of shards is that of their hashes
        key = SampleKey(CELL, "p", number)
        for reason in ("", "exact"):
            ledger.write_verdicts(CELL, "g-1", [Verdict(key, "correct", "1", reason)])
    assert rows(ledger.verdicts(CELL, "g-1", ["reason"])) == [("exact",)] * 8


def test_a_column_of_another_type_is_corrupt(ledger: Ledger) -> None:
    broken = {"problem_id": ["o"], "sample_index": [0], "kind": ["correct"], "extracted": ["1"]}
    write_old_shard(ledger, pa.table({**broken, "reason": [1]}))
    assert rows(ledger.verdicts(CELL, "g-1")) == []
    assert list(ledger.cell_folder(CELL).glob("*.corrupt"))


def test_a_graders_name_must_fit_a_file_name(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match=r"\.\./x"):
        ledger.write_verdicts(CELL, "../x", [])


def test_register_once_and_refuse_another_identity(ledger: Ledger) -> None:
    ledger.register(ID, {"stop": ("a",)}, {"title": "first"})
    ledger.register(ID, {"stop": ["a"]}, {"title": "second"})
    record = ledger.cell(ID)
    assert record is not None
    assert record["display"] == {"title": "first"}
    assert ledger.cells() == [ID]

    with pytest.raises(LedgerError, match=r"cell\.json describes a different cell") as caught:
        ledger.register(ID, {"stop": []}, {})
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"identity": {}}', b"\xff\xfe"])
def test_a_broken_cell_json_is_set_aside_and_written_again(
    ledger: Ledger, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.register(ID, {"stop": ["a"]}, {})
    path = ledger.cell_folder(ID) / "cell.json"
    path.write_bytes(content)

    ledger.register(ID, {"stop": ["a"]}, {})

    assert json.loads(path.read_bytes())["identity"] == {"stop": ["a"]}
    assert path.with_name("cell.json.corrupt").read_bytes() == content
    assert capsys.readouterr().err.count("\n") == 1


def test_manifests_are_replaced_per_run(ledger: Ledger) -> None:
    for run, status in (("run-2", "running"), ("run-1", "complete"), ("run-2", "partial")):
        ledger.write_manifest(CELL, run, make_manifest(run, status=status))
    assert [m["status"] for m in ledger.manifests(CELL)] == ["complete", "partial"]


def test_a_broken_manifest_is_set_aside(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    for run in ("run-1", "run-2"):
        ledger.write_manifest(CELL, run, make_manifest(run))
    (ledger.cell_folder(CELL) / "manifest-run-1.json").write_text("{")
    for _ in range(2):
        assert [manifest["run_id"] for manifest in ledger.manifests(CELL)] == ["run-2"]
    (line,) = capsys.readouterr().err.splitlines()
    assert "manifest-run-1.json: it is not a JSON object; set aside as" in line


def test_check_writable_leaves_nothing_behind(ledger: Ledger) -> None:
    ledger.check_writable()
    assert list(ledger.root.iterdir()) == []


# Root ignores permissions, so these are places where nobody can write.
@pytest.mark.parametrize("place", ["file/results", "/proc/results", "/proc/self/results"])
def test_unwritable_results_are_one_clear_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    ledger = Ledger(tmp_path / place)
    with pytest.raises(LedgerError) as caught:
        ledger.check_writable()
    assert "\n" not in caught.value.message
    assert str(ledger.root) in caught.value.message
    assert caught.value.hint


def test_the_name_ledger_taken_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("")
    with pytest.raises(LedgerError):
        Ledger(tmp_path).check_writable()


def test_import_is_light() -> None:
    code = (
        "import sys, rast_bench.ledger, rast_bench.run.direct, rast_bench.run.progress\n"
        "print([m for m in ('torch', 'pandas', 'pyarrow', 'rich', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
