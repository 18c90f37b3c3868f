"""Which line is wrong, and what stands there instead.

A quantity that lies within rounding of the reference on every probe is right. Of the others, one
whose line of the notes, run on the learner's own earlier values, gives the learner's number is
inherited: no mistake is ever looked for there. What is left is explained, from the first to the
last, by the catalogue and then by the nearest edits, in its own line or in that of an earlier
quantity that nobody has seen; whatever is told gives the learner's numbers on every probe.
"""

import math
import time
from collections.abc import Sequence
from functools import reduce

from compare.checker.cases import Case, Lines, is_right, misfits
from compare.checker.lines import ANCESTORS, PARENTS, STEPS
from compare.checker.named import pairs, pairs_before, single
from compare.checker.nearby import (
    NEAR,
    Source,
    beside,
    searched,
    searched_to_zero,
    stand_in,
    zeros,
)
from compare.checker.search import OutOfTimeError
from compare.checker.state import (
    Place,
    State,
    all_zero,
    changed_late,
    open_quantities,
    unseen,
)

UNTOLD = -math.inf  # seconds: whether something is wrong is all that is asked


def explain(
    cases: Sequence[Case],
    wrong: Sequence[str],
    seconds: float,
    lines: Lines | None = None,
    far: bool = True,
) -> list[Place]:
    """The mistakes behind the wrong quantities, in the order in which they were found. `lines` are
    those known already to stand in for right ones. What is not in the catalogue is searched for so
    many seconds in all; what is `far` is two edits away. With UNTOLD seconds nothing is explained.
    """
    lines = lines or {}
    cases = sorted(cases, key=lambda case: (not case.traced, case.problem.X.size))
    traced = {q for case in cases for q in misfits(case, lines, case.traced)}
    behind = frozenset().union(*(ANCESTORS[q] for q in wrong)) if wrong else frozenset(STEPS)
    suspects = tuple(q for q in STEPS if q in wrong or (q in traced and q in behind))
    beginning = state = State(cases, suspects, lines, frozenset(), {})
    places: list[Place] = []
    while open_ := open_quantities(state):
        place = single(state, open_) if seconds > UNTOLD else None
        if place is None:
            start = time.process_time()
            place = _more(state, open_[0], start + seconds, far)
            seconds -= time.process_time() - start
        places.append(place)
        state = _told(state, place)
    return _needed(beginning, places)


def _told(state: State, place: Place) -> State:
    lines = {f.quantity: f.line for f in place.fits[:1]}
    return state._replace(lines={**state.lines, **lines}, settled=state.settled | {place.quantity})


def _needed(state: State, places: Sequence[Place]) -> list[Place]:
    """Without those beside which everything follows: a later mistake may explain an earlier one."""
    kept = [*places]
    for place in places if len(places) > 1 else ():
        others = [other for other in kept if other is not place]
        if not open_quantities(reduce(_told, others, state)):
            kept = others
    return kept


def _more(state: State, quantity: str, deadline: float, far: bool) -> Place:
    """The nearest edits, in the own line and in those before it; two mistakes of the catalogue;
    then nothing.
    """
    sources: tuple[Source, ...] = (zeros, searched_to_zero)
    if not all_zero(state, quantity):
        near = (stand_in, *NEAR, beside)
        sources = (*near, pairs, searched("two edits"), pairs_before) if far else near
    for source in sources:
        try:
            found = source(state, quantity, deadline)
        except OutOfTimeError:
            break
        if found:
            return Place(found[0].quantity, tuple(found), quantity)
    among = tuple(reversed(unseen([c for c in state.cases if not c.raised], quantity, state)))
    for case in state.cases:
        if case.traced and quantity in misfits(case, state.lines, [quantity]):
            leading = _leading_to(quantity, case)
            among = tuple(q for q in among if q in leading)
    if changed_late(state.cases, quantity):
        among = ()
    cleared = _cleared(state)
    return Place(quantity, (), quantity, tuple(q for q in among if q not in cleared))


def _leading_to(quantity: str, case: Case) -> set[str]:
    """What was not seen on this batch, and comes to the quantity by way of such alone."""
    found: set[str] = set()
    todo = [quantity]
    while todo:
        new = [q for q in PARENTS[todo.pop()] if q not in case.given and q not in found]
        found |= set(new)
        todo += new
    return found


def _cleared(state: State) -> set[str]:
    """What no mistake can be in, since a right value is made of it: not where it is added up over
    the samples, or only asked for its sign, which other values would pass, too.
    """
    right = {
        q
        for q in STEPS
        if q not in ("loss", "db2", "db1")
        and any(q in case.returned for case in state.cases)
        and all(is_right(case, q) for case in state.cases if q in case.returned)
    }
    for q in reversed(STEPS):
        if q in right:
            right |= {parent for parent in PARENTS[q] if (q, parent) != ("dz1", "a1")}
    return right
