"""Extract the program from a response. Text only: nothing is parsed or run."""

import re
import textwrap

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*([\w+.#-]*)[^\n]*$", re.MULTILINE)
_PYTHON = ("", "python", "python3", "py")
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL)
_THOUGHT_END = "</think>"
_FIRST_LINE_OF_CODE = re.compile(
    r"^(?:(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|class[ \t]+\w+[ \t]*[:(]|@\w"
    r"|import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b)",
    re.MULTILINE,
)


def extract_program(response: str, *, entry_point: str = "", prompt: str = "") -> str | None:
    """Return the program in a response, or None.

    1. If there is an `<answer>`, only the last one counts, else what follows `</think>`.
    2. Fenced blocks, marked as Python or unmarked. With an `entry_point` the last block that
       defines it, else the last block (LiveCodeBench's rule). An unclosed last block, as in a
       response that was cut off, counts.
    3. Without a block, or if only the text before the first fence defines the entry point, that
       text: this continues a prompt that ends inside a block. Prose before its first line of code
       is removed.
    4. If that does not define the entry point and `prompt` does, as in HumanEval, it continues the
       function: prompt and text together.

    `entry_point` may be `Class.method`; then the class is looked for.
    """
    blocks, loose = _blocks(_answer(response))
    name = entry_point.partition(".")[0]
    defining = [block for block in blocks if _defines(block, name)]
    if defining:
        return textwrap.dedent(defining[-1])
    if _defines(loose, name):
        start = _FIRST_LINE_OF_CODE.search(loose)
        return loose[start.start() :] if start else loose
    text = blocks[-1] if blocks else loose
    if not text.strip():
        return None
    if _defines(prompt, name):
        return f"{prompt}{text}"
    return textwrap.dedent(text)


def _answer(response: str) -> str:
    answers = _ANSWER.findall(response)
    return answers[-1] if answers else response.rpartition(_THOUGHT_END)[2]


def _blocks(text: str) -> tuple[list[str], str]:
    """Return the fenced blocks of Python, and the text before the first fence."""
    fences = list(_FENCE.finditer(text))
    if not fences:
        return [], text
    blocks: list[str] = []
    opened: re.Match[str] | None = None
    for fence in fences:
        if opened is not None:
            _keep(blocks, opened, text[opened.end() : fence.start()])
        closes = opened is not None and not fence[1]
        opened = None if closes else fence
    if opened is not None:
        _keep(blocks, opened, text[opened.end() :])
    return blocks, text[: fences[0].start()]


def _keep(blocks: list[str], opened: re.Match[str], content: str) -> None:
    if opened[1].lower() in _PYTHON and content.strip():
        blocks.append(content.removeprefix("\n"))


def _defines(text: str, name: str) -> bool:
    """Return whether a line of the text defines a function, class or variable of that name."""
    if not name:
        return False
    pattern = rf"^[ \t]*(?:(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(name)}\b"
    return re.search(rf"{pattern}|{re.escape(name)}[ \t]*=[^=])", text, re.MULTILINE) is not None
