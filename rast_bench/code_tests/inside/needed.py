"""The part of a program that its entry point needs, which is what EvalPlus runs.

Models often add a demonstration after a function: prints, asserts, tests with mistakes of their
own. Of the top-level statements of the program this keeps

* imports,
* what binds the entry point, in any way, or changes it in place,
* what binds or changes a global name that a kept statement uses,

in their order, and leaves out the rest. A line that cannot be parsed, as when a response was cut
off, ends a run of complete statements; the longest run that defines the entry point counts.
"""

import ast
import dis
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

_READS = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"})
_BINDS = frozenset({"STORE_NAME", "STORE_GLOBAL"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class _Part(NamedTuple):
    """A top-level statement of a program, and the global names that it binds and uses."""

    statement: ast.stmt
    gives: frozenset[str]
    takes: frozenset[str]


def needed_part(program: str, entry_point: str) -> ast.Module | None:
    """Return the statements to run, or None.

    None if no statement defines the entry point, or the program is nested too deeply to be
    analysed. `entry_point` may be `Class.method`; then the class is looked for. Parses hostile
    text, so it may raise MemoryError or ValueError, or take long: call it in the sandbox only.
    """
    name = entry_point.partition(".")[0]
    try:
        best = _best_run(program, name)
        return ast.Module(_kept(best, name), type_ignores=[]) if best else None
    except RecursionError:
        return None


def _best_run(program: str, name: str) -> list[_Part]:
    best: list[_Part] = []
    longest = 0
    for lines, tree in _runs(program):
        parts = [part for statement in tree.body if (part := _part(statement)) is not None]
        if lines > longest and any(name in part.gives for part in parts):
            best, longest = parts, lines
    return best


def _kept(parts: list[_Part], name: str) -> list[ast.stmt]:
    needed = {name}
    kept = {
        at
        for at, part in enumerate(parts)
        if isinstance(part.statement, ast.Import | ast.ImportFrom)
    }
    before = -1
    while before != len(kept):
        before = len(kept)
        for at, part in enumerate(parts):
            if at not in kept and not needed.isdisjoint(part.gives):
                kept.add(at)
                needed |= part.takes
    return [parts[at].statement for at in sorted(kept)]


def _runs(program: str) -> Iterator[tuple[int, ast.Module]]:
    """Yield the longest runs of lines that parse, from the top, with their numbers of lines."""
    lines = program.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # Python's, no others
    start = 0
    while start < len(lines):
        end = len(lines)
        while end > start:
            try:
                tree = ast.parse("\n".join(lines[start:end]))
            except SyntaxError as error:
                # No run that reaches the line of the error can be parsed.
                end = min(end - 1, start + max(0, (error.lineno or 1) - 1))
            else:
                yield sum(1 for line in lines[start:end] if line.strip()), tree
                break
        start = end + 1


def _part(statement: ast.stmt) -> _Part | None:
    """Return None for a statement that is not a program by itself, such as `return`."""
    try:
        code = compile(ast.Module([statement], type_ignores=[]), "part.py", "exec")
    except SyntaxError:
        return None
    bound = {step.argval for step in dis.get_instructions(code) if step.opname in _BINDS}
    return _Part(statement, frozenset(bound | set(_changed(statement))), frozenset(_read(code)))


def _read(code: CodeType) -> Iterator[str]:
    """Yield names that the code, with its functions, takes from the module or the builtins."""
    for step in dis.get_instructions(code):
        if step.opname in _READS:
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _read(constant)


def _changed(statement: ast.stmt) -> Iterator[str]:
    """Yield names whose values change in place: `table[i] = …`, `f.calls = 0`, `memo.update(…)`."""
    nodes: list[ast.AST] = [statement]
    while nodes:  # no recursion: a sum of a thousand terms is a thousand levels deep
        node = nodes.pop()
        match node:
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                yield from _root(node)
            case ast.Expr(ast.Call(func=ast.Attribute() as method)):
                yield from _root(method)
        if not isinstance(node, _SCOPES):
            nodes.extend(ast.iter_child_nodes(node))


def _root(node: ast.expr) -> Iterator[str]:
    """Yield `table` of `table.rows[0]`."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
