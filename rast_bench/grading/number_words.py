"""English number words as numbers."""

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SMALL = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * ten for ten, word in enumerate(_TENS, start=2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}


def number_of_words(text: str) -> str | None:
    """Return the number that a text's number words form, in digits, or None if they form none.

    Other words are ignored. Digits alone are returned in their shortest form.
    """
    words = text.replace("-", " ").lower()
    if words.isdecimal() and words.isascii():
        return words.lstrip("0") or "0"
    found = [word.strip() for word in words.split()]
    whole, point, fraction = _split_at_point([word for word in found if _is_number_word(word)])
    if not whole and not fraction:
        return None
    value = _whole(whole) if whole else 0
    if value is None:
        return None
    if not point:
        return str(value)
    digits = [SMALL.get(word, 10) for word in fraction]
    if not digits or max(digits) > 9:
        return None
    return f"{value}.{''.join(map(str, digits))}"


def _is_number_word(word: str) -> bool:
    return word in SMALL or word in _SCALES or word in ("hundred", "point")


def _split_at_point(words: list[str]) -> tuple[list[str], bool, list[str]]:
    if "point" not in words:
        return words, False, []
    at = words.index("point")
    return words[:at], True, words[at + 1 :]


def _whole(words: list[str]) -> int | None:
    """Return the value of a sequence of words; None if a scale comes twice or out of order."""
    total = 0
    group: list[str] = []
    last = max(_SCALES.values()) * 10
    for word in words:
        if word not in _SCALES:
            group.append(word)
            continue
        if _SCALES[word] >= last:
            return None
        last = _SCALES[word]
        total += _group(group) * last
        group = []
    return total + (_group(group) if group else 0)


def _group(words: list[str]) -> int:
    """Return the value of words below a thousand; an empty group before a scale counts as one."""
    if not words:
        return 1
    value = 0
    for word in words:
        value = value * 100 if word == "hundred" else value + SMALL[word]
    return value
