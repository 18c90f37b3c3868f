import numpy as np

# I understand it better one sample at a time, so: a loop, and outer products.

def backward(X, y, W1, b1, W2, b2, reg):
    N, D = X.shape
    H, C = W2.shape
    dW1 = np.zeros((D, H))
    db1 = np.zeros(H)
    dW2 = np.zeros((H, C))
    db2 = np.zeros(C)
    for i in range(N):
        x = X[i]
        z = x @ W1 + b1.ravel()
        a = np.where(z > 0, z, 0.0)
        s = a @ W2 + b2.ravel()
        s = s - s.max()
        p = np.exp(s) / np.exp(s).sum()

        delta = p.copy()
        delta[y[i]] -= 1.0
        delta = delta / N

        dW2 += np.outer(a, delta)
        db2 += delta

        back = W2 @ delta
        back = back * (z > 0)
        dW1 += np.outer(x, back)
        db1 += back
    dW1 += reg * W1
    dW2 += reg * W2
    return dW1, db1, dW2, db2
