from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def logsumexp(z: Array) -> Array:
    """log(sum(exp(z))) of each row, as a column."""
    top = np.max(z, axis=1, keepdims=True)
    return top + np.log(np.sum(np.exp(z - top), axis=1, keepdims=True))


def one_hot(y: NDArray[np.int64], classes: int) -> Array:
    return np.eye(classes)[y]


def relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def backward(
    X: Array, y: NDArray[np.int64], W1: Array, b1: Array, W2: Array, b2: Array, reg: float
) -> dict[str, Array]:
    batch_size, classes = X.shape[0], W2.shape[1]

    z1 = X @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    log_probs = z2 - logsumexp(z2)
    P = np.exp(log_probs)
    Y_ind = one_hot(y, classes)
    loss = -np.mean(np.sum(Y_ind * log_probs, axis=1)) + 0.5 * reg * sum(
        np.sum(np.square(W)) for W in (W1, W2)
    )

    dz2 = (P - Y_ind) / batch_size
    dW2 = a1.T @ dz2 + reg * W2
    db2 = np.sum(dz2, axis=0, keepdims=True)
    da1 = dz2 @ W2.T
    dz1 = da1 * (z1 > 0)
    dW1 = X.T @ dz1 + reg * W1
    db1 = np.sum(dz1, axis=0, keepdims=True)
    names = "z1 a1 z2 P Y_ind loss dz2 dW2 db2 da1 dz1 dW1 db1".split()
    here = locals()
    return {name: here[name] for name in names}
