"""No NumPy in the calculation at all: lists, loops and math.fsum.

Slow, but every index is visible.
"""
import math


def backward(X, y, W1, b1, W2, b2, reg):
    X, W1, W2 = X.tolist(), W1.tolist(), W2.tolist()
    b1, b2 = b1.ravel().tolist(), b2.ravel().tolist()
    y = y.tolist()
    N, D, H, C = len(X), len(W1), len(W2), len(W2[0])

    z1 = [[math.fsum(X[i][d] * W1[d][h] for d in range(D)) + b1[h] for h in range(H)]
          for i in range(N)]
    a1 = [[v if v > 0 else 0.0 for v in row] for row in z1]
    z2 = [[math.fsum(a1[i][h] * W2[h][c] for h in range(H)) + b2[c] for c in range(C)]
          for i in range(N)]

    probs = []
    losses = []
    for i in range(N):
        m = max(z2[i])
        exps = [math.exp(v - m) for v in z2[i]]
        total = math.fsum(exps)
        probs.append([v / total for v in exps])
        losses.append(math.log(total) - (z2[i][y[i]] - m))
    loss = math.fsum(losses) / N
    loss += reg / 2 * math.fsum(w * w for row in W1 for w in row)
    loss += reg / 2 * math.fsum(w * w for row in W2 for w in row)

    dz2 = [[(probs[i][c] - (1.0 if c == y[i] else 0.0)) / N for c in range(C)]
           for i in range(N)]
    dW2 = [[math.fsum(a1[i][h] * dz2[i][c] for i in range(N)) + reg * W2[h][c]
            for c in range(C)] for h in range(H)]
    db2 = [math.fsum(dz2[i][c] for i in range(N)) for c in range(C)]

    dz1 = [[0.0] * H for _ in range(N)]
    for i in range(N):
        for h in range(H):
            if z1[i][h] > 0:
                dz1[i][h] = math.fsum(dz2[i][c] * W2[h][c] for c in range(C))
    dW1 = [[math.fsum(X[i][d] * dz1[i][h] for i in range(N)) + reg * W1[d][h]
            for h in range(H)] for d in range(D)]
    db1 = [math.fsum(dz1[i][h] for i in range(N)) for h in range(H)]
    return {"loss": loss, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
