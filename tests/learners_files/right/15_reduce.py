from functools import reduce
from operator import matmul

import numpy as np

compose = lambda *fs: lambda x: reduce(lambda value, f: f(value), fs, x)
relu = lambda z: np.maximum(z, 0)
shift = lambda z: z - z.max(axis=1, keepdims=True)
normalise = lambda e: e / e.sum(axis=1, keepdims=True)
softmax = compose(shift, np.exp, normalise)
affine = lambda W, b: lambda x: x @ W + b


def backward(X, y, W1, b1, W2, b2, reg):
    pre, post = affine(W1, b1), affine(W2, b2)
    hidden = compose(pre, relu)(X)
    probs = compose(pre, relu, post, softmax)(X)
    onehot = np.equal.outer(y, np.arange(probs.shape[1]))
    d2 = np.divide(np.subtract(probs, onehot), X.shape[0])
    d1 = np.multiply(reduce(matmul, [d2, W2.T]), np.sign(hidden))
    weight = lambda x, d, W: reduce(np.add, [matmul(x.T, d), reg * W])
    bias = lambda d: reduce(np.add, d)[None]
    return {
        "dW1": weight(X, d1, W1), "db1": bias(d1),
        "dW2": weight(hidden, d2, W2), "db2": bias(d2),
    }
