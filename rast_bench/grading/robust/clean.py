r"""One writing for what LaTeX and Unicode write in many ways. The value never changes."""

import re
import unicodedata

_SIGNS = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "×": r"\times ",
        "·": r"\cdot ",
        "⋅": r"\cdot ",
        "÷": r"\div ",
        "π": r"\pi ",
        "θ": r"\theta ",
        "λ": r"\lambda ",
        "α": r"\alpha ",
        "β": r"\beta ",
        "ω": r"\omega ",
        "∞": r"\infty ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "±": r"\pm ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "∈": r"\in ",
        "∅": r"\emptyset ",
        "ℝ": r"\mathbb{R}",
        "°": r"^\circ ",
        "′": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "，": ",",
        "（": "(",
        "）": ")",
        "：": ":",
        "。": ".",
        "％": "%",
        "\u200b": "",
    }
)
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_SUPERSCRIPT = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")
_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8"}
_UNICODE_ROOT = re.compile(r"√\s*(?:\(([^()]*)\)|([0-9A-Za-z]+))")

_FONTS = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|normal|up|sc)?|math(?:rm|bf|it|sf|tt|cal|up|normal|strut)"
    r"|mbox|hbox|operatorname\*?|bm|boldsymbol|emph|underline|fbox|boxed|ensuremath)\s*(?=\{)"
)
_FONT_SWITCH = re.compile(r"\\(?:rm|bf|it|sf|cal|displaystyle|textstyle|mathstrut)(?![A-Za-z])")
_SIZES = re.compile(r"\\(?:left|right|middle|[bB]igg?[lrm]?)(?![A-Za-z])(?:\s*\.(?!\d))?")
_SPACES = re.compile(
    r"(?<!\\)\\(?:[,;:! ]|quad(?![A-Za-z])|qquad(?![A-Za-z])|hspace\*?\{[^{}]*\}|enspace)|~"
)
_DEGREES = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))|\\degrees?(?![A-Za-z])")
_MATH_MARKS = re.compile(r"\$\$?|(?<!\\)\\[()\[\]]")
_SAME = (
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\[dt]binom(?![A-Za-z])"), r"\\binom"),
    (re.compile(r"\\(?:leqslant|leq|leqq)(?![A-Za-z])"), r"\\le "),
    (re.compile(r"\\(?:geqslant|geq|geqq)(?![A-Za-z])"), r"\\ge "),
    (re.compile(r"\\neq(?![A-Za-z])"), r"\\ne "),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\(?:land|wedge)(?![A-Za-z])"), " and "),
    (re.compile(r"\\(?:lor|vee)(?![A-Za-z])"), " or "),
    (re.compile(r"\\(?:varnothing|O)(?![A-Za-z])"), r"\\emptyset "),
    (re.compile(r"\\lbrace(?![A-Za-z])"), r"\\{"),
    (re.compile(r"\\rbrace(?![A-Za-z])"), r"\\}"),
    (re.compile(r"\\(?:lvert|rvert|vert|mid)(?![A-Za-z])"), "|"),
    (re.compile(r"\\langle(?![A-Za-z])"), "("),
    (re.compile(r"\\rangle(?![A-Za-z])"), ")"),
    (re.compile(r"\\(?:colon)(?![A-Za-z])"), ":"),
    (re.compile(r"\\dots|\\ldots|\\cdots|…"), "..."),
    (
        re.compile(r"(?<!\\)\\\\(?=(?:frac|sqrt|pi|text|cdot|infty|theta|pm|le|ge)(?![A-Za-z]))"),
        r"\\",
    ),
)
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    *("omega", "varepsilon", "vartheta", "varphi", "Gamma", "Delta", "Theta", "Lambda", "Xi"),
    *("Pi", "Sigma", "Phi", "Psi", "Omega"),
)
_FUNCTIONS = (
    *("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos"),
    *("arctan", "ln", "log", "exp", "cdot", "times", "infty"),
)
_KNOWN = frozenset((*_GREEK, *_FUNCTIONS, "coth", "lnot"))
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_BEGINNING = re.compile("|".join(sorted((*_GREEK, *_FUNCTIONS), key=len, reverse=True)))
_MARKED_NAME = re.compile(
    r"\\(?:overline|overrightarrow|vec|hat|widehat|bar)\s*(?:\{\s*([A-Za-z]{1,3})\s*\}|([A-Za-z]))"
)
_CHOOSE = re.compile(
    r"\{?\s*([A-Za-z\d+ -]{1,20})\\choose\s*([A-Za-z\d+ -]{1,20}?)\s*\}?(?![A-Za-z\d])"
)
_COMMA_IN_NUMBER = re.compile(r"(?<=\d)\s*(?:\{,\}|,\s*\\!|\\!,)\s*(?=\d{3}(?!\d))")
_THIN_SPACE_IN_NUMBER = re.compile(r"(?<=\d)\\[,!;:](?=\d{3}(?!\d))")
_BARE_FRACTION = re.compile(r"\\frac\s*([0-9])\s*([0-9])")
_HALF_BARE_FRACTION = re.compile(r"\\frac\s*([0-9A-Za-z])\s*(?=\{)")
_END_BARE_FRACTION = re.compile(r"(\\frac\s*\{[^{}]*\})\s*([0-9A-Za-z])")
_BARE_ROOT = re.compile(r"\\sqrt\s*([0-9A-Za-z])")
_CALLED_ROOT = re.compile(r"(?<![\\A-Za-z])sqrt\s*\(([^()]*)\)|\\sqrt\s*\(([^()]*)\)")
_NAMES = re.compile(r"(?<![\\A-Za-z])(pi|infinity|inf|oo)(?![A-Za-z])")
_ORDINAL = re.compile(
    r"(?<=\d)(?:\s*\^?\s*\{?\s*\{\s*|\s*\^\s*\{?\s*|)(?:st|nd|rd|th)(?![A-Za-z])\s*\}*"
)
_END = re.compile(r"[\s.,;:]+\Z")
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """The answer without marks of mathematics, fonts, sizes and the full stop that ends it.

    Words of `\\text{…}` stay as words. A dollar before a number is kept as `\\$` only where it is
    written so.
    """
    text = unicodedata.normalize("NFC", text).translate(_SIGNS)
    text = _SUPERSCRIPT.sub(lambda m: f"^{{{''.join(_SUPERSCRIPTS[c] for c in m[0])}}}", text)
    for sign, fraction in _VULGAR.items():
        text = re.sub(rf"(?<=\d)\s*{sign}", f" {fraction}", text).replace(sign, fraction)
    text = _UNICODE_ROOT.sub(lambda m: rf"\sqrt{{{m[1] or m[2]}}}", text)
    text = _COMMA_IN_NUMBER.sub(",", text)
    text = _THIN_SPACE_IN_NUMBER.sub("", text)
    text = text.replace(r"\$", "\0").replace("\\\\%", "%").replace(r"\%", "%")
    text = _MATH_MARKS.sub(" ", text) if _is_marked(text) else text
    text = text.replace("\0", r"\$")
    text = _FONTS.sub(" ", text)
    text = _FONT_SWITCH.sub(" ", text)
    text = _SIZES.sub("", text)
    text = _DEGREES.sub(r"\\degree ", text)
    text = _SPACES.sub(" ", text)
    for pattern, replacement in _SAME:
        text = pattern.sub(replacement, text)
    text = _MARKED_NAME.sub(r"\1\2", text)
    if r"\choose" in text:
        text = _CHOOSE.sub(r"\\binom{\1}{\2}", text)
    text = _BARE_FRACTION.sub(r"\\frac{\1}{\2}", text)
    text = _HALF_BARE_FRACTION.sub(r"\\frac{\1}", text)
    text = _END_BARE_FRACTION.sub(r"\1{\2}", text)
    text = _BARE_ROOT.sub(r"\\sqrt{\1}", text)
    text = _CALLED_ROOT.sub(lambda m: rf"\sqrt{{{m[1] or m[2]}}}", text)
    text = _NAMES.sub(lambda m: r"\pi " if m[1] == "pi" else r"\infty ", text)
    text = _ORDINAL.sub("", _COMMAND.sub(_parted, text))
    return _unwrapped(_SPACE.sub(" ", _END.sub("", text)).strip())


