"""One batch and what the learner's code made of it, and when two arrays count as the same."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.bounds.reference import reference
from compare.bounds.rounding import bounds_at
from compare.checker.lines import (
    ALSO_RIGHT,
    ANCESTORS,
    MAGNITUDE,
    PARENTS,
    RIGHT,
    STEPS,
    WRITTEN,
    follow,
    inputs,
    mentioned,
    run_line,
)
from compare.problems.problem import Problem

Array = npt.NDArray[Any]
Lines = Mapping[str, str]  # for some quantities the lines that stand in for the right ones
Due = frozenset[tuple[str, str]]  # those of them to which a value is due

ROUNDINGS = 16  # of a line's magnitude, for each term it adds up: no order of summation makes more
SLACK = 16  # beyond the right line's rounding: a wrong line may add up other terms, and more
NEAR = 1e3  # roundings of the right value: nearer than that, the bound decides
KEPT = 3 * len(STEPS)  # values of each batch: of the lines that are known, and of those tried last
AROUND = ("z1", "a1", "z2", "P", "Y_ind", "dz2", "da1")  # the values around which bounds are taken
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

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: the fields alone, not what was worked out from them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

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

    @cached_property
    def as_returned(self) -> "Case":
        """Of what was both traced and returned, what was returned."""
        traced = {q: v for q, v in self.traced.items() if q not in self.returned}
        return replace(self, traced=traced)

    @cached_property
    def in_any_shape(self) -> "Case":
        return replace(self, any_shape=True)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What the lines may read of it."""
        return {**inputs(self.problem), **self.given}

    @cached_property
    def computed(self) -> "OrderedDict[Any, Any]":
        """The latest values of unseen quantities, by the lines that they were computed by."""
        return OrderedDict()

    @cached_property
    def known_misfits(self) -> "OrderedDict[Any, frozenset[str]]":
        """What was last found not to follow, by the quantities and the lines."""
        return OrderedDict()

    @cached_property
    def known_right(self) -> dict[str, bool]:
        """Whether what was returned is right, for what has been asked."""
        return {}


class Notes(NamedTuple):
    """What the notes make of a problem."""

    right: Mapping[str, Array]
    allowed: Mapping[str, Array]  # around the right values
    rounding: Mapping[str, float]  # what may be rounding in each quantity


@lru_cache(maxsize=64)
def notes(problem: Problem) -> Notes:
    """The same for all the files that are judged on it."""
    right = follow(problem)
    near = NEAR * float(np.finfo(problem.X.dtype).eps)
    rounding = {q: near * float(np.max(abs(value), initial=0)) for q, value in right.items()}
    return Notes(right, allowed_around(problem, right), rounding)


def make_case(
    name: str,
    problem: Problem,
    returned: Mapping[str, Array],
    raised: bool,
    written: Mapping[str, Array] | None = None,
) -> Case:
    right, allowed, _ = notes(problem)
    return Case(name, problem, returned, right, allowed, raised, written=written or {})


def is_right(case: Case, quantity: str) -> bool:
    """Returned within rounding of the reference."""
    if quantity not in case.known_right:
        right, allowed = case.right[quantity], case.allowed[quantity]
        case.known_right[quantity] = agree(right, case.returned[quantity], allowed)
    return case.known_right[quantity]


def walk(
    case: Case, lines: Lines, last: str = STEPS[-1], only: Collection[str] = STEPS
) -> dict[str, Array] | None:
    """Each quantity up to the last, by its line or the right one where `lines` has none, from the
    learner's own earlier values. Of those that have one, `only` these are computed; what these
    leave out is computed on the way. None if a line raises.
    """
    environment, computed = dict(case.environment), {}
    due: dict[str, Due] = {}
    with np.errstate(all="ignore"):
        try:
            for name in STEPS[: STEPS.index(last) + 1]:
                seen = name in case.given
                if seen and name not in only:
                    continue
                line = lines.get(name, RIGHT[name])
                own: Due = frozenset({(name, line)} if name in lines else ())
                if due:
                    own = own.union(*(due[q] for q in mentioned(line) if q in due))
                computed[name] = value = _computed(case, name, line, own, environment)
                if not seen:
                    environment[name] = value
                    if own:
                        due[name] = own
        except ERRORS:
            return None
    return computed


