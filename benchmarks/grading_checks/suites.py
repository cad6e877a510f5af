r"""The test cases of other graders' own suites, read from local clones of their repositories.

Nothing of those suites is kept in this project: a case is an answer, a gold answer and the verdict
that its authors expect, taken out of their test files by reading them (Python's `ast`, JSON), never
by running them. DIR holds a clone of each repository in `SUITES`, as DIR/NAME (`git clone`) or
DIR/OWNER+NAME/repo; the commit that a suite is pinned to must be in it.

A case is named SUITE/FILE/FUNCTION/NUMBER, where the number counts the function's cases from 0, so
a list of names says which cases without repeating them. `suite_wrong.jsonl` names those whose
expected verdict is no truth about the two answers, with the reason.
"""

import ast
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rast_bench.errors import DatasetError


@dataclass(frozen=True)
class SuiteCase:
    """One test of a suite. `response` is what a grader is given; `expected` whether it passes."""

    name: str
    gold: str
    response: str
    expected: bool


Read = tuple[str, str, str, bool]
"""Function, gold, response, expected."""
Reader = Callable[[str], Iterator[Read]]


@dataclass(frozen=True)
class Suite:
    name: str
    repository: str
    commit: str
    licence: str
    files: tuple[tuple[str, Reader], ...]

    def read(self, folder: Path) -> list[SuiteCase] | None:
        """Return its cases in the order of its files; None if there is no clone of it.

        Raises:
            DatasetError: the clone lacks the commit or a file.
        """
        clone = self._clone(folder)
        if clone is None:
            return None
        cases = []
        numbers: dict[str, int] = {}
        for path, reader in self.files:
            for function, gold, response, expected in reader(self._text(clone, path)):
                table = f"{self.name}/{Path(path).stem}/{function}"
                number = numbers[table] = numbers.get(table, -1) + 1
                cases.append(SuiteCase(f"{table}/{number}", gold, response, expected))
        return cases

    def _clone(self, folder: Path) -> Path | None:
        owner, name = self.repository.split("/")
        places = (folder / name, folder / f"{owner}+{name}" / "repo")
        return next((place for place in places if place.is_dir()), None)

    def _text(self, clone: Path, path: str) -> str:
        command = ["git", "-C", str(clone), "show", f"{self.commit}:{path}"]
        shown = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
        if shown.returncode:
            raise DatasetError(
                f"{clone} has no {path} at {self.commit[:12]}",
                hint=f"a full clone of {self.repository} has it",
            )
        return shown.stdout


def boxed(answer: str) -> str:
    r"""As a response where a suite has bare answers. One with a box of its own stays as it is."""
    return answer if "\\boxed" in answer else f"\\boxed{{{answer}}}"


GOLD = ("gold", "reference", "ground_truth")
ANSWER = ("pred", "prediction", "given_answer", "response")


def tables(*, answers: bool = False, skip: Sequence[str] = ()) -> Reader:
    """Reads tests that are tables: pytest's `parametrize`.

    Args:
        answers: the suite compares bare answers, which are boxed here.
        skip: functions whose tables are no verdicts.
    """

    def read(source: str) -> Iterator[Read]:
        for function in functions(source):
            for decorator in function.decorator_list:
                if function.name in skip or not is_table(decorator):
                    continue
                assert isinstance(decorator, ast.Call)
                columns = [name.strip() for name in literal(decorator.args[0]).split(",")]
                assert isinstance(decorator.args[1], ast.List)
                for row in decorator.args[1].elts:
                    cells = dict(zip(columns, getattr(row, "elts", ()), strict=False))
                    case = of_cells(cells)
                    if case is not None:
                        gold, answer, expected = case
                        yield function.name, gold, boxed(answer) if answers else answer, expected

    return read


def is_table(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "parametrize"
        and isinstance(node.args[1], ast.List)
    )


def of_cells(cells: dict[str, ast.expr]) -> tuple[str, str, bool] | None:
    """Gold, answer and expected verdict of one row; None if it is no case (or is computed)."""
    try:
        if "problem" in cells and "response" in cells:
            gold = literal(cells["problem"])["answer"]
            gold = "ABCD"[gold] if isinstance(gold, int) else gold
        elif gold_name := next((name for name in GOLD if name in cells), None):
            gold = literal(cells[gold_name])
        else:
            return extracted_cells(cells)
        answer = literal(next(cells[name] for name in ANSWER if name in cells))
        expected = literal(cells.get("expected") or cells["result"])
    except (ValueError, KeyError, StopIteration):
        return None
    return str(gold), str(answer), bool(expected)


def extracted_cells(cells: dict[str, ast.expr]) -> tuple[str, str, bool] | None:
    """Return a case of a text and the gold that should be extracted from it; it passes."""
    text = next(
        (cells[name] for name in ("input_str", "raw_string", "pred") if name in cells), None
    )
    wanted = literal(cells["expected"]) if "expected" in cells else None
    if isinstance(wanted, list):
        wanted = wanted[-1] if wanted else None
    return (wanted, literal(text), True) if text is not None and wanted else None


def literal(node: ast.expr) -> Any:
    return ast.literal_eval(node)


