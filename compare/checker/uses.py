"""Which statements of a learner's code read a value, and which compute something of it."""

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from compare.checker.cases import Case
from compare.checker.lines import PARENTS, STEPS
from compare.checker.seen import Seen
from compare.checker.statements import statements

# Functions that give a value another name, or put several together.
COPIES = ("copy", "array", "astype", "reshape", "ravel", "squeeze", "dict", "list", "tuple")


class Uses(NamedTuple):
    """What is known of the statements that read a value."""

    of: Mapping[str, Sequence[Seen]]  # for each name the values whose statements read it
    repeated: frozenset[tuple[int, str]]  # lines, and names, that were bound more than once


def uses_of(seen: Sequence[Seen]) -> Uses:
    found: dict[str, list[Seen]] = {}
    for one in seen:
        for name in read_by(one.binding.source):
            found.setdefault(name, []).append(one)
    counts = Counter((one.binding.line, one.binding.name) for one in seen if not one.many)
    return Uses(found, frozenset(place for place, count in counts.items() if count > 1))


@lru_cache(maxsize=1024)
def read_by(source: str) -> frozenset[str]:
    """The names that a statement reads, and does not store into."""
    statement = statements(source).get(1)
    return statement.read - statement.stored if statement else frozenset()


def is_used(case: Case, quantity: str, one: Seen, uses: Uses) -> bool:
    """By a statement that makes a value of a later quantity's shape, or of this one's, under
    another name and before this name has another value. Not one of many in a loop.
    """
    mine = one.binding.name
    if (one.binding.line, mine) in uses.repeated:
        return False
    shapes = {np.shape(case.right[q]) for q in STEPS if quantity in PARENTS[q]}
    for shape in [*shapes]:
        with suppress(ValueError):
            shapes.add(np.broadcast_shapes(shape, one.value.shape))
    shapes |= {one.value.shape} if one.value.ndim else set()
    for later in uses.of.get(_root(mine), ()):
        if later.order > one.order and later.binding.name == mine:
            return False
        if later.order > one.order and later.value.shape in shapes - {()}:
            return True
    return False


def _root(name: str) -> str:
    return name.partition("[")[0].partition(".")[0]


@lru_cache(maxsize=1024)
def computes(source: str) -> bool:
    """An assignment of more than a name, a copy, or values put together."""
    try:
        statement = ast.parse(source).body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError, IndexError):
        return False
    value = statement.value if isinstance(statement, ast.Assign) else None
    if isinstance(value, ast.Call):
        return not ast.unparse(value.func).endswith(COPIES)
    computed = isinstance(value, ast.BinOp | ast.UnaryOp | ast.Compare)
    return computed or isinstance(statement, ast.AugAssign)
