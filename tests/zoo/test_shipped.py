"""The committed family: what the manifest says is what lies here, and no test problem leaked."""

import hashlib
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from zoo_parsing import Parsed, parse

import rast_bench.zoo
from rast_bench.zoo.build import Folders, write_benchmarks
from rast_bench.zoo.corpus import Document, corpus_hash, documents
from rast_bench.zoo.recipe import family

ROOT = Path(rast_bench.zoo.__file__).parent
MANIFEST: dict[str, Any] = json.loads((ROOT / "weights" / "manifest.json").read_text())
BENCHMARKS = sorted(MANIFEST["benchmarks"])


@pytest.fixture(scope="module")
def corpus() -> list[Document]:
    recipe = family()
    return list(
        itertools.islice(documents(recipe.seed, recipe.mixture), MANIFEST["corpus"]["documents"])
    )


@pytest.fixture(scope="module")
def trained_on(corpus: list[Document]) -> list[Parsed]:
    return [parse(doc.prompt.removeprefix("Problem : ")) for doc in corpus if doc.prompt]


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (ROOT / "data" / name).read_text().splitlines()]


def test_the_corpus_of_the_manifest_can_be_made_again(corpus: list[Document]) -> None:
    assert corpus_hash(corpus) == MANIFEST["corpus"]["sha256"]


def test_the_benchmarks_can_be_made_again(tmp_path: Path) -> None:
    assert write_benchmarks(family(), Folders(tmp_path, tmp_path)) == MANIFEST["benchmarks"]
    for name in BENCHMARKS:
        assert (tmp_path / "data" / name).read_bytes() == (ROOT / "data" / name).read_bytes()


def test_the_weights_are_those_of_the_manifest() -> None:
    assert len(MANIFEST["stages"]) == 4 + 7
    for stage in MANIFEST["stages"]:
        kind, name, *seed = stage["stage"].split(":")
        folder = ROOT / "weights" / name / ("base" if kind == "base" else f"rl-{seed[0]}")
        assert (
            hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
            == (stage["sha256"])
        )


def test_the_family_is_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) <= 15e6


@pytest.mark.parametrize("name", BENCHMARKS)
def test_sizes_and_answers(name: str) -> None:
    problems = rows(name)
    assert len(problems) >= (200 if "test" in name else 100)
    assert len({row["problem_id"] for row in problems}) == len(problems)
    for row in problems:
        assert parse(row["question"]).answer() == row["answer"]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_no_problem_and_no_prefix_was_trained_on(name: str, trained_on: list[Parsed]) -> None:
    prefixes = {prefix for parsed in trained_on for prefix in parsed.prefixes()}
    for row in rows(name):
        assert not parse(row["question"]).prefixes() & prefixes, row


def test_dev_and_test_do_not_meet() -> None:
    beginnings = {
        split: {
            (parsed.start, parsed.operations[:2])
            for name in BENCHMARKS
            if split in name
            for parsed in (parse(row["question"]) for row in rows(name))
        }
        for split in ("dev", "test")
    }
    assert not beginnings["dev"] & beginnings["test"]


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if "test" in name])
def test_32_guesses_do_not_find_the_answer(name: str, trained_on: list[Parsed]) -> None:
    """The best 32 fixed guesses, those most frequent in training, are nearly always wrong."""
    steps = {len(parse(row["question"]).operations) for row in rows(name)}
    answers = Counter(p.answer() for p in trained_on if len(p.operations) in steps)
    guesses = {answer for answer, _ in answers.most_common(32)}
    hits = sum(row["answer"] in guesses for row in rows(name))
    assert hits / len(rows(name)) < 0.15
