"""A search for the problems and implementations that take the largest share of the allowance."""

import time
from collections import Counter
from typing import NamedTuple

import numpy as np

from tests.attack.free import random_style, varied_style
from tests.attack.recipes import random_recipe, varied
from tests.attack.shares import Case, Shares, shares_of


class Best(NamedTuple):
    share: float
    case: Case


Key = tuple[str, str, str]  # pair, quantity, "any" or "tame"


class Found(NamedTuple):
    tried: int  # problems in range
    best: dict[Key, Best]
    above_1: Counter[Key]


def search(dtype: str, seed: int, *, problems: int = 10**9, seconds: float = 1e9) -> Found:
    """Keep the best case for each pair and quantity, and vary one of them or draw a new one.

    Torch is asked on every fourth problem only: it takes most of the time.
    """
    rng = np.random.default_rng(seed)
    best: dict[Key, Best] = {}
    above: Counter[Key] = Counter()
    tried, end = 0, time.monotonic() + seconds
    while tried < problems and time.monotonic() < end:
        if best and rng.random() < 0.75:
            case = varied_case(best[list(best)[rng.integers(len(best))]].case, rng)
        else:
            case = random_case(rng, dtype)
        result = shares_of(case, with_project=bool(rng.random() < 0.25))
        tried += bool(result)
        for key, share in keyed(result).items():
            above[key] += share > 1
            if key not in best or share >= best[key].share:
                best[key] = Best(share, case)
    return Found(tried, best, above)


def keyed(result: Shares) -> dict[Key, float]:
    return {
        (*key, kind): value
        for key, share in result.items()
        for kind, value in share._asdict().items()
    }


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
