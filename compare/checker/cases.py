"""One batch and what the learner's code made of it, and when two arrays count as the same."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.bounds.reference import reference
from compare.bounds.rounding import bounds_at
from compare.checker.lines import (
    ALSO_RIGHT,
    ANCESTORS,
    MAGNITUDE,
    STEPS,
    WRITTEN,
    follow,
    inputs,
    run_line,
)
from compare.problems.problem import Problem

Array = npt.NDArray[Any]
Lines = Mapping[str, str]  # for some quantities the lines that stand in for the right ones

ROUNDINGS = 16  # of a line's magnitude, for each term it adds up: no order of summation makes more
SLACK = 16  # beyond the right line's rounding: a wrong line may add up other terms, and more
NEAR = 1e3  # roundings of the right value: nearer than that, the bound decides
FAR = 1e-3  # of the largest value: further apart than any rounding, seen without a bound
# What a learner's line may raise when it is run on values that it was not made for.
ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, eq=False)
class Case:
    """One probe. `returned` is empty if the code raised; `traced` holds, on one probe, the values
    that the code's own lines had when they were computed.
    """

    name: str
    problem: Problem
    returned: Mapping[str, Array]
    right: Mapping[str, Array]  # by the lines of the notes, from the inputs
    allowed: Mapping[str, Array]  # around them
    raised: bool = False
    traced: Mapping[str, Array] = field(default_factory=dict)
    overwritten: frozenset[str] = frozenset()  # returned after something else was written there
    written: Mapping[str, Array] = field(default_factory=dict)  # what was left in arguments
    any_shape: bool = False  # lines are run on values of another shape than the notes', too

    @cached_property
    def given(self) -> dict[str, Array]:
        """The learner's own values that later lines can be run on, and the arguments written to."""
        usable = {
            name: np.asarray(value, np.float64)
            for name, value in self.returned.items()
            if name not in self.overwritten and (self.any_shape or self._is_shaped(name))
        }
        left = {f"{name}{WRITTEN}": value for name, value in self.written.items()}
        return usable | dict(self.traced) | left

    def _is_shaped(self, name: str) -> bool:
        return np.shape(self.returned[name]) == np.shape(self.right[name])

    @cached_property
    def odd_shapes(self) -> bool:
        return not all(map(self._is_shaped, self.returned))

    @cached_property
    def values(self) -> dict[str, Array]:
        """All that can be judged here: returned or, where that is not, traced."""
        return {**self.traced, **{q: v for q, v in self.returned.items() if q not in self.traced}}


def make_case(
    name: str,
    problem: Problem,
    returned: Mapping[str, Array],
    raised: bool,
    written: Mapping[str, Array] | None = None,
) -> Case:
    right = follow(problem)
    allowed = allowed_around(problem, right)
    return Case(name, problem, returned, right, allowed, raised, written=written or {})


def is_right(case: Case, quantity: str) -> bool:
    """Returned within rounding of the reference."""
    return agree(case.right[quantity], case.returned[quantity], case.allowed[quantity])


def walk(
    case: Case, lines: Lines, last: str = STEPS[-1], only: Collection[str] = STEPS
) -> dict[str, Array] | None:
    """Each quantity up to the last, by its line, from the learner's own earlier values, or `only`
    some of those that have one; what these leave out is computed on the way. None if a line raises.
    """
    try:
        return follow(case.problem, case.given, lines, last, only)
    except ERRORS:
        return None


def environment(case: Case, computed: Mapping[str, Array]) -> dict[str, Any]:
    """What the lines read: inputs, the learner's own values, and computed ones for the rest."""
    return {**inputs(case.problem), **computed, **case.given}


def misfits(case: Case, lines: Lines, quantities: Collection[str]) -> set[str]:
    """Those of the learner's values that these lines, or the right ones where `lines` has none, do
    not give when they are run on the learner's own earlier values.
    """
    observed = case.values
    todo = [q for q in STEPS if q in quantities and q in observed]
    if not todo:
        return set()
    computed = walk(case, lines, todo[-1], todo)
    if computed is None:
        return set(todo)
    try:
        found = {q for q in todo if not _follows(case, q, computed, lines, observed[q])}
    except ERRORS:  # a line that was tried gives a shape that others cannot work with
        return set(todo)
    if found and "dz1" not in lines and "dz1" not in case.given and _masks_differ(case, computed):
        by_z1 = walk(case, {**lines, "dz1": ALSO_RIGHT["dz1"]}, todo[-1], todo) or computed
        again = {q for q in todo if not _follows(case, q, by_z1, lines, observed[q])}
        found = min(found, again, key=len)
    both = case.traced.keys() & case.returned.keys()
    if found and both:  # it may follow from what was returned, and not from what was traced
        unread = replace(case, traced={q: v for q, v in case.traced.items() if q not in both})
        found -= {q for q in found if q in case.returned} - misfits(unread, lines, found)
    if found and case.odd_shapes and not case.any_shape:  # a row for all samples, as NumPy allows
        with suppress(*ERRORS):
            found &= misfits(replace(case, any_shape=True), lines, found)
    return found


