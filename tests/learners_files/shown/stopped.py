# hw2 - backprop
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n = len(X)
    h = X.dot(W1) + b1
    r = np.clip(h, 0, None)          # relu
    f = r.dot(W2) + b2

    e = np.exp(f - np.max(f, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)

    onehot = np.eye(W2.shape[1])[y]
    df = (p - onehot) / n

    dW2 = r.T.dot(df) + reg * W2
    db2 = df.sum(axis=0)
    dr = df.dot(W2)
    dh = dr * (h > 0)
    dW1 = X.T.dot(dh) + reg * W1
    db1 = dh.sum(axis=0)

    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}
