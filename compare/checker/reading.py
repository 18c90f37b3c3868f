"""Which of a learner's own lines computes which quantity.

The values that the lines bound, one after the other, are held against what the notes' lines give
on the learner's own earlier values. A quantity that none of them holds may still be there, wrong:
the value with which more of the returned numbers follow is the learner's. What the code does by
another route stays unread, and is no fault.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker.cases import Case, agree, environment, is_right, misfits, tolerance_of, walk
from compare.checker.lines import ALSO_RIGHT, ANCESTORS, PARENTS, STEPS, run_line
from compare.checker.seen import Seen, forms, seen_in, wide_forms
from compare.checker.trace import Binding
from compare.checker.uses import Uses, computes, is_used, read_by, uses_of

Array = npt.NDArray[Any]

SIZE = re.compile(r"\b(shape|len|size)\b")


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
        found = _following(now, quantity, seen)
        if found is not None:
            values[quantity], bindings[quantity] = found
    if wrong:
        _add_wrong(case, seen, wrong, values, bindings)
        _add_leading_on(case, seen, values, bindings, _gaps(case, values))
    elif not case.returned:
        _add_leading_on(case, seen, values, bindings)
    return Reading(seen, values, bindings)


def _following(case: Case, quantity: str, seen: Sequence[Seen]) -> tuple[Array, Binding] | None:
    """The first value that is what the right line gives on the earlier ones; one that is another
    quantity already, only if there is no other.
    """
    computed = walk(case, {}, quantity)
    if computed is None:
        return None
    expected = np.asarray(computed[quantity], np.float64)
    tolerance = tolerance_of(case, quantity, computed)
    ways = [expected]
    if quantity == "dz1":  # the mask from z1, which is another one if a1 is wrong
        ways.append(run_line(ALSO_RIGHT["dz1"], "dz1", environment(case, computed)))
    ways = [way for way in ways if np.any(way)]  # zeros may be anything's
    second = None
    for one in seen:
        if one.value.size < expected.size:
            continue
        for form in forms(one, expected.shape):
            if any(agree(way, form, tolerance) for way in ways):
                if not any(np.array_equal(form, value) for value in case.traced.values()):
                    return form, one.binding
                second = second or (form, one.binding)
    return second


def _add_wrong(
    case: Case,
    seen: Sequence[Seen],
    wrong: Sequence[str],
    values: dict[str, Array],
    bindings: dict[str, Binding],
) -> None:
    """The values that are not what their lines should give, and from which more of what was
    returned follows than from the right ones. Of two quantities that one value could be, the later;
    of two values, the one of the earlier quantity.
    """
    judged = [q for q, value in case.returned.items() if value.any()]  # zeros follow from zeros
    uses = uses_of(seen)
    while best := _best(case, seen, wrong, judged, uses, values, bindings):
        quantity = best.quantity
        for later in STEPS[STEPS.index(quantity) :] if not best.kept else ():
            values.pop(later, None)
            bindings.pop(later, None)
        values[quantity], bindings[quantity] = best.form, best.seen.binding
        for later in STEPS[STEPS.index(quantity) + 1 :]:
            found = _following(replace(case, traced=values), later, seen)
            if found is not None and later not in values:
                values[later], bindings[later] = found


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
            and taken.seen.order == best.seen.order
            and STEPS.index(taken.quantity) > STEPS.index(best.quantity)
            and not _goes_on(case, values, best, taken.quantity, seen)
        ):
            best, fewest = taken, taken.left
    return best


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
        begin = _end_of_parents(quantity, seen, bindings)
        named = to_follow and _has_name(values[quantity], seen)
        found = _last(seen, [bindings[quantity]] if named else [])
        end = _begin_of_children(quantity, seen, bindings)
        children = {q for q in bindings if to_follow and quantity in PARENTS[q]}
        # A right loss may be made of P's entries at y, without Y_ind.
        by_y = quantity == "Y_ind" and "loss" in judged and is_right(case, "loss")
        asked = [q for q in judged if q != "loss"] if by_y else judged
        for one, form in _candidates(case, quantity, seen, values, uses, begin):
            if one.order <= found:
                continue  # what was made before it did not take its place
            for kept in (False, True) if one.order < end else (False,):
                now = replace(case, traced=_with(values, quantity, form, bindings if kept else {}))
                left = misfits(now, {}, asked)
                if to_follow & left or (kept and misfits(now, {}, children)):
                    continue
                yield _Taken(len(left), one, quantity, form, kept)


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


def _gaps(case: Case, values: Mapping[str, Array]) -> list[str]:
    """What was not found, and leads by way of such alone to a quantity that does not follow."""
    found: set[str] = set()
    todo = [*misfits(replace(case, traced=values), {}, values)]
    while todo:
        new = {q for q in PARENTS[todo.pop()] if q not in values and q not in found}
        found |= new
        todo += new
    return [q for q in STEPS if q in found]


def _add_leading_on(
    case: Case,
    seen: Sequence[Seen],
    values: dict[str, Array],
    bindings: dict[str, Binding],
    among: Sequence[str] = STEPS,
) -> None:
    """Values that are not what their lines should give, and from which a later value of the code
    follows by the next line of the notes; where nothing was returned, or two mistakes are in what
    was.
    """
    for quantity in among:
        known = {*values, "loss"} - misfits(replace(case, traced=values), {}, values)
        next_ = [q for q in STEPS if quantity in PARENTS[q] and q not in known]
        if quantity in values or not next_:
            continue
        found = _leading_on(case, quantity, next_, seen, values, bindings)
        if found is None:
            continue
        values[quantity], bindings[quantity] = found
        for later in STEPS[STEPS.index(quantity) + 1 :]:
            after = _following(replace(case, traced=values), later, seen)
            if after is not None and later not in values:
                values[later], bindings[later] = after


def _leading_on(
    case: Case,
    quantity: str,
    next_: Sequence[str],
    seen: Sequence[Seen],
    values: Mapping[str, Array],
    bindings: Mapping[str, Binding],
) -> tuple[Array, Binding] | None:
    known = [*values.values(), *case.right.values()]
    begin = _end_of_parents(quantity, seen, bindings)
    for one, form in _candidates(case, quantity, seen, values):
        if one.order <= begin or _is_among(form, known):
            continue
        now = replace(case, traced={**values, quantity: form})
        later = [s for s in seen if s.order > one.order]
        for child in next_:
            if child in values:
                leads = any(s.binding is bindings[child] for s in later)
                if leads and not misfits(now, {}, {child}):
                    return form, one.binding
                continue
            found = _following(now, child, later)
            if found is not None and not _is_among(found[0], [form, *known]):
                return form, one.binding
    return None


def _is_among(value: Array, values: Iterable[Array]) -> bool:
    return any(np.shape(v) == value.shape and np.allclose(v, value) for v in values)


class _Taken(NamedTuple):
    """A value that is taken for a quantity, and how much of what was returned is left open then."""

    left: int
    seen: Seen
    quantity: str
    form: Array
    kept: bool  # what was read of later quantities


def _end_of_parents(quantity: str, seen: Sequence[Seen], bindings: Mapping[str, Binding]) -> int:
    """The order of the last value that the quantity's line reads, as far as they are known."""
    return _last(seen, [bindings[q] for q in PARENTS[quantity] if q in bindings])


