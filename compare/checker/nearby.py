"""Edits of the right lines that give a learner's numbers: of a quantity's own line, and of those
before it that nobody has seen.
"""

import ast
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compare.checker.cases import Case, environment, misfits, walk
from compare.checker.lines import PARENTS, RIGHT, inputs
from compare.checker.misplaced import stand_ins
from compare.checker.named import candidates, holds
from compare.checker.search import OutOfTimeError, instead, near
from compare.checker.state import (
    Explained,
    State,
    fits_everywhere,
    is_returned,
    left_open,
    open_quantities,
    undecided,
    unseen,
)
from compare.checker.vocabulary import CLOSE

TINY = 1e-9  # of a fitted number: 0 but for rounding

Source = Callable[[State, str, float], list[Explained]]


def searched(kind: str) -> Source:
    """The nearest edits of the quantity's own line."""

    def source(state: State, quantity: str, deadline: float) -> list[Explained]:
        found = (f for f in _near(state, quantity, kind, deadline) if holds(state, f))
        return [*itertools.islice(found, 1)]

    return source


def _near(state: State, quantity: str, kind: str, deadline: float) -> Iterator[Explained]:
    """Those that fit, as far as the quantity was seen."""
    known = _searchable(state, quantity)
    if known is None:
        return
    case, names = known
    observed, close = case.values[quantity], CLOSE[case.problem.dtype]
    right = state.lines.get(quantity, RIGHT[quantity])
    for line in instead(right, quantity, names, observed, kind, deadline, close):
        found = Explained(quantity, line)
        if not _has_tiny(line) and _fits(state, found):
            yield found


def beside(state: State, quantity: str, deadline: float) -> list[Explained]:
    """A line that was followed, and is one of two mistakes: only with another one, near a later
    line, does what was returned follow on every batch. If one is in the catalogue, two edits away.
    """
    if is_returned(state, quantity):
        return []
    listed = [c for c in candidates(state, quantity) if c.quantity == quantity and _fits(state, c)]
    for found in itertools.chain(listed, _near(state, quantity, "one edit", deadline)):
        if _has_later(state, found, NEAR, deadline):
            return [found]
    return [c for c in listed[:1] if _has_later(state, c, (searched("two edits"),), deadline)]


def _has_later(state: State, found: Explained, sources: Sequence[Source], deadline: float) -> bool:
    then = state._replace(lines={**state.lines, found.quantity: found.line})
    later = [q for q in open_quantities(then)[:1] if q != found.quantity]
    return any(source(then, q, deadline) for q in later for source in sources)


def _fits(state: State, found: Explained) -> bool:
    lines = {**state.lines, found.quantity: found.line}
    return fits_everywhere(state, lines, {found.quantity}, found.quantity)


def stand_in(state: State, quantity: str, deadline: float) -> list[Explained]:
    """The value of an argument or of an earlier quantity, or a parameter after its update."""
    known = _searchable(state, quantity)
    if known is None:
        return []
    case, names = known
    lines = stand_ins(quantity, names, case.values[quantity], CLOSE[case.problem.dtype])
    found = (Explained(quantity, line) for line in lines)
    return [*itertools.islice((f for f in found if _fits(state, f) and holds(state, f)), 1)]


def zeros(state: State, quantity: str, deadline: float) -> list[Explained]:
    """Zeros, whatever made them, where all that the line reads was seen: they come of this line."""
    known = _searchable(state, quantity)
    if known is None or not _all_read_is_seen(known[0], quantity):
        return []
    found = Explained(quantity, zeros_line(known[0], quantity))
    return [found] if _fits(state, found) and holds(state, found) else []


def zeros_line(case: Case, quantity: str) -> str:
    """Zeros of the learner's shape there."""
    names = inputs(case.problem)
    sizes = {names[size]: size for size in "CHDN"} | {1: "1"}
    shape = [sizes.get(size, str(size)) for size in np.shape(case.values[quantity])]
    return f"{quantity} = np.zeros(({', '.join(shape)}))"


def searched_to_zero(state: State, quantity: str, deadline: float) -> list[Explained]:
    """One edit of such a line that gives zeros there, and other numbers elsewhere."""
    known = _searchable(state, quantity)
    if known is None or not _all_read_is_seen(known[0], quantity):
        return []
    return searched("one edit")(state, quantity, deadline)


def _all_read_is_seen(case: Case, quantity: str) -> bool:
    return all(parent in case.given for parent in PARENTS[quantity])


def _has_tiny(line: str) -> bool:
    numbers = [n.value for n in ast.walk(ast.parse(line)) if isinstance(n, ast.Constant)]
    return any(isinstance(n, float) and 0 < abs(n) < TINY for n in numbers)


def _searchable(state: State, quantity: str) -> tuple[Case, Mapping[str, Any]] | None:
    """The first batch that shows the quantity wrong, and what its line may read there."""
    for case in state.cases:
        if not undecided(state, case, quantity) and misfits(case, state.lines, [quantity]):
            computed = walk(case, state.lines, quantity)
            if computed is not None and np.isfinite(case.values[quantity]).all():
                return case, environment(case, computed)
    return None


def searched_before(state: State, quantity: str, deadline: float) -> list[Explained]:
    """One edit of a line before it: of one whose value nobody has seen, or of a part that is
    computed once more for this quantity alone.
    """
    known = _searchable(state, quantity)
    if known is None:
        return []
    case, names = known
    hidden = [place for place in unseen(state.cases, quantity, state) if place not in case.given]
    for place in [*hidden, *PARENTS[quantity]]:
        for value, text in near(RIGHT[place], place, names, 1, deadline):
            if time.process_time() > deadline:
                raise OutOfTimeError
            if np.shape(value) != np.shape(case.right[place]):
                continue
            assumed = replace(case, traced={**case.traced, place: np.asarray(value, float)})
            if misfits(assumed, state.lines, [quantity]):
                continue
            if place in hidden:
                found = Explained(place, text())
                left = left_open(state, found, open_quantities(state), quantity)
                if left is not None and holds(state, found):
                    return [found]
            found = Explained(quantity, f"{text()}\n{RIGHT[quantity]}")
            if _fits(state, found) and holds(state, found):
                return [found]
    return []


NEAR = (searched("one edit"), searched_before, searched("numbers"))
