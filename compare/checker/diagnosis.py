"""Which line is wrong, and which mistake it is.

A quantity is right if it lies within rounding of the reference on every probe. Otherwise its line
of the notes is run on the learner's own earlier values: if that gives the learner's number, the
error is inherited; if not, the mistake is here, and every entry of the catalogue is tried, as a
line on the same values. Steps that were not returned may hold a mistake as well: such hypotheses
are run through the whole chain, and the explanation with the fewest mistakes wins. Whatever fits
within rounding on all probes is reported; what fits nothing is called unrecognised.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.bounds.reference import reference
from compare.bounds.rounding import bounds_at
from compare.checker.catalogue import CATALOGUE, UNKNOWN, Mistake
from compare.checker.lines import RIGHT, STEPS, follow
from compare.problems.problem import Problem

Array = npt.NDArray[Any]
Lines = Mapping[str, str]  # for some quantities the lines that replace the right ones

# The same numbers, by other ways than the notes': from P instead of the scores, by z1 for a1.
ALSO_RIGHT = {
    "loss": RIGHT["loss"].replace("s - np.log(S)", "np.log(P)"),
    "dz1": RIGHT["dz1"].replace("a1 > 0", "z1 > 0"),
}
# Beyond the right line's rounding: a wrong line may add up other terms, and more of them.
SLACK = 16
FAR = 1e-2  # of the largest value: no bound on any probe is so wide
VARIANTS_IN_PAIRS = 3  # edits of one mistake that are tried together with another mistake


class Occurrence(NamedTuple):
    """A mistake in the line of a quantity, and the lines with it."""

    mistake: Mistake
    quantity: str
    text: str


@dataclass(frozen=True, eq=False)
class Case:
    """One probe, and what the learner's function returned for it; nothing, if it raised."""

    problem: Problem
    observed: Mapping[str, Array]
    given: Mapping[str, Array]  # those of them that have the right shape: later lines can be run
    right: Mapping[str, Array]  # by the lines of the notes, from the inputs
    allowed: Mapping[str, Array]  # around them

    @property
    def raised(self) -> bool:
        return not self.observed


def make_case(problem: Problem, observed: Mapping[str, Array]) -> Case:
    right = follow(problem)
    given = {
        name: value.astype(problem.X.dtype)
        for name, value in observed.items()
        if value.shape == np.shape(right[name])
    }
    return Case(problem, observed, given, right, _allowed(problem, right, right))


@dataclass(frozen=True)
class Explanation:
    """Mistakes that, together, give the learner's numbers on every probe."""

    hidden: tuple[Occurrence, ...]  # in steps that were not returned
    # For each wrong step all that fits there, each a mistake or two; nothing, if unrecognised.
    local: dict[str, list[tuple[Occurrence, ...]]]

    @property
    def cost(self) -> tuple[int, int]:
        """How many quantities are unexplained, and how many mistakes it takes."""
        unexplained = sum(not fits for fits in self.local.values())
        mistakes = len(self.hidden) + sum(len(fits[0]) for fits in self.local.values() if fits)
        return unexplained, mistakes


def is_right(case: Case, quantity: str) -> bool:
    """Within rounding of the reference."""
    return _fits(case.right[quantity], case.observed[quantity], case.allowed[quantity])


def own_line(case: Case, quantity: str) -> Array:
    """What the right line gives on the learner's own earlier values or, where it cannot be run on
    these, on the right ones.
    """
    computed = _run(case, {})
    return case.right[quantity] if computed is None else computed[quantity]


def wrong_quantities(cases: Sequence[Case]) -> list[str]:
    """Those that are not right on every probe, in the order of the computation."""
    return [q for q in STEPS if any(q in case.observed and not is_right(case, q) for case in cases)]


def explain(cases: Sequence[Case]) -> list[Explanation]:
    """The explanations with the fewest unexplained quantities and, of these, the fewest mistakes.

    `cases` hold something wrong. Where the learner's code raised, an explanation must raise too, if
    any does.
    """
    cases = sorted(cases, key=lambda case: case.problem.X.size)  # a small one refutes sooner
    wrong = wrong_quantities(cases)
    if any(case.raised for case in cases):
        raising = (_raising(cases, wrong, occurrence) for occurrence in _occurrences(RIGHT))
        found = [explanation for explanation in raising if explanation is not None]
        return found or [_with_hidden(cases, wrong, (), pairs=False)]
    hidden = [q for q in RIGHT if not all(q in case.given for case in cases)]
    best: list[Explanation] = []
    # From the cheap to the costly: two mistakes in one line, or two in steps not returned, are
    # looked for only where one does not do.
    for size, pairs in ((0, False), (1, False), (0, True), (2, False)):
        if best and (best[0].cost <= (0, 1) or ((pairs or size > 1) and not best[0].cost[0])):
            break
        for occurrences in _hidden_mistakes(cases, wrong, hidden, size):
            explanation = _with_hidden(cases, wrong, occurrences, pairs)
            if not best or explanation.cost < best[0].cost:
                best = [explanation]
            elif explanation.cost == best[0].cost and explanation not in best:
                best.append(explanation)
    return best


