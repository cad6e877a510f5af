"""Tests from rows of evalplus/humanevalplus and evalplus/mbppplus on the hub.

The `test` field of a row is Python source. It is parsed here, never run: the inputs, expected
answers and tolerance are literals in it.
"""

import ast
import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rast_bench.code_tests.tests import FunctionTests, Oracle, Reference
from rast_bench.errors import DatasetError

_ORACLES: dict[str, Oracle] = {  # evalplus/eval/_special_oracle.py
    "find_zero": "polynomial_root",
    "digit_distance_nums": "digit_distance",
    "surface_Area": "surface_area",
    "check_str": "not_none",
    "text_match_three": "not_none",
    "text_starta_endb": "not_none",
    "similar_elements": "set",
    "find_char_long": "set",
    "common_in_nested_lists": "set",
    "extract_singly": "set",
    "larg_nnum": "set",
    "intersection_array": "set",
    "find_dissimilar": "set",
    "Diff": "set",
}
_Inputs = tuple[tuple[object, ...], ...]

_ROOT_ATOL = 1e-4  # tolerance of HumanEval/32, which only evalplus's own format gives
_HARNESS = ("check", "assertion", "is_floats")


def humaneval_tests(row: Mapping[str, str]) -> FunctionTests:
    """Return the tests of one row of HumanEval+ (fields: task_id, entry_point, test).

    Raises:
        DatasetError: `test` does not have the form that evalplus writes.
    """
    return _tests(f"HumanEval+ {row['task_id']}", row["test"], row["entry_point"])


def mbpp_tests(row: Mapping[str, Any]) -> FunctionTests:
    """Return the tests of one row of MBPP+ (fields: task_id, test).

    Raises:
        DatasetError: `test` does not have the form that evalplus writes.
    """
    return _tests(f"MBPP+ {row['task_id']}", row["test"], None)


def _tests(name: str, source: str, entry_point: str | None) -> FunctionTests:
    try:
        tree = ast.parse(source)
        body = [step for part in tree.body for step in _unwrapped(part)]
        values = {
            step.targets[0].id: step.value
            for step in body
            if isinstance(step, ast.Assign) and isinstance(step.targets[0], ast.Name)
        }
        called, atol = _assertion(body)
        inputs: _Inputs = tuple(tuple(call) for call in _literal(values["inputs"]))
        expected: tuple[object, ...] | Reference = _reference(tree)
        if "results" in values:
            expected = tuple(_literal(values["results"]))
            if len(expected) != len(inputs):
                raise ValueError(f"{len(inputs)} inputs, {len(expected)} results")
    except (SyntaxError, ValueError, TypeError, KeyError) as error:
        raise DatasetError(
            f"the field 'test' of {name} is not of evalplus's form: {error}",
            hint="was the data set made by another release of evalplus?",
        ) from error
    inputs, expected = _feasible(name, inputs, expected)
    entry_point = entry_point or called
    oracle = _ORACLES.get(entry_point, "evalplus")
    atol = _ROOT_ATOL if oracle == "polynomial_root" else atol
    return FunctionTests(entry_point, inputs, expected, atol, oracle, only_needed=True)


def _feasible(
    name: str, inputs: _Inputs, expected: tuple[object, ...] | Reference
) -> tuple[_Inputs, tuple[object, ...] | Reference]:
    """Leave out the few calls named in left_out_calls.json, with reasons."""
    listed = _left_out_calls().get(name)
    if listed is None:
        return inputs, expected
    left_out = [tuple(call) for call in listed["calls"]]
    kept = [number for number, call in enumerate(inputs) if call not in left_out]
    if not isinstance(expected, Reference):
        expected = tuple(expected[number] for number in kept)
    return tuple(inputs[number] for number in kept), expected


@cache
def _left_out_calls() -> dict[str, Any]:
    path = Path(__file__).with_name("left_out_calls.json")
    listed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return listed


def _unwrapped(part: ast.stmt) -> list[ast.stmt]:
    """Return the statements: HumanEval+ has them in a function `check`, MBPP+ at the top."""
    return part.body if isinstance(part, ast.FunctionDef) and part.name == "check" else [part]


def _assertion(body: list[ast.stmt]) -> tuple[str, float]:
    """Return entry point and tolerance of `assertion(entry_point(*inp), exp, atol)`."""
    for loop in body:
        for node in ast.walk(loop) if isinstance(loop, ast.For) else ():
            match node:
                case ast.Call(
                    func=ast.Name("assertion"),
                    args=[
                        ast.Call(func=ast.Name(called)),
                        _,
                        ast.Constant(float() | int() as atol),
                    ],
                ):
                    return called, float(atol)
    return "", 0.0


def _reference(tree: ast.Module) -> Reference:
    """Return the functions that give the answers if these are too long to be listed."""
    kept: list[ast.stmt] = [
        part
        for part in tree.body
        if isinstance(part, ast.Import | ast.ImportFrom)
        or (isinstance(part, ast.FunctionDef) and part.name not in _HARNESS)
    ]
    return Reference(ast.unparse(ast.Module(kept, [])), "ref_func")


def _literal(node: ast.expr) -> Any:
    """Evaluate as ast.literal_eval, plus infinity. Calls nothing but the constructors below."""
    match node:
        case ast.Name("inf"):
            return math.inf
        case ast.Name("nan"):
            return math.nan
        case ast.List(items):
            return [_literal(item) for item in items]
        case ast.Tuple(items):
            return tuple(_literal(item) for item in items)
        case ast.Set(items):
            return {_literal(item) for item in items}
        case ast.Dict(keys, items):
            pairs = zip(keys, items, strict=True)
            return {_literal(key): _literal(item) for key, item in pairs if key is not None}
        case ast.UnaryOp(ast.USub(), operand):
            return -_literal(operand)
        case _:
            return ast.literal_eval(node)
