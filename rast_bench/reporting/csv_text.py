"""Text in CSV files that people open with a spreadsheet."""

_EXECUTED = ("=", "+", "-", "@", "\t", "\r")


def text_cell(text: str) -> str:
    """The text, which no spreadsheet takes for a formula: an apostrophe goes before what could be.

    Numbers written as text stay as they are.
    """
    if not text.startswith(_EXECUTED):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
