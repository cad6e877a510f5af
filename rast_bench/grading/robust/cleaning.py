r"""Normalise notation: one form for what LaTeX and Unicode write in many. Never changes the value.

All work is linear in the length of the text: white space is collapsed first, so that no pattern
below meets a run of it; commands are walked once; brackets are matched once.
"""

import re
import unicodedata
from collections.abc import Callable

from rast_bench.grading.expressions.words import GREEK_LETTERS

MAX_LENGTH = 20_000
"""Length in characters beyond which a text is not an answer: only its white space is cleaned."""

# Unicode ------------------------------------------------------------------------------------

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₋₊", "0123456789-+", strict=True))
_RAISED = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")
_LOWERED = re.compile(f"[{''.join(_SUBSCRIPTS)}]+")
_COMMANDS_OF_SIGNS = {
    "degree": "°˚º", "times": "×✕⨯", "cdot": "·⋅∙•", "div": "÷", "pm": "±", "mp": "∓",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ",
    "lambda": "λ", "mu": "µμ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φϕ",
    "psi": "ψ", "omega": "ω", "Omega": "ΩΩ", "infty": "∞", "le": "≤", "ge": "≥", "ne": "≠",
    "approx": "≈", "equiv": "≡", "cup": "∪", "cap": "∩", "in": "∈", "emptyset": "∅⌀",
    "setminus": "∖", "to": "→", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "angle": "∠", "land": "∧", "lor": "∨", "langle": "⟨", "rangle": "⟩",
    "mathbb{R}": "ℝ", "mathbb{Z}": "ℤ", "mathbb{N}": "ℕ", "mathbb{Q}": "ℚ", "mathbb{C}": "ℂ",
    "frac{1}{2}": "½", "frac{1}{3}": "⅓", "frac{2}{3}": "⅔", "frac{1}{4}": "¼",
    "frac{3}{4}": "¾", "frac{1}{5}": "⅕", "frac{2}{5}": "⅖", "frac{3}{5}": "⅗",
    "frac{4}{5}": "⅘", "frac{1}{6}": "⅙", "frac{5}{6}": "⅚", "frac{1}{8}": "⅛",
    "frac{3}{8}": "⅜", "frac{5}{8}": "⅝", "frac{7}{8}": "⅞",
}  # fmt: skip
_PLAIN_SIGNS = {
    "-": "−–—‒﹣", "": "\u200b\u200c\u200d\u2060\ufeff\u00ad", "'": "′’‘ʹ", "''": "″", '"': "“”",
    "/": "⁄∕", "(": "（", ")": "）", ",": "，", ":": "：∶", ".": "。", "%": "％", "...": "…",
    "|": "∣",
}  # fmt: skip
_RAISED_UNITS = {"㎡": "m^{2}", "㎠": "cm^{2}", "㎢": "km^{2}", "㎥": "m^{3}", "㎤": "cm^{3}"}
_CHARACTERS = str.maketrans(
    _RAISED_UNITS
    | {sign: f"\\{name} " for name, signs in _COMMANDS_OF_SIGNS.items() for sign in signs}
    | {sign: plain for plain, signs in _PLAIN_SIGNS.items() for sign in signs}
)
# Compatibility characters are normalised a few at a time: normalisation sorts each run of combining
# marks in time quadratic in its length.
_FOREIGN = re.compile(r"[^\x00-\x7f]{1,30}")
_ROOT_SIGN = re.compile(r"√ ?(\d+(?:\.\d+)?|[A-Za-z])")


def _in_latex(text: str) -> str:
    """Replace every sign that has a LaTeX command by that command."""
    if text.isascii():
        return text
    text = _RAISED.sub(lambda run: f"^{{{''.join(_SUPERSCRIPTS[c] for c in run[0])}}}", text)
    text = _LOWERED.sub(lambda run: f"_{{{''.join(_SUBSCRIPTS[c] for c in run[0])}}}", text)
    text = _FOREIGN.sub(
        lambda run: unicodedata.normalize("NFKC", run[0]), text.translate(_CHARACTERS)
    )
    text = text.translate(_CHARACTERS)
    return _ROOT_SIGN.sub(r"\\sqrt{\1}", text).replace("√", r"\sqrt ")