def _masks_differ(case: Case, computed: Mapping[str, Array]) -> bool:
    """a1 is not the notes', and a mask made from it is not the one made from z1."""
    known = environment(case, computed)
    return "a1" in known and not np.array_equal(known["a1"] > 0, known["z1"] > 0)


def _follows(
    case: Case, quantity: str, computed: Mapping[str, Array], lines: Lines, observed: Array
) -> bool:
    value = computed[quantity]
    if np.shape(value) == np.shape(observed) and not _far(case, quantity, value, observed):
        # The proven bound takes far longer, and allows no less.
        if agree(value, observed, _own_rounding(case, quantity, computed)):
            return True
        tolerance = tolerance_of(case, quantity, computed)
        if any(q == quantity or q in ANCESTORS[quantity] for q in lines):
            tolerance = _scaled(tolerance, value, case.right[quantity])
        if agree(value, observed, tolerance):
            return True
    if quantity in lines or quantity not in ALSO_RIGHT:
        return False
    other = run_line(ALSO_RIGHT[quantity], quantity, environment(case, computed))
    return agree(other, observed, _own_rounding(case, quantity, computed)) or agree(
        other, observed, tolerance_of(case, quantity, computed)
    )


def tolerance_of(case: Case, quantity: str, computed: Mapping[str, Array]) -> Array:
    """How far two results of the right line may lie apart on these values: the proven bound, and
    never less than the line's own rounding, whatever the values.
    """
    used = {**computed, **case.given}
    known = {
        q: v for q, v in used.items() if q in case.right and np.shape(v) == np.shape(case.right[q])
    }
    bound = allowed_around(case.problem, known)[quantity]
    return np.asarray(np.fmax(bound, _own_rounding(case, quantity, computed)))


def _own_rounding(case: Case, quantity: str, computed: Mapping[str, Array]) -> Array:
    own = run_line(MAGNITUDE[quantity], quantity, environment(case, computed))
    u = float(np.finfo(case.problem.X.dtype).eps) / 2
    return np.asarray(ROUNDINGS * (max(case.problem.sizes) + 4) * u * np.asarray(own))


def _scaled(tolerance: Array, value: Array, right: Array) -> Array:
    """A result that is N times too large rounds N times as much, and elsewhere, too."""
    largest = max(float(np.max(abs(right), initial=0)), float(np.finfo(np.float64).tiny))
    scale = float(np.max(abs(value), initial=0)) / largest
    widest = np.fmax.reduce(tolerance, axis=None)
    return np.asarray(widest * SLACK * (max(1.0, scale) if np.isfinite(scale) else 1.0))


def _far(case: Case, quantity: str, value: Array, observed: Array) -> bool:
    """Further apart than rounding can be. A sum of 0 is all rounding, whatever its ratio."""
    finite = np.isfinite(value) & np.isfinite(observed)
    if not finite.all():
        return False
    difference = np.max(abs(np.asarray(value, np.float64) - observed), initial=0)
    largest = max(np.max(abs(observed), initial=0), np.max(abs(value), initial=0))
    rounding = (
        NEAR * np.finfo(case.problem.X.dtype).eps * np.max(abs(case.right[quantity]), initial=0)
    )
    return bool(difference > max(FAR * largest, rounding))


def allowed_around(problem: Problem, values: Mapping[str, Array]) -> dict[str, Array]:
    """How far two right results may lie apart around these values. Y_ind has no rounding."""
    given = {name: np.asarray(value, np.float64) for name, value in values.items()}
    error = bounds_at(reference(problem, given), problem.dtype, any_softmax=True).error
    return {name: 2 * E for name, E in error._asdict().items()} | {"Y_ind": np.zeros(1)}


def agree(expected: Array, observed: Array, tolerance: Array) -> bool:
    """Close wherever the expected value is finite; where it is not, the other is not either."""
    if np.shape(expected) != np.shape(observed):
        return False
    if np.shape(tolerance) != np.shape(expected):  # a wrong line's shape: the widest will do
        tolerance = np.fmax.reduce(tolerance, axis=None)
    with np.errstate(all="ignore"):
        close = abs(np.asarray(expected, np.float64) - observed) <= tolerance
        close &= np.isfinite(expected)
        both_not = ~np.isfinite(expected) & ~np.isfinite(observed)
        return bool((close | both_not | (expected == observed)).all())


def own_line(case: Case, quantity: str, lines: Lines) -> Array:
    """What the right line gives on the learner's own earlier values or, where it cannot be run on
    these, on the right ones.
    """
    computed = walk(case, {q: line for q, line in lines.items() if q != quantity}, quantity)
    return case.right[quantity] if computed is None else computed[quantity]
