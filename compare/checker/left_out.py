"""A loop that ends too early, or begins too late: what was made of the other samples is right."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, product, zip_longest
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker.cases import Array
from compare.checker.flow import CLOSE, Flow, spot
from compare.checker.seen import Seen
from compare.checker.trace import KEPT, Binding

FEW = 10  # samples of which all subsets are tried; of more, those with which a batch begins or ends

# The sums over the samples; each sample's term is the outer product of its rows of these.
FACTORS = {"dW2": ("a1", "dz2"), "db2": ("", "dz2"), "dW1": ("X", "dz1"), "db1": ("", "dz1")}

Count = Callable[[Array], set[int] | None]  # of the samples in a value


def terms_there(quantity: str, value: Array, names: Mapping[str, Any]) -> set[int] | None:
    """How many of the samples are in a sum that is right but for the others; nothing, if these are
    not the same in each column; None, if it is no such sum. The penalty may be in it or not, and it
    may be N times as large, if it is divided later.
    """
    if quantity not in FACTORS:
        return None
    ones = np.ones((names["N"], 1))
    left, right = (np.asarray(names.get(name, ones)) for name in FACTORS[quantity])
    terms = left[:, :, None] * right[:, None, :]
    if value.size != terms[0].size:
        return None
    weights = names[quantity[1:]] if quantity in ("dW1", "dW2") else 0.0
    for scale, penalty in product((1, names["N"]), (0.0, names["reg"] * weights)):
        found = _subsets_in(value.reshape(terms[0].shape) - penalty, scale * terms)
        if found is not None:
            return found
    return None


def _subsets_in(value: Array, terms: Array) -> set[int] | None:
    subsets = _subsets(len(terms))
    sums = np.tensordot(subsets, terms, axes=1)
    fits = abs(sums - value).max(axis=1) <= CLOSE * abs(terms).max()  # for each of the columns
    if not fits.any(axis=0).all() or fits[-1].all():
        return None
    return {int(subset.sum()) for subset in subsets[fits.all(axis=1)]}


@lru_cache(maxsize=8)
def _subsets(samples: int) -> Array:
    """Each a row of zeros and ones; all samples in the last."""
    if samples <= FEW:
        return np.array([*product((0.0, 1.0), repeat=samples)])
    first = np.tri(samples + 1, samples, -1)
    return np.concatenate([1 - first, first])


def rows_there(value: Array, wholes: Sequence[Array]) -> set[int] | None:
    """How many rows may be those of one of these, where the others are zeros or what they were
    before: those of another one. None, if they are not.
    """
    if value.ndim != 2:
        return None
    alike = [_rows_alike(value, whole) for whole in wholes if np.shape(whole) == value.shape]
    untouched = [~value.any(axis=1), *alike]
    some = [there for there in alike if there.any() and not there.all()]
    found = {int(a.sum()) for a in some if any((a | others).all() for others in untouched)}
    return found or None


def _rows_alike(one: Array, other: Array) -> npt.NDArray[np.bool_]:
    return np.asarray((abs(one - other) <= CLOSE * abs(other).max()).all(axis=1))


class Loop(NamedTuple):
    head: int  # its lines
    last: int
    names: frozenset[str]  # that a `for` binds
    leaves: tuple[int, ...]  # the lines by which it can be left: its own `break`, each `return`


@lru_cache(maxsize=8)
def _loops(source: str) -> tuple[Loop, ...]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    loops = (node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While))
    return tuple(
        Loop(node.lineno, node.end_lineno or 0, _bound(node), tuple(_leaving(node.body)))
        for node in loops
    )


def _bound(node: ast.For | ast.While) -> frozenset[str]:
    targets = ast.walk(node.target) if isinstance(node, ast.For) else ()
    return frozenset(part.id for part in targets if isinstance(part, ast.Name))


def _leaving(body: Sequence[ast.AST], own: bool = True) -> Iterator[int]:
    for node in body:
        if isinstance(node, ast.Return) or (own and isinstance(node, ast.Break)):
            yield node.lineno
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inner = own and not isinstance(node, ast.For | ast.While)
            yield from _leaving([*ast.iter_child_nodes(node)], inner)


def cut_short(flow: Flow, made: Seen, there: Count) -> Binding | None:
    """Of the loops around a statement the one that ended too early, if that can be shown: each time
    it added a sample, and it was run for as many as are there; or it was run fewer times than at
    another time. The line by which it is left, if there is only one; or else its head.
    """
    call = made.binding.call
    around = loops_around(flow, made)
    for loop, outer in zip_longest(around, around[1:]):
        runs = runs_of(flow, loop, made)
        if len(runs) >= KEPT or len(loop.leaves) > 1:
            continue
        if outer is None:
            short = _is_short(flow, runs, made, there)
        else:
            short = bool(loop.leaves) and _is_uneven(runs, runs_of(flow, outer, made))
        if short:
            return statement_at(flow, loop.leaves[0] if loop.leaves else loop.head, call)
    return None


def loops_around(flow: Flow, made: Seen) -> list[Loop]:
    """Those in which a statement stands, the innermost first."""
    line = made.binding.line
    around = [loop for loop in _loops(flow.source) if loop.head < line <= loop.last]
    return sorted(around, key=lambda loop: -loop.head)


def _is_short(flow: Flow, runs: Sequence[int], made: Seen, there: Count) -> bool:
    """After the first run there is one sample, and in the end there are as many as there were
    runs.
    """
    until = runs[1] if len(runs) > 1 else np.inf
    mine = [s for s in flow.singles if spot(s) == spot(made)]
    first = [s for s in mine if s.binding.call == made.binding.call and s.order < until]
    counts = [there(s.value) or set() for s in (*first[-1:], made)]
    return len(counts) == 2 and 1 in counts[0] and len(runs) in counts[1]


def _is_uneven(runs: Sequence[int], outer: Sequence[int]) -> bool:
    """In one run of the outer loop there were fewer than in another."""
    times = pairwise([*outer, np.inf])
    return len({sum(begin < run < end for run in runs) for begin, end in times}) > 1


def runs_of(flow: Flow, loop: Loop, made: Seen) -> list[int]:
    """When its body began; of a `while`, when the statement in it was run."""
    head = {(loop.head, name) for name in loop.names} or {spot(made)}
    runs: dict[str, list[int]] = {}
    for seen in flow.singles:
        if seen.binding.call == made.binding.call and spot(seen) in head:
            runs.setdefault(seen.binding.name, []).append(seen.order)
    return max(runs.values(), key=len, default=[])


def statement_at(flow: Flow, line: int, call: int) -> Binding:
    statement = flow.statements[line]
    return Binding(line, statement.text, "", np.zeros(0), call, statement.last)
