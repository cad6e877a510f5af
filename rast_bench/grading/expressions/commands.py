"""Meaning of LaTeX commands, brackets and signs."""

from collections.abc import Callable, Mapping
from typing import Any

import sympy

CLOSING = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", "|": "|", r"\lfloor": r"\rfloor"} | {
    r"\lceil": r"\rceil",
    r"\lvert": r"\rvert",
    r"\langle": r"\rangle",
}
WRAPPING: dict[str, Callable[[Any], Any]] = {
    "|": sympy.Abs,
    r"\lvert": sympy.Abs,
    r"\lfloor": sympy.floor,
    r"\lceil": sympy.ceiling,
}
RELATIONS: dict[str, Callable[..., Any]] = {
    "=": sympy.Eq,
    "<": sympy.Lt,
    ">": sympy.Gt,
    r"\lt": sympy.Lt,
    r"\gt": sympy.Gt,
    r"\le": sympy.Le,
    r"\leq": sympy.Le,
    r"\leqslant": sympy.Le,
    r"\ge": sympy.Ge,
    r"\geq": sympy.Ge,
    r"\geqslant": sympy.Ge,
    r"\ne": sympy.Ne,
    r"\neq": sympy.Ne,
}
TIMES = frozenset({"*", r"\cdot", r"\times"})
OVER = frozenset({"/", ":", r"\div"})
NO_FACTOR = frozenset({*RELATIONS, *TIMES, *OVER, *CLOSING.values(), r"\%", r"\$", r"\&"})
FRACTIONS = frozenset({r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"})
BINOMIALS = frozenset({r"\binom", r"\dbinom", r"\tbinom"})


def _log(value: Any) -> Any:
    return sympy.log(value)


FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    **{f"\\{name}": getattr(sympy, name) for name in ("sin", "cos", "tan", "sec", "csc", "cot")},
    **{f"\\{name}": getattr(sympy, name) for name in ("sinh", "cosh", "tanh", "exp")},
    **{
        f"\\arc{name}": getattr(sympy, f"a{name}")
        for name in ("sin", "cos", "tan", "sec", "csc", "cot")
    },
    **{f"\\ar{name}": getattr(sympy, f"a{name}") for name in ("sinh", "cosh", "tanh")},
    r"\ln": _log,
    r"\log": _log,
    r"\lg": lambda value: sympy.log(value, 10),
}
UNREADABLE = frozenset({r"\int", r"\lim", r"\iint", r"\oint", r"\begin", r"\end"})
