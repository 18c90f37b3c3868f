"""The exact values, as nearly as 80-bit floating point has them.

Its unit roundoff is 2^-64: 2048 times finer than float64's, and its exponent has 15 bits. Its own
error is therefore some 1/2048 of what is allowed to float64, and next to nothing for float32.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tests.attack.project import Problem, Values

Wide = npt.NDArray[np.longdouble]
TRUSTED = bool(np.finfo(np.longdouble).nmant >= 63)


def own_error(dtype: np.dtype[Any]) -> float:
    """What this evaluation may add to a share: its error relative to the bound."""
    return 2.0**-10 if dtype == np.float64 else 2.0**-30


def exact_values(problem: Problem, active: npt.NDArray[np.bool_] | None = None) -> Values:
    """All twelve quantities; with `active`, the gradients behind a ReLU with this mask."""
    X, W1, b1, W2, b2 = (a.astype(np.longdouble) for a in (problem.X, *problem.params))
    reg = np.longdouble(problem.X.dtype.type(problem.reg))
    N, rows = len(X), np.arange(len(X))
    z1 = _product(X, W1) + b1
    a1 = np.maximum(z1, 0)
    z2 = _product(a1, W2) + b2
    s = z2 - z2.max(axis=1, keepdims=True)
    e = np.exp(s)
    S = e.sum(axis=1, keepdims=True)
    P = e / S
    loss = -(s - np.log(S))[rows, problem.y].sum() / N + reg / 2 * ((W1**2).sum() + (W2**2).sum())
    Y_ind = np.zeros_like(P)
    Y_ind[rows, problem.y] = 1
    # P - 1 at the true class, without cancellation: minus the others' share.
    others = np.where(Y_ind == 1, 0, e).sum(axis=1, keepdims=True) / S
    dz2 = np.where(Y_ind == 1, -others, P) / N
    da1 = _product(dz2, W2.T)
    dz1 = da1 * (z1 > 0 if active is None else active)
    return Values(
        z1=z1,
        a1=a1,
        z2=z2,
        P=P,
        loss=np.asarray(loss),
        dz2=dz2,
        dW2=_product(a1.T, dz2) + reg * W2,
        db2=dz2.sum(axis=0, keepdims=True),
        da1=da1,
        dz1=dz1,
        dW1=_product(X.T, dz1) + reg * W1,
        db1=dz1.sum(axis=0, keepdims=True),
    )


def exact_penalty(problem: Problem) -> list[Wide]:
    """reg · W1 and reg · W2."""
    reg = np.longdouble(problem.X.dtype.type(problem.reg))
    return [reg * W.astype(np.longdouble) for W in (problem.params.W1, problem.params.W2)]


def _product(a: Any, b: Any) -> Wide:
    product: Wide = (np.ascontiguousarray(a)[:, None, :] * np.ascontiguousarray(b.T)[None]).sum(-1)
    return product


def largest_terms(problem: Problem) -> float:
    """The largest sum of magnitudes anywhere: where it overflows the dtype, nothing is claimed."""
    X, W1, b1, W2, b2 = (abs(a.astype(np.longdouble)) for a in (problem.X, *problem.params))
    reg = np.longdouble(problem.X.dtype.type(problem.reg))
    N = len(X)
    z1 = _product(X, W1) + b1
    z2 = _product(z1, W2) + b2
    ones = np.ones_like(z2)
    da1 = _product(ones, W2.T)
    squares = (W1**2).sum() + (W2**2).sum()
    sums = (
        z1.max() * N,
        z2.max() * 2 * N,
        da1.max() * N,
        squares,
        squares * reg,
        W1.max() * max(reg, 1) * 2,
        (_product(z1.T, ones) + 2 * reg * W2).max(),
        (_product(X.T, da1) + 2 * reg * W1).max(),
    )
    return float(max(sums))
