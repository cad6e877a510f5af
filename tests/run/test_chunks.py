"""Chunks: every wanted sample in exactly one of them, whatever the size."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from planned_cells import planned_cell

from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.work import disjoint_samples
from rast_bench.run.chunks import MAX_SAMPLES, GroupChunks, chunk_size


def cell(problems: int, n: int, cell_id: str) -> PlannedCell:
    golds = {f"p{i}": "1" for i in range(problems)}
    return replace(planned_cell(golds, n), cell_id=cell_id)


cells = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 9), st.sampled_from("abc")).map(
        lambda shape: cell(*shape)
    ),
    min_size=1,
    max_size=5,
)


@given(cells=cells, size=st.integers(1, 20))
def test_every_sample_lies_in_one_chunk(cells: list[PlannedCell], size: int) -> None:
    chunks = GroupChunks(disjoint_samples(cells), size)
    found = [
        (cells[chunk.cell].cell_id, *key) for chunk in chunks.chunks for key in chunks.keys(chunk)
    ]
    wanted = {(cell.cell_id, *key) for cell in cells for key in cell.wanted_keys()}
    assert sorted(found) == sorted(wanted)
    assert all(0 < len(chunks.keys(chunk)) <= size for chunk in chunks.chunks)
    assert len({chunk.name for chunk in chunks.chunks}) == len(chunks.chunks)


def test_the_samples_of_a_problem_stay_together_where_a_chunk_has_room() -> None:
    chunks = GroupChunks(disjoint_samples([cell(5, 4, "a")]), 10)
    assert [len(chunks.keys(chunk)) for chunk in chunks.chunks] == [8, 8, 4]
    assert {key[0] for key in chunks.keys(chunks.chunks[0])} == {"p0", "p1"}


@given(samples=st.integers(1, 10**6), workers=st.integers(1, 64))
def test_chunks_are_small_enough_to_share(samples: int, workers: int) -> None:
    size = chunk_size(samples, workers)
    assert 1 <= size <= MAX_SAMPLES
    assert size == 1 or size * workers * 16 <= samples
