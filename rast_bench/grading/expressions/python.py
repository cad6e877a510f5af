"""Parser of expressions in Python notation, such as `2**3` or `sqrt(2)/2`. Runs no code."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

import sympy

from rast_bench.grading.expressions.arithmetic import factorial, power
from rast_bench.grading.expressions.errors import OversizedError, UnreadableError

MAX_LENGTH = 2_000
MAX_DEPTH = 60

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(sympy, name)
        for name in (
            *("sqrt", "sin", "cos", "tan", "sec", "csc", "cot", "exp", "log", "ln", "Abs"),
            *("asin", "acos", "atan", "sinh", "cosh", "tanh", "floor", "Rational"),
        )
    },
    "abs": sympy.Abs,
    "ceil": sympy.ceiling,
    "factorial": factorial,
}
_NAMES = {"pi": sympy.pi, "E": sympy.E, "I": sympy.I, "oo": sympy.oo}
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: power,
}


def read_python(text: str) -> Any:
    """Parse a sympy expression, or a tuple, list or frozenset of them.

    Raises:
        UnreadableError: not such an expression.
        OversizedError: too long or nested too deeply.
        WorkLimitError: a number in it has too many digits.
    """
    if len(text) > MAX_LENGTH:
        raise OversizedError("too long")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError("not an expression of Python") from error
    return _value(tree.body, MAX_DEPTH)


def _value(node: ast.expr, levels: int) -> Any:
    if levels == 0:
        raise OversizedError("nested too deeply")

    def inner(part: ast.expr) -> Any:
        return _value(part, levels - 1)

    match node:
        case ast.Constant(value=bool()):
            return sympy.true if node.value else sympy.false
        case ast.Constant(value=int()):
            return sympy.Integer(node.value)
        case ast.Constant(value=float()):
            return sympy.Float(node.value)
        case ast.Name(id=name):
            return _NAMES.get(name, sympy.Symbol(name))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -inner(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return inner(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return _OPERATORS[type(operator)](inner(left), inner(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*map(inner, arguments))
        case ast.Tuple(elts=parts):
            return tuple(map(inner, parts))
        case ast.List(elts=parts):
            return list(map(inner, parts))
        case ast.Set(elts=parts):
            return frozenset(map(inner, parts))
    raise UnreadableError(f"{type(node).__name__} is not read")