def _parted(command: re.Match[str]) -> str:
    r"""`\\lnx`, which no LaTeX has, as `\\ln x`: spaces get lost on the way to a gold answer."""
    name = command[1]
    beginning = _BEGINNING.match(name)
    if name in _KNOWN or beginning is None or len(name) - beginning.end() > 2:
        return command[0]
    return f"\\{beginning[0]} {name[beginning.end() :]}"


def _is_marked(text: str) -> bool:
    return "$" in text or r"\(" in text or r"\[" in text


def _unwrapped(text: str) -> str:
    """Without braces that hold the whole."""
    while text.startswith("{") and text.endswith("}") and closes_at(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    return text


_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())


def closes_at(text: str, start: int) -> int:
    """Where the bracket at `start` closes, of whatever kind the partner is; -1 if nowhere."""
    depth = 0
    for position in range(start, len(text)):
        character = text[position]
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
            if depth == 0:
                return position
    return -1


def split_outside(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts of a text between separators that stand outside all brackets, stripped."""
    parts, depth, begin, position = [], 0, 0, 0
    while position < len(text):
        character = text[position]
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif depth <= 0 and (match := separator.match(text, position)):
            parts.append(text[begin:position].strip())
            begin = position = match.end()
            continue
        position += 1
    parts.append(text[begin:].strip())
    return parts
