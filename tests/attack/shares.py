"""What share of the allowance right answers take, on one problem."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.attack import free
from tests.attack.exact import OWN_ERROR, exact_values, largest_terms
from tests.attack.project import (
    Bounds,
    Problem,
    Values,
    autograd_values,
    compare_steps,
    error_bounds,
    manual_step,
    masked_differently,
    step_values,
)
from tests.attack.recipes import Recipe, make

PAIRS = ("free, exact", "free, free", "project, exact", "manual, autograd")


class Case(NamedTuple):
    """A problem, and two implementations for it."""

    recipe: Recipe
    one: free.Style
    other: free.Style


Mask = npt.NDArray[np.bool_]


class Sides(NamedTuple):
    """All that a case computes before any bound is asked for."""

    problem: Problem
    exact: Values
    free: tuple[Values, Values]
    remade: Callable[[Mask], Values]  # the first of the two, behind another ReLU mask
    project: Any = None  # Forward and Backward by hand, and autograd's values


Shares = dict[tuple[str, str], float]  # by pair and quantity: the largest |difference| / allowed


def in_range(problem: Problem) -> bool:
    """Whether no sum, however it is ordered, overflows: else nothing is claimed."""
    return largest_terms(problem) < float(np.finfo(problem.X.dtype).max) / 16


def sides(case: Case, with_project: bool = True) -> Sides | None:
    """None where the problem is out of range."""
    with np.errstate(all="ignore"):
        problem = make(case.recipe)
        if not in_range(problem):
            return None
        forwards = [free.forward(problem, style) for style in (case.one, case.other)]
        one, other = (
            free.backward(problem, style, fwd, fwd.a1 > 0)
            for style, fwd in zip((case.one, case.other), forwards, strict=True)
        )

        def remade(active: Mask) -> Values:
            return free.backward(problem, case.one, forwards[0], active)

        project = (*manual_step(problem), autograd_values(problem)) if with_project else None
        return Sides(problem, exact_values(problem), (one, other), remade, project)


def shares(found: Sides, bounds: Bounds) -> Shares:
    """Where a ReLU mask differs on a unit that the bound calls unsure, the gradients behind it are
    compared on the same side of it, as compare/ does.
    """
    with np.errstate(all="ignore"):
        one, other = found.free
        level = _on_the_side_of(one, other, bounds, found.remade)
        result = {("free, free", q): s for q, s in _shares(level, other, bounds, 2).items()}
        versus = {"free, exact": list(found.free)}
        if found.project:
            fwd, bwd, autograd = found.project
            versus["project, exact"] = [step_values(fwd, bwd), autograd]
            judged = compare_steps(found.problem, fwd, bwd, autograd).quantities
            result |= {("manual, autograd", q.name): q.used for q in judged}
        for pair, implementations in versus.items():
            found_shares = [_against_exact(found, values, bounds) for values in implementations]
            for q in Values._fields:
                result[pair, q] = max(s[q] for s in found_shares)
        return result


def _against_exact(found: Sides, values: Values, bounds: Bounds) -> dict[str, float]:
    exact = _on_the_side_of(
        found.exact, values, bounds, lambda active: exact_values(found.problem, active)
    )
    own = 1 + OWN_ERROR  # of the exact values: it must accuse nobody
    return {q: s / own for q, s in _shares(values, exact, bounds, 1).items()}


def _on_the_side_of(
    one: Values, other: Values, bounds: Bounds, remade: Callable[[Mask], Values]
) -> Values:
    kinks = masked_differently(one.a1, other.a1, bounds)
    if not kinks.any():
        return one
    again = remade(np.where(kinks, other.a1 > 0, one.a1 > 0))
    return one._replace(dz1=again.dz1, dW1=again.dW1, db1=again.db1)


def _shares(one: Values, other: Values, bounds: Bounds, times: int) -> dict[str, float]:
    return {
        name: float(ratio(a, b, times * e).max())
        for name, a, b, e in zip(Values._fields, one, other, bounds.error, strict=True)
    }


def ratio(one: Any, other: Any, allowed: Any) -> Any:
    """NaN, which is no agreement, is an infinite share; so is any where the bound is not finite."""
    difference = abs(one.astype(np.longdouble) - other)
    ratio = np.where(difference == 0, 0, difference / allowed)
    return np.where(np.isnan(ratio) | ~np.isfinite(allowed), np.inf, ratio)


def shares_of(case: Case, with_project: bool = True) -> Shares:
    found = sides(case, with_project)
    return shares(found, error_bounds(found.problem)) if found else {}
