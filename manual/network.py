"""The notes, in NumPy: a two-layer softmax classifier and its backward pass, worked out by hand.

N samples, D features, H hidden units, C classes:

    X (N, D)     y (N,)       Y_ind (N, C)
    W1 (D, H)    b1 (1, H)    z1, a1 (N, H)
    W2 (H, C)    b2 (1, C)    z2, P (N, C)

A gradient dW is dL/dW, and has the shape of W.

A matrix with N rows is kept column-major (`order="F"`; elementwise operations keep it): the N
numbers of one unit lie side by side, where NumPy adds them pairwise. A sum over the samples is
then faster and, in float32, far more accurate than one that walks from row to row.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from manual.inputs import check_inputs

Array = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]
Scalar = np.floating[Any]


class Params(NamedTuple):
    """The four parameters; also their four gradients, which have the same shapes."""

    W1: Array  # (D, H)
    b1: Array  # (1, H)
    W2: Array  # (H, C)
    b2: Array  # (1, C)


class Forward(NamedTuple):
    """What the forward pass computes, and hands to the backward pass."""

    z1: Array  # (N, H)  before the ReLU
    a1: Array  # (N, H)  after it
    z2: Array  # (N, C)  the scores
    P: Array  # (N, C)  softmax probabilities
    Y_ind: Array  # (N, C)  Y_ind[i, k] = 1 if sample i is of class k, else 0
    loss: Scalar


class Backward(NamedTuple):
    """What the backward pass computes, in its order."""

    dz2: Array  # (N, C)
    dW2: Array  # (H, C)
    db2: Array  # (1, C)
    da1: Array  # (N, H)
    dz1: Array  # (N, H)
    dW1: Array  # (D, H)
    db1: Array  # (1, H)

    @property
    def gradients(self) -> Params:
        return Params(self.dW1, self.db1, self.dW2, self.db2)


def forward(
    params: Params, X: Array, y: Labels, reg: float | Scalar, N: int | None = None
) -> Forward:
    """Scores, probabilities and the loss

        L = -(1/N) sum_i log P[i, y_i] + 1/2 reg (sum W1^2 + sum W2^2)

    X (N, D) and the parameters are float32 or float64, all alike; y (N,) holds whole numbers from
    0 to C - 1; reg >= 0. The biases are not regularised. Raises ValueError for anything else.
    Where X and y are a block of a longer batch, N is the number of samples in all of it.
    """
    check_inputs(params, X, y, reg)
    W1, b1, W2, b2 = params
    N = len(X) if N is None else N
    C = W2.shape[1]
    reg = X.dtype.type(reg)  # a float64 reg would turn float32 into float64

    z1 = np.matmul(X, W1, order="F") + b1  # (N, H)
    a1 = np.maximum(z1, 0)  # (N, H)
    z2 = np.matmul(a1, W2, order="F") + b2  # (N, C)

    # Softmax, after taking each row's maximum off its scores: exp cannot overflow.
    s = z2 - z2.max(axis=1, keepdims=True)
    P = np.exp(s)
    S = P.sum(axis=1, keepdims=True)
    P /= S  # (N, C)

    Y_ind = (y == np.arange(C)[:, None]).T.astype(X.dtype)  # (N, C)

    # log P from the scores, never from P, which may have underflowed to 0.
    log_P = s - np.log(S)
    log_Py = log_P[np.arange(len(y)), y]  # (N,)  log P[i, y_i]
    loss = -log_Py.sum() / N + 0.5 * reg * (np.vdot(W1, W1) + np.vdot(W2, W2))

    return Forward(z1, a1, z2, P, Y_ind, loss)


def backward(
    params: Params, X: Array, reg: float | Scalar, fwd: Forward, N: int | None = None
) -> Backward:
    """The gradient of the loss by every step of the forward pass, from the last to the first.

    `fwd` is what `forward` returned for the same params, X, reg and N.
    """
    W1, W2 = params.W1, params.W2
    a1, P, Y_ind = fwd.a1, fwd.P, fwd.Y_ind
    N = len(X) if N is None else N
    reg = X.dtype.type(reg)

    # L = -(1/N) sum_i log P[i, y_i] + ...,  P = softmax(z2)
    dz2 = (P - Y_ind) / N  # (N, C)

    # z2 = a1 @ W2 + b2
    dW2 = a1.T @ dz2 + reg * W2  # (H, C)
    db2 = dz2.sum(axis=0, keepdims=True)  # (1, C)
    da1 = np.matmul(dz2, W2.T, order="F")  # (N, H)

    # a1 = max(z1, 0)
    dz1 = da1 * (a1 > 0)  # (N, H); np.where would double the step's time on a long batch

    # z1 = X @ W1 + b1
    dW1 = X.T @ dz1 + reg * W1  # (D, H)
    db1 = dz1.sum(axis=0, keepdims=True)  # (1, H)

    return Backward(dz2, dW2, db2, da1, dz1, dW1, db1)
