import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    # SGD habit: shuffle the batch first. The gradient is a sum, the order does not matter.
    order = np.random.permutation(X.shape[0])
    X, y = X[order], y[order]
    N = len(order)

    z1 = np.add(np.matmul(X, W1), b1)
    a1 = np.maximum(z1, np.zeros_like(z1))
    z2 = np.add(np.matmul(a1, W2), b2)
    z2 = z2 - z2.max(axis=1, keepdims=True)
    log_norm = np.log(np.exp(z2).sum(axis=1))
    loss = np.average(log_norm - z2[np.arange(N), y])
    loss += 0.5 * reg * np.linalg.norm(W1) ** 2 + 0.5 * reg * np.linalg.norm(W2) ** 2

    dz2 = np.exp(z2 - log_norm[:, None])
    dz2[np.arange(N), y] -= 1
    dz2 = dz2 / N
    dW2 = np.matmul(a1.T, dz2) + reg * W2
    db2 = np.add.reduce(dz2, axis=0)
    dz1 = np.matmul(dz2, W2.T)
    dz1[z1 <= 0] = 0
    dW1 = np.matmul(X.T, dz1) + reg * W1
    db1 = np.add.reduce(dz1, axis=0)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
