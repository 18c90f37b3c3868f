"""The network's values in float64, from the inputs alone.

Written once more, and on purpose: what `rounding` and `exact` say of a manual step must not depend
on the lines of that step.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compare.problems.problem import Problem

Float64s = npt.NDArray[np.float64]


class Reference(NamedTuple):
    N: int  # samples in the whole batch
    X: Float64s
    W1: Float64s
    b1: Float64s
    W2: Float64s
    b2: Float64s
    reg: float  # as the problem's dtype holds it
    z1: Float64s
    a1: Float64s
    z2: Float64s
    s: Float64s  # (N, C)  z2 without its row's maximum
    S: Float64s  # (N, 1)  sum of exp(s)
    P: Float64s
    log_P: Float64s
    Y_ind: Float64s
    dz2: Float64s
    da1: Float64s


def reference(
    problem: Problem, given: Mapping[str, Float64s] | None = None, N: int | None = None
) -> Reference:
    """Forward, and the backward pass down to the ReLU, from the `given` values of z1, a1, z2, P,
    Y_ind, dz2 and da1 where there are any. Where the problem is a block of rows of a longer batch,
    N is the length of all of it.
    """
    given = given or {}
    N = len(problem.X) if N is None else N
    X, W1, b1, W2, b2 = (a.astype(np.float64) for a in (problem.X, *problem.params))
    z1 = given.get("z1", X @ W1 + b1)
    a1 = given.get("a1", np.maximum(z1, 0))
    z2 = given.get("z2", a1 @ W2 + b2)
    s = z2 - z2.max(axis=1, keepdims=True)
    S = np.exp(s).sum(axis=1, keepdims=True)
    P = given.get("P", np.exp(s) / S)
    Y_ind = given.get("Y_ind", np.equal.outer(problem.y, np.arange(W2.shape[1])).astype(np.float64))
    dz2 = given.get("dz2", (P - Y_ind) / N)
    da1 = given.get("da1", dz2 @ W2.T)
    reg = float(problem.X.dtype.type(problem.reg))
    return Reference(N, X, W1, b1, W2, b2, reg, z1, a1, z2, s, S, P, s - np.log(S), Y_ind, dz2, da1)
