"""Andrew Ng's convention inside: a sample is a column, W is (out, in)."""

import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    # to columns
    A0 = X.T                      # (D, m)
    V1, c1 = W1.T, b1.reshape(-1, 1)
    V2, c2 = W2.T, b2.reshape(-1, 1)
    m = A0.shape[1]

    Z1 = np.dot(V1, A0) + c1      # (H, m)
    A1 = np.maximum(Z1, 0)
    Z2 = np.dot(V2, A1) + c2      # (C, m)
    T = np.exp(Z2 - np.max(Z2, axis=0, keepdims=True))
    A2 = T / np.sum(T, axis=0, keepdims=True)

    Y = np.zeros_like(A2)
    Y[y, np.arange(m)] = 1

    dZ2 = A2 - Y
    dV2 = (1 / m) * np.dot(dZ2, A1.T) + reg * V2
    dc2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    dA1 = np.dot(V2.T, dZ2)
    dZ1 = np.where(Z1 > 0, dA1, 0)
    dV1 = (1 / m) * np.dot(dZ1, A0.T) + reg * V1
    dc1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)

    # and back to rows
    return {"dW1": dV1.T, "db1": dc1.T, "dW2": dV2.T, "db2": dc2.T}
