"""The bound with one summand dropped: what the attack must notice, one after the other.

The bound's source is read by machine alone: every operand of a sum in what is assigned, added to or
returned, however deep, but for those in an index, in `1 + ...` and beside a plain number.
"""

import ast
import copy
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from tests.attack.project import MODULE, SOURCE, Claim, claim


class Mutant(NamedTuple):
    name: str  # the line, and what was dropped from it
    dropped: str
    tree: ast.Module

    def claim(self) -> Claim:
        module = ModuleType(MODULE)
        module.__file__ = str(SOURCE)
        module.__package__ = MODULE.rpartition(".")[0]
        kept = sys.modules[MODULE]
        sys.modules[MODULE] = module  # where a dataclass looks its annotations up
        try:
            exec(compile(self.tree, f"mutant {self.name}", "exec"), module.__dict__)
        finally:
            sys.modules[MODULE] = kept
        return claim(module)


def mutants(source: str | None = None) -> list[Mutant]:
    text = SOURCE.read_text(encoding="utf-8") if source is None else source
    tree = ast.parse(text)
    found = [Mutant(*_without(tree, place)) for place in _places(tree)]
    seen: Counter[str] = Counter()
    for number, mutant in enumerate(found):  # a summand may stand in a line twice
        seen[mutant.name] += 1
        if seen[mutant.name] > 1:
            found[number] = mutant._replace(name=f"{mutant.name}, no. {seen[mutant.name]}")
    return found


class Place(NamedTuple):
    """The node that has a summand, and which: its left or right operand, or all of a `+=`."""

    node: int  # by its number in ast.walk
    side: str


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


def _without(tree: ast.Module, place: Place) -> tuple[str, str, ast.Module]:
    changed = copy.deepcopy(tree)
    node = list(ast.walk(changed))[place.node]
    if isinstance(node, ast.AugAssign):
        dropped, kept = ast.unparse(node), ast.copy_location(ast.Pass(), node)
    else:
        assert isinstance(node, ast.BinOp)
        one, other = (node.left, node.right) if place.side == "left" else (node.right, node.left)
        dropped, kept = ast.unparse(one), other
    line = node.lineno
    mutated = _Replace(node, kept).visit(changed)
    return f"line {line}: {dropped}", dropped, ast.fix_missing_locations(mutated)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)
