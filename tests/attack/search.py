"""A search for the problems and implementations that take the largest share of the allowance."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.attack.free import random_style, varied_style
from tests.attack.project import CLAIM, Claim, Problem
from tests.attack.recipes import random_recipe, varied
from tests.attack.shares import Allowed, Case, alarms, allowed, shares, sides


class Best(NamedTuple):
    share: float
    case: Case


class Found(NamedTuple):
    tried: int  # problems in range
    best: dict[Any, Best]


# What is measured on a case: a number for each key. None where the problem is out of range.
Measure = Callable[[Case], Mapping[Hashable, float] | None]


class Budget(NamedTuple):
    """The search ends when either is spent."""

    problems: float = np.inf
    seconds: float = np.inf


def search(
    dtype: str,
    rng: np.random.Generator,
    measure: Measure,
    budget: Budget,
    start: Mapping[Hashable, Best] | None = None,
) -> Found:
    """Keep the best case for each key, and vary one of them or draw a new one."""
    best = dict(start or {})
    tried, end = 0, time.monotonic() + budget.seconds
    while tried < budget.problems and time.monotonic() < end:
        if best and rng.random() < 0.8:
            case = varied_case(list(best.values())[rng.integers(len(best))].case, rng)
        else:
            case = random_case(rng, dtype)
        result = measure(case)
        if result is None:
            continue
        tried += 1
        for key, share in result.items():
            if key not in best or share >= best[key].share:
                best[key] = Best(share, case)
    return Found(tried, best)


def random_case(rng: np.random.Generator, dtype: str) -> Case:
    return Case(random_recipe(rng, dtype), random_style(rng), random_style(rng))


def long_case(rng: np.random.Generator, dtype: str) -> Case:
    """A batch of up to 2^19 rows, through a network as narrow as can be."""
    case = random_case(rng, dtype)
    N = int(2 ** rng.uniform(12, 19))
    return case._replace(recipe=case.recipe._replace(N=N, D=1, H=1, C=2))


def varied_case(case: Case, rng: np.random.Generator) -> Case:
    which = rng.integers(5)
    if which != 0:
        case = case._replace(recipe=varied(case.recipe, rng))
    if which in (0, 1):
        case = case._replace(one=varied_style(case.one, rng))
    if which == 2:
        case = case._replace(other=varied_style(case.other, rng))
    return case


def largest_shares(dtype: str, seed: int, budget: Budget) -> Found:
    """Keys: pair, quantity, regime of the problem. Torch and bounds in blocks, which take most of
    the time, are asked for on one problem in eight.
    """
    rng = np.random.default_rng(seed)

    def measure(case: Case) -> Mapping[Hashable, float] | None:
        rarely = bool(rng.random() < 0.125)
        found = sides(case, with_project=rarely)
        if found is None:
            return None
        may = allowed(CLAIM, found.problem, blocks=int(rng.integers(2, 9)) if rarely else 0)
        where = regime(found.problem, may)
        return {(*key, where): share for key, share in shares(found, may).items()}

    return search(dtype, rng, measure, budget)


def regime(problem: Problem, may: Allowed) -> str:
    """Kinds of problems, the best of each of which is kept: so the search stays varied."""
    scores = "wild" if may.error["z2"].max() > 0.01 else "tame"
    tiny = np.finfo(problem.X.dtype).tiny
    small = any(0 < abs(e).max() < 2.0**20 * tiny for e in may.error.values())
    N = len(problem.X)
    length = "one row" if N == 1 else "short" if N < 8 else "long"
    kinks = "kinks" if may.unsure.any() else "no kinks"
    return f"{scores} scores, {'underflow' if small else 'no underflow'}, {length}, {kinks}"


def hunt(
    dtype: str, seed: int, budget: Budget, suspects: Mapping[str, Claim], start: Sequence[Case] = ()
) -> tuple[dict[str, Best], dict[str, Best]]:
    """For each of the bounds `suspects`, a case that shows it to be too small: those found, and for
    the others the case that came nearest. Four suspects are looked at on each problem.
    """
    rng = np.random.default_rng(seed)
    caught: dict[str, Best] = {}
    nearest: dict[str, Best] = {}
    end = time.monotonic() + budget.seconds
    tried = 0
    while tried < budget.problems and time.monotonic() < end:
        alive = [name for name in suspects if name not in caught]
        if not alive:
            break
        looked_at = [str(name) for name in rng.permutation(alive)[:4]]
        target = nearest.get(looked_at[0])
        if start and rng.random() < 0.3:
            case = start[rng.integers(len(start))]
            case = case if rng.random() < 0.3 else varied_case(case, rng)
        elif target is None or rng.random() < 0.15:
            case = random_case(rng, dtype)
        else:
            case = varied_case(target.case, rng)
        found = sides(case)
        if found is None:
            continue
        tried += 1
        may = allowed(CLAIM, found.problem)
        alarm = alarms(found, may)
        for name in looked_at:
            loudness = alarm(allowed(suspects[name], found.problem))
            if name not in nearest or loudness >= nearest[name].share:
                nearest[name] = Best(loudness, case)
            if loudness > 1:
                caught[name] = nearest.pop(name)
    return caught, nearest
