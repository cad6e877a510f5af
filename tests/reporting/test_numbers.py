import pytest
from reporting_samples import recovery, result

from rast_bench.metrics.estimate import Estimate
from rast_bench.reporting.numbers import cell_text, decimal, percent, recovery_rate
from rast_bench.reporting.table import (
    BlankCell,
    CountCell,
    EmptyCell,
    QuantityCell,
    RateCell,
    RecoveryCell,
    TextCell,
)
from rast_bench.results.registry import RECOVERY
from rast_bench.results.result import Result


def rate(estimate: float | None, *interval: float, **changed: str) -> Result:
    return result(RECOVERY, recovery(estimate, *interval, **changed))


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [
        (62.25001, 1, "62.3"),
        (-5.4, 0, "−5"),
        (-0.04, 1, "0.0"),
        (-0.0, 0, "0"),
        (100.0, 1, "100.0"),
        (1234.5678, 3, "1234.568"),
    ],
)
def test_decimal(number: float, decimals: int, text: str) -> None:
    assert decimal(number, decimals) == text


def test_percent_with_and_without_a_standard_error() -> None:
    assert percent(Estimate(0.6234, 0.0141)) == "62.3 ± 1.4"
    assert percent(Estimate(1.0, None)) == "100.0"


def test_recovery_rate() -> None:
    assert recovery_rate(rate(0.4512, -0.3149, 1.2049)) == "45 % [−31, 120]"
    assert recovery_rate(rate(1.2345, status="not identified")) == "123 %§"
    assert recovery_rate(rate(0.848)) == "85 %"
    assert recovery_rate(rate(None, status="undefined")) == "undefined"
    inverted = rate(0.5, 0.4, 0.6, status="ceiling below base")
    assert recovery_rate(inverted) == "50 % [40, 60]‡"


def test_every_kind_of_cell_has_a_text() -> None:
    cells = (
        EmptyCell(),
        BlankCell(),
        TextCell("a_b"),
        CountCell(200),
        RateCell(Estimate(0.5, 0.1), "†"),
        QuantityCell(41.25, 2),
        RecoveryCell(rate(None, status="undefined")),
    )
    texts = ["–", "", "a_b", "200", "50.0 ± 10.0†", "41.25", "undefined"]
    assert [cell_text(cell) for cell in cells] == texts
