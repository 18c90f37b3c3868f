#!/usr/bin/env python3
import numpy as np

DEBUG = True


def backward(X, y, W1, b1, W2, b2, reg):
    m = X.shape[0]
    print("X", X.shape, "W1", W1.shape, "W2", W2.shape)

    # ---- forward ----
    Z1 = np.dot(X, W1) + b1
    A1 = Z1.copy()
    A1[A1 < 0] = 0
    Z2 = np.dot(A1, W2) + b2
    Z2s = Z2 - np.amax(Z2, axis=1).reshape(m, 1)
    expZ2 = np.exp(Z2s)
    A2 = expZ2 / np.sum(expZ2, axis=1).reshape(m, 1)
    if DEBUG:
        print("rows of A2 sum to", A2.sum(axis=1)[:3])

    log_lik = Z2s[np.arange(m), y] - np.log(np.sum(expZ2, axis=1))
    loss = -np.sum(log_lik) / m
    loss = loss + reg / 2 * np.sum(np.square(W1)) + reg / 2 * np.sum(np.square(W2))
    print("loss = %.4f" % loss)

    # ---- backward ----
    Y = np.zeros((m, W2.shape[1]))
    Y[np.arange(m), y] = 1
    dZ2 = 1.0 / m * (A2 - Y)
    dW2 = np.dot(A1.T, dZ2)
    dW2 = dW2 + reg * W2
    db2 = np.sum(dZ2, axis=0, keepdims=True)
    dA1 = np.dot(dZ2, W2.T)
    dZ1 = dA1 * (A1 > 0).astype(int)
    dW1 = np.dot(X.T, dZ1)
    dW1 = dW1 + reg * W1
    db1 = np.sum(dZ1, axis=0, keepdims=True)
    if DEBUG:
        print("dW1", dW1.shape, "db1", db1.shape, "dW2", dW2.shape, "db2", db2.shape)

    return {"loss": loss, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


if __name__ == "__main__":
    np.random.seed(1)
    X = np.random.randn(200, 4)
    y = np.random.randint(0, 3, 200)
    W1, b1 = 0.1 * np.random.randn(4, 10), np.zeros((1, 10))
    W2, b2 = 0.1 * np.random.randn(10, 3), np.zeros((1, 3))
    for epoch in range(20):
        g = backward(X, y, W1, b1, W2, b2, 1e-3)
        W1 -= g["dW1"]
        b1 -= g["db1"]
        W2 -= g["dW2"]
        b2 -= g["db2"]
