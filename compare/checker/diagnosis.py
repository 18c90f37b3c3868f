"""Which line is wrong, and what stands there instead.

A quantity that lies within rounding of the reference on every probe is right. Of the others, one
whose line of the notes, run on the learner's own earlier values, gives the learner's number is
inherited: no mistake is ever looked for there. What is left is explained, from the first to the
last, by the catalogue and then by the nearest edits, in its own line or in that of an earlier
quantity that nobody has seen; whatever is told gives the learner's numbers on every probe.
"""

import ast
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from compare.checker.cases import Array, Case, Lines, environment, is_right, misfits, walk
from compare.checker.catalogue import CATALOGUE, RATE, Mistake
from compare.checker.lines import ANCESTORS, PARENTS, RIGHT, STEPS
from compare.checker.misplaced import stand_ins
from compare.checker.search import OutOfTimeError, instead, near

VARIANTS_IN_PAIRS = 3  # edits of one mistake that are tried together with another mistake
SAME = 1e-6  # of a fitted number
TINY = 1e-9


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


def explain(
    cases: Sequence[Case], wrong: Sequence[str], seconds: float, lines: Lines | None = None
) -> list[Place]:
    """The mistakes behind the wrong quantities, in the order in which they were found. `lines` are
    those known already to stand in for right ones. What is not in the catalogue is searched for so
    many seconds in all.
    """
    lines = lines or {}
    cases = sorted(cases, key=lambda case: (not case.traced, case.problem.X.size))
    traced = {q for case in cases for q in misfits(case, lines, case.traced)}
    behind = frozenset().union(*(ANCESTORS[q] for q in wrong)) if wrong else frozenset(STEPS)
    suspects = tuple(q for q in STEPS if q in wrong or (q in traced and q in behind))
    state, places = State(cases, suspects, lines, frozenset(), {}), []
    while open_ := open_quantities(state):
        place = _single(state, open_)
        if place is None:
            start = time.process_time()
            place = _between(state, open_[0], start + seconds / 2)
            place = place or _more(state, open_[0], start + seconds)
            seconds -= time.process_time() - start
        places.append(place)
        found = place.fits[:1]
        state = state._replace(
            lines={**state.lines, **{f.quantity: f.line for f in found}},
            settled=state.settled | {place.quantity},
        )
    return places


def open_quantities(state: State) -> list[str]:
    """Those that do not follow from the learner's own earlier values, and are not explained."""
    found: set[str] = set()
    for case in state.cases:
        todo = {q for q in state.wrong if q not in found and not _undecided(state, case, q)}
        found |= misfits(case, state.lines, todo)
    return [q for q in STEPS if q in found]


def _undecided(state: State, case: Case, quantity: str) -> bool:
    """It has its finding, or one that nothing explains stands before it, unseen on this batch."""
    if quantity in state.settled:
        return True
    given = case.given
    return any(
        q in ANCESTORS[quantity] and q not in given and q not in state.lines for q in state.settled
    )


def _single(state: State, open_: Sequence[str], alone: bool = False) -> Place | None:
    """The one mistake of the catalogue after which the fewest quantities are left open."""
    for quantity in open_:
        if _all_zero(state, quantity):
            continue
        best: list[Explained] = []
        fewest = len(open_)
        for candidate in _candidates(state, quantity):
            left = _left(state, candidate, open_, quantity)
            if left is None or left >= len(open_) or not _holds(state, candidate, alone):
                continue
            if left < fewest:
                best, fewest = [], left
            if left == fewest:
                best.append(candidate)
        if best:
            first = best[0].quantity
            return Place(first, tuple(b for b in best if b.quantity == first), quantity)
    return None


def _candidates(state: State, quantity: str) -> Iterator[Explained]:
    """The catalogue's lines in the quantity's own place, and in those not seen before it."""
    for place in (quantity, *unseen(state.cases, quantity, state)):
        for mistake in CATALOGUE:
            if place in mistake.places:
                for line in mistake.wrong_lines(place, state.lines.get(place)):
                    yield _with_number(state, Explained(place, line, (mistake,)), quantity)
    for place in PARENTS[quantity]:  # made once more, for this quantity alone
        for mistake in CATALOGUE:
            if place in mistake.places:
                for line in mistake.wrong_lines(place):
                    if RATE not in line:
                        yield Explained(quantity, f"{line}\n{RIGHT[quantity]}", (mistake,))


def unseen(cases: Sequence[Case], quantity: str, state: State | None = None) -> list[str]:
    """Earlier quantities that were not returned on every batch, the nearest first."""
    done = set(state.lines) | state.settled if state else set()
    return [
        q
        for q in reversed(STEPS)
        if q in ANCESTORS[quantity] - done
        and any(not case.raised and q not in case.given for case in cases)
    ]


