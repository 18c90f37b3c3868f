"""Small problems that differ from the user's in size and in magnitude: what a mistake hides on one
batch, another one shows.
"""

from dataclasses import replace

import numpy as np

from compare.problems.problem import Problem
from compare.problems.seeded import random_problem


def varied_problems(seed: int, dtype: str) -> dict[str, Problem]:
    """By name. All are small: together they take milliseconds."""

    def problem(samples: int, features: int, hidden: int, classes: int, reg: float) -> Problem:
        sizes = {"samples": samples, "features": features, "hidden": hidden, "classes": classes}
        return random_problem(seed, **sizes, dtype=dtype, reg=reg)

    usual = problem(50, 4, 10, 3, 1e-3)
    return {
        "1500 samples": problem(1500, 3, 6, 3, 1e-2),
        "40 hidden units, 7 classes": problem(60, 9, 40, 7, 1e-3),
        "one sample, two classes": problem(1, 2, 3, 2, 0.1),
        "reg = 3": problem(30, 5, 8, 4, 3.0),
        "hidden values exactly 0": _with_zeros(usual),
        "hidden values near 1e-5": _scaled(usual, W1=1e-5, W2=1e5),
        "hidden values near 1e4": _scaled(usual, W1=1e4, W2=1e-4),
        "scores near 1e3": _scaled(usual, W1=1, W2=1e3),
    }


def _scaled(problem: Problem, W1: float, W2: float) -> Problem:
    first, second = (problem.X.dtype.type(scale) for scale in (W1, W2))
    p = problem.params
    params = p._replace(W1=p.W1 * first, b1=p.b1 * first, W2=p.W2 * second)
    return replace(problem, params=params)


def _with_zeros(problem: Problem) -> Problem:
    X, b1 = problem.X.copy(order="F"), problem.params.b1.copy()
    X[::5] = 0
    b1[:, ::2] = 0
    return replace(problem, X=X, params=problem.params._replace(b1=np.asarray(b1)))
