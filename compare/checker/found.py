"""The values of a learner's code that a quantity may be, and those that follow from others."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.checker.cases import Case, agree, environment, tolerance_of, walk
from compare.checker.lines import ALSO_RIGHT, PARENTS, STEPS, run_line
from compare.checker.seen import Seen, forms, wide_forms
from compare.checker.trace import Binding
from compare.checker.uses import Uses, is_used

Array = npt.NDArray[Any]

SIZE = re.compile(r"\b(shape|len|size)\b")


def following(case: Case, quantity: str, seen: Sequence[Seen]) -> tuple[Array, Binding] | None:
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


def add_following(
    case: Case,
    quantity: str,
    seen: Sequence[Seen],
    values: dict[str, Array],
    bindings: dict[str, Binding],
) -> None:
    """What follows after the quantity, now that it is known, and was not found before."""
    for later in STEPS[STEPS.index(quantity) + 1 :]:
        found = following(replace(case, traced=values), later, seen)
        if found is not None and later not in values:
            values[later], bindings[later] = found


def is_in(value: Array, seen: Seen) -> bool:
    """Bit for bit, in one of the forms that it may have."""
    return any(np.array_equal(form, value) for form in seen.forms(value.shape))


def candidates(
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


def end_of_parents(quantity: str, seen: Sequence[Seen], bindings: Mapping[str, Binding]) -> int:
    """The order of the last value that the quantity's line reads, as far as they are known."""
    return last_of(seen, [bindings[q] for q in PARENTS[quantity] if q in bindings])


def last_of(seen: Sequence[Seen], bindings: Sequence[Binding]) -> int:
    return max((s.order for s in seen if any(s.binding is b for b in bindings)), default=-1)


def is_among(value: Array, values: Iterable[Array]) -> bool:
    return any(np.shape(v) == value.shape and np.allclose(v, value) for v in values)
