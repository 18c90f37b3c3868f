"""The bound with one summand dropped: what the attack must notice, one after the other.

The bound's source is read by machine alone: every operand of a sum in what is assigned, added to or
returned, however deep, but for those in an index, in `1 + ...` and beside a plain number.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from tests.attack.project import MODULE, SOURCE, Claim, claim


class Place(NamedTuple):
    """The node that has a summand, and which: its left or right operand, or all of a `+=`."""

    node: int  # by its number in ast.walk
    side: str


class Mutant(NamedTuple):
    name: str  # the line, and what was dropped from it
    dropped: str
    source: str
    place: Place

    def claim(self) -> Claim:
        module = ModuleType(MODULE)
        module.__file__ = str(SOURCE)
        module.__package__ = MODULE.rpartition(".")[0]
        kept = sys.modules[MODULE]
        sys.modules[MODULE] = module  # where a dataclass looks its annotations up
        tree = _without(ast.parse(self.source), self.place)
        try:
            exec(compile(tree, f"mutant {self.name}", "exec"), module.__dict__)
        finally:
            sys.modules[MODULE] = kept
        return claim(module)


def mutants(source: str | None = None) -> list[Mutant]:
    text = SOURCE.read_text(encoding="utf-8") if source is None else source
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    found = []
    seen: Counter[str] = Counter()
    for place in _places(tree):
        node = nodes[place.node]
        dropped = ast.unparse(_parts(node, place)[0])
        name = f"line {node.lineno}: {dropped}"
        seen[name] += 1
        if seen[name] > 1:  # a summand may stand in a line twice
            name += f", no. {seen[name]}"
        found.append(Mutant(name, dropped, text, place))
    return found


def _places(tree: ast.Module) -> Iterator[Place]:
    plain = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.Subscript | ast.JoinedStr | ast.Raise)
        for node in ast.walk(outer)
    }
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in plain:
            continue
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            yield Place(number, "all")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            if any(isinstance(side, ast.Constant) for side in (node.left, node.right)):
                continue
            if not (isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add)):
                yield Place(number, "left")
            yield Place(number, "right")


def _parts(node: ast.AST, place: Place) -> tuple[ast.AST, ast.AST]:
    """What is dropped of it, and what is kept in its place."""
    if isinstance(node, ast.AugAssign):
        return node, ast.copy_location(ast.Pass(), node)
    assert isinstance(node, ast.BinOp)
    return (node.left, node.right) if place.side == "left" else (node.right, node.left)


def _without(tree: ast.Module, place: Place) -> ast.Module:
    node = list(ast.walk(tree))[place.node]
    mutated = _Replace(node, _parts(node, place)[1]).visit(tree)
    return ast.fix_missing_locations(mutated)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)
