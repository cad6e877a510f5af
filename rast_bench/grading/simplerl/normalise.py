"""Normal form of answers in the SimpleRL protocol, including deletions that change the value."""

import re

from rast_bench.grading.number_words import number_of_words
from rast_bench.grading.simplerl.units import without_units

_ARRAY = re.compile(r"\\begin\{array\}\{.*?\}")
_SAME_COMMANDS = {
    r"\end{array}": r"\end{pmatrix}",
    "bmatrix": "pmatrix",
    "tfrac": "frac",
    "dfrac": "frac",
    r"\neq": r"\ne",
    r"\leq": r"\le",
    r"\geq": r"\ge",
    r"\left": "",
    r"\right": "",
    r"\{": "{",
    r"\}": "}",
}
_LAST_TEXT = re.compile(r"\\text{.*?}$")
_DEGREES_AND_DOLLARS = (r"^{\circ}", r"^\circ", "$", r"\(", r"\)")
_TEXT = re.compile(r"\\text{(.*?)}")
_ASSIGNMENTS = tuple(f"{name}{sign}" for sign in ("=", r"\in", r"\to") for name in "xyz")
_BOX_OF_TEXT = re.compile(r"\\mbox{.*?}")
_DECIMALS_OF_ZERO = (re.compile(r"(\d)\.0*([^\d])"), re.compile(r"(\d)\.0*$"))
_BARE_ROOT = re.compile(r"\\sqrt(\w+)")
_SLASH = re.compile(r"-?\d+/-?\d+")


def normal_form(answer: str, *, keep_units: bool = False) -> str:
    """Return the string that the protocol compares. `keep_units` leaves unit words in place."""
    text = answer.strip().replace("\n", "").rstrip(".").replace(r"\!", "")
    text = _ARRAY.sub(r"\\begin{pmatrix}", text)
    text = _replaced(text, _SAME_COMMANDS)
    text = _LAST_TEXT.sub("", text).strip() or text
    if not keep_units:
        text = without_units(text)
    text = text.replace(r"^{\circ}", "").replace(r"^\circ", "").replace(r"\$", "")
    text = _deleted(text, ("$", r"\(", r"\)"))
    text = number_of_words(text) or text
    text = _TEXT.sub(r"\1", text)
    text = _deleted(text, _ASSIGNMENTS)
    text = text.replace(r"\emptyset", "{}").replace(r"(-\infty,\infty)", r"\mathbb{R}")
    text = text.replace(r"\%", "").replace("%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    text = text.replace("infinity", r"\infty")
    if r"\infty" not in text:
        text = text.replace("inf", r"\infty")
    text = text.replace("and", "").replace(r"\mathbf", "")
    text = _BOX_OF_TEXT.sub("", text)
    if "j" in text and "i" not in text:
        text = text.replace("j", "i")
    text = _DECIMALS_OF_ZERO[0].sub(r"\1\2", text)
    text = _DECIMALS_OF_ZERO[1].sub(r"\1", text)
    if text.startswith("."):
        text = f"0{text}"
    text = _without_short_left_side(text)
    text = _BARE_ROOT.sub(r"\\sqrt{\1}", text).replace(" ", "")
    return _slash_to_fraction(_braced_fractions(text))


def _replaced(text: str, replacements: dict[str, str]) -> str:
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


def _deleted(text: str, parts: tuple[str, ...]) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


def _without_short_left_side(text: str) -> str:
    """Return the right side of an equation whose left side has at most two characters."""
    left, sign, right = text.partition("=")
    return right if sign and "=" not in right and len(left) <= 2 else text


def _braced_fractions(text: str) -> str:
    r"""Rewrite `\frac12` as `\frac{1}{2}`; unchanged if a `\frac` comes too close to the end."""
    head, *tails = text.split(r"\frac")
    parts = [head]
    for tail in tails:
        parts.append(r"\frac")
        if tail.startswith("{"):
            parts.append(tail)
        elif len(tail) < 2:
            return text
        elif tail[1] == "{":
            parts.append(f"{{{tail[0]}}}{tail[1:]}")
        else:
            parts.append(f"{{{tail[0]}}}{{{tail[1]}}}{tail[2:]}")
    return "".join(parts)


def _slash_to_fraction(text: str) -> str:
    if not _SLASH.fullmatch(text):
        return text
    above, _, below = text.partition("/")
    return rf"\frac{{{above}}}{{{below}}}"