def _left(state: State, candidate: Explained, open_: Sequence[str], quantity: str) -> int | None:
    """How many are still open if this line is the learner's; None if it is not."""
    lines = {**state.lines, candidate.quantity: candidate.line}
    checked = {quantity, candidate.quantity}
    if not fits_everywhere(state, lines, checked, quantity):
        return None
    elsewhere = candidate.quantity != quantity
    if elsewhere and (_spoils(state, lines, candidate.quantity) or _all_zero(state, quantity)):
        return None
    left = open_quantities(state._replace(lines=lines))
    return len(left) if elsewhere else min(len(left), len(open_) - 1)


def _holds(state: State, candidate: Explained, alone: bool = False) -> bool:
    """A line for a quantity that was seen on one batch, or on none: on all the others, too, what
    was returned follows from it; or would, but for one more mistake of the catalogue.
    """
    if _is_returned(state, candidate.quantity):
        return True
    then = state._replace(lines={**state.lines, candidate.quantity: candidate.line})
    mended, open_, partly = False, False, False
    for quantity in state.wrong:
        if candidate.quantity not in ANCESTORS[quantity] or not _is_returned(state, quantity):
            continue
        cases = [c for c in state.cases if quantity in c.returned]
        cases = [c for c in cases if misfits(c, state.lines, [quantity])]
        left = [c for c in cases if misfits(c, then.lines, [quantity])]
        # On some of the batches it follows, and on others not: one more mistake may hide there.
        partly = partly or 0 < len(left) < len(cases)
        mended, open_ = mended or bool(cases and not left), open_ or bool(left)
    if (mended and not partly) or not open_:
        return True
    return not alone and _single(then, open_quantities(then), alone=True) is not None


def _is_returned(state: State, quantity: str) -> bool:
    return any(quantity in case.returned for case in state.cases)


def _all_zero(state: State, quantity: str) -> bool:
    """It follows from zeros, wherever these come from."""
    return not any(case.values[quantity].any() for case in state.cases if quantity in case.values)


def fits_everywhere(state: State, lines: Lines, quantities: Collection[str], seen_in: str) -> bool:
    """These lines give the learner's numbers on every batch; on one where the right ones do not,
    and where there are numbers to see.
    """
    shown = False
    order = sorted(quantities, key=STEPS.index)  # the earlier, where it was seen, fails soonest
    depending = _depending(state, lines, seen_in)
    for case in state.cases:
        if any(_undecided(state, case, q) for q in quantities):
            continue
        if any(misfits(case, lines, [q]) for q in order):
            return False
        if depending and misfits(case, lines, depending):
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


def _spoils(state: State, lines: Lines, quantity: str) -> bool:
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


def _with_number(state: State, explained: Explained, spoilt: str) -> Explained:
    """An unknown number in the wrong line made the one that suits the spoilt values best: these are
    linear in it.
    """
    if RATE not in explained.line:
        return explained
    for case in state.cases:
        values = [
            walk(case, {**state.lines, explained.quantity: _numbered(explained.line, number)})
            for number in (0.0, 1.0)
        ]
        if spoilt not in case.values or values[0] is None or values[1] is None:
            continue
        without, once = (np.asarray(v[spoilt], np.float64) for v in values if v is not None)
        slope = (once - without).ravel()
        if slope.any() and case.values[spoilt].shape == once.shape:
            off = (case.values[spoilt] - without).ravel()
            number = float(f"{off @ slope / (slope @ slope):.6g}")
            return explained._replace(line=_numbered(explained.line, number))
    return explained._replace(line=_numbered(explained.line, 1.0))


def _numbered(line: str, number: float) -> str:
    return line.replace(RATE, repr(number))


def _more(state: State, quantity: str, deadline: float) -> Place:
    """The nearest edits, in the own line and in those before it; two mistakes of the catalogue;
    then nothing.
    """
    sources = (
        ()
        if _all_zero(state, quantity)
        else (
            _stand_in,
            _searched("one edit"),
            _searched_before,
            _searched("numbers"),
            _pairs,
            _searched("two edits"),
            _pairs_before,
        )
    )
    for source in sources:
        try:
            found = source(state, quantity, deadline)
        except OutOfTimeError:
            break
        if found:
            return Place(found[0].quantity, tuple(found), quantity)
    among = tuple(reversed(unseen([c for c in state.cases if not c.raised], quantity, state)))
    traced = [case for case in state.cases if case.traced]
    if any(quantity in misfits(case, state.lines, [quantity]) for case in traced):
        among = tuple(q for q in among if all(q not in case.given for case in traced))
    cleared = _cleared(state)
    return Place(quantity, (), quantity, tuple(q for q in among if q not in cleared))


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


def _pairs(state: State, quantity: str, deadline: float) -> list[Explained]:
    """Two mistakes in one line, neither of which undoes the other."""
    tried: set[str] = set()
    for first in CATALOGUE:
        for mistake in CATALOGUE:
            if not (quantity in first.places and quantity in mistake.places):
                continue
            if mistake.id <= first.id or mistake.remark or first.remark:
                continue
            for one in first.wrong_lines(quantity, state.lines.get(quantity))[:VARIANTS_IN_PAIRS]:
                for both in mistake.wrong_lines(quantity, one)[:VARIANTS_IN_PAIRS]:
                    if both in tried or RATE in both or time.process_time() > deadline:
                        continue
                    tried.add(both)
                    lines = {**state.lines, quantity: both}
                    if fits_everywhere(state, lines, {quantity}, quantity):
                        return [Explained(quantity, both, (first, mistake))]
    return []


