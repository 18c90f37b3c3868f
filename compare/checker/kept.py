"""Which of a file's statements can keep something from one call for the next."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

import numpy as np

from compare.checker.statements import statements
from compare.checker.trace import Binding

Function = ast.FunctionDef | ast.AsyncFunctionDef
Made = ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp | ast.Call
CHANGING = {"add", "append", "extend", "insert", "setdefault", "update"}


def keeping(source: str) -> Binding | None:
    """The statement of a function that stores into what outlives the call: a name of the module, or
    an argument's default value, which is made once. None if there is not one alone, or if an object
    of the module's may keep what its methods store.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    made = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    calls = (part for value in made if value for part in ast.walk(value))
    if any(isinstance(c, ast.Call) and getattr(c.func, "id", "") in classes for c in calls):
        return None
    own = (node for node in tree.body if not isinstance(node, Function | ast.ClassDef))
    module = {name for node in own for name in _bound(node)}
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    lines = {line for function in functions for line in _storing(function, module)}
    if len(lines) != 1:
        return None
    statement = statements(source)[lines.pop()]
    return Binding(statement.first, statement.text, "", np.zeros(0), 0, statement.last)


def _storing(function: Function, module: set[str]) -> Iterator[int]:
    nodes = [*ast.walk(function)]
    shared = {n for node in nodes if isinstance(node, ast.Global) for n in node.names}
    arguments = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    own = {name for node in function.body for name in _bound(node)} | arguments
    outlives = shared | (module - own) | _made_once(function)
    return (node.lineno for node in nodes if _stores(node, outlives, shared))


def _stores(node: ast.AST, outlives: set[str], shared: set[str]) -> TypeGuard[ast.expr]:
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Store) and node.id in shared
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", "") in CHANGING and _root(node.func) in outlives
    stored = isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store)
    return stored and _root(node) in outlives


def _made_once(function: Function) -> set[str]:
    """The arguments whose default value can be written to."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(plain[::-1], arguments.defaults[::-1], strict=False)]
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d]
    return {argument.arg for argument, default in pairs if isinstance(default, Made)}


def _bound(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds, and those in it."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
