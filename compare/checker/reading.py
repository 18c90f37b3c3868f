"""Which of a learner's own lines computes which quantity.

The values that the lines bound, one after the other, are held against what the notes' lines give
on the learner's own earlier values. A quantity that none of them holds may still be there, wrong:
the value with which more of the returned numbers follow is the learner's. What the code does by
another route stays unread, and is no fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.checker.cases import Case, agree, environment, misfits, tolerance_of, walk
from compare.checker.lines import ALSO_RIGHT, ANCESTORS, STEPS, run_line
from compare.checker.trace import Binding

Array = npt.NDArray[Any]

LONGEST = 4000  # bindings that are looked through
WIDEST = 2**16  # elements of one


@dataclass(frozen=True, eq=False)
class Seen:
    """A value of the learner's code, and the line that made it."""

    order: int
    binding: Binding
    value: Array

    def forms(self, shape: tuple[int, ...]) -> Iterator[Array]:
        """The value in the notes' shape: as it is, transposed, without an axis of one, or beside a
        column or a row of ones.
        """
        value = self.value
        if value.shape == shape:
            yield value
        if value.ndim == 2 and len(shape) == 2 and value.T.shape == shape:
            yield value.T
        flat = shape == () or value.ndim <= 1 or 1 in value.shape
        if flat and value.shape != shape and value.size == np.prod(shape, dtype=int):
            yield value.reshape(shape)
        if value.ndim == 2 and len(shape) == 2:
            for whole in (value, value.T):
                if whole.shape == (shape[0], shape[1] + 1):
                    yield whole[:, :-1]
                    yield whole[:, 1:]
                if whole.shape == (shape[0] + 1, shape[1]):
                    yield whole[:-1]
                    yield whole[1:]


@dataclass(frozen=True, eq=False)
class Reading:
    """For each quantity that was found in the code, its value there and the line."""

    seen: tuple[Seen, ...]
    values: Mapping[str, Array]
    bindings: Mapping[str, Binding]


def seen_in(trace: Sequence[Binding]) -> tuple[Seen, ...]:
    """The numbers among the bindings; and those of one line in a loop, put together."""
    single: list[Seen] = []
    repeated: dict[tuple[int, str], list[Seen]] = {}
    for order, binding in enumerate(trace[:LONGEST]):
        value = np.asarray(binding.value)
        if value.dtype.kind not in "fiub" or not 0 < value.size <= WIDEST:
            continue
        seen = Seen(order, binding, value.astype(np.float64))
        single.append(seen)
        repeated.setdefault((binding.line, binding.name), []).append(seen)
    together = [_together(group) for group in repeated.values() if len(group) > 1]
    return tuple(sorted([*single, *filter(None, together)], key=lambda s: s.order))


def _together(group: Sequence[Seen]) -> Seen | None:
    values = [seen.value for seen in group]
    ranks = {value.ndim for value in values}
    widths = {value.shape[1:] for value in values}
    if ranks <= {0, 1} and len({value.shape for value in values}) == 1:
        return replace(group[0], value=np.stack(values))
    if ranks == {2} and len(widths) == 1:
        return replace(group[0], value=np.concatenate(values))
    return None


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
    return Reading(seen, values, bindings)


def _following(case: Case, quantity: str, seen: Sequence[Seen]) -> tuple[Array, Binding] | None:
    """The first value that is what the right line gives on the earlier ones."""
    computed = walk(case, {}, quantity)
    if computed is None:
        return None
    expected = np.asarray(computed[quantity], np.float64)
    tolerance = tolerance_of(case, quantity, computed)
    ways = [expected]
    if quantity == "dz1":  # the mask from z1, which is another one if a1 is wrong
        ways.append(run_line(ALSO_RIGHT["dz1"], "dz1", environment(case, computed)))
    for one in seen:
        for form in _forms(one, expected.shape):
            if any(agree(way, form, tolerance) for way in ways):
                return form, one.binding
    return None


def _forms(seen: Seen, shape: tuple[int, ...]) -> Iterator[Array]:
    yield from seen.forms(shape)
    matrix = seen.value.ndim == 1 and len(shape) == 2 and min(shape) > 1
    if matrix and seen.value.size == np.prod(shape):
        yield seen.value.reshape(shape[::-1]).T


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
    while True:
        now = replace(case, traced=values)
        open_now = misfits(now, {}, wrong)
        best: tuple[int, int, str, Array, Binding] | None = None
        before = len(misfits(now, {}, [*case.returned]))
        for quantity in STEPS:
            if quantity in values or not any(quantity in ANCESTORS[q] for q in open_now):
                continue
            shape = np.shape(case.right[quantity])
            for one in seen:
                for form in _forms(one, shape):
                    then = replace(case, traced=_with(values, quantity, form))
                    left = misfits(then, {}, [*case.returned])
                    if len(left) >= before:
                        continue
                    same = best is not None and best[1:2] == (one.order,)
                    if best is None or len(left) < best[0] or (same and len(left) == best[0]):
                        best = (len(left), one.order, quantity, form, one.binding)
        if best is None:
            return
        _, _, quantity, form, binding = best
        for later in STEPS[STEPS.index(quantity) :]:
            values.pop(later, None)
            bindings.pop(later, None)
        values[quantity], bindings[quantity] = form, binding
        for later in STEPS[STEPS.index(quantity) + 1 :]:
            found = _following(replace(case, traced=values), later, seen)
            if found is not None:
                values[later], bindings[later] = found


def _with(values: Mapping[str, Array], quantity: str, value: Array) -> dict[str, Array]:
    """Later values were read on the assumption that this one is right."""
    earlier = STEPS[: STEPS.index(quantity)]
    return {**{q: v for q, v in values.items() if q in earlier}, quantity: value}
