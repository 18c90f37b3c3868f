"""Edge: the ReLU's slope is taken to be 1 where z1 is exactly 0 (z1 >= 0)."""
import numpy as np


def relu(z):
    return np.maximum(z, 0)


def relu_slope(z):
    return (z >= 0).astype(z.dtype)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def backward(X, y, W1, b1, W2, b2, reg):
    z1 = X @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    P = softmax(z2)
    Y_ind = np.eye(W2.shape[1])[y]
    dz2 = (P - Y_ind) / X.shape[0]
    da1 = dz2 @ W2.T
    dz1 = da1 * relu_slope(z1)
    return {
        "z1": z1, "a1": a1, "z2": z2, "P": P, "Y_ind": Y_ind, "dz2": dz2, "da1": da1, "dz1": dz1,
        "dW2": a1.T @ dz2 + reg * W2,
        "db2": dz2.sum(axis=0, keepdims=True),
        "dW1": X.T @ dz1 + reg * W1,
        "db1": dz1.sum(axis=0, keepdims=True),
    }
