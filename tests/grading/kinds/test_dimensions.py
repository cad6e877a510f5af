import pytest
from pairs import DIFFERENT, EQUAL, UNDECIDED, compared

CASES = [
    (r"3 \text{ by } 4", r"3 \times 4", EQUAL),
    ("3 x 4", r"3 \times 4", EQUAL),
    ("3x4", "3 by 4", EQUAL),
    ("4 by 3", r"3 \times 4", UNDECIDED),
    ("3 by 5", r"3 \times 4", DIFFERENT),
    ("3 by 4 by 5", "3 by 4", DIFFERENT),
    ("3 x 4", "12", UNDECIDED),
    # products
    (r"4 \times 3", r"3 \times 4", EQUAL),
    (r"3 \times 4", "12", EQUAL),
    (r"3 \times 4", "13", DIFFERENT),
]


@pytest.mark.parametrize(("answer", "gold", "outcome"), CASES)
def test_dimensions(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome
