"""Batches that tell one mistake from another: what one hides, another shows.

Sizes and numbers are drawn anew for each run, from a seed that the report names: nothing can be
written for them.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from compare.bounds.rounding import error_bounds
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem

TRACED = "small"  # the batch on which a learner's own lines are followed, and mistakes looked for
ATTEMPTS = 1000  # draws of one probe until no z1 is so near to 0 that rounding decides its sign
LARGEST_SEED = 2**32

# What some batches show on purpose: a file that is right on all others has an edge there.
EDGES = {
    "z1 exactly 0": "where z1 is exactly 0",
    "scores around 1000": "where scores are around 1000: too large for exp, and far apart",
    "scores from -400 to 600": "where rows are far apart, and exp of the lower ones underflows",
}
EXTREME = ("scores around 1000", "scores from -400 to 600")


class Draw(NamedTuple):
    """Numbers for one probe: its own seed, and sizes that are drawn between two others."""

    rng: np.random.Generator

    def size(self, least: int, most: int) -> int:
        return int(self.rng.integers(least, most + 1))

    def problem(
        self, samples: int, features: int, hidden: int, classes: int, reg: float, dtype: str
    ) -> Problem:
        seed = int(self.rng.integers(2**31))
        sizes = {"samples": samples, "features": features, "hidden": hidden, "classes": classes}
        return random_problem(seed, **sizes, reg=round(reg, 3), dtype=dtype)


def probes(seed: int = 0) -> dict[str, Problem]:
    """By name; the numbers in a report are those of the first batch that shows a mistake.

    In all of them b is not 0 and the sizes differ from each other, unless the name says otherwise.
    No z1 is so near to 0 that rounding could decide its sign.
    """
    return dict(_probes(seed))


@lru_cache(maxsize=2)  # a class of files has the same
def _probes(seed: int) -> dict[str, Problem]:
    streams = np.random.SeedSequence(seed).spawn(len(_MAKERS))
    return {
        name: _drawn(maker, stream)
        for (name, maker), stream in zip(_MAKERS.items(), streams, strict=True)
    }


def fresh_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])


def _drawn(maker: Callable[[Draw], Problem], stream: np.random.SeedSequence) -> Problem:
    draw = Draw(np.random.default_rng(stream))
    for _ in range(ATTEMPTS):
        problem = maker(draw)
        if not error_bounds(problem).unsure.any():
            return problem
    raise RuntimeError("no probe without a z1 near 0 was found")  # pragma: no cover


def _sized(draw: Draw, samples: int, reg: float, dtype: str = "float64") -> Problem:
    return draw.problem(samples, 4, draw.size(6, 7), 3, reg, dtype)


def _small(draw: Draw) -> Problem:
    """Few numbers, all classes among them, and units that are on for some samples only."""
    while True:
        problem = draw.problem(draw.size(7, 9), 3, 5, 4, draw.rng.uniform(0.7, 1.3), "float64")
        z1 = problem.X @ problem.params.W1 + problem.params.b1
        on = (z1 > 0).sum(axis=0)
        some = ((on > 1) & (on < len(z1) - 1)).sum() >= 3
        if some and len(set(problem.y.tolist())) == 4 and (z1[0] > 0).any() and (z1[-1] > 0).any():
            return problem


def _notes(draw: Draw) -> Problem:
    return draw.problem(200, 4, 10, 3, 1e-3, "float64")


def _kinks(draw: Draw) -> Problem:
    """Rows of zeros under biases of 0: z1 is 0 there however it is computed."""
    problem = _sized(draw, draw.size(13, 16), 0.05)
    X, b1 = problem.X.copy(order="F"), problem.params.b1.copy()
    X[[2, 7]] = 0
    b1[0, ::2] = 0
    return replace(problem, X=X, params=problem.params._replace(b1=b1))


def _large_z1(draw: Draw) -> Problem:
    """z1 up to some ten thousand, and gradients in the thousands; scores as they usually are."""
    problem = _sized(draw, draw.size(11, 16), draw.rng.uniform(0.3, 0.7))
    params = problem.params
    X = problem.X * (draw.rng.uniform(3e4, 5e4) / (problem.X @ params.W1).max())
    a1 = np.maximum(X @ params.W1 + params.b1, 0)
    W2 = params.W2 / abs(a1 @ params.W2).max()
    return replace(problem, X=X, params=params._replace(W2=W2))


def _small_a1(draw: Draw) -> Problem:
    """a1 from 1e-7 to 1e-2; weights behind it that make every unit count, and a reg for these."""
    problem = _sized(draw, draw.size(17, 21), 0.1)
    params = problem.params
    units = 10.0 ** -(2 + np.arange(params.b1.size) % 5)
    small = params._replace(
        W1=params.W1 * units, b1=params.b1 * units, W2=params.W2 / units[:, None]
    )
    return replace(problem, params=small, reg=1e-12)


def _two_classes(draw: Draw) -> Problem:
    return draw.problem(draw.size(11, 15), 4, 6, 2, 0.0, "float64")


def _many(draw: Draw) -> Problem:
    """More of everything: features, units, classes. A few hundred samples, and not 200."""
    return draw.problem(
        draw.size(270, 330), draw.size(12, 15), draw.size(21, 26), draw.size(16, 19), 1.7, "float64"
    )


def _large_scores(draw: Draw) -> Problem:
    """Scores of some hundreds: exp of them does not overflow, nor underflow."""
    problem = _sized(draw, draw.size(10, 14), 0.02)
    return _with_scores(problem, 250)


def _huge_scores(draw: Draw) -> Problem:
    """In some row, the first score is so far below another that exp of the difference overflows."""
    while True:
        problem = _with_scores(_sized(draw, draw.size(16, 19), 0.02), 3000)
        W1, b1, W2, b2 = problem.params
        z2 = np.maximum(problem.X @ W1 + b1, 0) @ W2 + b2
        if (z2.max(axis=1) - z2[:, 0]).max() > 1000:
            return problem


def _with_scores(problem: Problem, largest: float) -> Problem:
    params = problem.params
    a1 = np.maximum(problem.X @ params.W1 + params.b1, 0)
    W2 = params.W2 * largest / abs(a1 @ params.W2 + params.b2).max()
    return replace(problem, params=params._replace(W2=W2))


def _distant_rows(draw: Draw) -> Problem:
    """Scores from -400 to 600, those of a row close together: exp overflows for none of them, and
    a row's exp underflows only if another row's maximum is taken off.
    """
    problem = _sized(draw, 9, 0.1)
    params = problem.params
    a1 = np.maximum(problem.X @ params.W1 + params.b1, 0)
    direction = a1[a1.sum(axis=1).argmax()] - a1.mean(axis=0)
    heights = a1 @ direction
    scale = 1000 / (heights.max() - heights.min())
    W2, b2 = params.W2 + scale * direction[:, None], params.b2 + 600 - scale * heights.max()
    return replace(problem, params=params._replace(W2=W2, b2=b2))


def _uneven_classes(draw: Draw) -> Problem:
    """One class in most rows, one in a single row, two in none: the last and one before it."""
    problem = draw.problem(draw.size(21, 25), 3, 6, 5, 0.1, "float64")
    y = np.where(np.arange(len(problem.y)) % 4 == 0, 1, 3)
    y[5] = 0
    return replace(problem, y=y)


_MAKERS: dict[str, Callable[[Draw], Problem]] = {
    "200 × 4": _notes,
    TRACED: _small,
    "z1 up to 10000": _large_z1,
    "a1 below 0.01": _small_a1,
    "two classes, reg = 0": _two_classes,
    "many classes and units": _many,
    "one sample": lambda draw: _sized(draw, 1, 0.1),
    "as many samples as classes": lambda draw: draw.problem(5, 3, 6, 5, 0.1, "float64"),
    "as many samples as units": lambda draw: draw.problem(6, 3, 6, 4, 0.1, "float64"),
    "uneven classes": _uneven_classes,
    "scores of some hundreds": _large_scores,
    "float32": lambda draw: _sized(draw, draw.size(19, 23), 0.1, "float32"),
    "some 1500 samples": lambda draw: draw.problem(draw.size(1400, 1600), 4, 6, 3, 0.01, "float64"),
    "z1 exactly 0": _kinks,
    "scores around 1000": _huge_scores,
    "scores from -400 to 600": _distant_rows,
    "200 × 4 again": _notes,  # of the same sizes: what is kept from the first is of no use
}
