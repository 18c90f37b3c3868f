import numpy as np


# The net as a list of (W, b). Going down the recursion is the forward pass,
# coming back up is the backward pass. Works for any depth.

def descend(x, layers, y, reg):
    (W, b), rest = layers[0], layers[1:]
    z = x @ W + b
    if not rest:                                  # top: softmax and cross entropy
        e = np.exp(z - z.max(axis=1)[:, None])
        d = e / e.sum(axis=1)[:, None]
        d[np.arange(len(y)), y] -= 1
        d = d / len(y)
        above = []
    else:
        a = np.maximum(0, z)
        d, above = descend(a, rest, y, reg)
        d = d * (a > 0)
    return d @ W.T, [x.T @ d + reg * W, d.sum(axis=0)] + above


def backward(X, y, W1, b1, W2, b2, reg):
    _, grads = descend(X, [(W1, b1), (W2, b2)], y, reg)
    return grads                                  # [dW1, db1, dW2, db2]
