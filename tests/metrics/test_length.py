import numpy as np
import pytest
from outcome_cells import outcome_of

from rast_bench.metrics.length import LengthStatistics, response_length


def test_by_hand() -> None:
    outcome = outcome_of([["g", "a"], ["g", None], ["g", "a"]])
    outcome.token_counts[:] = [[10, 20], [30, 100], [50, 30]]
    outcome.kinds[1, 1] = "truncated"
    outcome.finish_reasons[1, 1] = "length"
    outcome.finish_reasons[2, 1] = "length"  # cut off after its answer
    length = response_length(outcome)
    assert length.mean.value == 40
    assert length.mean.standard_error == pytest.approx(np.std([15, 65, 40], ddof=1) / 3**0.5)
    assert length.median == 30
    assert length.truncated_share == pytest.approx(1 / 3)
    assert length.by_kind == {
        "correct": LengthStatistics(3, 30.0, 30.0),
        "wrong": LengthStatistics(2, 25.0, 25.0),
        "truncated": LengthStatistics(1, 100.0, 100.0),
    }