def _computed(
    case: Case, quantity: str, line: str, due: Due, environment: Mapping[str, Any]
) -> Any:
    """By the quantity's line. The same values are asked for again and again: the lines that are
    not the notes', of it and of what it is made of, find them.
    """
    key = quantity, due
    if key in case.computed:
        case.computed.move_to_end(key)
        return case.computed[key]
    value = run_line(line, quantity, environment)
    case.computed[key] = value
    if len(case.computed) > KEPT:
        case.computed.popitem(last=False)
    return value


def environment(case: Case, computed: Mapping[str, Array]) -> dict[str, Any]:
    """What the lines read: inputs, the learner's own values, and computed ones for the rest."""
    return {**inputs(case.problem), **computed, **case.given}


def misfits(case: Case, lines: Lines, quantities: Collection[str]) -> set[str]:
    """Those of the learner's values that these lines, or the right ones where `lines` has none, do
    not give when they are run on the learner's own earlier values.
    """
    todo = tuple(q for q in STEPS if q in quantities and q in case.values)
    if not todo:
        return set()
    key = todo, frozenset(lines.items())
    if key not in case.known_misfits:
        case.known_misfits[key] = frozenset(_misfits(case, lines, todo))
        if len(case.known_misfits) > KEPT:
            case.known_misfits.popitem(last=False)
    return {*case.known_misfits[key]}


def _misfits(case: Case, lines: Lines, todo: Sequence[str]) -> set[str]:
    observed = case.values
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
    if found and case.traced.keys() & case.returned.keys():
        # It may follow from what was returned, and not from what was traced.
        found -= {q for q in found if q in case.returned} - misfits(case.as_returned, lines, found)
    if found and case.odd_shapes and not case.any_shape:  # a row for all samples, as NumPy allows
        with suppress(*ERRORS):
            found &= misfits(case.in_any_shape, lines, found)
    return found


def _masks_differ(case: Case, computed: Mapping[str, Array]) -> bool:
    """a1 is not the notes', and a mask made from it is not the one made from z1."""
    known = environment(case, computed)
    return "a1" in known and not np.array_equal(known["a1"] > 0, known["z1"] > 0)


def _follows(
    case: Case, quantity: str, computed: Mapping[str, Array], lines: Lines, observed: Array
) -> bool:
    """From its line's value or, of a right line, from that of the other way."""
    changed = any(q == quantity or q in ANCESTORS[quantity] for q in lines)
    if _within_rounding(case, quantity, computed[quantity], observed, computed, changed):
        return True
    if quantity in lines:
        return False
    if quantity in ALSO_RIGHT:
        other = run_line(ALSO_RIGHT[quantity], quantity, environment(case, computed))
        if _within_rounding(case, quantity, other, observed, computed, changed=False):
            return True
    return _follows_in_half_precision(case, quantity, computed, observed)


def _follows_in_half_precision(
    case: Case, quantity: str, computed: Mapping[str, Array], observed: Array
) -> bool:
    """It is float16 as what it is made of: too far off for an earlier test, and it may overflow."""
    returned = case.returned.get(quantity)
    made_of = [case.given[q] for q in PARENTS[quantity] if q in case.given]
    half = any(np.array_equal(value, value.astype(np.float16)) for value in made_of)
    if returned is None or returned.dtype != np.float16 or not half:
        return False
    own = run_line(MAGNITUDE[quantity], quantity, environment(case, computed))
    numbers = np.finfo(np.float16)
    tolerance = _roundings(case, float(numbers.eps)) * np.asarray(own)
    return agree(
        computed[quantity], observed, np.where(own > float(numbers.max), np.inf, tolerance)
    )


def _within_rounding(
    case: Case,
    quantity: str,
    value: Array,
    observed: Array,
    computed: Mapping[str, Array],
    changed: bool,
) -> bool:
    """`changed`: the value came of a line that is not the right one."""
    if np.shape(value) != np.shape(observed):
        return False
    difference = float(abs(np.asarray(value, np.float64) - observed).max(initial=0))
    if difference == 0 or (np.isnan(difference) and np.array_equal(value, observed)):
        return True
    if _far(case, quantity, value, observed, difference):
        return False
    # The proven bound takes far longer, and allows no less.
    if agree(value, observed, _own_rounding(case, quantity, computed)):
        return True
    tolerance = tolerance_of(case, quantity, computed)
    if changed:
        tolerance = _scaled(case, quantity, tolerance, value)
    return agree(value, observed, tolerance)


