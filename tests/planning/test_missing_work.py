import tempfile
from collections import defaultdict
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from planned_cells import planned_cell, samples_of

from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.work import cell_work

PROBLEMS = ["p0", "p1", "p2"]

shapes = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=5
)
stored = st.sets(
    st.tuples(st.sampled_from("ab"), st.sampled_from([*PROBLEMS, "gone"]), st.integers(0, 4))
)


def cell(name: str, problems: int, samples: int) -> PlannedCell:
    made = planned_cell(dict.fromkeys(PROBLEMS[:problems], "1"), samples)
    return replace(made, cell_id=name * 16)


@given(shapes, stored)
@settings(deadline=None)
def test_as_counted_one_by_one(
    shapes: list[tuple[str, int, int]], stored: set[tuple[str, str, int]]
) -> None:
    cells = [cell(*shape) for shape in shapes]
    durable: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(folder)
        for name in "ab":
            durable[name * 16] = {(p, i) for cell_name, p, i in stored if cell_name == name}
            rows = [(p, i, "x", "eos") for p, i in sorted(durable[name * 16])]
            if rows:
                ledger.write_samples(name * 16, samples_of(rows, name * 16), "run")
        works = cell_work(cells, ledger)

    asked: set[tuple[str, str, int]] = set()
    for work, item in zip(works, cells, strict=True):
        wanted = set(item.wanted_keys())
        mine = {key for key in wanted if (item.cell_id, *key) not in asked}
        asked |= {(item.cell_id, *key) for key in wanted}
        assert work.done == len(wanted & durable[item.cell_id])
        assert work.missing == len(mine - durable[item.cell_id])
        expected = "complete" if work.done == len(wanted) else "partial" if work.done else "new"
        assert work.state == expected
