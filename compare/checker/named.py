"""Mistakes of the catalogue, one or two of them, that give a learner's numbers."""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from compare.checker.cases import Array, misfits, walk
from compare.checker.catalogue import CATALOGUE, RATE
from compare.checker.lines import ANCESTORS, PARENTS, RIGHT
from compare.checker.state import (
    Explained,
    Place,
    State,
    all_zero,
    fits_everywhere,
    is_returned,
    left_open,
    open_quantities,
    spoils,
    unseen,
)

VARIANTS_IN_PAIRS = 3  # edits of one mistake that are tried together with another mistake


def single(state: State, open_: Sequence[str], alone: bool = False) -> Place | None:
    """The one mistake of the catalogue after which the fewest quantities are left open. Nothing is
    named in a quantity that comes of another one, until that one is explained.
    """
    unexplained: set[str] = set()
    for quantity in open_:
        if ANCESTORS[quantity] & unexplained:
            continue
        unexplained.add(quantity)
        if all_zero(state, quantity):
            continue
        best: list[Explained] = []
        fewest = len(open_)
        for candidate in candidates(state, quantity):
            left = left_open(state, candidate, open_, quantity)
            if left is None or left >= len(open_) or not holds(state, candidate, alone):
                continue
            if left < fewest:
                best, fewest = [], left
            if left == fewest:
                best.append(candidate)
        if best:
            first = best[0].quantity
            return Place(first, tuple(b for b in best if b.quantity == first), quantity)
    return None


def candidates(state: State, quantity: str) -> Iterator[Explained]:
    """The catalogue's lines in the quantity's own place, and in those not seen before it."""
    for place in (quantity, *unseen(state.cases, quantity, state)):
        for mistake in CATALOGUE:
            if place in mistake.places:
                for line in mistake.wrong_lines(place, state.lines.get(place)):
                    found = _with_number(state, Explained(place, line, (mistake,)), quantity)
                    if found is not None:
                        yield found
    for place in PARENTS[quantity]:  # made once more, for this quantity alone
        for mistake in CATALOGUE:
            if place in mistake.places:
                for line in mistake.wrong_lines(place):
                    if RATE not in line:
                        yield Explained(quantity, f"{line}\n{RIGHT[quantity]}", (mistake,))


def holds(state: State, candidate: Explained, alone: bool = False) -> bool:
    """A line for a quantity that was seen on one batch, or on none: on all the others, too, what
    was returned follows from it; or would, but for one more mistake of the catalogue.
    """
    if is_returned(state, candidate.quantity):
        return True
    then = state._replace(lines={**state.lines, candidate.quantity: candidate.line})
    mended, open_, partly = False, False, False
    for quantity in state.wrong:
        if candidate.quantity not in ANCESTORS[quantity] or not is_returned(state, quantity):
            continue
        cases = [c for c in state.cases if quantity in c.returned]
        before = [c for c in cases if misfits(c, state.lines, [quantity])]
        left = [c for c in cases if misfits(c, then.lines, [quantity])]
        if any(case not in before for case in left):
            return False  # it followed there without this line
        # On some of the batches it follows, and on others not: one more mistake may hide there.
        partly = partly or 0 < len(left) < len(before)
        mended, open_ = mended or bool(before and not left), open_ or bool(left)
    if (mended and not partly) or not open_:
        return True
    return not alone and single(then, open_quantities(then), alone=True) is not None


def _with_number(state: State, explained: Explained, spoilt: str) -> Explained | None:
    """An unknown number in the wrong line made the one that the learner's values tell; where the
    entry does not say how, the one that suits the spoilt values best: these are linear in it.
    """
    if RATE not in explained.line:
        return explained
    if explained.mistakes[0].number is not None:
        return _with_told_number(state, explained, explained.mistakes[0].number)
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


def _with_told_number(
    state: State, explained: Explained, number: Callable[[Array], float | None]
) -> Explained | None:
    """By the first batch that shows the quantity wrong; None if it was seen on none."""
    quantity = explained.quantity
    for case in state.cases:
        if quantity in case.values and misfits(case, state.lines, [quantity]):
            values = np.asarray(case.values[quantity], np.float64)
            told = number(values) if np.isfinite(values).all() else None
            if told is None:
                return None
            return explained._replace(line=_numbered(explained.line, told))
    return None


def _numbered(line: str, number: float) -> str:
    return line.replace(RATE, repr(number))


def pairs(state: State, quantity: str, deadline: float) -> list[Explained]:
    """Two mistakes in one line, neither of which undoes the other."""
    tried: set[str] = set()
    for first in CATALOGUE:
        for mistake in CATALOGUE:
            if not (quantity in first.places and quantity in mistake.places):
                continue
            if mistake.id <= first.id or mistake.remark or first.remark:
                continue
            for one in first.wrong_lines(quantity, state.lines.get(quantity), VARIANTS_IN_PAIRS):
                for both in mistake.wrong_lines(quantity, one, VARIANTS_IN_PAIRS):
                    if time.process_time() > deadline:
                        return []
                    if both in tried or RATE in both:
                        continue
                    tried.add(both)
                    lines = {**state.lines, quantity: both}
                    found = Explained(quantity, both, (first, mistake))
                    if fits_everywhere(state, lines, {quantity}, quantity) and holds(state, found):
                        return [found]
    return []


def pairs_before(state: State, quantity: str, deadline: float) -> list[Explained]:
    """A mistake in the quantity's own line, and another in one that nobody has seen."""
    places = unseen(state.cases, quantity, state)
    for place in places:
        for first in CATALOGUE:
            for one in (
                first.wrong_lines(place, most=VARIANTS_IN_PAIRS) if place in first.places else ()
            ):
                if RATE in one:
                    continue
                before = state._replace(lines={**state.lines, place: one})
                if spoils(state, before.lines, place):
                    continue
                for mistake in CATALOGUE:
                    for own in (
                        mistake.wrong_lines(quantity, most=VARIANTS_IN_PAIRS)
                        if quantity in mistake.places
                        else ()
                    ):
                        if time.process_time() > deadline:
                            return []
                        lines = {**before.lines, quantity: own}
                        if (
                            RATE not in own
                            and fits_everywhere(state, lines, {quantity, place}, quantity)
                            and holds(before, Explained(quantity, own))
                        ):
                            return [Explained(place, one, (first,))]
    return []
