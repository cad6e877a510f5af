"""Rows by whole numbers, against plain tuples."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.ledger.keys import (
    encoded,
    first_of_each,
    key_numbers,
    numbers_of,
    plain,
    ranks,
    take,
    texts_of,
)

KEYS = st.tuples(st.sampled_from(["", "a", "b", "é", "ab"]), st.integers(0, 4))
ROWS = st.lists(st.tuples(KEYS, st.sampled_from([None, "r1", "r2"])), max_size=8)


def table_of(rows: list[tuple[tuple[str, int], str | None]]) -> pa.Table:
    columns = {
        "problem_id": pa.array([problem for (problem, _), _ in rows], pa.string()),
        "sample_index": pa.array([index for (_, index), _ in rows], pa.int64()),
        "run_id": pa.array([run for _, run in rows], pa.string()),
    }
    return encoded(pa.table(columns))


@given(st.lists(ROWS, min_size=1, max_size=3))
def test_numbers_are_equal_and_ordered_as_keys(
    tables: list[list[tuple[tuple[str, int], str | None]]],
) -> None:
    numbers = key_numbers([table_of(rows) for rows in tables])
    pairs = [
        (key, int(number))
        for rows, of_table in zip(tables, numbers, strict=True)
        for (key, _), number in zip(rows, of_table, strict=True)
    ]
    for key, number in pairs:
        for other, its in pairs:
            assert (key < other) == (number < its)


def test_indices_that_no_run_makes_have_numbers_too() -> None:
    rows = [(("a", 2**62), None), (("b", 0), None), (("a", 3), None), (("a", 2**62), None)]
    (numbers,) = key_numbers([table_of(rows)])
    assert numbers[0] == numbers[3]
    assert numbers[2] < numbers[0] < numbers[1]


@given(ROWS)
def test_the_first_of_each_key_by_its_rank_is_kept(
    rows: list[tuple[tuple[str, int], str | None]],
) -> None:
    table = table_of(rows)
    (numbers,), (runs,) = key_numbers([table]), ranks([table], "run_id")
    kept = [rows[place] for place in first_of_each(numbers, [runs]).tolist()]
    expected = {}
    for key, run in sorted(rows, key=lambda row: (row[0], row[1] is None, row[1] or "")):
        expected.setdefault(key, run)
    assert kept == list(expected.items())


@given(ROWS)
def test_texts_and_rows_survive(rows: list[tuple[tuple[str, int], str | None]]) -> None:
    table = table_of(rows)
    assert texts_of(table["run_id"]).tolist() == [run for _, run in rows]
    assert texts_of(table.slice(1)["run_id"]).tolist() == [run for _, run in rows[1:]]
    assert plain(table)["run_id"].to_pylist() == [run for _, run in rows]
    backwards = take(table, np.arange(len(rows))[::-1])
    assert numbers_of(backwards["sample_index"]).tolist() == [index for (_, index), _ in rows][::-1]


def test_the_chunks_of_a_column_may_have_dictionaries_of_their_own() -> None:
    rows = [(("a", 0), "x"), (("b", 1), None), (("a", 2), "y")]
    tables = [table_of([row]) for row in rows]
    union = pa.concat_tables(tables)
    assert texts_of(union["problem_id"]).tolist() == ["a", "b", "a"]
    assert texts_of(union["run_id"]).tolist() == ["x", None, "y"]
