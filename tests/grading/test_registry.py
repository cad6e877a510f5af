import pytest

from rast_bench.errors import ConfigError
from rast_bench.grading import get_grader, grader_names, newest_version


def test_every_name_gives_its_grader() -> None:
    assert grader_names() == ("boxed-1", "code-tests-2", "robust-2", "simplerl-1")
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
    assert caught.value.hint == (
        "known graders: boxed-1, code-tests-2, robust-2, simplerl-1; your own is module:Class"
    )


@pytest.mark.parametrize("name", ["boxed-1", "robust-2", "simplerl-1"])
def test_a_version_may_be_left_out_where_it_is_said(name: str) -> None:
    assert newest_version(name.rpartition("-")[0]) == name
    assert newest_version(name) == name
    assert newest_version("zzz") == "zzz"
