"""Edge: exp of the scores as they are (overflows above 709), and log(P) of a P that may be 0."""
import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    Y_ind = np.zeros((N, W2.shape[1]))
    Y_ind[range(N), y] = 1

    z1 = X.dot(W1) + b1
    a1 = np.maximum(z1, 0)
    z2 = a1.dot(W2) + b2
    P = np.exp(z2)
    P /= P.sum(axis=1, keepdims=True)
    loss = -np.log(P[range(N), y]).mean()
    loss += 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())

    dz2 = (P - Y_ind) / N
    dW2 = a1.T.dot(dz2) + reg * W2
    db2 = dz2.sum(axis=0, keepdims=True)
    da1 = dz2.dot(W2.T)
    dz1 = da1.copy()
    dz1[a1 == 0] = 0
    dW1 = X.T.dot(dz1) + reg * W1
    db1 = dz1.sum(axis=0, keepdims=True)
    return {"z1": z1, "a1": a1, "z2": z2, "P": P, "Y_ind": Y_ind, "loss": loss, "dz2": dz2,
            "dW2": dW2, "db2": db2, "da1": da1, "dz1": dz1, "dW1": dW1, "db1": db1}
