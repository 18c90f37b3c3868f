from collections import namedtuple

import numpy as np

Activations = namedtuple("Activations", "z1 a1 z2 P")
Result = namedtuple("Result", "z1 a1 z2 P Y_ind dz2 dW2 db2 da1 dz1 dW1 db1")


def softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    z = np.exp(z)
    return z / z.sum(axis=-1, keepdims=True)


def forward(X, W1, b1, W2, b2):
    z1 = X @ W1 + b1
    a1 = np.fmax(z1, 0)
    z2 = a1 @ W2 + b2
    return Activations(z1, a1, z2, softmax(z2))


def backward(X, y, W1, b1, W2, b2, reg):
    act = forward(X, W1, b1, W2, b2)
    Y_ind = np.array([[float(label == k) for k in range(W2.shape[1])] for label in y])
    dz2 = (act.P - Y_ind) / len(y)
    da1 = dz2 @ W2.T
    dz1 = da1 * np.heaviside(act.z1, 0)
    return Result(
        *act,
        Y_ind=Y_ind,
        dz2=dz2,
        dW2=act.a1.T @ dz2 + reg * W2,
        db2=dz2.sum(0)[None, :],
        da1=da1,
        dz1=dz1,
        dW1=X.T @ dz1 + reg * W1,
        db1=dz1.sum(0)[None, :],
    )
