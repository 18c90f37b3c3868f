"""Statements that compute nothing: they hand on, store or put together what was there."""

import ast
from functools import lru_cache

CALLS = frozenset(
    {"append", "extend", "insert", "pop", "popleft", "copy", "get", "items", "values"}
)
CALLS |= {"setdefault", "update", "asarray", "array", "list", "tuple", "dict", "zip"}
CALLS |= {"reversed", "enumerate", "float"}
PARTS = (
    ast.Name,
    ast.Attribute,
    ast.Starred,
    ast.Tuple,
    ast.List,
    ast.Dict,
    ast.Constant,
    ast.keyword,
    ast.expr_context,
)


@lru_cache(maxsize=1024)
def only_moves(source: str) -> bool:
    """`self.x = x`, `a, b = c.d`, `v = stack.pop()`, `for a in b:`; not the text of a part."""
    for text in (source, f"{source} pass"):
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return len(body) == 1 and _moves(body[0])
    return False


def _moves(node: ast.stmt) -> bool:
    if isinstance(node, ast.For):
        return _is_there(node.iter) and isinstance(node.body[0], ast.Pass)
    if isinstance(node, ast.Assign):
        return _is_there(node.value) and all(map(_is_there, node.targets))
    if isinstance(node, ast.Return | ast.Expr):
        return node.value is not None and _is_there(node.value)
    return False


def _is_there(value: ast.expr) -> bool:
    """A name, a member of it, or several of them put together."""
    for part in ast.walk(value):
        if isinstance(part, ast.Call):
            called = part.func
            name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
            one_of = name in ("max", "min") and len(part.args) == 1
            if not (name in CALLS or one_of):
                return False
        elif isinstance(part, ast.Subscript):
            if not isinstance(part.slice, ast.Name | ast.Constant):
                return False  # which part it is may be the mistake
        elif not isinstance(part, PARTS):
            return False
    return not isinstance(value, ast.Constant)
