"""The committed families: what a manifest says is what lies here, and no test problem leaked."""

import hashlib
import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from zoo_parsing import Parsed, answer, parse, read

import rast_bench.zoo
from rast_bench.zoo.build import Folders, stages, write_benchmarks
from rast_bench.zoo.corpus import Document, corpus_hash
from rast_bench.zoo.recipe import FAMILIES
from rast_bench.zoo.tasks import TASKS

ROOT = Path(rast_bench.zoo.__file__).parent
MANIFESTS: dict[str, dict[str, Any]] = {
    name: json.loads((ROOT / "weights" / f"manifest-{name}.json").read_text()) for name in FAMILIES
}
BENCHMARKS = {name: sorted(manifest["benchmarks"]) for name, manifest in MANIFESTS.items()}
ALL_BENCHMARKS = [(family, name) for family, names in BENCHMARKS.items() for name in names]
IN_ORDER = re.compile(r"(\d+) (\w+)-1 (\S+) (?:\d+ )?\2-2 (\S+)")

Way = tuple[int, tuple[str, ...]]


def read_in_training(family: str) -> list[Document]:
    recipe = FAMILIES[family]()
    stream = TASKS[family].documents(recipe.seed, recipe.mixture)
    return list(itertools.islice(stream, MANIFESTS[family]["corpus"]["documents"]))


@pytest.fixture(scope="module")
def piles() -> list[Document]:
    return read_in_training("piles")


@pytest.fixture(scope="module")
def dials() -> list[Document]:
    return read_in_training("dials")


@pytest.fixture(scope="module")
def trained_on(piles: list[Document]) -> list[Parsed]:
    return [parse(doc.prompt.removeprefix("Problem : ")) for doc in piles if doc.prompt]


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (ROOT / "data" / name).read_text().splitlines()]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_corpus_of_the_manifest_can_be_made_again(
    family: str, request: pytest.FixtureRequest
) -> None:
    digest = MANIFESTS[family]["corpus"]["sha256"]
    assert corpus_hash(request.getfixturevalue(family)) == digest


@pytest.mark.parametrize("family", FAMILIES)
def test_the_benchmarks_can_be_made_again(family: str, tmp_path: Path) -> None:
    made = write_benchmarks(FAMILIES[family](), Folders(tmp_path, tmp_path))
    assert made == MANIFESTS[family]["benchmarks"]
    for name in BENCHMARKS[family]:
        assert (tmp_path / "data" / name).read_bytes() == (ROOT / "data" / name).read_bytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_are_those_of_the_manifest(family: str) -> None:
    recorded = {stage["stage"]: stage["sha256"] for stage in MANIFESTS[family]["stages"]}
    assert set(recorded) == {stage for stage, _ in stages(FAMILIES[family]())}
    for stage, digest in recorded.items():
        kind, name, *seed = stage.split(":")
        weights = ROOT / "weights" / name / "-".join((kind, *seed)) / "model.safetensors"
        assert hashlib.sha256(weights.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("family", FAMILIES)
def test_a_familys_weights_are_small_enough_to_ship(family: str) -> None:
    names = [scale.name for scale in FAMILIES[family]().scales]
    files = [path for name in names for path in (ROOT / "weights" / name).rglob("*")]
    assert sum(path.stat().st_size for path in files if path.is_file()) <= 12e6


@pytest.mark.parametrize(("family", "name"), ALL_BENCHMARKS)
def test_sizes_and_answers(family: str, name: str) -> None:
    problems = rows(name)
    assert len(problems) >= (200 if "test" in name else 100)
    assert len({row["problem_id"] for row in problems}) == len(problems)
    for row in problems:
        question = row["question"]
        found = parse(question).answer() if family == "piles" else answer(question)
        assert found == row["answer"]


@pytest.mark.parametrize("name", BENCHMARKS["piles"])
def test_no_problem_and_no_prefix_was_trained_on(name: str, trained_on: list[Parsed]) -> None:
    prefixes = {prefix for parsed in trained_on for prefix in parsed.prefixes()}
    for row in rows(name):
        assert not parse(row["question"]).prefixes() & prefixes, row


def test_no_problem_about_dials_and_no_way_to_turn_one_twice_was_trained_on(
    dials: list[Document],
) -> None:
    """Not in a problem, nor in a drill, nor in what a solution calculates."""
    trained: set[Way] = set()
    problems: set[tuple[Way, ...]] = set()  # in any order of their dials
    for document in dials:
        told = document.prompt.removeprefix("Problem : ").removesuffix(" Solution :")
        if document.solution != f"{told} {told}":  # random words, repeated
            ways = [(dial.start, dial.turns) for dial in read(told)]
            trained.update(ways)
            problems.add(tuple(sorted(ways)))
        for start, _, *turns in IN_ORDER.findall(document.solution):
            trained.add((int(start), tuple(turns)))
    assert sum(len(turns) == 2 for _, turns in trained) > 3000  # 85 % of 23 · 13²
    for name in BENCHMARKS["dials"]:
        for row in rows(name):
            ways = [(dial.start, dial.turns) for dial in read(row["question"])]
            assert not {way for way in ways if len(way[1]) == 2} & trained
            assert tuple(sorted(ways)) not in problems


def test_dials_of_dev_and_test_do_not_meet() -> None:
    turned_twice = {
        split: {
            (dial.start, dial.turns)
            for name in BENCHMARKS["dials"]
            if split in name
            for row in rows(name)
            for dial in read(row["question"])
            if len(dial.turns) == 2
        }
        for split in ("dev", "test")
    }
    assert not turned_twice["dev"] & turned_twice["test"]


def test_dev_and_test_do_not_meet() -> None:
    beginnings = {
        split: {
            (parsed.start, parsed.operations[:2])
            for name in BENCHMARKS["piles"]
            if split in name
            for parsed in (parse(row["question"]) for row in rows(name))
        }
        for split in ("dev", "test")
    }
    assert not beginnings["dev"] & beginnings["test"]


@pytest.mark.parametrize("name", [name for name in BENCHMARKS["piles"] if "test" in name])
def test_32_guesses_do_not_find_the_answer(name: str, trained_on: list[Parsed]) -> None:
    """The best 32 fixed guesses, those most frequent in training, are nearly always wrong."""
    steps = {len(parse(row["question"]).operations) for row in rows(name)}
    answers = Counter(p.answer() for p in trained_on if len(p.operations) in steps)
    guesses = {answer for answer, _ in answers.most_common(32)}
    hits = sum(row["answer"] in guesses for row in rows(name))
    assert hits / len(rows(name)) < 0.15
