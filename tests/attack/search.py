"""A search for the problems and implementations that take the largest share of the allowance."""

import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

import numpy as np

from tests.attack.free import random_style, varied_style
from tests.attack.project import Bounds, Problem, error_bounds
from tests.attack.recipes import random_recipe, varied
from tests.attack.shares import Case, shares, sides


class Best(NamedTuple):
    share: float
    case: Case


class Found(NamedTuple):
    tried: int  # problems in range
    best: dict[Hashable, Best]


# What is measured on a case: a share for each key. Empty where the problem is out of range.
Measure = Callable[[Case, np.random.Generator], dict[Hashable, float]]


def search(
    dtype: str, seed: int, measure: Measure, *, problems: int = 10**9, seconds: float = 1e9
) -> Found:
    """Keep the best case for each key, and vary one of them or draw a new one."""
    rng = np.random.default_rng(seed)
    best: dict[Hashable, Best] = {}
    tried, end = 0, time.monotonic() + seconds
    while tried < problems and time.monotonic() < end:
        if best and rng.random() < 0.8:
            case = varied_case(list(best.values())[rng.integers(len(best))].case, rng)
        else:
            case = random_case(rng, dtype)
        result = measure(case, rng)
        tried += bool(result)
        for key, share in result.items():
            if key not in best or share >= best[key].share:
                best[key] = Best(share, case)
    return Found(tried, best)


def measure_shares(case: Case, rng: np.random.Generator) -> dict[Hashable, float]:
    """Keys: pair, quantity, regime of the problem. Torch, which takes most of the time, is asked
    about one problem in eight.
    """
    found = sides(case, with_project=bool(rng.random() < 0.125))
    if found is None:
        return {}
    bounds = error_bounds(found.problem)
    where = regime(found.problem, bounds)
    return {(*key, where): share for key, share in shares(found, bounds).items()}


def regime(problem: Problem, bounds: Bounds) -> str:
    """Kinds of problems, the best of each of which is kept: so the search stays varied."""
    scores = "wild" if bounds.error.z2.max() > 0.01 else "tame"
    tiny = np.finfo(problem.X.dtype).tiny
    small = any(0 < abs(e).max() < 2.0**20 * tiny for e in bounds.error)
    N = len(problem.X)
    length = "one row" if N == 1 else "short" if N < 8 else "long"
    kinks = "kinks" if bounds.unsure.any() else "no kinks"
    return f"{scores} scores, {'underflow' if small else 'no underflow'}, {length}, {kinks}"


def random_case(rng: np.random.Generator, dtype: str) -> Case:
    return Case(random_recipe(rng, dtype), random_style(rng), random_style(rng))


def varied_case(case: Case, rng: np.random.Generator) -> Case:
    which = rng.integers(5)
    if which != 0:
        case = case._replace(recipe=varied(case.recipe, rng))
    if which in (0, 1):
        case = case._replace(one=varied_style(case.one, rng))
    if which == 2:
        case = case._replace(other=varied_style(case.other, rng))
    return case
