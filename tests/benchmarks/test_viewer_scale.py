"""The viewer's benchmark on a small ledger: every request is answered and timed."""

import pytest
from finished_run import Finished, make_run
from spreads import spread
from viewer_scale import AIMS, asked, render_table, served

from rast_bench.errors import EngineError
from rast_bench.ledger import Ledger


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return make_run(tmp_path_factory.mktemp("made"))


def test_everything_is_asked_for_and_timed(made: Finished) -> None:
    cells = Ledger(made.results).cells()
    with served(made.results, ["small"]) as server:
        times = asked(server, cells, 2)
        peak = server.peak_bytes()
    assert list(times) == list(AIMS)
    assert {name: len(values) for name, values in times.items()} == {
        **dict.fromkeys(("index", "cold", "warm", "search"), len(cells)),
        **dict.fromkeys(("page", "again"), 1),
    }
    assert 30e6 < peak < 1e9
    table = render_table(
        {
            "cells": len(cells),
            "samples": 33,
            "start_seconds": server.start_seconds,
            "peak_bytes": peak,
            "seconds": {name: spread(values) for name, values in times.items()},
        }
    )
    assert table.startswith("4 cells, 33 samples;")
    assert table.count("\n| ") == len(AIMS) + 3


def test_a_server_that_does_not_start_is_an_error(made: Finished) -> None:
    with pytest.raises(EngineError, match="did not start"), served(made.results, ["smal"]):
        raise AssertionError
