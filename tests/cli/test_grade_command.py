"""`rast-bench grade`: JSONL in, verdicts out."""

import json
from pathlib import Path

import pytest

from rast_bench import cli
from rast_bench.cli import grade
from rast_bench.errors import ConfigError, RastBenchError


def main(words: list[str]) -> int:
    """Errors pass, as they do not from `cli.main`."""
    return cli.run_command("grade", words)


ROWS = [
    {"id": "a", "dataset": "math500", "gold": "1/2", "response": r"\boxed{0.5}"},
    {"id": 2, "dataset": "math500", "gold": "1/2", "response": r"\boxed{0.5}"},
    {"id": "c", "gold": 7, "response": "none of it"},
    {"id": "d", "gold": "7", "response": "we", "finish_reason": "length"},
    {"id": "e", "gold": "(x+1)^2", "response": r"\boxed{x^2+2x+1}"},
    {"id": "f", "gold": "81", "response": r"\boxed{9^{9^{9^9}}}"},
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
    return path


@pytest.mark.parametrize("name", ["simplerl", "simplerl-1"])
def test_every_line_gets_its_verdict_in_order(
    name: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.jsonl"
    assert main([str(source), str(target), "--grader", name]) == 0
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in ROWS]
    assert [line["verdict"] for line in lines] == [
        *("correct", "correct", "unparsed", "truncated", "correct", "timeout")
    ]
    assert lines[0]["extracted"] == "0.5"
    assert lines[3]["extracted"] is None
    assert lines[0]["seconds"] == lines[1]["seconds"]
    assert all(set(line) == {"id", "extracted", "verdict", "seconds"} for line in lines)
    out, err = capsys.readouterr()
    assert out == ""
    assert "6/6 samples (100%)" in err
    assert err.endswith("-1: 6 responses: 3 correct, 1 unparsed, 1 truncated, 1 timeout\n")


def test_explain_adds_what_led_to_the_verdict(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    assert main([str(source), str(target), "--explain"]) == 0  # by the default grader
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["verdict"] for line in lines[:5]] == [
        *("correct", "correct", "unparsed", "truncated", "correct")
    ]
    assert lines[5]["verdict"] != "correct"
    first, _, none, *_ = lines
    assert (first["extracted"], first["gold"], first["extraction"]) == ("0.5", "1/2", "box")
    assert first["reason"]
    assert (none["gold"], none["extraction"], none["reason"], none["rule"]) == ("7", *[None] * 3)


def test_one_answer_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--gold", "12,8", "--grader", "boxed", "--explain"]
    assert main([*words, "--answer", "12, 08"]) == 0
    assert capsys.readouterr().out == (
        "grader      boxed-1\nfound by    box\nanswer      12,8\ngold        12,8\n"
        "verdict     correct\n"
    )
    assert main([*words, "--response", "12", "--finish-reason", "length"]) == 0
    assert capsys.readouterr().out == (
        "grader      boxed-1\nanswer      none\ngold        12,8\nverdict     truncated\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["in.jsonl"], "IN.jsonl and OUT.jsonl are needed"),
        ([], "IN.jsonl and OUT.jsonl are needed"),
        (["--gold", "7"], "needs --gold, and either --answer or --response"),
        (["--answer", "7"], "needs --gold, and either --answer or --response"),
        (["--gold", "7", "--answer", "7", "--response", "7"], "either --answer or --response"),
        (["in.jsonl", "out.jsonl", "--gold", "7", "--answer", "7"], "without files"),
    ],
)
def test_words_that_do_not_go_together(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        main(words)


def test_a_retired_grader_is_refused(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["grade", str(source), str(source.parent / "out.jsonl"), "--grader", "robust-1"]
    assert cli.main(words) == 2
    assert capsys.readouterr().err == (
        "error: grader robust-1: it no longer grades\n"
        "hint: robust-2 replaced it: name that one in graders or grader=; stored verdicts of "
        "robust-1 are still read\n"
    )


def test_verdicts_of_a_second_run_are_the_same(source: Path, tmp_path: Path) -> None:
    written = []
    for name in ("one.jsonl", "two.jsonl"):
        main([str(source), str(tmp_path / name), "--grader", "simplerl"])
        lines = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        written.append([(line["extracted"], line["verdict"]) for line in lines])
    assert written[0] == written[1]


def test_batches_change_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    main([str(source), str(one), "--grader", "boxed"])
    monkeypatch.setattr(grade, "BATCH", 2)
    main([str(source), str(two), "--grader", "boxed"])
    assert one.read_text() == two.read_text()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 3 is not JSON"),
        (b"[" * 100_000, "line 3 is not JSON"),
        (b'{"id": ' + b"1" * 5000 + b"}", "line 3 is not JSON"),
        (b'{"id": "\xff"}', "line 3 is not UTF-8"),
        (b"[]", "line 3 is not an object"),
        (b'{"id": 1, "gold": "7"}', "line 3 lacks response"),
        (b'{"id": 1, "gold": null, "response": ""}', "line 3 lacks gold"),
        (
            b'{"id": 1, "gold": ["7"], "response": ""}',
            "line 3: gold is neither a string nor a number",
        ),
        (b'{"id": {}, "gold": "7", "response": ""}', "line 3: id is neither a string nor a number"),
        (b'{"id": 1, "gold": "7", "response": 0}', "line 3: response is not a string"),
        (
            b'{"id": 1, "gold": "7", "response": "", "dataset": 7}',
            "line 3: dataset is not a string",
        ),
        (
            b'{"id": 1, "gold": "7", "response": "", "finish_reason": "end"}',
            "line 3: finish_reason 'end'",
        ),
    ],
    ids=range(12),
)
def test_a_bad_line_is_named(line: bytes, message: str, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"id": 1, "gold": "7", "response": "7"}\n\n' + line)
    with pytest.raises(RastBenchError, match=message):
        main([str(source), str(tmp_path / "out.jsonl"), "--grader", "simplerl"])
    assert not (tmp_path / "out.jsonl").exists()