def _occurrences(quantities: Iterable[str], variants: int | None = None) -> Iterator[Occurrence]:
    for quantity in quantities:
        for mistake in CATALOGUE:
            if quantity in mistake.places:
                for text in mistake.wrong_lines(quantity)[:variants]:
                    yield Occurrence(mistake, quantity, text)


def _hidden_mistakes(
    cases: Sequence[Case], wrong: Sequence[str], hidden: Sequence[str], size: int
) -> Iterator[tuple[Occurrence, ...]]:
    """The sets of mistakes in unreturned steps that make some wrong quantity fit, and no right one
    unfit; by the first, small probe at once, then by all of them.
    """
    if size == 0:
        yield ()
        return
    variants = VARIANTS_IN_PAIRS if size > 1 else None
    kept = [q for q in RIGHT if q not in wrong and any(q in c.observed for c in cases)]
    odd = _misfits(cases, {}, kept)
    kept = [q for q in kept if q not in odd]
    candidates = [_settled(cases, {}, o, wrong) for o in _occurrences(hidden, variants)]
    for occurrences in combinations(candidates, size):
        if len({o.quantity for o in occurrences}) < size:
            continue
        lines = {o.quantity: o.text for o in occurrences}
        for some in (cases[:1], cases):
            misfits = _misfits(some, lines, [*wrong, *kept])
            if len(misfits) >= len(wrong) or misfits.intersection(kept):
                break
        else:
            yield occurrences


def _with_hidden(
    cases: Sequence[Case], wrong: Sequence[str], hidden: tuple[Occurrence, ...], pairs: bool
) -> Explanation:
    """What is left to explain by mistakes in returned steps, once `hidden` ones are accepted."""
    lines = {o.quantity: o.text for o in hidden}
    left = _misfits(cases, lines, wrong)
    local = {q: _local(cases, lines, q, pairs) for q in wrong if q in left}
    return Explanation(hidden, local | ({} if hidden else _cancelling(cases, wrong)))


def _cancelling(
    cases: Sequence[Case], wrong: Sequence[str]
) -> dict[str, list[tuple[Occurrence, ...]]]:
    """Quantities that are right although their line ran on wrong values: where the catalogue says
    how, a second mistake undid the first. (Where it does not, an earlier value was written over
    after its use.)
    """
    right = [q for q in RIGHT if q not in wrong and all(q in c.given for c in cases)]
    odd = _misfits(cases, {}, right)
    found = {q: _fitting(cases, {}, q, _singles(q), own=True) for q in right if q in odd}
    return {q: fits for q, fits in found.items() if fits}


def _local(
    cases: Sequence[Case], lines: Lines, quantity: str, pairs: bool
) -> list[tuple[Occurrence, ...]]:
    """All single mistakes in the line of `quantity` that fit there; else, with `pairs`, all pairs.

    First on the learner's own earlier values, then, as these may have been written over after they
    were used, on the right ones.
    """
    for own in (True, False):
        for candidates in (_singles(quantity), _pairs(quantity) if pairs else iter(())):
            fits = _fitting(cases, lines, quantity, candidates, own)
            if fits:
                return fits
    return []


def _fitting(
    cases: Sequence[Case],
    lines: Lines,
    quantity: str,
    candidates: Iterator[tuple[Occurrence, ...]],
    own: bool,
) -> list[tuple[Occurrence, ...]]:
    """Those of the candidates that give the learner's values of `quantity` on every case."""
    settled = ((*others, _settled(cases, lines, last, [quantity])) for *others, last in candidates)
    return [
        occurrences
        for occurrences in settled
        if not _misfits(cases, {**lines, quantity: occurrences[-1].text}, [quantity], own)
    ]


def _settled(
    cases: Sequence[Case], lines: Lines, occurrence: Occurrence, spoilt: Sequence[str]
) -> Occurrence:
    """An unknown number in the wrong line made the one that suits the values that it spoilt best:
    these are linear in it.
    """
    if UNKNOWN not in occurrence.text:
        return occurrence

    def with_number(number: float) -> str:
        return occurrence.text.replace(UNKNOWN, repr(number))

    for case in cases:
        without, once = (
            _run(case, {**lines, occurrence.quantity: with_number(number)}) for number in (0.0, 1.0)
        )
        for q in spoilt:
            if without is None or once is None or q not in case.observed:
                continue
            slope = (once[q] - without[q]).ravel()
            if slope.any() and case.observed[q].size == slope.size:
                off = (case.observed[q] - without[q]).ravel()
                number = float(f"{off @ slope / (slope @ slope):.6g}")
                return occurrence._replace(text=with_number(number))
    return occurrence._replace(text=with_number(1.0))


def _singles(quantity: str) -> Iterator[tuple[Occurrence, ...]]:
    return ((occurrence,) for occurrence in _occurrences([quantity]))


