"""Problems that are legal, extreme, and unkind to a comparison."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from compare.problems.problem import Problem
from compare.problems.seeded import random_problem

Twist = Callable[[Problem], Problem]


def _huge_scores(problem: Problem) -> Problem:
    """Scores around ±1e4: the softmax saturates."""
    return _scaled(problem, W2=1e4)


def _underflowing_probabilities(problem: Problem) -> Problem:
    """Probabilities too small for the dtype, beside others that are not."""
    return _scaled(problem, W2=200 if problem.dtype == "float64" else 30)


def _exact_zeros(problem: Problem) -> Problem:
    """z1 exactly 0: every third row of X is 0, and so is every second bias."""
    X, b1 = problem.X.copy(order="F"), problem.params.b1.copy()
    X[::3] = 0
    b1[:, ::2] = 0
    return replace(problem, X=X, params=problem.params._replace(b1=b1))


def _identical_rows(problem: Problem) -> Problem:
    """All roundings fall on the same side: sums are as far off as they can be."""
    X = np.asfortranarray(np.broadcast_to(problem.X[:1], problem.X.shape))
    return replace(problem, X=X, y=np.full_like(problem.y, problem.y[0]))


def _all_units_dead(problem: Problem) -> Problem:
    b1 = np.full_like(problem.params.b1, -1e6)
    return replace(problem, params=problem.params._replace(b1=b1))


def _unused_class(problem: Problem) -> Problem:
    return replace(problem, y=np.where(problem.y == 0, 1, problem.y))


def _cancelling_units(problem: Problem) -> Problem:
    """z1 within rounding of 0, where the two sides may disagree about the ReLU's mask."""
    b1 = -(problem.X[:1] @ problem.params.W1)
    return replace(problem, params=problem.params._replace(b1=b1))


TWISTS: dict[str, Twist] = {
    "scores around 1e4": _huge_scores,
    "probabilities that underflow": _underflowing_probabilities,
    "exact zeros in z1": _exact_zeros,
    "identical rows": _identical_rows,
    "all units dead": _all_units_dead,
    "a class that no row has": _unused_class,
    "z1 within rounding of 0": _cancelling_units,
    "no regularisation": lambda problem: replace(problem, reg=0.0),
    "reg = 100": lambda problem: replace(problem, reg=100.0),
    "features around 1e3": lambda problem: _scaled(problem, X=1e3),
    "features around 1e-3": lambda problem: _scaled(problem, X=1e-3),
}


def hard_problem(seed: int, dtype: str) -> Problem:
    """Any size up to 2000 × 64 → 256 → 10, with two of the twists above, one after the other."""
    rng = np.random.default_rng(seed)
    problem = random_problem(
        seed,
        samples=int(2000 ** rng.uniform()),
        features=int(rng.integers(1, 65)),
        hidden=int(256 ** rng.uniform()),
        classes=int(rng.integers(2, 11)),
        dtype=dtype,
        reg=float(10 ** rng.uniform(-4, 2)),
    )
    for name in rng.choice(list(TWISTS), size=2, replace=False):
        problem = TWISTS[str(name)](problem)
    return problem


def _scaled(problem: Problem, X: float = 1, W2: float = 1) -> Problem:
    scale = problem.X.dtype.type
    params = problem.params._replace(W2=problem.params.W2 * scale(W2))
    return replace(problem, X=problem.X * scale(X), params=params)