def _has_name(value: Array, seen: Sequence[Seen]) -> bool:
    """It is more than what a function returned, and nothing kept."""
    return any(
        np.array_equal(form, value)
        for one in seen
        if not one.binding.given and not one.binding.name.startswith("return")
        for form in one.forms(value.shape)
    )


def _last(seen: Sequence[Seen], bindings: Sequence[Binding]) -> int:
    return max((s.order for s in seen if any(s.binding is b for b in bindings)), default=-1)


def _begin_of_children(
    quantity: str, seen: Sequence[Seen], bindings: Mapping[str, Binding]
) -> float:
    """The order of the first value whose line reads the quantity, as far as they are known."""
    children = [bindings[q] for q in STEPS if quantity in PARENTS[q] and q in bindings]
    orders = (s.order for s in seen if any(s.binding is b for b in children))
    return min(orders, default=float("inf"))


def _candidates(
    case: Case,
    quantity: str,
    seen: Sequence[Seen],
    values: Mapping[str, Array],
    uses: Uses | None = None,
    begin: int = -1,
) -> Iterator[tuple[Seen, Array]]:
    """Each value once, where it was bound after what its line reads; those that are another
    quantity already, at the end. A row, a column or a number for all of them, and zeros, only
    where a later quantity's line reads it, and not as an argument of the learner's functions.
    """
    shape = np.shape(case.right[quantity])
    taken = {(v.shape, v.tobytes()) for v in values.values()}
    known: dict[tuple[tuple[int, ...], bytes], tuple[Seen, Array]] = {}
    for one in sorted(seen, key=lambda s: (s.value.shape, s.value.tobytes()) in taken):
        for form in forms(one, shape) if uses is None else wide_forms(one, shape):
            plain = form.shape == shape and form.any()
            if not plain and (one.binding.given or _is_size(case, one)):
                continue
            if not plain and not (uses and is_used(case, quantity, one, uses)):
                continue
            first = known.setdefault((form.shape, form.tobytes()), (one, form))[0]
            early = first.order <= begin or first.binding.given
            if early and one.order > begin and not one.binding.given:
                known[form.shape, form.tobytes()] = one, form
    yield from known.values()


def _is_size(case: Case, one: Seen) -> bool:
    """A number of samples, features, units or classes; not a sum that happens to be as large."""
    whole = one.value.ndim == 0 and one.binding.value.dtype.kind in "iu"
    asked = not one.binding.source or SIZE.search(one.binding.source)
    return bool(whole and asked and float(one.value) in case.problem.sizes)


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
    return bool(later) and _following(now, quantity, later) is not None


def _with(
    values: Mapping[str, Array], quantity: str, value: Array, kept: Collection[str]
) -> dict[str, Array]:
    """Later values were read on the assumption that this one is right: but for some."""
    earlier = STEPS[: STEPS.index(quantity)]
    stay = {q: v for q, v in values.items() if q in earlier or q in kept}
    return {**stay, quantity: value}
