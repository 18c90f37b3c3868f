"""What share of the allowance right answers take, on one problem."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tests.attack import free
from tests.attack.exact import exact_penalty, exact_values, largest_terms, own_error
from tests.attack.project import (
    BY_ROW,
    SUMMED,
    Claim,
    Mask,
    Problem,
    Values,
    against_autograd,
    autograd_values,
    manual_step,
    masked_differently,
    step_values,
)
from tests.attack.recipes import Recipe, make

PAIRS = ("free, exact", "free, free", "project, exact", "manual, autograd")
IN_BLOCKS = " in blocks"
PENALTIES = ("reg·W1", "reg·W2")


class Case(NamedTuple):
    """A problem, and two implementations for it."""

    recipe: Recipe
    one: free.Style
    other: free.Style


class Sides(NamedTuple):
    """All that a case computes before any bound is asked for."""

    problem: Problem
    exact: Values
    free: tuple[Values, Values]
    remade: Callable[[Mask], Values]  # the first of the two, behind another ReLU mask
    penalties: tuple[list[Any], list[Any]]  # reg · W1 and reg · W2, in either style
    project: tuple[Values, Values] | None  # by hand, by autograd


class Allowed(NamedTuple):
    """E for each quantity, and for some of them in blocks; and the units that may be masked."""

    error: dict[str, Any]
    unsure: Mask


class Difference(NamedTuple):
    """Between two right answers, of which `times` E is allowed."""

    pair: str
    quantity: str
    size: Any  # element by element
    times: float


def sides(case: Case, with_project: bool = False) -> Sides | None:
    """None where a sum, in some order, may overflow: nothing is claimed there."""
    with np.errstate(all="ignore"):
        problem = make(case.recipe)
        if largest_terms(problem) > float(np.finfo(problem.X.dtype).max) / 16:
            return None
        styles = (case.one, case.other)
        forwards = [free.forward(problem, style) for style in styles]
        one, other = (
            free.backward(problem, style, fwd, fwd.a1 > 0)
            for style, fwd in zip(styles, forwards, strict=True)
        )

        def remade(active: Mask) -> Values:
            return free.backward(problem, case.one, forwards[0], active)

        project = None
        if with_project:
            project = (step_values(*manual_step(problem)), autograd_values(problem))
        penalties = free.penalties(problem, case.one), free.penalties(problem, case.other)
        return Sides(problem, exact_values(problem), (one, other), remade, penalties, project)


def allowed(claim: Claim, problem: Problem, blocks: int = 0) -> Allowed:
    """With `blocks`, also the sum of what is allowed to so many blocks of the batch's rows."""
    with np.errstate(all="ignore"):
        whole = claim.error_bounds(problem)
        error: dict[str, Any] = whole.error._asdict()
        error |= zip(PENALTIES, claim.penalty_bounds(problem), strict=True)
        if blocks:
            error |= _in_blocks(claim, problem, blocks)
        return Allowed(error, whole.unsure)


def _in_blocks(claim: Claim, problem: Problem, blocks: int) -> dict[str, Any]:
    N = len(problem.X)
    ends = sorted({0, N, *np.random.default_rng(blocks).integers(N, size=blocks - 1).tolist()})
    parts = [
        claim.error_bounds(_rows(problem, start, stop), N).error for start, stop in pairwise(ends)
    ]
    by_row = {q: np.concatenate([getattr(part, q) for part in parts]) for q in BY_ROW}
    summed = {q: np.sum([getattr(part, q) for part in parts], axis=0) for q in SUMMED}
    return {q + IN_BLOCKS: error for q, error in (by_row | summed).items()}


def _rows(problem: Problem, start: int, stop: int) -> Problem:
    reg = problem.reg if start == 0 else 0.0
    return replace(problem, X=problem.X[start:stop], y=problem.y[start:stop], reg=reg)


def differences(found: Sides, unsure: Mask) -> list[Difference]:
    """Where a ReLU mask differs on a unit that the bound calls unsure, the gradients behind it are
    compared on the same side of it, as compare/ does.
    """

    def level(one: Values, other: Values, remade: Callable[[Mask], Values]) -> Values:
        kinks = masked_differently(one.a1, other.a1, unsure)
        if not kinks.any():
            return one
        again = remade(np.where(kinks, other.a1 > 0, one.a1 > 0))
        return one._replace(dz1=again.dz1, dW1=again.dW1, db1=again.db1)

    problem, (one, other) = found.problem, found.free
    own = 1 + own_error(problem.X.dtype)  # the exact values' own error must accuse nobody
    pairs = [("free, free", level(one, other, found.remade), other, 2.0)]
    against_exact = [("free, exact", values) for values in found.free]
    against_exact += [("project, exact", values) for values in found.project or ()]
    for pair, values in against_exact:
        exact = level(found.exact, values, lambda active: exact_values(problem, active))
        pairs.append((pair, values, exact, own))
    penalties = [
        Difference("free, exact", name, abs(reg_W - exact), own)
        for side in found.penalties
        for name, reg_W, exact in zip(PENALTIES, side, exact_penalty(problem), strict=True)
    ]
    return penalties + [
        Difference(pair, quantity, abs(a.astype(np.longdouble) - b), times)
        for pair, ours, theirs, times in pairs
        for quantity, a, b in zip(Values._fields, ours, theirs, strict=True)
    ]


def ratio(difference: Difference, error: Any) -> Any:
    """NaN, which is no agreement, is an infinite share; so is any where the bound is not finite."""
    ratio = np.where(difference.size == 0, 0, difference.size / (difference.times * error))
    return np.where(np.isnan(ratio) | ~np.isfinite(error), np.inf, ratio)


Shares = dict[tuple[str, str], float]  # by pair and quantity: the largest |difference| / allowed


def shares(found: Sides, may: Allowed) -> Shares:
    result: Shares = {}
    with np.errstate(all="ignore"):
        for difference in differences(found, may.unsure):
            for quantity in (difference.quantity, difference.quantity + IN_BLOCKS):
                if quantity in may.error:
                    key = difference.pair, quantity
                    share = float(ratio(difference, may.error[quantity]).max())
                    result[key] = max(result.get(key, 0.0), share)
        if found.project:
            comparison = against_autograd(found.problem)
            judged = (*comparison.returned, *comparison.quantities)
            result |= {("manual, autograd", q.key): q.used for q in judged}
    return result


def alarms(found: Sides, may: Allowed) -> Callable[[Allowed], float]:
    """How near right answers come to accusing a bound `less` of having dropped a part of `may`.

    Where an element takes a share r of E, and a fraction f of E is dropped, it takes r / (1 - f):
    more than 1 if and only if f / (1 - r) is. The smaller of the two says how far there is to go.
    """
    before = differences(found, may.unsure)
    with np.errstate(all="ignore"):
        shares = [ratio(difference, may.error[difference.quantity]) for difference in before]

    def alarm(less: Allowed) -> float:
        same = np.array_equal(less.unsure, may.unsure)
        largest = 0.0
        with np.errstate(all="ignore"):
            after = before if same else differences(found, less.unsure)
            for difference, r in zip(after, shares, strict=True):
                E, e = (bound.error[difference.quantity] for bound in (may, less))
                if same and np.array_equal(E, e, equal_nan=True):
                    continue
                accused = ratio(difference, e)
                dropped = np.where(E > 0, (E - e) / E, 0) / (1 - r)
                near = np.where(accused > 1, accused, np.minimum(accused, dropped))
                largest = max(largest, float(np.max(near, where=r <= 1, initial=0)))
        return largest

    return alarm
