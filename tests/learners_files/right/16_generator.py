import numpy as np


def steps_back(X, y, W1, b1, W2, b2, reg):
    """Yields (name, value), from the loss down to the first layer."""
    z1 = X @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    yield "z1", z1
    yield "a1", a1
    yield "z2", z2

    P = np.exp(z2 - z2.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    yield "P", P

    dz2 = P.copy()
    for i, k in enumerate(y):
        dz2[i, k] -= 1
    dz2 /= len(y)
    yield "dz2", dz2
    yield "dW2", a1.T @ dz2 + reg * W2
    yield "db2", dz2.sum(axis=0, keepdims=True)

    da1 = dz2 @ W2.T
    yield "da1", da1
    dz1 = np.multiply(da1, z1 > 0)
    yield "dz1", dz1
    yield "dW1", X.T @ dz1 + reg * W1
    yield "db1", dz1.sum(axis=0, keepdims=True)


def backward(X, y, W1, b1, W2, b2, reg):
    return dict(steps_back(X, y, W1, b1, W2, b2, reg))
