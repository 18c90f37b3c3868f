import numpy as np
from collections import defaultdict


def backward(X, y, W1, b1, W2, b2, reg):
    """Adds up contributions: first the penalty's, then those of the data, chunk by chunk."""
    grads = defaultdict(float)

    def add(name, value):
        grads[name] = grads[name] + value

    add("dW1", reg * W1)
    add("dW2", reg * W2)

    total = len(X)
    chunk = 16
    for start in range(0, total, chunk):
        xb = X[start:start + chunk]
        yb = y[start:start + chunk]

        pre = xb @ W1 + b1
        hidden = np.maximum(pre, 0)
        logits = hidden @ W2 + b2
        exps = np.exp(logits - logits.max(axis=1, keepdims=True))
        probs = exps / exps.sum(axis=1, keepdims=True)

        target = np.zeros(probs.shape)
        np.put_along_axis(target, yb[:, None], 1.0, axis=1)
        delta2 = (probs - target) / total
        add("dW2", hidden.T @ delta2)
        add("db2", delta2.sum(axis=0))

        delta1 = (delta2 @ W2.T) * (pre > 0)
        add("dW1", xb.T @ delta1)
        add("db1", delta1.sum(axis=0))

    return dict(grads)
