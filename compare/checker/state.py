"""What is known so far of the mistakes behind wrong quantities, and what a line would explain that
stands in for a right one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from compare.checker.cases import Case, Lines, agree, is_right, misfits
from compare.checker.catalogue import Mistake
from compare.checker.lines import ANCESTORS, STEPS


class Explained(NamedTuple):
    """What stands in the place of the right line: `mistakes` of the catalogue, or none of them."""

    quantity: str
    line: str
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a mistake is."""

    quantity: str
    fits: tuple[Explained, ...]  # all that fits, the first is told; nothing, if unrecognised
    spoilt: str  # the returned quantity in which it is seen
    among: tuple[str, ...] = ()  # if unrecognised: quantities not seen, one of which it may be in


class State(NamedTuple):
    """What is known so far."""

    cases: Sequence[Case]
    wrong: tuple[str, ...]  # returned and not right, or traced and not following
    lines: Lines  # that stand in for those of quantities explained
    settled: frozenset[str]  # wrong, and nothing explains them
    known: dict[Any, Any]  # what was worked out once


def wrong_quantities(cases: Sequence[Case]) -> list[str]:
    """Those returned that are not right on every probe, in the order of the computation."""
    return [q for q in STEPS if any(q in case.returned and not is_right(case, q) for case in cases)]


def open_quantities(state: State) -> list[str]:
    """Those that do not follow from the learner's own earlier values, and are not explained."""
    found: set[str] = set()
    for case in state.cases:
        todo = {q for q in state.wrong if q not in found and not undecided(state, case, q)}
        found |= misfits(case, state.lines, todo)
    return [q for q in STEPS if q in found]


def undecided(state: State, case: Case, quantity: str) -> bool:
    """It has its finding, or one that nothing explains stands before it, unseen on this batch."""
    if quantity in state.settled:
        return True
    given = case.given
    before = ANCESTORS[quantity] | ({"P"} if quantity == "loss" else set())  # some take log(P)
    return any(q in before and q not in given and q not in state.lines for q in state.settled)


def unseen(cases: Sequence[Case], quantity: str, state: State | None = None) -> list[str]:
    """Earlier quantities that were not returned on every batch, the nearest first."""
    done = set(state.lines) | state.settled if state else set()
    return [
        q
        for q in reversed(STEPS)
        if q in ANCESTORS[quantity] - done
        and any(not case.raised and q not in case.given for case in cases)
    ]


def left_open(
    state: State, candidate: Explained, open_: Sequence[str], quantity: str
) -> int | None:
    """How many are still open if this line is the learner's; None if it is not."""
    lines = {**state.lines, candidate.quantity: candidate.line}
    checked = {quantity, candidate.quantity}
    if not fits_everywhere(state, lines, checked, quantity):
        return None
    elsewhere = candidate.quantity != quantity
    if elsewhere and (spoils(state, lines, candidate.quantity) or all_zero(state, quantity)):
        return None
    left = open_quantities(state._replace(lines=lines))
    return len(left) if elsewhere else min(len(left), len(open_) - 1)


def is_returned(state: State, quantity: str) -> bool:
    return any(quantity in case.returned for case in state.cases)


def all_zero(state: State, quantity: str) -> bool:
    """It follows from zeros, wherever these come from; or zeros were returned."""
    values = [{**case.traced, **case.returned}.get(quantity) for case in state.cases]
    return not any(value.any() for value in values if value is not None)


def fits_everywhere(state: State, lines: Lines, quantities: Collection[str], seen_in: str) -> bool:
    """These lines give the learner's numbers on every batch; on one where the right ones do not,
    and where there are numbers to see.
    """
    shown = False
    order = sorted(quantities, key=STEPS.index)  # the earlier, where it was seen, fails soonest
    for case in state.cases:
        if any(undecided(state, case, q) for q in quantities):
            continue
        if any(misfits(case, lines, [q]) for q in order):
            return False
        if misfits(case, lines, _depending(state, lines, seen_in)):
            return False
        value = case.values.get(seen_in)
        if not shown and value is not None and np.isfinite(value).all():
            shown = bool(misfits(case, state.lines, [seen_in]))
    return shown


def _depending(state: State, lines: Lines, seen_in: str) -> set[str]:
    """What must follow everywhere if new lines are the learner's, and explain this quantity."""
    new = {q for q in lines if lines[q] != state.lines.get(q)} | {seen_in}
    return set[str]().union(*(_dependent(state, quantity) for quantity in new))


def _dependent(state: State, quantity: str) -> set[str]:
    """What follows where the quantity was seen, and is wrong for no other reason."""
    key = ("dependent", quantity, state.settled, tuple(state.lines.items()))
    if key not in state.known:
        found: set[str] = set()
        for case, after in zip(state.cases, _following(state, quantity), strict=True):
            if quantity in case.traced:
                others = {q for q in case.values if q != quantity} - state.settled
                open_ = misfits(case, state.lines, others) | (state.settled - {quantity})
                found |= {q for q in after if q in case.returned and not ANCESTORS[q] & open_}
        state.known[key] = found
    known: set[str] = state.known[key]
    return known


def spoils(state: State, lines: Lines, quantity: str) -> bool:
    """With a wrong line in an unseen place, something that does follow no longer would."""
    return any(
        misfits(case, lines, kept)
        for case, kept in zip(state.cases, _following(state, quantity), strict=True)
    )


def _following(state: State, quantity: str) -> list[set[str]]:
    """For each batch what comes after the quantity and follows."""
    key = ("following", quantity, state.settled, tuple(state.lines.items()))
    if key not in state.known:
        after = [
            {q for q in case.values if q not in state.settled and quantity in ANCESTORS[q]}
            for case in state.cases
        ]
        state.known[key] = [
            quantities - misfits(case, state.lines, quantities)
            for case, quantities in zip(state.cases, after, strict=True)
        ]
    found: list[set[str]] = state.known[key]
    return found


def follows(cases: Sequence[Case], lines: Lines, quantity: str) -> bool:
    """On every batch the right line gives the learner's number from the learner's earlier ones."""
    without = {q: line for q, line in lines.items() if q != quantity}
    return not any(misfits(case, without, [quantity]) for case in cases)


def changed_late(cases: Sequence[Case], quantity: str) -> bool:
    """The code has the right value, and returns another one."""
    return any(
        quantity in case.traced
        and quantity in case.returned
        and agree(case.right[quantity], case.traced[quantity], case.allowed[quantity])
        and not is_right(case, quantity)
        for case in cases
    )
