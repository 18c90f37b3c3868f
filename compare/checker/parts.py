"""The parts of a line of the notes, or of an edit of it, and their values."""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

import numpy as np

from compare.checker.cases import Array
from compare.checker.lines import run_line

NOT = ("logical_not", "invert", "bitwise_not")


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
        for target, statement, inside in _program(line):
            for node, above, code in inside:
                try:
                    value = np.asarray(eval(code, scope))
                except Exception:
                    continue
                if value.dtype.kind in "fiub" and (value.size > 1 or value.dtype.kind == "f"):
                    yield node, above, value.astype(float)
            scope[target] = run_line(statement, target, scope)


_Part = tuple[ast.AST, ast.AST, CodeType]  # what it is a part of, and its code


@lru_cache(maxsize=1024)
def _program(line: str) -> list[tuple[str, str, list[_Part]]]:
    """Of each statement what it assigns, its text, and its parts. The same lines are asked for with
    every mistake.
    """
    found = []
    for statement in ast.parse(line).body:
        assert isinstance(statement, ast.Assign)
        target = statement.targets[0]
        assert isinstance(target, ast.Name)
        above = {c: node for node in ast.walk(statement) for c in ast.iter_child_nodes(node)}
        inside: list[_Part] = [
            (node, above[node], compile(ast.Expression(node), "<part>", "eval"))
            for node in ast.walk(statement.value)
            if isinstance(node, ast.BinOp | ast.Call | ast.Compare | ast.UnaryOp)
            or (isinstance(node, ast.Name) and node is statement.value)
        ]
        found.append((target.id, ast.unparse(statement), inside))
    return found


@lru_cache(maxsize=64)
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


class Change(NamedTuple):
    """A part of a right line, and what stands there in a wrong one."""

    right: ast.AST
    wrong: ast.AST

    @property
    def left_out(self) -> bool:
        """What stands there is a part of the right one, perhaps times a number, and no more."""
        wrong = self.wrong
        while isinstance(wrong, ast.BinOp) and isinstance(wrong.right, ast.Constant):
            wrong = wrong.left
        return any(ast.dump(wrong) == ast.dump(part) for part in ast.walk(self.right))

    @property
    def once_more(self) -> bool:
        """What stands there is a function of the right part, which is whole in it."""
        wrong = self.wrong
        return isinstance(wrong, ast.Call) and any(
            ast.dump(part) == ast.dump(self.right) for part in wrong.args
        )

    @property
    def another_name(self) -> bool:
        return isinstance(self.wrong, ast.Name)

    def needs(self) -> set[str]:
        """Names that the right part has, and the wrong one does not."""
        return _names_in(self.right) - _names_in(self.wrong)


def changes_between(right: str, wrong: str) -> list[Change]:
    """The smallest parts in which two lines differ; nothing, if one has more statements."""
    one, other = ast.parse(right).body, ast.parse(wrong).body
    if len(one) != len(other):
        return []
    return [change for pair in zip(one, other, strict=True) for change in _changes(*pair)]


def _changes(right: ast.AST, wrong: ast.AST) -> Iterator[Change]:
    if ast.dump(right) == ast.dump(wrong):
        return
    mine, theirs = (list(ast.iter_child_nodes(node)) for node in (right, wrong))
    alike = type(right) is type(wrong) and _own(right) == _own(wrong) and len(mine) == len(theirs)
    if alike and not Change(right, wrong).left_out:
        for a, b in zip(mine, theirs, strict=True):
            yield from _changes(a, b)
    else:
        yield Change(right, wrong)


def _own(node: ast.AST) -> list[object]:
    """What is in a node and is no node itself: its operator, and the name or the number."""
    kinds = ast.operator | ast.unaryop | ast.cmpop
    within = [type(child) for child in ast.iter_child_nodes(node) if isinstance(child, kinds)]
    fields = [v for _, v in ast.iter_fields(node) if not isinstance(v, ast.AST | list)]
    return [*within, *fields]


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def value_of(node: ast.AST, names: Mapping[str, object]) -> Array | None:
    """Of an expression; None if it has none."""
    if not isinstance(node, ast.expr):
        return None
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(eval(compile(ast.Expression(node), "<part>", "eval"), dict(names)))
    except Exception:
        return None
    return value.astype(float) if value.dtype.kind in "fiub" else None


def turns_round(source: str, name: str) -> bool:
    """A statement has the opposite of a mask: `~name`, or `np.logical_not(name)`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        turned: ast.expr | None = None
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert | ast.Not):
            turned = node.operand
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(NOT) and node.args:
            turned = node.args[0]
        if turned is not None and ast.unparse(turned) == name:
            return True
    return False
