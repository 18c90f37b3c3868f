# bias trick: a column of ones, so that b is the last row of W
import numpy as np


def with_ones(M):
    return np.hstack([M, np.ones((M.shape[0], 1))])


def backward(X, y, W1, b1, W2, b2, reg):
    num = X.shape[0]
    Xa = with_ones(X)
    U1 = np.vstack([W1, b1.reshape(1, -1)])
    U2 = np.vstack([W2, b2.reshape(1, -1)])

    hid = Xa @ U1
    act = np.maximum(hid, 0)
    acta = with_ones(act)
    out = acta @ U2

    out = out - out.max(axis=1).reshape(-1, 1)
    prob = np.exp(out)
    prob = prob / prob.sum(axis=1).reshape(-1, 1)

    err = prob
    err[range(num), y] -= 1
    err = err / num

    gU2 = acta.T @ err
    gact = (err @ U2.T)[:, :-1]      # the ones have no gradient
    ghid = gact * (act > 0)
    gU1 = Xa.T @ ghid

    gU2[:-1] += reg * W2             # not the bias row
    gU1[:-1] += reg * W1
    return gU1[:-1], gU1[-1], gU2[:-1], gU2[-1]
