"""Edits of a line are edits of its tree: brackets cannot be lost, nor words be cut in two."""

import ast
from collections.abc import Mapping
from functools import lru_cache


@lru_cache(maxsize=65536)
def replaced(line: str, old: str, new: str) -> str | None:
    """The line with `new` wherever the expression `old` stands in it; `old` may also be the whole
    line. None if it does not stand there.
    """
    if old == line:
        return normal(new)
    pattern = _expression(old)
    if pattern is None:
        return None
    tree = _Replace(pattern, new)
    module = tree.visit(ast.parse(line))
    return ast.unparse(module) if tree.found else None


@lru_cache(maxsize=65536)
def normal(line: str) -> str:
    """The line as Python itself would write it: equal trees have equal texts."""
    return ast.unparse(ast.parse(line))


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


class _Replace(ast.NodeTransformer):
    def __init__(self, pattern: ast.expr, new: str) -> None:
        self.kind, self.pattern, self.new = type(pattern), ast.dump(pattern), new
        self.found = False

    def visit(self, node: ast.AST) -> ast.AST:
        # A dump takes long: of few nodes is it asked for.
        if type(node) is self.kind and ast.dump(node) == self.pattern:
            self.found = True
            return ast.parse(self.new, mode="eval").body
        visited: ast.AST = self.generic_visit(node)
        return visited


def shown(line: str, quantity: str, right: Mapping[str, str]) -> str:
    """What a line computes, without the helpers that are as they should be."""
    theirs = {normal(text) for text in right[quantity].splitlines()}
    lines = [text for text in normal(line).splitlines() if text not in theirs]
    lines = lines or normal(line).splitlines()
    if len(lines) == 1:
        lines = [_made_once_more(lines[0], quantity, right)]
    return "; ".join(text.removeprefix(f"{quantity} = ") for text in lines)


def _made_once_more(line: str, quantity: str, right: Mapping[str, str]) -> str:
    """Where another quantity is made wrong for this one alone: this one's line, with what is in its
    place there. Where the right one is a part of that, it has its name.
    """
    other, _, value = line.partition(" = ")
    if other == quantity or other not in right or "\n" in right[quantity]:
        return line
    made = replaced(value, right[other].partition(" = ")[2], other) or value
    return replaced(normal(right[quantity]), other, made) or line
