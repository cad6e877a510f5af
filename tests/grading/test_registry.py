import pytest

from rast_bench.errors import ConfigError
from rast_bench.grading import get_grader, grader_names


def test_every_name_gives_its_grader() -> None:
    assert "boxed-1" in grader_names()
    for name in grader_names():
        assert get_grader(name).name == name


@pytest.mark.parametrize("name", ["boxed", "Boxed-1", "boxed-2", "boxde-1"])
def test_a_near_miss_gets_a_suggestion(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        get_grader(name)
    assert caught.value.message == f"unknown grader {name!r}"
    assert "did you mean 'boxed-1'?" in (caught.value.hint or "")


def test_a_stranger_gets_the_list() -> None:
    with pytest.raises(ConfigError) as caught:
        get_grader("zzz")
    assert caught.value.hint == "known graders: boxed-1"
