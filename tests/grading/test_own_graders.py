"""A user's own graders: `module:Class` in place of a name."""

import sys
from pathlib import Path

import pytest

from rast_bench.errors import ConfigError
from rast_bench.grading import check_graders, get_grader

MODULE = """
from rast_bench.grading.boxed import BoxedGrader


class Good(BoxedGrader):
    name = "good-1"


class Twin(Good):
    pass


class Nameless(BoxedGrader):
    name = "good"


class Clashing(BoxedGrader):
    name = "robust-7"


class Foreign(BoxedGrader):
    name = "../x-1"


class Demanding(Good):
    def __init__(self, folder):
        super().__init__()


class Nothing:
    name = "nothing-1"


number = 7
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ourgraders").mkdir()
    (tmp_path / "ourgraders" / "some.py").write_text(MODULE)
    (tmp_path / "ourgraders" / "broken.py").write_text("1 / 0\n")
    (tmp_path / "ourgraders" / "lacking.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ourgraders"]:
        monkeypatch.delitem(sys.modules, name)


def test_a_class_is_found_by_its_place() -> None:
    grader = get_grader("ourgraders.some:Good")
    assert grader.name == "good-1"
    assert grader.grade("\\boxed{7}", "7", "eos").kind == "correct"
    check_graders(["ourgraders.some:Good", "ourgraders.some:Good", "boxed-1"])


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("nowhere:Good", "No module named 'nowhere'", "PYTHONPATH"),
        ("ourgraders.nowhere:Good", "No module named 'ourgraders.nowhere'", "PYTHONPATH"),
        ("ourgraders.lacking:Good", "No module named 'no_such_package'", "imports it: install it"),
        ("ourgraders.broken:Good", "fails with ZeroDivisionError: division by zero", "python -c"),
        (
            "ourgraders.some:Goood",
            "module ourgraders.some has no attribute 'Goood'",
            "did you mean 'Good'?",
        ),
        ("ourgraders.some:Zzz", "module ourgraders.some has no attribute 'Zzz'", "it is read from"),
        ("ourgraders.some:number", "is not a grader: it lacks name, grade,", "AnswerGrader"),
        ("ourgraders.some:Nothing", "is not a grader: it lacks grade, grade_many,", "AnswerGrader"),
        ("ourgraders.some:Demanding", "creating it fails with TypeError", "without arguments"),
        ("ourgraders.some:Nameless", "its name 'good' has no version", "name = 'mine-1'"),
        ("ourgraders.some:Foreign", "its name '../x-1' has no version", "name = 'mine-1'"),
        ("ourgraders.some:Clashing", "'robust-7' belongs to a grader of rast-bench", "your own"),
    ],
)
def test_mistakes_are_one_line_with_a_hint(path: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_graders([path])
    assert message in caught.value.message
    assert caught.value.message.startswith(f"grader {path}")
    assert "\n" not in caught.value.message
    assert hint in (caught.value.hint or "")


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="both call themselves 'good-1'"):
        check_graders(["ourgraders.some:Good", "ourgraders.some:Twin"])
