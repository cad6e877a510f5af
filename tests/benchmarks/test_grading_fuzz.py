"""The fuzzer finds what is planted, keeps it once, and says nothing of a grader without faults."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import grading_fuzz
import pytest
from grading_fuzz import Fuzzer, RandomSource

from rast_bench.grading import Answer, ExtractedAnswer
from rast_bench.grading.decision import Decision, different, equal
from rast_bench.grading.pooled import PooledGrader


def same(answer: str, gold: str) -> Decision:
    return equal("text") if answer == gold else different("text")


def never(_answer: str, _gold: str) -> Decision:
    return different("text")


def always(_answer: str, _gold: str) -> Decision:
    return equal("text")


class Plain(PooledGrader):
    """Without any fault."""

    name = "plain-1"
    thorough = staticmethod(same)

    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        return ExtractedAnswer(answer.text.removeprefix("\\boxed{").removesuffix("}"), "box")

    def quick(self, answer: str, gold: str) -> Decision | None:
        return same(answer, gold)


class NeverEqual(Plain):
    thorough = staticmethod(never)


class AlwaysEqual(Plain):
    thorough = staticmethod(always)


class Raises(Plain):
    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        return ExtractedAnswer(str(1 / (answer.text.count("½") - 1)), "box")


class Quadratic(Plain):
    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        end = time.process_time() + (len(answer.text) / 1e5) ** 2
        while time.process_time() < end:
            pass
        return None


def found_in(grader: PooledGrader, tries: int = 400) -> list[str]:
    fuzzer = Fuzzer("simplerl-1")
    fuzzer.grader = grader
    rng = Random(5)
    for _ in range(tries):
        fuzzer.try_one(RandomSource(rng))
    assert fuzzer.tried == tries
    return [what for what, _ in fuzzer.found]


@pytest.mark.parametrize(
    ("grader", "what"),
    [(NeverEqual, "not itself"), (AlwaysEqual, "false correct"), (Raises, "exception")],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_what_is_planted_is_found(grader: type[PooledGrader], what: str) -> None:
    found = found_in(grader(workers=1))
    assert set(found) == {what}
    if what == "exception":
        assert len(found) == 1  # once per place


def test_quadratic_time_is_found() -> None:
    fuzzer = Fuzzer("simplerl-1")
    fuzzer.grader = Quadratic(workers=1)
    fuzzer.repeated(RandomSource(Random(1)))
    assert [what for what, _ in fuzzer.found] == ["slow"]


def test_a_grader_without_faults_is_not_blamed() -> None:
    assert found_in(Plain(workers=1)) == []


def run(*arguments: str) -> int:
    options: Sequence[str] = ["--plain", "--seconds", "1", *arguments]
    return grading_fuzz.main(options)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "found.jsonl"
    code = run("--grader", "simplerl", "--found", str(path))
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert code == int(bool(entries))
    assert " inputs; found: " in capsys.readouterr().out
    assert all({"what", "place", "gold", "response"} <= set(entry) for entry in entries)


def test_what_cannot_be_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--grader", "boxed") == 2
    assert "boxed-1 is not compared in a pool" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "atheris", None)
    assert grading_fuzz.main(["--seconds", "1"]) == 2
    assert "atheris is not installed here" in capsys.readouterr().err
