"""Rows of several shards identified by integers, without a Python object per row.

Tables here have dictionary-encoded texts (`encoded`), so work on texts is done once per distinct
text of a shard.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int64]

_MAX_CODE = 2**62


def encoded(table: pa.Table) -> pa.Table:
    """Return the table in one chunk, its text columns dictionary-encoded."""
    columns = [
        column.dictionary_encode() if pa.types.is_string(column.type) else column
        for column in map(_one_chunk, table.columns)
    ]
    return pa.table(columns, names=table.column_names)


def plain(table: pa.Table) -> pa.Table:
    """Return the table with texts instead of dictionaries."""
    fields = [
        pa.field(field.name, field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def numbers_of(column: pa.Array | pa.ChunkedArray) -> Numbers:
    """Return an integer column without nulls. Arrow's own `to_numpy` imports pandas, half a
    second.
    """
    return cast(Numbers, np.from_dlpack(_one_chunk(column)))


def column_of(numbers: Numbers) -> pa.Array:
    """Return integers as a column. Arrow's own `array` imports pandas, as `to_numpy` does."""
    values = np.ascontiguousarray(numbers, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def take(table: pa.Table, rows: Numbers) -> pa.Table:
    """Return the rows with these indices."""
    return table.take(column_of(rows))


def texts_of(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Return a dictionary-encoded column as Python texts; equal ones are one object, nulls are
    None.
    """
    array = _one_chunk(column)
    values = np.array([*array.dictionary.to_pylist(), None], dtype=np.object_)
    return values[_codes(array)]


def codes_of(column: pa.ChunkedArray) -> tuple[Numbers, list[str]]:
    """Return a dictionary-encoded column as indices into its distinct texts; −1 for null."""
    array = _one_chunk(column)
    return _codes(array), array.dictionary.to_pylist()


def key_numbers(tables: Sequence[pa.Table]) -> list[Numbers]:
    """Return a number per row: equal for equal (problem_id, sample_index), in their order."""
    problems = ranks(tables, "problem_id")
    indices = [numbers_of(table["sample_index"]) for table in tables]
    highest = max((int(one.max()) for one in indices if len(one)), default=0)
    count = 1 + max((int(one.max()) for one in problems if len(one)), default=0)
    if count * (highest + 1) > _MAX_CODE:  # no run makes this many
        distinct, inverse = np.unique(np.concatenate(indices), return_inverse=True)
        indices = np.split(inverse, np.cumsum([len(one) for one in indices])[:-1])
        highest = len(distinct)
    return [one * (highest + 1) + index for one, index in zip(problems, indices, strict=True)]


def ranks(tables: Sequence[pa.Table], name: str) -> list[Numbers]:
    """Return the rank of each row's text among all texts of the column; nulls come last."""
    columns = [codes_of(table[name]) for table in tables]
    distinct = sorted({text for _, texts in columns for text in texts})
    indices = {text: index for index, text in enumerate(distinct)}
    return [
        np.array([*(indices[text] for text in texts), len(distinct)], dtype=np.int64)[codes]
        for codes, texts in columns
    ]


def first_of_each(numbers: Numbers, ranking: Sequence[Numbers]) -> Numbers:
    """Return the first row of each number by `ranking`, sorted by number.

    Of equal rows the first in the given order is taken.
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    again = np.zeros(len(numbers), dtype=np.bool_)
    again[1:] = ordered[1:] == ordered[:-1]
    if not again.any():  # as in nearly every ledger; then the ranking is not needed
        return order
    rows: Numbers = np.lexsort((*reversed(ranking), numbers))
    return rows[~again]


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks == 1:
            return column.chunk(0)
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        return column.combine_chunks()
    return column


def _codes(array: pa.DictionaryArray) -> Numbers:
    """Return the indices, −1 for null. Read from the buffers: Arrow's own methods import pandas."""
    indices = array.indices
    begin, end = indices.offset, indices.offset + len(indices)
    valid, values = indices.buffers()
    codes = np.frombuffer(values, dtype=np.int32, count=end)[begin:].astype(np.int64)
    if indices.null_count:
        bits = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), count=end, bitorder="little")
        codes[bits[begin:] == 0] = -1
    return codes
