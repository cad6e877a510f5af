"""Text in LaTeX: escaping, and approximate widths in Computer Modern."""

import re

LONGEST_WORD = 45
"""Characters of a word in a paragraph that is set without a place to break it."""

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\n": " ",
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "…": r"\dots{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "§": r"\S{}",
    "•": r"\textbullet{}",
    "\N{NO-BREAK SPACE}": "~",
}
_MATHS: dict[str, str] = {
    "±": r"\pm",
    "−": "-",
    "×": r"\times",
    "·": r"\cdot",
    "√": r"\surd",
    "≥": r"\geq",
    "≤": r"\leq",
    "≈": r"\approx",
    "≠": r"\neq",
    "→": r"\to",
    "∞": r"\infty",
    **{sign: f"^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "Δ": r"\Delta",
    "Σ": r"\Sigma",
    "Ω": r"\Omega",
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "θ": r"\theta",
    "λ": r"\lambda",
    "μ": r"\mu",
    "π": r"\pi",
    "σ": r"\sigma",
    "τ": r"\tau",
    "ω": r"\omega",
}
_TABLE = str.maketrans(_ESCAPES | {sign: f"${command}$" for sign, command in _MATHS.items()})


def escape_latex(text: str) -> str:
    """Return text that LaTeX prints unchanged; Greek letters and arithmetic signs in math mode.

    Other letters stay as they are: pdfLaTeX prints Latin ones, XeLaTeX and LuaLaTeX every script.
    """
    # Two adjacent hyphens would be printed as an en dash.
    return "{}".join(part.translate(_TABLE) for part in re.split("(?<=-)(?=-)", text))


def breakable(escaped: str) -> str:
    """Return escaped text whose long words, such as paths and commands, may be broken."""
    return " ".join(
        re.sub(r"([/=,]|\\_)", r"\1\\allowbreak{}", word) if len(word) > LONGEST_WORD else word
        for word in escaped.split(" ")
    )


def text_width(text: str, size: int) -> float:
    """Return the approximate width in points of `text` in Computer Modern of `size` points."""
    return _RELATIVE[size] * sum(_WIDTHS.get(character, _OTHER) for character in text)


_OTHER = 7.0  # points at 10 pt: most capitals and Greek letters
_WIDTHS = {
    character: width
    for width, characters in (
        (2.8, "ijl.,:;!|[]'`‘’"),
        (3.4, " "),
        (3.95, "rst()f-"),
        (4.5, "cez"),
        (5.05, "0123456789agokvxyq/–“”†‡*"),
        (5.6, "bdhnpuS§ELFPτ"),
        (7.3, "wCDGHKNOQRTUVXYZABJ"),
        (7.8, "+±−×=<>Δ≥≤≈→"),
        (8.4, "m%&"),
        (10.3, "MW—@"),
    )
    for character in characters
}
"""Points at 10 pt, rounded up."""
_RELATIVE = {9: 0.925, 8: 0.85, 7: 0.80, 5: 0.69}
"""Of the smaller sizes, whose letters are wider for their height."""