def functions(source: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            yield node


def assertions(source: str) -> Iterator[Read]:
    """Reads tests that assert `equal(gold, answer)`, by constants given to names before."""
    for function in functions(source):
        if function.name.startswith("test"):
            yield from asserted(function.name, function.body, {})


def asserted(name: str, body: Sequence[ast.stmt], known: dict[str, Any]) -> Iterator[Read]:
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(target)], value=value):
                try:
                    known[target] = literal(value)
                except ValueError:
                    known.pop(target, None)
            case ast.For(
                target=ast.Tuple(elts=[ast.Name(first), ast.Name(second)]),
                iter=ast.Name(rows),
                body=inner,
            ):
                for row in known[rows]:
                    yield from asserted(name, inner, dict(zip((first, second), row, strict=True)))
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(attr="assertTrue" | "assertFalse" as verdict),
                    args=[ast.Call(args=[ast.Name(gold), ast.Name(answer), *_])],
                )
            ):
                yield name, known[gold], boxed(known[answer]), verdict == "assertTrue"


def named_parameters(source: str) -> Iterator[Read]:
    """Reads absl's tables: `dict(given_answer=…, ground_truth=…, expected=…)`."""
    for function in functions(source):
        for decorator in function.decorator_list:
            for node in ast.walk(decorator):
                if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict"):
                    continue
                cells = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
                case = of_cells(cells)
                if case is not None:
                    gold, answer, expected = case
                    yield function.name, gold, boxed(answer), expected


def rewards(source: str) -> Iterator[Read]:
    """Reads tests of a reward: a response, a task with its ground truth, what `is_correct` is."""
    for function in functions(source):
        response: str | None = None
        golds: list[str] = []
        for node in function.body:
            match node:
                case ast.Assign(
                    targets=[ast.Name("model_response")], value=ast.Constant(str(text))
                ):
                    response = text
                case ast.Assign(targets=[ast.Name("task_info")], value=ast.Dict(keys, values)):
                    named = {
                        k.value: v
                        for k, v in zip(keys, values, strict=True)
                        if isinstance(k, ast.Constant)
                    }
                    gold = literal(named["ground_truth"])
                    golds = gold if isinstance(gold, list) else [gold] if gold else []
                case ast.Assert(test=test) if "is_correct" in ast.unparse(test):
                    if response and golds and golds[0]:
                        right = not isinstance(test, ast.UnaryOp)
                        yield function.name, golds[0], response, right


def scoring_examples(text: str) -> Iterator[Read]:
    """Reads OlympiadBench's JSON: gold answers with answers and whether they are equal."""
    for entry in json.loads(text):
        for answer in entry["Ans"]:
            yield "examples", entry["GT"], boxed(answer["answer"]), answer["equal"]


def choices(text: str) -> Iterator[Read]:
    """Reads lighteval's JSON of multiple choice."""
    for case in json.loads(text)["test_cases"]:
        doc, expected = case["doc"], case["expected_output"]
        gold = doc["choices"][doc["gold_index"]]
        for response in case["model_response"]["text"]:
            yield "gpqa_instruct", gold, response, bool(expected["extractive_match"])


SUITES = (
    Suite(
        "math-verify",
        "huggingface/Math-Verify",
        "5d148cfaaf99214c2e4ffb4bc497ab042c592a7a",
        "Apache-2.0",
        tuple(
            (f"tests/test_{name}.py", tables())
            for name in (
                *("all", "boxed", "numina_cases", "open_thoughts", "strict"),
                *("string_extraction", "yujianll"),
            )
        ),
    ),
    Suite(
        "lighteval",
        "huggingface/lighteval",
        "3fd15266bc8448b797e61462d293aa3fd40b3580",
        "MIT",
        (
            ("tests/unit/metrics/test_extractive_match.py", tables()),
            ("tests/unit/metrics/test_cases/gpqa_instruct_metric.json", choices),
        ),
    ),
    Suite(
        "mario-eval",
        "MARIO-Math-Reasoning/MARIO_EVAL",
        "13584f20b71ffc6e9873e86481054849ed015065",
        "no licence file for these tests",
        (("math_evaluation/tests/test_is_equiv.py", assertions),),
    ),
    Suite(
        "olympiadbench",
        "OpenBMB/OlympiadBench",
        "ba5b26a7e2849940b598a9159c1190daa2b9175f",
        "MIT",
        (("eval/scoring_examples.json", scoring_examples),),
    ),
    Suite(
        "skythought",
        "NovaSky-AI/SkyThought",
        "0d190f11fd8e885bbe113aeccacba5ccde5b1102",
        "Apache-2.0",
        (
            (
                "tests/evals/util/test_math_parsing.py",
                tables(
                    answers=True, skip=("test_extract_answer", "test_get_multiple_choice_answer")
                ),
            ),
            (
                "tests/evals/util/test_math_parsing.py",
                tables(
                    skip=("test_math_equal", "test_strip_answer_string", "test_choice_answer_clean")
                ),
            ),
            *(
                (f"tests/evals/tasks/test_{name}.py", tables(skip=("test_generate_prompt",)))
                for name in ("aime", "amc", "math", "mmlu", "mmlu_pro")
            ),
        ),
    ),
    # PRM800K's repository has no tests of its grader; these two carry that grader on.
    Suite(
        "prm800k-in-rllm",
        "rllm-org/rllm",
        "9beb6e0f676a46d38858991fd79ac5f8e0b16d4c",
        "Apache-2.0",
        (("tests/rewards/test_math_reward.py", rewards),),
    ),
    Suite(
        "prm800k-in-tunix",
        "google/tunix",
        "c7d8950f12a9c55a976bf2e1a0d8b447d71c20b3",
        "Apache-2.0",
        (("tests/utils/math_utils_test.py", named_parameters),),
    ),
)
