"""The lines of manual/network.py, quantity by quantity, as they stand there."""

import ast
import inspect
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

import manual.network
from compare.bounds.quantities import QUANTITIES

FILE = "manual/network.py"
TARGETS = (*QUANTITIES, "Y_ind")
SET_UP = {"N", "C", "reg"}  # known before the first step


class Passage(NamedTuple):
    """Some lines of a file, with the numbers of the first and the last."""

    first: int
    last: int
    lines: tuple[str, ...]  # without the indentation that they share

    @property
    def code(self) -> str:
        """The lines without their comments."""
        bare = (line.split("  #")[0] for line in self.lines)
        return "\n".join(line for line in bare if line and not line.startswith("#"))


@lru_cache
def passages(module: ModuleType = manual.network) -> dict[str, Passage]:
    """For each quantity the lines that make it, from the one after the quantity before."""
    text = inspect.getsource(module)
    lines = text.splitlines()
    found: dict[str, Passage] = {}
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef) and function.name in ("forward", "backward"):
            found |= _passages(function, lines)
    missing = [name for name in TARGETS if name not in found]
    if missing:
        raise LookupError(f"{FILE}: expected a line for each quantity, found none for {missing}")
    return found


def _passages(function: ast.FunctionDef, lines: list[str]) -> dict[str, Passage]:
    """A quantity's passage ends with the last statement that assigns to it."""
    body = [statement for statement in function.body if not _sets_up(statement)]
    last = {name: number for number, statement in enumerate(body) for name in _assigned(statement)}
    found, start = {}, 0
    for number, statement in enumerate(body):
        ended = [name for name in _assigned(statement) if last[name] == number]
        for name in set(ended) & set(TARGETS):
            first, end = body[start].lineno, statement.end_lineno or statement.lineno
            found[name] = Passage(first, end, _dedented(lines[first - 1 : end]))
            start = number + 1
    return found


def _assigned(statement: ast.stmt) -> list[str]:
    return [
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


def _sets_up(statement: ast.stmt) -> bool:
    names = _assigned(statement)
    unpacks = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple)
    return not names or unpacks or set(names) <= SET_UP


def _dedented(lines: list[str]) -> tuple[str, ...]:
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return tuple(line[indent:].rstrip() for line in lines)