# Commands -----------------------------------------------------------------------------------

_FONTS = frozenset(
    (
        *("text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "textup"),
        *("textsc", "textmd", "mathrm", "mathbf", "mathit", "mathsf", "mathtt", "mathcal"),
        *("mathup", "mathnormal", "mathstrut", "mbox", "hbox", "operatorname", "bm", "pmb"),
        *("boldsymbol", "emph", "underline", "fbox", "boxed", "framebox", "ensuremath", "unit"),
        *("mathop", "mathord", "smash", "textstyle", "displaystyle", "bold"),
    )
)
_SWITCHES = frozenset(
    (
        *("rm", "bf", "it", "sf", "tt", "cal", "displaystyle", "textstyle", "scriptstyle"),
        *("mathstrut", "tiny", "scriptsize", "footnotesize", "small", "normalsize", "large"),
        *("Large", "LARGE", "huge", "Huge", "bfseries", "itshape", "rmfamily", "normalfont"),
        *("limits", "nolimits", "noindent", "centering", "nonumber", "notag", "hfill", "strut"),
    )
)
_SIZES = frozenset(
    (
        *("left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl"),
        *("Bigr", "biggl", "biggr", "Biggl", "Biggr", "bigm", "Bigm", "biggm", "Biggm"),
    )
)
_BLANK = _SWITCHES | frozenset(
    ("quad", "qquad", "enspace", "thinspace", "enskip", "space", "nobreakspace")
)
_DROPPED_WITH_ARGUMENT = frozenset(
    (*("phantom", "hphantom", "vphantom", "hspace", "vspace", "kern", "color", "label", "tag"),)
)
_CANONICAL_NAMES = {
    **dict.fromkeys(("dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"), r"\frac"),
    **dict.fromkeys(("dbinom", "tbinom"), r"\binom"),
    **dict.fromkeys(("leq", "leqslant", "leqq"), r"\le "),
    **dict.fromkeys(("geq", "geqslant", "geqq"), r"\ge "),
    **dict.fromkeys(("neq",), r"\ne "),
    **dict.fromkeys(("land", "wedge"), " and "),
    **dict.fromkeys(("lor", "vee"), " or "),
    **dict.fromkeys(("varnothing", "O", "empty"), r"\emptyset "),
    **dict.fromkeys(("lvert", "rvert", "vert", "mid"), "|"),
    **dict.fromkeys(("dots", "ldots", "cdots", "dotsc", "dotsb"), "..."),
    **dict.fromkeys(("degree", "degrees"), r"\degree "),
    **dict.fromkeys(("rightarrow", "longrightarrow"), r"\to "),
    "lt": "<",
    "gt": ">",
    "lbrace": r"\{",
    "rbrace": r"\}",
    "colon": ":",
    "langle": "(",
    "rangle": ")",
    "percent": "%",
    "ast": "*",
    "dollar": r"\$",
    "textdollar": r"\$",
    "textdegree": r"\degree ",
    "euro": "€",
    "pounds": "£",
    "textasciitilde": " ",
    "lbrack": "[",
    "rbrack": "]",
    "lparen": "(",
    "rparen": ")",
    "textendash": "-",
}
_GREEK = GREEK_LETTERS | {"pi"}
_FUNCTIONS = (
    *("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos"),
    *("arctan", "ln", "log", "exp", "cdot", "times", "infty"),
)
_WHOLE = frozenset(
    (
        *(
            *_GREEK,
            *_FUNCTIONS,
            *_FONTS,
            *_BLANK,
            *_SIZES,
            *_DROPPED_WITH_ARGUMENT,
            *_CANONICAL_NAMES,
        ),
        *("coth", "lnot", "textcolor", "frac", "sqrt", "binom", "pm", "mp", "begin", "end"),
        *("le", "ge", "ne", "in", "cup", "cap", "mathbb", "neg", "get"),
    )
)
_RELATIONS = frozenset(("le", "ge", "ne"))
_JOINED = re.compile("|".join(sorted((*_GREEK, *_FUNCTIONS), key=lambda name: (-len(name), name))))
_ARROWS = frozenset(("overrightarrow", "vec"))
_BOLD = frozenset(("mathbf", "bm", "pmb", "boldsymbol"))
_ACCENTS = {"overline": "bar", "bar": "bar", "hat": "hat", "widehat": "hat"}
_POINTS = re.compile(r" ?\{ ?([A-Z]{2,4}) ?\}")
_VECTOR = re.compile(r" ?(?:\{ ?([A-Za-z]{1,3}) ?\}|([A-Za-z])(?![A-Za-z]))")
_LETTER = re.compile(r" ?(?:\{ ?([A-Za-z]) ?\}|([A-Za-z])(?![A-Za-z]))")
_BOLD_LETTER = re.compile(r" ?\{ ?([a-hl-z]) ?\}")
_UNIT_VECTORS = frozenset("ijk")

_COMMAND = re.compile(r"\\(?:([A-Za-z]+)\*?|(.))", re.DOTALL)
_EMPTY_FONT = re.compile(r"(?:[/-] ?)?\\(?:mathrm|text|mbox|operatorname) ?\{[ ~]*\}")
_DOT_OF_NO_BRACKET = re.compile(r" ?\.(?!\d)")
_SPACING = re.compile(r"\[-?\d*\.?\d+ ?(?:pt|em|ex|cm|mm)\]")
_SPACED_THOUSANDS = re.compile(r" ?\d{3}(?!\d)")
_DIMENSION = re.compile(r" ?-?\d*\.?\d+ ?(?:pt|em|ex|cm|mm|mu)")
_RUN = re.compile(r"\\{2,}")
_DOUBLED_SIGN = re.compile(r"(?<!\\)\\\\(?=[{}$%()])")
_NAME = re.compile(r"[A-Za-z]{1,20}")


def _once_escaped(text: str) -> str:
    r"""Undo the doubling of backslashes (`\\frac`) that JSON and source code leave behind."""
    if r"\\" not in text:
        return text
    if r"\\begin" in text:
        return _RUN.sub(lambda run: "\\" * (len(run[0]) // 2), text)
    doubled = [
        (run.start(), run.end(), "\\")
        for run in _RUN.finditer(text)
        if len(run[0]) % 2 == 0  # `\\\frac` is a new row and a fraction
        and (name := _NAME.match(text, run.end()))
        and name[0] in _WHOLE
    ]
    text = _edited(text, doubled)
    return text if r"\begin" in text else _DOUBLED_SIGN.sub(r"\\", text)


def _with_plain_commands(text: str) -> str:
    """Walk the commands once: drop fonts, sizes, spaces and colours; unify other names."""
    partners: dict[int, int] | None = None
    marked = r"\(" in text or r"\[" in text
    pieces: list[str] = []
    position = 0
    for match in _COMMAND.finditer(text):
        if match.start() < position:
            continue
        pieces.append(text[position : match.start()])
        position = match.end()
        name, sign = match[1], match[2]
        if name is None:
            written, position = _escaped(sign, text, position, pieces, marked)
        elif name in _BOLD and (letter := _BOLD_LETTER.match(text, position)):
            written, position = rf"\mathbf{{{letter[1]}}}", letter.end()
        elif name in _BLANK or (name in _FONTS and _after_space(text, position) == "{"):
            written = " "
        elif name in _SIZES:
            written = ""
            if dot := _DOT_OF_NO_BRACKET.match(text, position):
                position = dot.end()
        elif name in _DROPPED_WITH_ARGUMENT or name == "textcolor":
            if partners is None:
                partners = bracket_partners(text)
            written, position = " ", _after_argument(text, position, partners)
        elif name in _CANONICAL_NAMES:
            written = _CANONICAL_NAMES[name]
        elif name in _ARROWS or name in _ACCENTS:
            written, position = _marked(name, text, position)
        else:
            written = _parted(name, match[0])
        pieces.append(written)
    pieces.append(text[position:])
    return "".join(pieces)


def _after_space(text: str, position: int) -> str:
    """Return the next character, skipping a space."""
    return text[position : position + 2].lstrip(" ")[:1]


def _escaped(
    sign: str, text: str, position: int, pieces: list[str], marked: bool
) -> tuple[str, int]:
    """Return the meaning of a backslash and a sign, and the position after them."""
    if sign in ",;: !":
        before = pieces[-1][-1:]
        spaced = _SPACED_THOUSANDS.match(text, position)
        if spaced and (before.isdigit() or (sign == "!" and before == ",")):
            return "", position + spaced[0].startswith(" ")
        return ("" if sign == "!" else " "), position
    if sign in "()[]" and marked:
        return " ", position
    if sign in "%_#&":
        return ("%", "_", "#", r"\&")["%_#&".index(sign)], position
    if sign == "\\":
        spacing = _SPACING.match(text, position)
        return r"\\", spacing.end() if spacing else position
    return ("" if sign in "/-" else f"\\{sign}"), position


def _after_argument(text: str, position: int, partners: dict[int, int]) -> int:
    """Return the position after a group or a length such as `1cm`; else the given one."""
    start = position + (text[position : position + 1] == " ")
    if text[start : start + 1] == "{" and start in partners:
        return partners[start] + 1
    length = _DIMENSION.match(text, position)
    return length.end() if length else position


def _marked(name: str, text: str, position: int) -> tuple[str, int]:
    r"""Turn `\overline{AB}`, `\hat{i}` into names; `\bar{x}` gets a name of its own.

    Arrows stay, as `\vec{v}`, except over unit vectors.
    """
    if name in _ARROWS and (
        found := _VECTOR.match(text, position) or _POINTS.match(text, position)
    ):
        vector = found[1] or found[2]
        return f" {vector}" if vector in _UNIT_VECTORS else rf"\vec{{{vector}}}", found.end()
    if name not in _ARROWS and (found := _POINTS.match(text, position)):
        return f" {found[1]}", found.end()
    if name in _ACCENTS and (found := _LETTER.match(text, position)):
        letter, accent = found[1] or found[2], _ACCENTS[name]
        if accent == "hat" and letter in _UNIT_VECTORS:
            return f" {letter}", found.end()
        return f" {letter}_{{{accent}}}", found.end()
    return rf"\{name}", position


def _parted(name: str, command: str) -> str:
    r"""Split `\lnx` and `\lex`, which are not LaTeX, into `\ln x` and `\le x`: blanks get lost."""
    if name.startswith("quad") and len(name) == len("quad") + 1:
        return f" {name[-1]}"
    beginning = _JOINED.match(name)
    if name in _WHOLE:
        return command
    if name[:2] in _RELATIONS and len(name) == len("lex"):
        return f"\\{name[:2]} {name[2:]}"
    if beginning is None or len(name) - beginning.end() > 2:
        return command
    return f"\\{beginning[0]} {name[beginning.end() :]}"


# Brackets -----------------------------------------------------------------------------------

_BRACKET = re.compile(r"[()\[\]{}]")
_OPENING = frozenset("([{")


def bracket_partners(text: str) -> dict[int, int]:
    """Map each opening bracket to where it closes, even if their kinds differ (`[1,2)`)."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for bracket in _BRACKET.finditer(text):
        if bracket[0] in _OPENING:
            opened.append(bracket.start())
        elif opened:
            partners[opened.pop()] = bracket.start()
    return partners


def split_outside(text: str, separators: re.Pattern[str]) -> list[str]:
    """Split a text at separators outside all brackets, and strip the parts.

    Linear in a cleaned text, which has no runs of white space, if `separators` starts with at most
    one optional space and matches no bracket.
    """
    brackets = iter(_BRACKET.finditer(text))
    bracket = next(brackets, None)
    parts: list[str] = []
    depth = begin = 0
    for separator in separators.finditer(text):
        if separator.end() == separator.start():
            continue
        while bracket is not None and bracket.start() < separator.start():
            depth += 1 if bracket[0] in _OPENING else -1
            bracket = next(brackets, None)
        if depth <= 0:
            parts.append(text[begin : separator.start()].strip())
            begin = separator.end()
    return [*parts, text[begin:].strip()]


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    """Replace stretches of the text; the edits must not overlap."""
    pieces: list[str] = []
    position = 0
    for start, end, written in sorted(edits):
        pieces += [text[position:start], written]
        position = end
    return "".join([*pieces, text[position:]])


# Arguments ----------------------------------------------------------------------------------

_WITH_ARGUMENTS = re.compile(r"\\(frac|binom|sqrt)(?![A-Za-z])|(?<![\\A-Za-z])(sqrt)(?= ?\()")
_ARGUMENT = re.compile(r"\d|[A-Za-z]|\\[A-Za-z]+")
_CHOOSE = re.compile(r"\\choose(?![A-Za-z])")
_SIDE = re.compile(r"[A-Za-z\d+ -]{1,20}")


def _with_braced_arguments(text: str) -> str:
    r"""Put braces around the arguments of `\frac12`, `\sqrt3`, `sqrt(3)`, `{n \choose k}`."""
    found = list(_WITH_ARGUMENTS.finditer(text))
    choices = list(_CHOOSE.finditer(text))
    if not found and not choices:
        return text
    partners = bracket_partners(text)
    edits: dict[int, tuple[int, int, str]] = {}
    for match in found:
        position = match.end()
        if match[2]:
            edits[match.start()] = (match.start(), match.end(), r"\sqrt")
        root = match[1] != "frac" and match[1] != "binom"
        if root and text[position : position + 1] == "[":
            position = partners.get(position, position) + 1
        for _ in range(1 if root else 2):
            after = _braced(text, position, partners, edits, called=root)
            if after is None:
                break
            position = after
    if choices:
        _chosen(text, choices, partners, edits)
    return _edited(text, list(edits.values()))


def _braced(
    text: str,
    position: int,
    partners: dict[int, int],
    edits: dict[int, tuple[int, int, str]],
    *,
    called: bool,
) -> int | None:
    """Brace the argument at a position; return the position after it, or None without one."""
    start = position + (text[position : position + 1] == " ")
    opening = text[start : start + 1]
    if opening == "{" or (opening == "(" and called):
        end = partners.get(start)
        if end is None:
            return None
        if opening == "(":
            edits[start], edits[end] = (position, start + 1, "{"), (end, end + 1, "}")
        return end + 1
    argument = _ARGUMENT.match(text, start)
    if argument is None or argument[0] in (r"\frac", r"\sqrt", r"\binom"):
        return None
    edits[start] = (position, argument.end(), f"{{{argument[0]}}}")
    return argument.end()


def _chosen(
    text: str,
    choices: list[re.Match[str]],
    partners: dict[int, int],
    edits: dict[int, tuple[int, int, str]],
) -> None:
    r"""Rewrite `{n \choose k}` and a bare `n \choose k` as `\binom{n}{k}`."""
    around: dict[int, tuple[int, int]] = {}
    opened: list[tuple[int, int]] = []
    waiting = iter(choices)
    choice = next(waiting, None)
    events = sorted((start, end) for start, end in partners.items() if text[start] == "{")
    for start, end in [*events, (len(text), len(text))]:
        while choice is not None and choice.start() < start:
            while opened and opened[-1][1] < choice.start():
                opened.pop()
            if opened:
                around[choice.start()] = opened[-1]
            choice = next(waiting, None)
        opened.append((start, end))
    for choice in choices:
        group = around.get(choice.start())
        if group is not None and group[0] not in edits:
            edits[group[0]] = (group[0], group[0] + 1, r"\binom{")
            edits[choice.start()] = (choice.start(), choice.end(), "}{")
        elif group is None and len(choices) == 1:
            left, right = text[: choice.start()], text[choice.end() :]
            if _SIDE.fullmatch(left) and _SIDE.fullmatch(right):
                edits[0] = (0, len(text), rf"\binom{{{left.strip()}}}{{{right.strip()}}}")


# The whole ----------------------------------------------------------------------------------

_Replacement = str | Callable[[re.Match[str]], str]
_THIRD = r"(?=\d{3}(?!\d))"
_PATTERNS: tuple[tuple[str, re.Pattern[str], _Replacement], ...] = (
    # (text required for the pattern to be tried, pattern, replacement)
    (
        "circ",
        re.compile(r"\{ ?\^ ?\\circ ?\}|\^ ?(?:\{ ?\\circ ?\}|\\circ(?![A-Za-z]))"),
        r"\\degree ",
    ),
    (",", re.compile(rf"(?<=\d) ?\{{ ?, ?\}} ?{_THIRD}"), ","),
    ("=", re.compile(r"(?<![\d)!}])!=(?!=)"), r"\\ne "),
    ("=", re.compile(r"<=(?!>)|=<"), r"\\le "),
    ("=", re.compile(r">="), r"\\ge "),
    ("=", re.compile(r"(?<![=<>!])==(?!=)"), "="),
    ("i", re.compile(r"(?<![\\A-Za-z])pi(?![A-Za-z])"), r"\\pi "),
    ("", re.compile(r"(?<![\\A-Za-z])(?:infinity|inf|oo)(?![A-Za-z])"), r"\\infty "),
    (
        "",
        re.compile(
            r"(?<=\d)(?: ?\^ ?)?(?:\{ ?\{ ?(?:st|nd|rd|th) ?\} ?\}|\{ ?(?:st|nd|rd|th) ?\}"
            r"|(?<=\d)(?:st|nd|rd|th)(?![A-Za-z]))"
        ),
        "",
    ),
)
_PRICE = re.compile(r"-?\$ ?-?[\d.]")


def clean(text: str) -> str:
    r"""Return the answer without math delimiters, fonts, sizes, colours and its final full stop.

    * White space becomes single spaces; commands get one name each (`\dfrac` is `\frac`, `\leq` and
      `<=` are `\le`) and braces around their arguments (`\frac12` is `\frac{1}{2}`).
    * The words of `\text{…}` stay, in braces: `5\text{ cm}` is `5 { cm}`.
    * Degrees are `\degree`, a currency's dollar is `\$`, a percent sign is `%`.
    * Thousands keep a comma (`1{,}234` is `1,234`); `3{,}75` stays, since it may be 3.75.
    """
    if len(text) > MAX_LENGTH:
        return _single_spaced(text)
    text = _single_spaced(_in_latex(text).replace("~", " "))
    text = _EMPTY_FONT.sub(" ", _once_escaped(text)) if "\\" in text else text
    text = _without_dollars(text)
    if "\\" in text:
        text = _with_braced_arguments(_single_spaced(_with_plain_commands(text)))
    elif "sqrt" in text:
        text = _with_braced_arguments(text)
    for needed, pattern, replacement in _PATTERNS:
        if needed in text:
            text = pattern.sub(replacement, text)
    return _unwrapped(_single_spaced(text))


def _single_spaced(text: str) -> str:
    return " ".join(text.split())


def _without_dollars(text: str) -> str:
    r"""Remove the dollars of mathematics; that of a price becomes `\$`."""
    if "$" not in text:
        return text
    text = text.replace(r"\$", "\0")
    if text.count("$") == 1 and _PRICE.match(text):
        text = text.replace("$", "\0")
    return text.replace("$", " ").replace("\0", r"\$")


_ELLIPSIS = "..."
_LISTED_ELLIPSIS = re.compile(r" ?, ?\.\.\.")  # of `1, 2, ...`
_ENDS = " .,;:"


def _unwrapped(text: str) -> str:
    """Remove trailing stops and line ends, and braces around the whole text."""
    text = _stripped(text)
    if not text.startswith("{"):
        return text
    partners = bracket_partners(text)
    start, end = 0, len(text)
    while start < end and text[start] == "{" and partners.get(start) == end - 1:
        start, end = start + 1, end - 1
        while start < end and text[start] == " ":
            start += 1
        while start < end and text[end - 1] == " ":
            end -= 1
    return _stripped(text[start:end]) if start else text


def _stripped(text: str) -> str:
    """Remove trailing full stops, commas and line ends; an ellipsis stays."""
    end = len(text)
    while end:
        if text[end - 1] in _ENDS and text[end - 2 : end - 1] != "\\":
            end -= 1
        elif text.endswith(r"\\", 0, end):
            end -= 2
        else:
            break
    listed = _LISTED_ELLIPSIS.match(text, end)
    if listed and end:
        return f"{text[:end].strip()},{_ELLIPSIS}"
    ellipsis = _ELLIPSIS if text.startswith(_ELLIPSIS, end) and end else ""
    return text[:end].strip() + ellipsis
