import numpy as np

# Signature as in our own train loop: parameters first.


def backward(w1, b1, w2, b2, x, y, reg=0.0):
    batch = x.shape[0]

    z1 = x @ w1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ w2 + b2
    logp = z2 - z2.max(axis=1, keepdims=True)
    logp = logp - np.log(np.exp(logp).sum(axis=1, keepdims=True))
    P = np.exp(logp)

    mean_nll = -logp[np.arange(batch), y].mean()
    decay = 0.5 * reg * (np.sum(w1 * w1) + np.sum(w2 * w2))

    dz2 = P.copy()
    dz2[np.arange(batch), y] -= 1
    dz2 /= batch
    dw2 = a1.T @ dz2 + reg * w2
    db2 = dz2.sum(axis=0, keepdims=True)
    da1 = dz2 @ w2.T
    dz1 = da1 * (a1 > 0)
    dw1 = x.T @ dz1 + reg * w1
    db1 = dz1.sum(axis=0, keepdims=True)

    return {
        "z1": z1, "a1": a1, "z2": z2, "P": P, "loss": mean_nll + decay,
        "data_loss": mean_nll, "reg_loss": decay, "accuracy": (P.argmax(axis=1) == y).mean(),
        "dz2": dz2, "dW2": dw2, "db2": db2, "da1": da1, "dz1": dz1, "dW1": dw1, "db1": db1,
    }
