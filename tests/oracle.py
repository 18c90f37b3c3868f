"""The loss alone, in 50 digits, differentiated numerically: an oracle that shares no formula of a
backward pass with what it judges.
"""

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np

from compare.bounds.quantities import Values
from compare.problems.problem import Problem

DIGITS = 50
STEP = mpmath.mpf(10) ** -20
# The error of a central difference of losses up to 1e4: it tells nothing about a P of 1e-200.
RESOLUTION = 1e-25

Matrix = np.ndarray[Any, np.dtype[np.object_]]


def oracle(problem: Problem) -> Values:
    """Every quantity of `problem`, as arrays of mpmath numbers."""
    with mpmath.workdps(DIGITS):
        X = _exact(problem.X)
        W1, b1, W2, b2 = map(_exact, problem.params)
        reg = mpmath.mpf(float(problem.X.dtype.type(problem.reg)))
        y = problem.y

        def penalty() -> Any:
            return reg / 2 * ((W1 * W1).sum() + (W2 * W2).sum())

        def from_z2(z2: Matrix) -> Any:
            exps = mpexp(z2)
            rows = zip(exps, y, strict=True)
            return -sum(mpmath.log(row[k] / row.sum()) for row, k in rows) / len(y) + penalty()

        def from_a1(a1: Matrix) -> Any:
            return from_z2(a1.dot(W2) + b2)

        def from_z1(z1: Matrix) -> Any:
            return from_a1(np.where(z1 > 0, z1, mpmath.mpf(0)))

        def total() -> Any:
            return from_z1(X.dot(W1) + b1)

        z1 = X.dot(W1) + b1
        a1 = np.where(z1 > 0, z1, mpmath.mpf(0))
        z2 = a1.dot(W2) + b2
        exps = mpexp(z2)
        return Values(
            z1=z1,
            a1=a1,
            z2=z2,
            P=exps / exps.sum(axis=1, keepdims=True),
            loss=np.asarray(total(), dtype=object),
            dz2=_slopes(z2, lambda: from_z2(z2)),
            dW2=_slopes(W2, total),
            db2=_slopes(b2, total),
            da1=_slopes(a1, lambda: from_a1(a1)),
            dz1=_slopes(z1, lambda: from_z1(z1)),
            dW1=_slopes(W1, total),
            db1=_slopes(b1, total),
        )


def errors(values: Values, exact: Values) -> Iterator[tuple[str, Any]]:
    """Each quantity's name and |value - exact|, element by element, rounded to float64 at last."""
    with mpmath.workdps(DIGITS):
        for name, value, truth in zip(Values._fields, values, exact, strict=True):
            yield name, np.asarray(abs(_exact(value) - truth)).astype(np.float64)


mpexp = np.frompyfunc(mpmath.exp, 1, 1)


def _exact(array: Any) -> Matrix:
    return np.frompyfunc(lambda x: mpmath.mpf(float(x)), 1, 1)(np.asarray(array, dtype=object))


def _slopes(variable: Matrix, function: Callable[[], Any]) -> Matrix:
    """The derivative of function() by each element of `variable`, which it reads."""
    slopes = np.empty_like(variable)
    for at in np.ndindex(variable.shape):
        here = variable[at]
        variable[at] = here + STEP
        above = function()
        variable[at] = here - STEP
        slopes[at] = (above - function()) / (2 * STEP)
        variable[at] = here
    return slopes