def test_what_json_can_say_is_written_again(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    row = r'{"id": "λ\ud800", "gold": "7", "response": "\\boxed{\ud800}", "finish_reason": null}'
    source.write_text("\ufeff" + row, encoding="utf-8")
    assert main([str(source), str(target), "--grader", "boxed"]) == 0
    written = json.loads(target.read_text(encoding="utf-8"))
    assert written == {"id": "λ\ud800", "extracted": "\ud800", "verdict": "wrong", "seconds": 0.0}


def test_output_that_was_there_stays_until_all_is_graded(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("before")
    monkeypatch.setattr(grade, "BATCH", 0)  # the work fails
    with pytest.raises(ValueError):
        main([str(source), str(target), "--grader", "boxed"])
    assert target.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_the_command_line_says_it_in_one_line(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["grade", str(source), str(source), "--grader", "boxed"]) == 2
    message = f"error: {source} is both input and output\nhint: choose another output\n"
    assert capsys.readouterr().err == message


def test_places_that_do_not_work(source: Path, tmp_path: Path) -> None:
    with pytest.raises(RastBenchError, match="cannot read /no/such"):
        main(["/no/such", str(tmp_path / "out.jsonl"), "--grader", "robust"])
    with pytest.raises(RastBenchError, match="cannot write /no/such"):
        main([str(source), "/no/such/out.jsonl", "--grader", "boxed"])
    with pytest.raises(RastBenchError, match="it is a folder"):
        main([str(source), str(tmp_path), "--grader", "boxed"])
    with pytest.raises(RastBenchError, match="unknown grader 'rubost'") as caught:
        main([str(source), str(tmp_path / "out.jsonl"), "--grader", "rubost"])
    assert "did you mean 'robust-2'?" in (caught.value.hint or "")


def test_an_empty_file_is_no_mistake(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("")
    assert main([str(source), str(tmp_path / "out.jsonl"), "--grader", "robust"]) == 0
    assert (tmp_path / "out.jsonl").read_text() == ""
