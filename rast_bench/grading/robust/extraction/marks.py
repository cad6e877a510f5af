r"""Answers in machine-readable form: `<answer>…</answer>`, JSON, `#### …`, a table row."""

import re

MAX_MARKED = 10_000  # characters

_TAG = re.compile(r"<(/?)(?:final[_ -]?)?answer>", re.IGNORECASE)
_JSON = re.compile(
    r"[\"'](?:final[_ ]?)?(?:answer|result|solution|choice)[\"']\s{0,9}:\s{0,9}"
    r"(?:\{\s{0,9}[\"'](?:value|answer|result)[\"']\s{0,9}:\s{0,9})?"
    r"(\"(?:[^\"\\\n]|\\.){0,2000}\"|'[^'\n]{0,2000}'|\[[^\[\]\n]{0,2000}\]"
    r"|[^\s,{}\[\]\"'][^,}\n]{0,200})",
    re.IGNORECASE,
)
_DISOWNED = re.compile(
    r"[^{}\n]{0,200}?[\"'](?:is_)?(?:correct|valid|right)[\"']\s{0,9}:\s{0,9}[\"']?(?:false|no)\b",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\u((?!d[89a-f])[0-9a-f]{4})", re.IGNORECASE)
_HASHES = re.compile(r"^[ \t]{0,8}####[ \t]{0,8}([^#\n][^\n]{0,2000})", re.MULTILINE)
_HASHES_INLINE = re.compile(r"(?<![#\n])####[ \t]{0,8}([^#\s][^\n]{0,2000})")
_VALUE = re.compile(
    r"(?:\\?[$€£]\s*)?[-+−]?\s*[\d.][\d,.]*(?!\.\s)(?:\s*[/:^×*]\s*\d[\d,.]*)?[^.\n]{0,40}"
    r"|\$[^$]+\$.{0,40}|\(?[A-J]\)?[.\s]*|\\[(\[].{1,2000}"
)
_HEADING = re.compile(r"\d{1,2}[.):]\s+[^\W\d]|\d{1,2}[.):]?\s*\*\*")
_ROW = re.compile(
    r"^\|[ \t*]{0,8}(?:final )?answer[ \t*]{0,8}\|[ \t]{0,8}([^|\n]{1,2000}?)[ \t]{0,8}\|",
    re.IGNORECASE | re.MULTILINE,
)


def tagged(text: str, *, cut_off: bool) -> tuple[str, int] | None:
    """Return the content of the last `<answer>` and where it ends.

    An unclosed one extends to the end (stop strings remove the closing tag), unless the response
    was cut off in it.
    """
    opened = begin = -1
    last: tuple[str, int] | None = None
    for match in _TAG.finditer(text):
        if not match[1]:
            opened, begin = match.start(), match.end()
        elif opened >= 0:
            last = text[begin : match.start()].strip(), match.end()
            opened = -1
    if opened >= 0 and not cut_off and text[begin:].strip():
        last = text[begin:].strip(), len(text)
    return last if last and last[0] and len(last[0]) <= MAX_MARKED else None


def in_json(text: str) -> tuple[str, int] | None:
    """Return the value of "answer" in the last JSON object with one; a list joined by commas."""
    if ":" not in text or not ("answer" in text.lower() or "result" in text or "solution" in text):
        return None
    last = None
    for last in _JSON.finditer(text):  # noqa: B007 (the last one)
        pass
    if last is None:
        return None
    if _DISOWNED.match(text, last.end()):
        return "", last.end()
    raw = last[1].strip()
    if raw[0] in "\"'":
        value = raw[1:-1].replace('\\"', '"')  # not json.loads, which reads "\frac" as a form feed
        value = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    elif raw[0] == "[":
        value = ", ".join(part.strip(" \"'") for part in raw[1:-1].split(","))
    else:
        value = raw
    return (value.strip(), last.end()) if value.strip() else None


def after_hashes(text: str) -> tuple[str, int] | None:
    """Return the first `#### …` that is an answer, not a heading; words on the last line."""
    if "####" not in text:
        return None
    end = len(text.rstrip())
    for pattern in (_HASHES, _HASHES_INLINE):
        for match in pattern.finditer(text):
            content = match[1].strip()
            if not content:
                continue
            value = _VALUE.fullmatch(content) and not _HEADING.match(content)
            if value or (match.end() >= end and len(content) <= 100 and content[-1] != ":"):
                return content, match.end()
    return None


def in_row(text: str) -> tuple[str, int] | None:
    """Return the cell beside "Answer" in a table."""
    last = None
    if "|" in text:
        for last in _ROW.finditer(text):  # noqa: B007 (the last one)
            pass
    return (last[1].strip(" *"), last.end()) if last else None