def tolerance_of(case: Case, quantity: str, computed: Mapping[str, Array]) -> Array:
    """How far two results of the right line may lie apart on these values: the proven bound, and
    never less than the line's own rounding, whatever the values.
    """
    used = {**computed, **case.given}
    known = {
        q: used[q] for q in AROUND if q in used and np.shape(used[q]) == np.shape(case.right[q])
    }
    bound = _allowed_around(case.problem, _frozen(known))[quantity]
    return np.asarray(np.fmax(bound, _own_rounding(case, quantity, computed)))


def _own_rounding(case: Case, quantity: str, computed: Mapping[str, Array]) -> Array:
    own = run_line(MAGNITUDE[quantity], quantity, environment(case, computed))
    return np.asarray(_roundings(case, float(np.finfo(case.problem.X.dtype).eps)) * own)


def _roundings(case: Case, eps: float) -> float:
    return ROUNDINGS * (max(case.problem.sizes) + 4) * eps / 2


def _scaled(case: Case, quantity: str, tolerance: Array, value: Array) -> Array:
    """A result that is N times too large rounds N times as much, and elsewhere, too; and never less
    than the value itself, where the right line adds up zeros alone.
    """
    right, eps = case.right[quantity], float(np.finfo(case.problem.X.dtype).eps)
    largest = max(float(np.max(abs(right), initial=0)), float(np.finfo(np.float64).tiny))
    scale = float(np.max(abs(value), initial=0)) / largest
    widest = np.fmax.reduce(tolerance, axis=None)
    scaled = widest * SLACK * (max(1.0, scale) if np.isfinite(scale) else 1.0)
    return np.asarray(np.fmax(scaled, SLACK * eps / 2 * abs(np.asarray(value))))


def _far(case: Case, quantity: str, value: Array, observed: Array, difference: float) -> bool:
    """Further apart than rounding can be. A sum of 0 is all rounding, whatever its ratio."""
    if not np.isfinite(difference) or difference <= notes(case.problem).rounding[quantity]:
        return False
    largest = max(abs(observed).max(initial=0), abs(value).max(initial=0))
    return bool(difference > FAR * largest)


def allowed_around(problem: Problem, values: Mapping[str, Array]) -> dict[str, Array]:
    """How far two right results may lie apart around these values. Y_ind has no rounding."""
    given = {name: np.asarray(value, np.float64) for name, value in values.items()}
    error = bounds_at(reference(problem, given), problem.dtype, any_softmax=True).error
    return {name: 2 * E for name, E in error._asdict().items()} | {"Y_ind": np.zeros(1)}


# The values as they can be looked up: their names, shapes and bytes.
Frozen = tuple[tuple[str, tuple[int, ...], bytes], ...]


def _frozen(values: Mapping[str, Array]) -> Frozen:
    arrays = {name: np.asarray(value, np.float64) for name, value in values.items()}
    return tuple((name, array.shape, array.tobytes()) for name, array in arrays.items())


@lru_cache(maxsize=KEPT)
def _allowed_around(problem: Problem, values: Frozen) -> dict[str, Array]:
    """The same values are asked for again with each line that is tried after them."""
    arrays = {name: np.frombuffer(content).reshape(shape) for name, shape, content in values}
    return allowed_around(problem, arrays)


def agree(expected: Array, observed: Array, tolerance: Array) -> bool:
    """Close wherever the expected value is finite; where it is not, the other is not either."""
    if np.shape(expected) != np.shape(observed):
        return False
    if np.shape(tolerance) != np.shape(expected):  # a wrong line's shape: the widest will do
        tolerance = np.fmax.reduce(tolerance, axis=None)
    finite = np.isfinite(expected)
    with np.errstate(all="ignore"):
        close = (abs(np.asarray(expected, np.float64) - observed) <= tolerance) & finite
        close |= expected == observed
    return bool((close if finite.all() else close | ~(finite | np.isfinite(observed))).all())


def own_line(case: Case, quantity: str, lines: Lines) -> Array:
    """What the right line gives on the learner's own earlier values or, where it cannot be run on
    these, on the right ones.
    """
    computed = walk(case, {q: line for q, line in lines.items() if q != quantity}, quantity)
    return case.right[quantity] if computed is None else computed[quantity]
