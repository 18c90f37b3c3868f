"""Which of a learner's own lines computes which quantity.

The values that the lines bound, one after the other, are held against what the notes' lines give
on the learner's own earlier values. A quantity that none of them holds may still be there, wrong:
the value with which more of the returned numbers follow is the learner's. What the code does by
another route stays unread, and is no fault.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker.cases import Case, is_right, misfits
from compare.checker.found import (
    add_following,
    candidates,
    end_of_parents,
    following,
    is_among,
    is_in,
    last_of,
)
from compare.checker.leading import add_both_parents, add_leading_on, gaps
from compare.checker.lines import ANCESTORS, PARENTS, STEPS
from compare.checker.seen import Seen, seen_in
from compare.checker.trace import Binding
from compare.checker.uses import Uses, computes, read_by, uses_of

Array = npt.NDArray[Any]

FORWARD = STEPS[: STEPS.index("loss") + 1]


@dataclass(frozen=True, eq=False)
class Reading:
    """For each quantity that was found in the code, its value there and the line."""

    seen: tuple[Seen, ...]
    values: Mapping[str, Array]
    bindings: Mapping[str, Binding]


def read(case: Case, trace: Sequence[Binding], wrong: Sequence[str]) -> Reading:
    """`wrong` are the returned quantities that are not right; without any, nothing is taken for a
    quantity that does not follow from the earlier ones.
    """
    seen = seen_in(trace)
    values: dict[str, Array] = {}
    bindings: dict[str, Binding] = {}
    for quantity in STEPS:
        now = replace(case, traced=values)
        found = following(now, quantity, seen)
        if found is not None:
            values[quantity], bindings[quantity] = found
    if wrong:
        _add_wrong(case, seen, wrong, values, bindings)
        _take_back(case, seen, values, bindings)
        add_leading_on(case, seen, values, bindings, gaps(case, values))
        add_both_parents(case, seen, values, bindings)
    elif not case.returned:
        add_leading_on(case, seen, values, bindings)
    return Reading(seen, values, bindings)


def _add_wrong(
    case: Case,
    seen: Sequence[Seen],
    wrong: Sequence[str],
    values: dict[str, Array],
    bindings: dict[str, Binding],
) -> None:
    """The values that are not what their lines should give, and from which more of what was
    returned follows than from the right ones. Of two quantities of one pass that one value could
    be, the later; of two values, the one of the earlier quantity.
    """
    judged = [q for q, value in case.returned.items() if value.any()]  # zeros follow from zeros
    uses = uses_of(seen)
    while best := _best(case, seen, wrong, judged, uses, values, bindings):
        quantity = best.quantity
        for later in STEPS[STEPS.index(quantity) :] if not best.kept else ():
            values.pop(later, None)
            bindings.pop(later, None)
        values[quantity], bindings[quantity] = best.form, best.seen.binding
        add_following(case, quantity, seen, values, bindings)


def _take_back(
    case: Case, seen: Sequence[Seen], values: dict[str, Array], bindings: dict[str, Binding]
) -> None:
    """A wrong value, where the code has what the right line gives, now that the earlier ones are
    known: then the mistake is in what is made of that, if it is one.
    """
    judged = {*values, *case.returned}
    wrong = misfits(replace(case, traced=values), {}, judged)
    for quantity in [q for q in STEPS if q in wrong and q in values]:
        others = {q: value for q, value in values.items() if q != quantity}
        found = following(replace(case, traced=others), quantity, seen)
        if found is None or is_among(found[0], others.values()):
            continue
        then = {**others, quantity: found[0]}
        if len(misfits(replace(case, traced=then), {}, judged)) <= len(wrong):
            values[quantity], bindings[quantity] = found
            wrong = misfits(replace(case, traced=values), {}, judged)


def _best(
    case: Case,
    seen: Sequence[Seen],
    wrong: Sequence[str],
    judged: Sequence[str],
    uses: Uses,
    values: Mapping[str, Array],
    bindings: Mapping[str, Binding],
) -> "_Taken | None":
    """The value that leaves the fewest open, if it leaves fewer open than before."""
    now = replace(case, traced=values)
    open_now = misfits(now, {}, wrong)
    fewest = len(misfits(now, {}, judged))
    best: _Taken | None = None
    for taken in _trials(case, seen, open_now, judged, uses, values, bindings):
        if taken.left < fewest or (
            best is not None
            and taken.left == fewest
            and (_is_in_order(best, taken) or _is_later(case, values, best, taken, seen))
        ):
            best, fewest = taken, taken.left
    return best


def _is_in_order(best: "_Taken", taken: "_Taken") -> bool:
    """Of two values of one quantity, the one that was bound after what its line reads."""
    return taken.quantity == best.quantity and best.early and not taken.early


def _is_later(
    case: Case, values: Mapping[str, Array], best: "_Taken", taken: "_Taken", seen: Sequence[Seen]
) -> bool:
    """Of two quantities of one pass that a value may be, the later, if the code does not make this
    of it.
    """
    return (
        taken.seen.order == best.seen.order
        and STEPS.index(taken.quantity) > STEPS.index(best.quantity)
        and (taken.quantity in FORWARD) == (best.quantity in FORWARD)
        and not _goes_on(case, values, best, taken.quantity, seen)
    )


def _trials(
    case: Case,
    seen: Sequence[Seen],
    open_now: Collection[str],
    judged: Sequence[str],
    uses: Uses,
    values: Mapping[str, Array],
    bindings: Mapping[str, Binding],
) -> Iterator["_Taken"]:
    """Each value that may be a quantity's: of those that were not found first, then of those that
    were, if nothing was made of what was found.
    """
    for quantity in sorted(STEPS, key=lambda q: q in values):
        to_follow = _not_made_of(case, quantity, open_now, judged) if quantity in values else set()
        if quantity in values and not to_follow:
            continue
        if not any(quantity in ANCESTORS[q] for q in open_now):
            continue
        begin = end_of_parents(quantity, seen, bindings)
        named = to_follow and _has_name(values[quantity], seen)
        found = last_of(seen, [bindings[quantity]] if named else [])
        there = float("inf") if to_follow else _first_as_returned(case, quantity, seen)
        end = _begin_of_children(quantity, seen, bindings)
        children = {q for q in bindings if to_follow and quantity in PARENTS[q]}
        # A right loss may be made of P's entries at y, without Y_ind.
        by_y = quantity == "Y_ind" and "loss" in judged and is_right(case, "loss")
        asked = [q for q in judged if q != "loss"] if by_y else judged
        for one, form in candidates(case, quantity, seen, values, uses, begin):
            if one.order <= found:
                continue  # what was made before it did not take its place
            if one.order > there:
                continue  # what was returned had been made already
            if quantity == "Y_ind" and is_among(form, values.values()):
                continue  # another quantity where it belongs: a mistake of the line that reads it
            for kept in (False, True) if one.order < end else (False,):
                now = replace(case, traced=_with(values, quantity, form, bindings if kept else {}))
                left = misfits(now, {}, asked)
                if to_follow & left or (kept and misfits(now, {}, children)):
                    continue
                yield _Taken(len(left), one, quantity, form, kept, one.order <= begin)


def _first_as_returned(case: Case, quantity: str, seen: Sequence[Seen]) -> float:
    """The order of the first value that is what was returned."""
    mine = case.returned.get(quantity)
    if mine is None or not mine.any():
        return float("inf")
    return next((s.order for s in seen if is_in(mine, s)), float("inf"))


def _not_made_of(
    case: Case, quantity: str, open_: Collection[str], judged: Sequence[str]
) -> set[str]:
    """What was returned and has this quantity in its line, if none of it follows from the value
    that was found: the code may have gone on from another one, from which all of it follows. One
    alone does not show that where the value was returned, too, or of a loss, which may be another.
    """
    next_ = {q for q in judged if quantity in PARENTS[q]}
    enough = len(next_) > 1 or (quantity not in case.returned and "loss" not in next_)
    return next_ if enough and next_ <= set(open_) else set()


class _Taken(NamedTuple):
    """A value that is taken for a quantity, and how much of what was returned is left open then."""

    left: int
    seen: Seen
    quantity: str
    form: Array
    kept: bool  # what was read of later quantities
    early: bool  # bound before what its line reads


def _has_name(value: Array, seen: Sequence[Seen]) -> bool:
    """It is more than what a function returned, and nothing kept."""
    return any(
        np.array_equal(form, value)
        for one in seen
        if not one.binding.given and not one.binding.name.startswith("return")
        for form in one.forms(value.shape)
    )


def _begin_of_children(
    quantity: str, seen: Sequence[Seen], bindings: Mapping[str, Binding]
) -> float:
    """The order of the first value whose line reads the quantity, as far as they are known."""
    children = [bindings[q] for q in STEPS if quantity in PARENTS[q] and q in bindings]
    orders = (s.order for s in seen if any(s.binding is b for b in children))
    return min(orders, default=float("inf"))


def _goes_on(
    case: Case, values: Mapping[str, Array], taken: "_Taken", quantity: str, seen: Sequence[Seen]
) -> bool:
    """A later statement reads what is taken for an earlier quantity, and makes of it what is right
    then for this one.
    """
    names = {taken.seen.binding.name}
    later: list[Seen] = []
    for one in seen:
        if one.order <= taken.seen.order or one.binding.given or one.many:
            continue
        if names & read_by(one.binding.source) and computes(one.binding.source):
            later.append(one)
        elif np.array_equal(one.value, taken.seen.value):
            names.add(one.binding.name)
    now = replace(case, traced=_with(values, taken.quantity, taken.form, {}))
    return bool(later) and following(now, quantity, later) is not None


def _with(
    values: Mapping[str, Array], quantity: str, value: Array, kept: Collection[str]
) -> dict[str, Array]:
    """Later values were read on the assumption that this one is right: but for some."""
    earlier = STEPS[: STEPS.index(quantity)]
    stay = {q: v for q, v in values.items() if q in earlier or q in kept}
    return {**stay, quantity: value}
