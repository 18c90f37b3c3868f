"""What a learner's function can reach besides the values that it is given."""

import ast
import builtins
from collections.abc import Collection, Iterator
from functools import lru_cache

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class UnknownError(Exception):
    """The function can reach more than can be told from its text."""


@lru_cache(maxsize=8)
def _functions(source: str) -> tuple[tuple[Function, ...], frozenset[str]]:
    """All functions of a text, and the names of its modules, functions and classes."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (), frozenset()
    functions = tuple(node for node in ast.walk(tree) if isinstance(node, Function))
    known = {alias.asname or alias.name.split(".")[0] for alias in _aliases(tree)}
    known |= {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    return functions, frozenset(known)


def _aliases(tree: ast.Module) -> Iterator[ast.alias]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from node.names


def functions(source: str) -> tuple[Function, ...]:
    return _functions(source)[0]


def reached(source: str, line: int, given: Collection[str]) -> frozenset[str]:
    """The names that the innermost function around a line can compute with: its parameters, and
    what the functions around it have. `given` are the arguments that are known, by which one of
    several lambdas is told. Raises UnknownError if there is none, or more than one.
    """
    functions, known = _functions(source)
    around = [f for f in functions if f.lineno <= line <= (f.end_lineno or 0)]
    if not around:
        raise UnknownError
    function = max(around, key=lambda f: (f.lineno, f.col_offset))
    alone = [f for f in around if f.lineno == function.lineno and f.end_lineno == function.lineno]
    if len(alone) > 1:
        alone = [f for f in alone if {a.arg for a in _arguments(f)} == set(given)]
        if len(alone) != 1:
            raise UnknownError
        function = alone[0]
    if function.args.vararg or function.args.kwarg:
        raise UnknownError
    own = {argument.arg for argument in _arguments(function)}
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    free = {node.id for node in names} - bound - own - known - set(dir(builtins))
    for outer in around:
        if function in ast.walk(outer) and outer is not function:
            free |= {argument.arg for argument in _arguments(outer)} - own
            stored = (n for n in ast.walk(outer) if isinstance(n, ast.Name) and n not in names)
            free |= {n.id for n in stored if isinstance(n.ctx, ast.Store)} - own - bound
    return frozenset((own - _compared(function)) | free)


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def takes_anything(source: str, line: int) -> bool:
    """The line is in a function that hands on whatever it is given: it has *args."""
    functions, _ = _functions(source)
    around = [f for f in functions if f.lineno <= line <= (f.end_lineno or 0)]
    return bool(around) and max(around, key=lambda f: f.lineno).args.vararg is not None


def _compared(function: Function) -> set[str]:
    """Names that are no more than compared with words: `kind` in `if kind == "relu"`."""
    tests = [n for n in ast.walk(function) if isinstance(n, ast.Compare | ast.Match)]
    asked = [
        part
        for test in tests
        for node in ([test.subject] if isinstance(test, ast.Match) else [test])
        if not isinstance(node, ast.Compare)
        or any(isinstance(c, ast.Constant) and isinstance(c.value, str) for c in node.comparators)
        for part in ast.walk(node)
    ]
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    others = {name.id for name in names if name not in asked}
    return {name.id for name in names if name in asked} - others


@lru_cache(maxsize=8)
def _classes(source: str) -> tuple[ast.ClassDef, ...]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def class_around(source: str, line: int) -> str:
    """The name of the innermost class around a line, or ""."""
    around = [c for c in _classes(source) if c.lineno <= line <= (c.end_lineno or 0)]
    return max(around, key=lambda c: c.lineno).name if around else ""
