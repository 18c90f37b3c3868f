"""The parts of a line of the notes, or of an edit of it, and their values."""

import ast
from collections.abc import Iterator, Mapping

import numpy as np

from compare.checker.cases import Array
from compare.checker.lines import run_line


def parts(line: str, names: Mapping[str, object]) -> Iterator[Array]:
    """The values of all parts of a line that are more than a name or a number."""
    return (
        value for node, _, value in parts_in_place(line, names) if not isinstance(node, ast.Name)
    )


def parts_in_place(
    line: str, names: Mapping[str, object]
) -> Iterator[tuple[ast.AST, ast.AST, Array]]:
    """Each part, and each name that is all that a statement assigns; what it is a part of; and its
    value.
    """
    scope = dict(names)
    with np.errstate(all="ignore"):
        for statement in ast.parse(line).body:
            assert isinstance(statement, ast.Assign)
            above = {c: node for node in ast.walk(statement) for c in ast.iter_child_nodes(node)}
            for node in ast.walk(statement.value):
                if isinstance(node, ast.BinOp | ast.Call | ast.Compare | ast.UnaryOp) or (
                    isinstance(node, ast.Name) and node is statement.value
                ):
                    code = compile(ast.Expression(node), "<part>", "eval")
                    try:
                        value = np.asarray(eval(code, scope))
                    except Exception:
                        continue
                    if value.dtype.kind in "fiub" and (value.size > 1 or value.dtype.kind == "f"):
                        yield node, above[node], value.astype(float)
            target = statement.targets[0]
            assert isinstance(target, ast.Name)
            scope[target.id] = run_line(ast.unparse(statement), target.id, scope)


def parents_of(line: str) -> dict[str, list[str]]:
    """For each part of a line, what it is a part of, and what that is a part of."""
    found: dict[str, list[str]] = {}
    for statement in ast.parse(line).body:
        for node in ast.walk(statement):  # from the outside in
            for child in ast.iter_child_nodes(node):
                found[ast.dump(child)] = [kind_of(node), *found.get(ast.dump(node), [])]
    return found


def kind_of(node: ast.AST) -> str:
    """The operator, or the function that is called."""
    inner = getattr(node, "op", None) or getattr(node, "func", None)
    return f"{type(node).__name__} {ast.dump(inner) if inner is not None else ''}"
