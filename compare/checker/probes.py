"""Batches that tell one mistake from another: what one hides, another shows."""

from dataclasses import replace
from typing import Any

import numpy as np

from compare.problems.problem import Problem
from compare.problems.seeded import random_problem


def probes() -> dict[str, Problem]:
    """By name; the first is the batch of the notes, and the numbers in a report are its numbers.

    In all of them b is not 0, the sizes differ from each other and reg is not 0, unless the name
    says otherwise. No z1 is so near to 0 that rounding could decide its sign.
    """
    small: dict[str, Any] = {"features": 4, "hidden": 6, "classes": 3}
    return {
        "200 × 4": random_problem(11),
        "reg near 1": random_problem(12, samples=17, **small, reg=0.9),
        "z1 exactly 0": _with_kinks(random_problem(13, samples=14, **small, reg=0.05)),
        "scores around 1000": _with_huge_scores(random_problem(14, samples=16, **small, reg=0.02)),
        "one sample": random_problem(15, samples=1, **small, reg=0.1),
        "scores from -400 to 600": _with_distant_rows(
            random_problem(20, samples=9, **small, reg=0.1)
        ),
        "uneven classes": _with_uneven_classes(
            random_problem(16, samples=23, features=3, hidden=5, classes=4, reg=0.1)
        ),
        "as many samples as classes": random_problem(
            17, samples=5, features=3, hidden=6, classes=5, reg=0.1
        ),
        "as many samples as units": random_problem(
            18, samples=6, features=3, hidden=6, classes=4, reg=0.1
        ),
        "float32": random_problem(19, samples=21, **small, reg=0.1, dtype="float32"),
    }


def _with_kinks(problem: Problem) -> Problem:
    """Rows of zeros under biases of 0: z1 is 0 there however it is computed."""
    X, b1 = problem.X.copy(order="F"), problem.params.b1.copy()
    X[[2, 7]] = 0
    b1[0, ::2] = 0
    return replace(problem, X=X, params=problem.params._replace(b1=b1))


def _with_huge_scores(problem: Problem) -> Problem:
    params = problem.params
    return replace(problem, params=params._replace(W2=params.W2 * 1000))


def _with_distant_rows(problem: Problem) -> Problem:
    """Scores from -400 to 600, those of a row close together: exp overflows for none of them, and
    a row's exp underflows only if another row's maximum is taken off.
    """
    params = problem.params
    a1 = np.maximum(problem.X @ params.W1 + params.b1, 0)
    direction = a1[a1.sum(axis=1).argmax()] - a1.mean(axis=0)
    heights = a1 @ direction
    scale = 1000 / (heights.max() - heights.min())
    W2, b2 = params.W2 + scale * direction[:, None], params.b2 + 600 - scale * heights.max()
    return replace(problem, params=params._replace(W2=W2, b2=b2))


def _with_uneven_classes(problem: Problem) -> Problem:
    """One class in most rows, one in a single row, one in none."""
    y = np.where(np.arange(len(problem.y)) % 4 == 0, 1, 3)
    y[5] = 0
    return replace(problem, y=y)
