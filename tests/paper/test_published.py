import csv
import json
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from rast_bench.errors import DatasetError
from rast_bench.paper import published
from rast_bench.paper.intervals import rounding_interval
from rast_bench.paper.published import (
    COLUMNS,
    MATH_SETS,
    Published,
    load_published,
    only,
    published_dir,
    select,
)

FACTS = load_published()
BROKEN = json.loads((Path(__file__).parent / "broken_rows.json").read_text())


def test_every_published_number_is_there_once() -> None:
    coordinates = Counter(
        tuple(value for field, value in vars(record).items() if field not in {"value", "unit"})
        for record in FACTS
    )
    assert max(coordinates.values()) == 1
    assert Counter(record.source for record in FACTS) == {
        "table 1": 108,
        "table 4": 15,
        "figure 1a": 3,
        "figure 3": 72,
        "figure 4": 6,
        "figure 6": 26,
        "reply 1": 38,
        "reply 2": 3,
        "reply 3": 25,
        "reply 4": 10,
        "reply 5": 54,
        "reply FLOPs": 12,
        "text": 71,
    }


def test_table_1_is_a_full_table() -> None:
    rows = {
        (record.model, record.method, record.delta)
        for record in select(FACTS, source="table 1", metric="accuracy")
    }
    assert len(rows) == 12
    for model, method, delta in rows:
        row = {"source": "table 1", "model": model, "method": method, "delta": delta}
        for metric in ("accuracy", "recovery rate"):
            sets = [record.dataset for record in select(FACTS, metric=metric, **row)]
            assert sorted(map(str, sets)) == (
                sorted(MATH_SETS) if metric == "accuracy" or method == "rast" else []
            )


def test_a_number_keeps_its_zeros_and_its_protocol() -> None:
    record = only(
        FACTS, source="reply 5", metric="self verify frequency", method="rast", dataset="math500"
    )
    assert (record.value, record.decimals) == (Decimal("1.10"), 2)
    assert record.interval == rounding_interval(Decimal("1.10"))
    greedy = select(FACTS, source="table 1", metric="accuracy", method="base")
    assert {(one.temperature, one.samples) for one in greedy} == {(0, 1)}


def test_a_fraction_is_a_percentage_of_the_same_digits() -> None:
    at = {"source": "figure 4", "delta": "qwen2.5-14b"}
    rate = only(FACTS, metric="recovery rate", **at)
    assert (str(rate.value), rate.unit) == ("0.956", "fraction")
    percent = rate.in_percent()
    assert (str(percent.value), percent.unit, percent.decimals) == ("95.6", "%", 1)
    assert percent.interval == rounding_interval(Decimal("95.6"))
    cosine = only(FACTS, metric="cosine similarity", **at)
    assert cosine.in_percent() is cosine


@pytest.mark.parametrize(
    ("sense", "low", "high"), [("equal", 12.5, 13.5), ("about", 12, 14), ("above", 13, 13)]
)
def test_what_a_number_may_have_been(sense: str, low: float, high: float) -> None:
    record = only(FACTS, metric="smallest slowdown")
    changed = Published(**{**vars(record), "sense": sense})
    assert (changed.interval.low, changed.interval.high) == (low, high)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: str(case["says"]))
def test_a_broken_row_is_named(tmp_path: Path, case: dict[str, object]) -> None:
    row = dict.fromkeys(COLUMNS, "") | {"value": "1.5", "decimals": "1", "sense": "equal"}
    change = case["row"]
    assert isinstance(change, dict)
    with (tmp_path / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([row, row | change])
    with pytest.raises(DatasetError, match=r"a\.csv line 3: .*" + str(case["says"])):
        load_published(tmp_path)


def test_other_columns_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no CSV files"):
        load_published(tmp_path)
    (tmp_path / "a.csv").write_text("value\n1\n")
    with pytest.raises(DatasetError, match="the columns are not"):
        load_published(tmp_path)
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match=r"a\.csv"):
        load_published(tmp_path)


def test_none_or_several_numbers_are_not_one() -> None:
    with pytest.raises(DatasetError, match="72 published numbers have source=figure 3"):
        only(FACTS, source="figure 3")
    with pytest.raises(DatasetError, match="0 published numbers have source=table 2"):
        only(FACTS, source="table 2")


def test_an_installed_package_finds_its_own_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "rast_bench"
    monkeypatch.setattr(published, "PACKAGE_DIR", package)
    with pytest.raises(DatasetError, match="no published numbers"):
        published_dir()
    checkout = facts_of_this_checkout()
    shutil.copytree(checkout, package / "paper" / "facts")
    assert published_dir() == package / "paper" / "facts"
    assert load_published() == FACTS


def facts_of_this_checkout() -> Path:
    return Path(__file__).parents[2] / "results" / "paper"
