"""A loop over features, hidden units or classes that leaves terms of a sum out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compare.checker.cases import Array
from compare.checker.flow import CLOSE, Flow, spot
from compare.checker.left_out import Loop, loops_around, runs_of, statement_at
from compare.checker.seen import Seen
from compare.checker.trace import Binding

# Each element of these is a sum of products, of a row of the one and a column of the other.
PRODUCTS = (("X", "W1"), ("a1", "W2"), ("dz2", "W2.T"))


def few_terms(
    flow: Flow, made: Seen, names: Mapping[str, Any], scales: Sequence[float]
) -> Binding | None:
    """The head of the innermost loop around a statement, if each run added a term to an element of
    a product of two matrices, and there were fewer runs than terms.
    """
    around = loops_around(flow, made)
    if not around or around[0].leaves:
        return None
    sums = _first_sums(flow, made, around)
    for terms in _terms(names) if len(sums) > 1 else ():
        for scale in (1, *scales):
            if _are_some(sums, scale * terms):
                return statement_at(flow, around[0].head, made.binding.call)
    return None


def _first_sums(flow: Flow, made: Seen, around: Sequence[Loop]) -> Array:
    """What one element was each time that the loop ran, until the one around it ran anew."""
    runs = runs_of(flow, around[1], made) if len(around) > 1 else []
    until = runs[1] if len(runs) > 1 else np.inf
    mine = [s for s in flow.singles if spot(s) == spot(made) and s.order < until]
    values = [s.value for s in mine if s.binding.call == made.binding.call]
    if not values or len({value.shape for value in values}) > 1:
        return np.zeros(0)
    filled = np.flatnonzero(values[0])
    if len(filled) != 1:
        return np.zeros(0)
    return np.array([value.ravel()[filled[0]] for value in values])


def _terms(names: Mapping[str, Any]) -> list[Array]:
    """For each product, its terms: their number, rows and columns."""
    found = []
    for left, right in PRODUCTS:
        one = np.asarray(names[left], float)
        other = np.asarray(names[right.removesuffix(".T")], float)
        other = other.T if right.endswith(".T") else other
        found.append(one.T[:, :, None] * other[:, None, :])
    return found


def _are_some(sums: Array, terms: Array) -> bool:
    """Those of an element's terms that stand one after the other, added up; and not all."""
    number = len(sums)
    for begin in range(len(terms) - number + 1) if number < len(terms) else ():
        added = np.cumsum(terms[begin : begin + number], axis=0)
        distance = abs(added - sums[:, None, None]).max(axis=0)
        if (distance <= CLOSE * abs(sums).max()).any():
            return True
    return False