def _pairs(quantity: str) -> Iterator[tuple[Occurrence, ...]]:
    """Two mistakes in one line; the text of the second holds both."""
    for first in _occurrences([quantity], VARIANTS_IN_PAIRS):
        for mistake in CATALOGUE:
            if quantity in mistake.places and mistake.id > first.mistake.id:
                for text in mistake.wrong_lines(quantity, first.text)[:VARIANTS_IN_PAIRS]:
                    yield first, Occurrence(mistake, quantity, text)


def _raising(
    cases: Sequence[Case], wrong: Sequence[str], occurrence: Occurrence
) -> Explanation | None:
    """The explanation by a mistake that raises where the learner's code did, and only there."""
    lines = {occurrence.quantity: occurrence.text}
    if any((_run(case, lines) is None) != case.raised for case in cases):
        return None
    returned = [case for case in cases if not case.raised]
    return None if _misfits(returned, lines, wrong) else Explanation((occurrence,), {})


def _misfits(
    cases: Sequence[Case], lines: Lines, quantities: Sequence[str], own: bool = True
) -> set[str]:
    """The quantities that these lines, run on the learner's earlier values, do not give."""
    misfits: set[str] = set()
    for case in cases:
        todo = [q for q in quantities if q in case.observed and q not in misfits]
        last = max(todo, key=STEPS.index, default="")
        computed = _run(case, lines, own, last) if todo else {}
        if computed is None:
            return set(quantities)
        misfits |= _far(case, computed, todo) if lines else set()
        todo = [q for q in todo if q not in misfits]
        if todo:
            used = {**computed, **(case.given if own else {})}
            allowed = _allowed(case.problem, case.right, used)
            misfits |= {q for q in todo if not _close(case, q, computed[q], allowed[q], lines, own)}
        if len(misfits) == len(quantities):
            break
    return misfits


def _far(case: Case, computed: Mapping[str, Array], quantities: Sequence[str]) -> set[str]:
    """Those that are further off than any rounding, seen without working out a bound; where there
    is another way to be right, this one decides nothing.
    """
    return {
        q
        for q in quantities
        if q not in ALSO_RIGHT
        and np.shape(computed[q]) == case.observed[q].shape
        and abs(computed[q] - case.observed[q]).max()
        > FAR * max(abs(case.observed[q]).max(), abs(case.right[q]).max())
    }


def _close(
    case: Case, quantity: str, computed: Array, allowed: Array, lines: Lines, own: bool
) -> bool:
    if lines:  # elsewhere, too; and one that is N times too large rounds N times as much
        largest = max(abs(case.right[quantity]).max(), np.finfo(np.float64).tiny)
        scale = abs(computed).max() / largest
        widest = np.fmax.reduce(allowed, axis=None)
        allowed = widest * SLACK * (max(1.0, scale) if np.isfinite(scale) else 1)
    if _fits(computed, case.observed[quantity], allowed):
        return True
    earlier = [q for q in STEPS[: STEPS.index(quantity)] if q in case.observed]
    if quantity not in ALSO_RIGHT or quantity in lines or all(is_right(case, q) for q in earlier):
        return False
    again = _run(case, {**lines, quantity: ALSO_RIGHT[quantity]}, own)
    return again is not None and _fits(again[quantity], case.observed[quantity], allowed)


def _run(
    case: Case, lines: Lines, own: bool = True, last: str = STEPS[-1]
) -> dict[str, Array] | None:
    """Each quantity up to the last from the learner's own earlier values, or the right ones; None
    if a line raises.
    """
    try:
        with np.errstate(all="ignore"):
            return follow(case.problem, case.given if own else {}, lines, last)
    except (ArithmeticError, LookupError, NameError, TypeError, ValueError):
        return None


def _allowed(
    problem: Problem, right: Mapping[str, Array], values: Mapping[str, Array]
) -> dict[str, Array]:
    """How far two right results may lie apart, around these values. Y_ind has no rounding."""
    given = {
        name: np.asarray(value, np.float64)
        for name, value in values.items()
        if np.shape(value) == np.shape(right[name])
    }
    error = bounds_at(reference(problem, given), problem.dtype, any_softmax=True).error
    return {name: 2 * E for name, E in error._asdict().items()} | {"Y_ind": np.zeros(1)}


def _fits(expected: Array, observed: Array, allowed: Array) -> bool:
    """Close wherever both are finite; and both or neither have a NaN or an infinity somewhere."""
    if np.shape(expected) != np.shape(observed):
        return False
    finite = np.isfinite(expected) & np.isfinite(observed)
    if np.isfinite(expected).all() != np.isfinite(observed).all():
        return False
    if np.shape(allowed) != np.shape(expected):  # a wrong line's shape: the widest will do
        allowed = np.fmax.reduce(allowed, axis=None)
    with np.errstate(all="ignore"):
        difference = abs(np.asarray(expected, np.float64) - observed)
        return bool((~finite | ~(difference > allowed)).all())
