"""Which statements of a learner's code read a value, and which compute something of it."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from compare.checker.cases import Case
from compare.checker.lines import PARENTS, STEPS
from compare.checker.seen import Seen
from compare.checker.statements import statements
from compare.checker.trace import Binding

# Functions that give a value another name, or put several together.
COPIES = ("copy", "array", "astype", "reshape", "ravel", "squeeze", "dict", "list", "tuple")


class Uses(NamedTuple):
    """What is known of the statements that read a value."""

    of: Mapping[str, Sequence[Seen]]  # for each name the values whose statements read it
    bound: Mapping[str, Sequence[Seen]]  # to each name, as it is written
    repeated: frozenset[tuple[int, str]]  # lines that bound a variable more than once


def uses_of(seen: Sequence[Seen]) -> Uses:
    found: dict[str, list[Seen]] = {}
    bound: dict[str, list[Seen]] = {}
    for one in seen:
        bound.setdefault(one.binding.name, []).append(one)
        if one.binding.name.startswith("return") and _was_there(one, seen):
            continue
        for name in read_by(one.binding.source):
            found.setdefault(name, []).append(one)
    return Uses(found, bound, frozenset(_repeated([one.binding for one in seen if not one.many])))


def _repeated(bindings: Sequence[Binding]) -> Iterator[tuple[int, str]]:
    """A statement that binds several members of a variable, one after the other, has run once."""
    names: dict[tuple[int, str], set[str]] = {}  # of a variable, as often as the line has run
    before = 0
    for binding in bindings:
        place = (binding.line, _root(binding.name))
        if place in names and (binding.line != before or binding.name in names[place]):
            yield place
        names.setdefault(place, set()).add(binding.name)
        before = binding.line


def _was_there(returned: Seen, seen: Sequence[Seen]) -> bool:
    """It has a name already: to return it computes nothing."""
    earlier = (one.value for one in seen if one.order < returned.order)
    return any(np.array_equal(value, returned.value, equal_nan=True) for value in earlier)


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
    if (one.binding.line, _root(mine)) in uses.repeated:
        return False
    shapes = {np.shape(case.right[q]) for q in STEPS if quantity in PARENTS[q]}
    for shape in [*shapes]:
        with suppress(ValueError):
            shapes.add(np.broadcast_shapes(shape, one.value.shape))
    shapes |= {one.value.shape} if one.value.ndim else set()
    again = (other.order for other in uses.bound[mine] if other.order > one.order)
    until = next(again, float("inf"))
    return any(
        one.order < later.order < until and later.value.shape in shapes - {()}
        for later in uses.of.get(_root(mine), ())
    )


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
