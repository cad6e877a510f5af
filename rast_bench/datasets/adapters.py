"""Adapters for rows with more than a question and an answer field: one small function per data set.

An adapter takes a row and returns its item, or None to leave the row out. It reads fields with
`Row.text` and `Row.texts`, whose RowError names the location. How to add one:
docs/add_a_dataset.md.
"""

import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rast_bench.datasets.rows import Row, RowError
from rast_bench.errors import ConfigError
from rast_bench.importing import import_object

LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class Item:
    """What an adapter makes of a row.

    `problem_id` None leaves the id to `dataset.id_field`. `reference` is what a grader needs beside
    the gold answer (a program's tests): its `kind`, and unmodified fields of the row. It is large,
    so it stays in the data set, and the problem's gold answer is its digest
    (datasets/references.py).
    """

    question: str
    gold: str = ""
    problem_id: str | None = None
    reference: Mapping[str, Any] | None = None


Adapter = Callable[[Row], Item | None]


def gsm8k(row: Row) -> Item:
    """Return the item; the gold answer follows `####` at the end of a worked solution."""
    solution, sign, gold = row.text("answer").rpartition("####")
    if not sign or not solution or not gold.strip():
        raise RowError(f"{row.location} has no '#### …' at the end of 'answer'")
    return Item(row.text("question"), gold.strip())


def mmlu(row: Row) -> Item:
    """Return the item; `choices` is a list of texts, `answer` the index of the correct one."""
    choices, answer = row.texts("choices"), row.value("answer")
    if not isinstance(answer, int) or isinstance(answer, bool):
        raise row.wrong_type("answer", "an index")
    if not 0 <= answer < len(choices) <= len(LETTERS):
        raise RowError(f"{row.location}: answer {answer} of {len(choices)} choices")
    return Item(with_choices(row.text("question"), choices), LETTERS[answer])


STEM_SUBJECTS = frozenset(
    f"{level}_{subject}"
    for level, subjects in {
        "college": "biology chemistry computer_science mathematics physics",
        "high_school": "biology chemistry computer_science mathematics physics statistics",
        "elementary": "mathematics",
    }.items()
    for subject in subjects.split()
) | {
    "abstract_algebra",
    "astronomy",
    "computer_security",
    "conceptual_physics",
    "electrical_engineering",
    "machine_learning",
}


def mmlu_stem(row: Row) -> Item | None:
    """Return the item of one of the 18 subjects of MMLU that SimpleRL's evaluation calls STEM."""
    return mmlu(row) if row.text("subject") in STEM_SUBJECTS else None


def gpqa(row: Row) -> Item:
    """Return the item; the choices are ordered by the SHA-256 of record id and text.

    So neither a seed nor the order of rows matters.
    """
    record, right = row.text("Record ID"), row.text("Correct Answer").strip()
    wrong = [row.text(f"Incorrect Answer {number}").strip() for number in (1, 2, 3)]
    choices = sorted(
        (right, *wrong), key=lambda text: hashlib.sha256(f"{record}\n{text}".encode()).digest()
    )
    gold = LETTERS[choices.index(right)]
    return Item(with_choices(row.text("Question"), choices), gold, problem_id=record)


def with_choices(question: str, choices: list[str]) -> str:
    """Return question and choices as SimpleRL evaluates MMLU (with the code of Qwen2.5-Math)."""
    listed = " ".join(
        f"({letter}) {choice.strip()}" for letter, choice in zip(LETTERS, choices, strict=False)
    )
    return f"{question.strip()}\nAnswer Choices: {listed}"


def humaneval(row: Row) -> Item:
    """Return the item: a function to complete; `test` defines `check(candidate)`."""
    reference = _reference("humaneval", row, "prompt", "canonical_solution", "entry_point", "test")
    return Item(row.text("prompt").strip(), problem_id=row.text("task_id"), reference=reference)


def mbpp(row: Row) -> Item:
    """Return the item: a task with its first test, which names the function, below it, as in
    EvalPlus.
    """
    tests = row.texts("test_list")
    if not tests:
        raise RowError(f"{row.location} has an empty 'test_list'")
    question = f'"""\n{row.text("prompt").strip()}\n{tests[0]}\n"""'
    reference = _reference("mbpp", row, "code", "test")
    return Item(question, problem_id=row.text("task_id"), reference=reference)


def _reference(kind: str, row: Row, *fields: str, task: str = "task_id") -> dict[str, Any]:
    """Return these text fields by their names in the row, as rast_bench.code_tests reads them."""
    return {"kind": kind, **{field: row.text(field) for field in (task, *fields)}}


_WITH_STARTER = (
    "You will use the following starter code to write the solution to the problem and enclose your "
    "code within delimiters."
)
_WITHOUT_STARTER = (
    "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly "
    "test on the sample inputs). Enclose your code within delimiters as follows. Ensure that when "
    "the python program runs, it reads the inputs, runs the algorithm and writes output to STDOUT."
)


def livecodebench(row: Row) -> Item:
    """Return the item: a contest problem with LiveCodeBench's prompt. Its private tests stay
    packed.
    """
    starter = row.text("starter_code")
    rule, code = (_WITH_STARTER, starter) if starter else (_WITHOUT_STARTER, "# YOUR CODE HERE")
    question = f"{row.text('question_content')}\n\n### Format: {rule}\n```python\n{code}\n```"
    fields = ("metadata", "public_test_cases", "private_test_cases")
    reference = _reference("livecodebench", row, *fields, task="question_id")
    return Item(question, problem_id=row.text("question_id"), reference=reference)


ADAPTERS: Mapping[str, Adapter] = {
    "gpqa": gpqa,
    "gsm8k": gsm8k,
    "humaneval": humaneval,
    "livecodebench": livecodebench,
    "mbpp": mbpp,
    "mmlu": mmlu,
    "mmlu-stem": mmlu_stem,
}


def _no_adapter(found: Any) -> str | None:
    """Return why an object cannot be an adapter; None if it may be one."""
    if not callable(found) or isinstance(found, type):
        return f"a {'class' if isinstance(found, type) else type(found).__name__}"
    inner = found.func if isinstance(found, partial) else found
    home = (getattr(inner, "__module__", None) or type(inner).__module__).partition(".")[0]
    if home in sys.stdlib_module_names:  # the system's own `os` is `posix`
        return f"a function of Python's own module {home}"
    if inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found):
        return "an asynchronous function or a generator"
    try:
        inspect.signature(found).bind(None)
    except (TypeError, ValueError):
        return "a function of other arguments than one row"
    return None


def get_adapter(name: str) -> Adapter:
    """Return the adapter with that name, or the function of a `module:function`.

    Importing the module runs it: an adapter is the user's own code.

    Raises:
        ConfigError: it cannot be an adapter; nothing is called to find out.
    """
    context = f"dataset.adapter={name}"
    if ":" in name:
        adapter: Adapter = import_object(name, context)
        if (reason := _no_adapter(adapter)) is not None:
            raise ConfigError(
                f"{context}: it is {reason}, not an adapter",
                hint="an adapter is a function of one datasets.rows.Row that returns an "
                "datasets.adapters.Item or None: docs/add_a_dataset.md",
            )
        return adapter
    if name in ADAPTERS:
        return ADAPTERS[name]
    raise ConfigError(
        f"{context}: there is no such adapter",
        hint=f"there are {', '.join(sorted(ADAPTERS))}; your own is module:function",
    )
