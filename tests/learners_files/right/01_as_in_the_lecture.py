"""Exercise 3, two-layer softmax classifier. Same letters as in the lecture."""
import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    C = W2.shape[1]

    # forward pass
    z1 = X @ W1 + b1
    a1 = np.maximum(0, z1)
    z2 = a1 @ W2 + b2
    s = z2 - z2.max(axis=1, keepdims=True)
    P = np.exp(s)
    P /= P.sum(axis=1, keepdims=True)

    Y_ind = np.zeros((N, C))
    Y_ind[np.arange(N), y] = 1

    # log of the softmax, written out so that it cannot be log(0)
    log_P = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    loss = -(Y_ind * log_P).sum() / N
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

    # backward pass
    dz2 = (P - Y_ind) / N
    dW2 = a1.T @ dz2 + reg * W2
    db2 = dz2.sum(axis=0, keepdims=True)
    da1 = dz2 @ W2.T
    dz1 = da1.copy()
    dz1[a1 == 0] = 0
    dW1 = X.T @ dz1 + reg * W1
    db1 = dz1.sum(axis=0, keepdims=True)

    return {
        "z1": z1, "a1": a1, "z2": z2, "P": P, "Y_ind": Y_ind, "loss": loss,
        "dz2": dz2, "dW2": dW2, "db2": db2, "da1": da1, "dz1": dz1,
        "dW1": dW1, "db1": db1,
    }