Source = Callable[[State, str, float], list[Explained]]


def _searched(kind: str) -> Source:
    """The nearest edits of the quantity's own line."""

    def source(state: State, quantity: str, deadline: float) -> list[Explained]:
        known = _searchable(state, quantity)
        if known is None:
            return []
        case, names = known
        observed = case.values[quantity]
        right = state.lines.get(quantity, RIGHT[quantity])
        for line in instead(right, quantity, names, observed, kind, deadline):
            if _has_tiny(line):  # a fitted number that is 0 but for rounding
                continue
            lines = {**state.lines, quantity: line}
            found = Explained(quantity, line)
            if fits_everywhere(state, lines, {quantity}, quantity) and _holds(state, found):
                return [found]
        return []

    return source


def _stand_in(state: State, quantity: str, deadline: float) -> list[Explained]:
    """The value of an argument or of an earlier quantity, or a parameter after its update."""
    known = _searchable(state, quantity)
    for line in stand_ins(quantity, known[1], known[0].values[quantity]) if known else ():
        lines = {**state.lines, quantity: line}
        if fits_everywhere(state, lines, {quantity}, quantity):
            return [Explained(quantity, line)]
    return []


def _has_tiny(line: str) -> bool:
    numbers = [n.value for n in ast.walk(ast.parse(line)) if isinstance(n, ast.Constant)]
    return any(isinstance(n, float) and 0 < abs(n) < TINY for n in numbers)


def _searchable(state: State, quantity: str) -> tuple[Case, Mapping[str, Any]] | None:
    """The first batch that shows the quantity wrong, and what its line may read there."""
    for case in state.cases:
        if not _undecided(state, case, quantity) and misfits(case, state.lines, [quantity]):
            computed = walk(case, state.lines, quantity)
            if computed is not None and np.isfinite(case.values[quantity]).all():
                return case, environment(case, computed)
    return None


def _between(state: State, quantity: str, deadline: float) -> Place | None:
    """One or two edits of a line just before it that was found nowhere in the code, though the
    quantity was: it may have another shape there.
    """
    case = next((case for case in state.cases if quantity in case.traced), None)
    known = _searchable(state, quantity)
    if case is None or known is None or known[0] is not case:
        return None
    for edits in (1, 2):
        for place in PARENTS[quantity]:
            if place in case.given or place in state.settled or place in state.lines:
                continue
            with suppress(OutOfTimeError):
                for value, text in near(RIGHT[place], place, known[1], edits, deadline):
                    if time.process_time() > deadline:
                        return None
                    assumed = replace(case, traced={**case.traced, place: np.asarray(value, float)})
                    if misfits(assumed, state.lines, [quantity]):
                        continue
                    found = Explained(place, text())
                    lines = {**state.lines, place: found.line}
                    if fits_everywhere(state, lines, {place, quantity}, quantity):
                        return Place(place, (found,), quantity)
    return None


def _searched_before(state: State, quantity: str, deadline: float) -> list[Explained]:
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
                if _left(state, found, open_quantities(state), quantity) is not None:
                    return [found]
            found = Explained(quantity, f"{text()}\n{RIGHT[quantity]}")
            lines = {**state.lines, quantity: found.line}
            if fits_everywhere(state, lines, {quantity}, quantity):
                return [found]
    return []


def _pairs_before(state: State, quantity: str, deadline: float) -> list[Explained]:
    """A mistake in the quantity's own line, and another in one that nobody has seen."""
    places = unseen(state.cases, quantity, state)
    for place in places:
        for first in CATALOGUE:
            for one in (
                first.wrong_lines(place)[:VARIANTS_IN_PAIRS] if place in first.places else ()
            ):
                if RATE in one:
                    continue
                before = state._replace(lines={**state.lines, place: one})
                if _spoils(state, before.lines, place):
                    continue
                for mistake in CATALOGUE:
                    for own in (
                        mistake.wrong_lines(quantity)[:VARIANTS_IN_PAIRS]
                        if quantity in mistake.places
                        else ()
                    ):
                        if time.process_time() > deadline:
                            return []
                        lines = {**before.lines, quantity: own}
                        if RATE not in own and fits_everywhere(
                            state, lines, {quantity, place}, quantity
                        ):
                            return [Explained(place, one, (first,))]
    return []


def follows(cases: Sequence[Case], lines: Lines, quantity: str) -> bool:
    """On every batch the right line gives the learner's number from the learner's earlier ones."""
    without = {q: line for q, line in lines.items() if q != quantity}
    return not any(misfits(case, without, [quantity]) for case in cases)


__all__ = ["Array", "Explained", "Place", "explain", "follows", "wrong_quantities"]
