import pytest

from rast_bench.grading.number_words import number_of_words


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("three", "3"),
        ("twenty-five", "25"),
        ("one hundred and seven", "107"),
        ("two thousand three hundred", "2300"),
        ("a million", "1000000"),
        ("two dogs", "2"),
        ("three point one four", "3.14"),
        ("007", "7"),
        ("no number", None),
        ("x + 1", None),
        ("one thousand two thousand", None),
        ("one point twenty", None),
    ],
)
def test_numbers_in_words(text: str, digits: str | None) -> None:
    assert number_of_words(text) == digits
