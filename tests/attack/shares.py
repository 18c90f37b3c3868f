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
    compare,
    error_bounds,
    manual_step,
    masked_differently,
    step_values,
)
from tests.attack.recipes import Recipe, make

PAIRS = ("free, exact", "free, free", "manual, autograd", "project, exact")


class Case(NamedTuple):
    """A problem, and two implementations for it."""

    recipe: Recipe
    one: free.Style
    other: free.Style


class Sides(NamedTuple):
    """All that a case computes before any bound is asked for."""

    problem: Problem
    free: tuple[Values, Values]
    remade: Callable[[npt.NDArray[np.bool_]], Values]  # the first, behind another ReLU mask
    project: tuple[Values, Values] | None


Shares = dict[tuple[str, str], float]  # by pair and quantity


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

        def remade(active: npt.NDArray[np.bool_]) -> Values:
            with np.errstate(all="ignore"):
                return free.backward(problem, case.one, forwards[0], active)

        project = None
        if with_project:
            project = (step_values(*manual_step(problem)), autograd_values(problem))
        return Sides(problem, (one, other), remade, project)


def shares(found: Sides, bounds: Bounds) -> Shares:
    """The largest |difference| / allowed of each quantity. Where a ReLU mask differs on a unit that
    the bound calls unsure, the gradients behind it are compared on the same side of it.
    """
    with np.errstate(all="ignore"):
        one, other = found.free
        result = _shares("free, free", _on_the_side_of(one, other, bounds, found.remade), other, bounds, 2)
        against_exact = [("free, exact", v) for v in found.free]
        if found.project:
            against_exact += [("project, exact", v) for v in found.project]
        for pair, values in against_exact:
            exact = _on_the_side_of(
                exact_values(found.problem),
                values,
                bounds,
                lambda active: exact_values(found.problem, active),
            )
            for key, share in _shares(pair, values, exact, bounds, 1).items():
                # The reference's own error must accuse nobody.
                result[key] = max(result.get(key, 0.0), share / (1 + OWN_ERROR))
        if found.project:
            comparison = compare(found.problem)
            result |= {("manual, autograd", q.name): q.used for q in comparison.quantities}
        return result


def _on_the_side_of(
    one: Values, other: Values, bounds: Bounds, remade: Callable[[npt.NDArray[np.bool_]], Values]
) -> Values:
    kinks = masked_differently(one.a1, other.a1, bounds)
    if not kinks.any():
        return one
    again = remade(np.where(kinks, other.a1 > 0, one.a1 > 0))
    return one._replace(dz1=again.dz1, dW1=again.dW1, db1=again.db1)


def _shares(pair: str, one: Values, other: Values, bounds: Bounds, times: int) -> Shares:
    return {
        (pair, name): share(a, b, times * e)
        for name, a, b, e in zip(Values._fields, one, other, bounds.error, strict=True)
    }


def share(one: Any, other: Any, allowed: Any) -> float:
    """NaN, which is no agreement, is an infinite share."""
    difference = abs(one.astype(np.longdouble) - other)
    ratio = np.where(difference == 0, 0, difference / allowed)
    return float(np.where(np.isnan(ratio) | ~np.isfinite(allowed), np.inf, ratio).max())


def shares_of(case: Case, with_project: bool = True) -> Shares:
    found = sides(case, with_project)
    return shares(found, error_bounds(found.problem)) if found else {}
