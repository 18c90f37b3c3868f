"""Files in twenty-odd styles, by somebody who never read the checker: right ones, and mistaken ones.

What each has wrong was written down before the checker saw it; tests/test_strangers.py holds that against autograd. The styles differ in how they are built.
"""

from typing import NamedTuple


class Stranger(NamedTuple):
    """A file with one mistake, or two."""

    name: str
    text: str
    line: tuple[str, ...]  # the mistaken statement's first line, and others as good
    quantity: tuple[str, ...]  # the first that goes wrong, and others that the same line makes
    what: str  # what a good teacher would say

    def numbers(self) -> set[int]:
        """The line's number in the text, and those of the others."""
        lines = [line.strip() for line in self.text.splitlines()]
        for line in self.line:
            assert lines.count(line) == 1, f"{self.name}: {line!r} stands {lines.count(line)} times"
        return {1 + lines.index(line) for line in self.line}


BLOG = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n = len(X)
    h_pre = X.dot(W1) + b1
    h = h_pre.clip(min=0)
    s = h.dot(W2) + b2
    s -= s.max(axis=1)[:, None]
    p = np.exp(s)
    p /= p.sum(axis=1)[:, None]
    g = p.copy()
    g[np.arange(n), y] -= 1
    g /= n
    dW2 = h.T.dot(g) + reg * W2
    db2 = g.sum(axis=0)
    g = g.dot(W2.T)
    g[h_pre <= 0] = 0
    dW1 = X.T.dot(g) + reg * W1
    db1 = g.sum(axis=0)
    return dW1, db1, dW2, db2
"""

SAMPLES = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    hidden, probs = [], []
    for x in X:
        h = np.maximum(x @ W1 + b1.ravel(), 0)
        f = h @ W2 + b2.ravel()
        e = np.exp(f - f.max())
        hidden.append(h)
        probs.append(e / e.sum())

    dW1, db1 = np.zeros(W1.shape), np.zeros(W1.shape[1])
    dW2, db2 = np.zeros(W2.shape), np.zeros(W2.shape[1])
    for i in range(N):
        d = probs[i].copy()
        d[y[i]] -= 1
        d /= N
        dW2 += np.outer(hidden[i], d)
        db2 += d
        dh = W2 @ d
        dh[hidden[i] == 0] = 0
        dW1 += np.outer(X[i], dh)
        db1 += dh
    dW1 += reg * W1
    dW2 += reg * W2
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

SCALARS = """
from math import exp

def backward(X, y, W1, b1, W2, b2, reg):
    X, y = X.tolist(), y.tolist()
    W1, b1, W2, b2 = W1.tolist(), b1.ravel().tolist(), W2.tolist(), b2.ravel().tolist()
    N, D, H, C = len(X), len(W1), len(W2), len(b2)
    gW1 = [[0.0] * H for _ in range(D)]
    gW2 = [[0.0] * C for _ in range(H)]
    gb1 = [0.0] * H
    gb2 = [0.0] * C
    for n in range(N):
        hid = []
        for j in range(H):
            total = b1[j]
            for d in range(D):
                total += X[n][d] * W1[d][j]
            hid.append(total if total > 0 else 0.0)
        out = []
        for k in range(C):
            total = b2[k]
            for j in range(H):
                total += hid[j] * W2[j][k]
            out.append(total)
        top = max(out)
        ex = [exp(o - top) for o in out]
        denom = sum(ex)
        err = [(ex[k] / denom - (1 if k == y[n] else 0)) / N for k in range(C)]
        for k in range(C):
            gb2[k] += err[k]
            for j in range(H):
                gW2[j][k] += hid[j] * err[k]
        for j in range(H):
            if hid[j] <= 0:
                continue
            back = sum(err[k] * W2[j][k] for k in range(C))
            gb1[j] += back
            for d in range(D):
                gW1[d][j] += X[n][d] * back
    for j in range(H):
        for d in range(D):
            gW1[d][j] += reg * W1[d][j]
        for k in range(C):
            gW2[j][k] += reg * W2[j][k]
    return {"dW1": gW1, "db1": gb1, "dW2": gW2, "db2": gb2}
"""

LAYERS = """
import numpy as np


class Linear:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0, keepdims=True)
        return dout @ self.W.T


class ReLU:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, dout):
        return dout * self.on


class SoftmaxLoss:
    def forward(self, z, y):
        z = z - z.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.p, self.y = np.exp(logp), y
        return -logp[np.arange(len(y)), y].mean()

    def backward(self):
        g = self.p.copy()
        g[np.arange(len(self.y)), self.y] -= 1
        return g / len(self.y)


def backward(X, y, W1, b1, W2, b2, reg):
    fc1, relu, fc2, criterion = Linear(W1, b1), ReLU(), Linear(W2, b2), SoftmaxLoss()
    loss = criterion.forward(fc2.forward(relu.forward(fc1.forward(X))), y)
    loss += reg / 2 * ((W1 ** 2).sum() + (W2 ** 2).sum())
    d = criterion.backward()
    d = fc2.backward(d)
    d = relu.backward(d)
    fc1.backward(d)
    return loss, {
        "W1": fc1.dW + reg * W1,
        "b1": fc1.db,
        "W2": fc2.dW + reg * W2,
        "b2": fc2.db,
    }
"""

TAPE = """
import numpy as np


class Node:
    def __init__(self, value, parents=()):
        self.value = value
        self.parents = parents
        self.grad = 0.0


def matmul(a, b):
    return Node(
        a.value @ b.value,
        ((a, lambda g: g @ b.value.T), (b, lambda g: a.value.T @ g)),
    )


def add_row(a, b):
    return Node(a.value + b.value, ((a, lambda g: g), (b, lambda g: g.sum(axis=0, keepdims=True))))


def relu(a):
    return Node(np.maximum(a.value, 0), ((a, lambda g: g * (a.value > 0)),))


def cross_entropy(s, y):
    shifted = s.value - s.value.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    onehot = np.eye(logp.shape[1])[y]
    return Node(
        -(onehot * logp).sum() / len(y),
        ((s, lambda g: g * (np.exp(logp) - onehot) / len(y)),),
    )


def half_square(w, strength):
    return Node(
        0.5 * strength * (w.value ** 2).sum(),
        ((w, lambda g: g * strength * w.value),),
    )


def add(a, b):
    return Node(a.value + b.value, ((a, lambda g: g), (b, lambda g: g)))


def run_backward(root):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for parent, pull in node.parents:
            parent.grad = parent.grad + pull(node.grad)


def backward(X, y, W1, b1, W2, b2, reg):
    x, w1, c1, w2, c2 = (Node(v) for v in (X, W1, b1, W2, b2))
    hidden = relu(add_row(matmul(x, w1), c1))
    scores = add_row(matmul(hidden, w2), c2)
    total = add(cross_entropy(scores, y), add(half_square(w1, reg), half_square(w2, reg)))
    run_backward(total)
    return {"loss": total.value, "dW1": w1.grad, "db1": c1.grad, "dW2": w2.grad, "db2": c2.grad}
"""

BUFFERS = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    act = np.empty((N, W1.shape[1]))
    np.matmul(X, W1, out=act)
    act += b1
    np.maximum(act, 0, out=act)
    prob = np.empty((N, W2.shape[1]))
    np.matmul(act, W2, out=prob)
    prob += b2
    prob -= prob.max(axis=1, keepdims=True)
    np.exp(prob, out=prob)
    prob /= prob.sum(axis=1, keepdims=True)
    prob[np.arange(N), y] -= 1.0
    prob /= N
    dW2 = np.dot(act.T, prob)
    dW2 += reg * W2
    db2 = prob.sum(0)
    alive = act > 0
    np.matmul(prob, W2.T, out=act)
    np.multiply(act, alive, out=act)
    dW1 = np.dot(X.T, act)
    dW1 += reg * W1
    db1 = act.sum(0)
    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2)
"""

COLUMNS = """
import numpy as np

# samples are columns here, as in the lectures
def backward(X, y, W1, b1, W2, b2, reg):
    A0 = X.T
    m = A0.shape[1]
    Z1 = W1.T @ A0 + b1.T
    A1 = np.where(Z1 > 0, Z1, 0)
    Z2 = W2.T @ A1 + b2.T
    E = np.exp(Z2 - Z2.max(axis=0, keepdims=True))
    A2 = E / E.sum(axis=0, keepdims=True)
    Y = np.zeros(A2.shape)
    Y[y, np.arange(m)] = 1
    dZ2 = (A2 - Y) / m
    dW2 = dZ2 @ A1.T + reg * W2.T
    db2 = dZ2.sum(axis=1, keepdims=True)
    dZ1 = W2 @ dZ2 * (Z1 > 0)
    dW1 = dZ1 @ A0.T + reg * W1.T
    db1 = dZ1.sum(axis=1, keepdims=True)
    return {
        "dW1": dW1.T,
        "db1": db1.T,
        "dW2": dW2.T,
        "db2": db2.T,
    }
"""

EINSUM = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    z = np.einsum("nd,dh->nh", X, W1) + b1
    a = np.maximum(z, 0)
    s = np.einsum("nh,hc->nc", a, W2) + b2
    e = np.exp(s - s.max(-1, keepdims=True))
    p = np.einsum("nc,n->nc", e, 1 / e.sum(-1))
    t = (y[:, None] == np.arange(p.shape[1])).astype(float)
    d = (p - t) / len(y)
    m = (z > 0).astype(float)
    dW2 = np.einsum("nh,nc->hc", a, d) + reg * W2
    db2 = np.einsum("nc->c", d)
    dW1 = np.einsum("nd,nc,hc,nh->dh", X, d, W2, m) + reg * W1
    db1 = np.einsum("nc,hc,nh->h", d, W2, m)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

GOLF = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    softmax = lambda s: (e := np.exp(s - s.max(1, keepdims=True))) / e.sum(1, keepdims=True)
    d = softmax((a := np.maximum(X @ W1 + b1, 0)) @ W2 + b2)
    d = (d - np.eye(d.shape[1])[y]) / len(y)
    return dict(
        dW2=a.T @ d + reg * W2,
        db2=d.sum(0),
        dW1=X.T @ (g := d @ W2.T * (a > 0)) + reg * W1,
        db1=g.sum(0),
    )
"""

COURSE = """
import numpy as np


def linear_forward(A, W, b):
    return A @ W + b, (A, W)


def relu_forward(Z):
    return np.maximum(0, Z), Z


def softmax(Z):
    E = np.exp(Z - np.max(Z, axis=1, keepdims=True))
    return E / np.sum(E, axis=1, keepdims=True)


def linear_backward(dZ, cache, lambd):
    A_prev, W = cache
    dW = np.dot(A_prev.T, dZ) + lambd * W
    db = np.sum(dZ, axis=0, keepdims=True)
    dA_prev = np.dot(dZ, W.T)
    return dA_prev, dW, db


def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def model_forward(X, parameters):
    caches = []
    Z1, linear_cache = linear_forward(X, parameters["W1"], parameters["b1"])
    A1, activation_cache = relu_forward(Z1)
    caches.append((linear_cache, activation_cache))
    Z2, linear_cache = linear_forward(A1, parameters["W2"], parameters["b2"])
    caches.append((linear_cache, None))
    return softmax(Z2), caches


def backward(X, y, W1, b1, W2, b2, reg):
    parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    m = X.shape[0]
    AL, caches = model_forward(X, parameters)
    grads = {}
    Y = np.eye(AL.shape[1])[y]
    dAL = (AL - Y) / m
    linear_cache, _ = caches[1]
    dA1, grads["dW2"], grads["db2"] = linear_backward(dAL, linear_cache, reg)
    linear_cache, activation_cache = caches[0]
    dZ1 = relu_backward(dA1, activation_cache)
    _, grads["dW1"], grads["db1"] = linear_backward(dZ1, linear_cache, reg)
    return grads
"""

SCATTER = """
import numpy as np

# no one-hot matrix anywhere: the labels only pick rows and columns
def backward(X, y, W1, b1, W2, b2, reg):
    N, C = len(y), W2.shape[1]
    H = np.maximum(X @ W1 + b1, 0)
    S = H @ W2 + b2
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)

    sums = np.zeros((C, H.shape[1]))
    np.add.at(sums, y, H)
    counts = np.bincount(y, minlength=C)

    dW2 = (H.T @ P - sums.T) / N + reg * W2
    db2 = (P.sum(axis=0) - counts) / N
    back = (P @ W2.T - W2.T[y]) / N * (H > 0)
    dW1 = X.T @ back + reg * W1
    db1 = back.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

ONES = """
import numpy as np

# the bias trick: a column of ones, the bias as the last row of the weights
def backward(X, y, W1, b1, W2, b2, reg):
    N = len(X)
    ones = np.ones((N, 1))
    Xb = np.hstack([X, ones])
    V1 = np.vstack([W1, b1.reshape(1, -1)])
    V2 = np.vstack([W2, b2.reshape(1, -1)])
    A = np.maximum(Xb @ V1, 0)
    Ab = np.hstack([A, ones])
    S = Ab @ V2
    E = np.exp(S - S.max(axis=1, keepdims=True))
    D = E / E.sum(axis=1, keepdims=True)
    D[np.arange(N), y] -= 1
    D /= N
    G2 = Ab.T @ D
    G2[:-1] += reg * W2
    dA = (D @ V2.T)[:, :-1]
    dZ = dA * (A > 0)
    G1 = Xb.T @ dZ
    G1[:-1] += reg * W1
    return {
        "dW1": G1[:-1],
        "db1": G1[-1:],
        "dW2": G2[:-1],
        "db2": G2[-1:],
    }
"""

LOGSOFTMAX = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    rows = range(N)
    hid = np.fmax(X @ W1 + b1, 0.0)
    s = hid @ W2 + b2
    logp = s - np.logaddexp.reduce(s, axis=1, keepdims=True)
    loss = -np.mean(logp[rows, y]) + 0.5 * reg * (np.vdot(W1, W1) + np.vdot(W2, W2))

    dlogp = np.zeros_like(logp)
    dlogp[rows, y] = -1 / N
    ds = dlogp - np.exp(logp) * dlogp.sum(axis=1, keepdims=True)
    dW2 = hid.T @ ds + reg * W2
    db2 = ds.sum(0, keepdims=True)
    dhid = ds @ W2.T
    dpre = np.where(hid > 0, dhid, 0.0)
    dW1 = X.T @ dpre + reg * W1
    db1 = dpre.sum(0, keepdims=True)
    return loss, dW1, db1, dW2, db2
"""

CHUNKS = """
import numpy as np

BATCH = 16

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    dW1, db1 = np.zeros_like(W1), np.zeros_like(b1)
    dW2, db2 = np.zeros_like(W2), np.zeros_like(b2)
    for start in range(0, N, BATCH):
        xb = X[start:start + BATCH]
        yb = y[start:start + BATCH]
        hb = np.maximum(xb @ W1 + b1, 0)
        sb = hb @ W2 + b2
        pb = np.exp(sb - sb.max(axis=1, keepdims=True))
        pb /= pb.sum(axis=1, keepdims=True)
        pb[np.arange(len(yb)), yb] -= 1
        dW2 += hb.T @ pb
        db2 += pb.sum(axis=0)
        dhb = (pb @ W2.T) * (hb > 0)
        dW1 += xb.T @ dhb
        db1 += dhb.sum(axis=0)
    dW1 = dW1 / N + reg * W1
    dW2 = dW2 / N + reg * W2
    db1 /= N
    db2 /= N
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

CS231N = """
import numpy as np

class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N, D = X.shape

        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores

        scores = scores - np.max(scores, axis=1, keepdims=True)
        exp_scores = np.exp(scores)
        probs = exp_scores / exp_scores.sum(axis=1, keepdims=True)
        loss = np.sum(-np.log(probs[np.arange(N), y])) / N
        loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        grads = {}
        dscores = probs.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads['W2'] = hidden.T.dot(dscores)
        grads['b2'] = np.sum(dscores, axis=0)
        dhidden = dscores.dot(W2.T)
        dhidden[hidden <= 0] = 0
        grads['W1'] = X.T.dot(dhidden)
        grads['b1'] = np.sum(dhidden, axis=0)
        grads['W2'] += reg * W2
        grads['W1'] += reg * W1
        return loss, grads
"""

JACOBIAN = """
import numpy as np

def softmax(v):
    e = np.exp(v - v.max())
    return e / e.sum()

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = len(X), W2.shape[1]
    dz2 = np.zeros((N, C))
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    for i in range(N):
        p = softmax((A1[i] @ W2 + b2).ravel())
        jac = np.diag(p) - np.outer(p, p)
        dp = np.zeros(C)
        dp[y[i]] = -1 / (N * p[y[i]])
        dz2[i] = jac @ dp
    dz1 = (dz2 @ W2.T) * (Z1 > 0)
    return {
        "dW2": A1.T @ dz2 + reg * W2,
        "db2": dz2.sum(axis=0, keepdims=True),
        "dW1": X.T @ dz1 + reg * W1,
        "db1": dz1.sum(axis=0, keepdims=True),
    }
"""

NIELSEN = """
import numpy as np

def relu(z):
    return np.maximum(z, 0)

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def backward(X, y, W1, b1, W2, b2, reg):
    weights, biases = [W1, W2], [b1, b2]
    acts, zs = [X], []
    for W, b in zip(weights, biases):
        zs.append(acts[-1] @ W + b)
        acts.append(relu(zs[-1]))
    probs = softmax(zs[-1])

    onehot = np.zeros_like(probs)
    for i, label in enumerate(y):
        onehot[i, label] = 1
    delta = (probs - onehot) / len(X)
    nabla_w, nabla_b = [None, None], [None, None]
    for l in reversed(range(2)):
        nabla_w[l] = acts[l].T @ delta + reg * weights[l]
        nabla_b[l] = delta.sum(axis=0, keepdims=True)
        if l > 0:
            delta = (delta @ weights[l].T) * (zs[l - 1] > 0)
    return {"dW1": nabla_w[0], "db1": nabla_b[0], "dW2": nabla_w[1], "db2": nabla_b[1]}
"""

CLASSES = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    C = W2.shape[1]
    A = np.maximum(X @ W1 + b1, 0)
    S = A @ W2 + b2
    E = np.exp(S - S.max(axis=1).reshape(N, 1))
    total = E.sum(axis=1)
    dW2 = np.zeros_like(W2)
    db2 = np.zeros_like(b2)
    dA = np.zeros_like(A)
    for k in range(C):
        d_k = (E[:, k] / total - (y == k)) / N
        dW2[:, k] = A.T @ d_k + reg * W2[:, k]
        db2[..., k] = d_k.sum()
        dA += np.outer(d_k, W2[:, k])
    dZ = dA * np.sign(A)
    dW1 = X.T @ dZ + reg * W1
    db1 = dZ.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

CLOSURES = """
import numpy as np

def affine(x, W, b):
    def vjp(g):
        return g @ W.T, x.T @ g, g.sum(axis=0, keepdims=True)
    return x @ W + b, vjp

def relu(x):
    out = np.maximum(0, x)
    return out, lambda g: np.where(out > 0, g, 0)

def softmax_xent(s, y):
    rows = np.arange(len(y))
    q = np.exp(s - s.max(axis=1, keepdims=True))
    q = q / q.sum(axis=1, keepdims=True)
    def vjp(g):
        ds = q.copy()
        ds[rows, y] -= 1.0
        return g * ds / len(y)
    return -np.log(q[rows, y]).mean(), vjp

def backward(X, y, W1, b1, W2, b2, reg):
    u, affine1_vjp = affine(X, W1, b1)
    h, relu_vjp = relu(u)
    s, affine2_vjp = affine(h, W2, b2)
    xent, xent_vjp = softmax_xent(s, y)
    dh, dW2, db2 = affine2_vjp(xent_vjp(1.0))
    _, dW1, db1 = affine1_vjp(relu_vjp(dh))
    return {"dW1": dW1 + reg * W1, "db1": db1, "dW2": dW2 + reg * W2, "db2": db2}
"""

SHUFFLED = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    perm = np.random.default_rng(0).permutation(len(X))
    X, y = X[perm], y[perm]
    hidden = np.maximum(X @ W1 + b1, 0)
    logits = hidden @ W2 + b2
    logits -= logits.max(axis=1, keepdims=True)
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    targets = np.zeros_like(probs)
    np.put_along_axis(targets, y[:, None], 1, axis=1)
    dlogits = (probs - targets) / len(X)
    dW2 = hidden.T @ dlogits + reg * W2
    db2 = dlogits.sum(axis=0, keepdims=True)
    dhidden = dlogits @ W2.T
    dhidden *= hidden > 0
    dW1 = X.T @ dhidden + reg * W1
    db1 = dhidden.sum(axis=0, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

SEMICOLONS = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]; C = W2.shape[1]
    z1 = X @ W1 + b1; a1 = np.maximum(z1, 0); z2 = a1 @ W2 + b2
    z2 = z2 - z2.max(axis=1, keepdims=True); P = np.exp(z2); P = P / P.sum(axis=1, keepdims=True)
    T = np.zeros((N, C)); T[np.arange(N), y] = 1
    d2 = (P - T) / N; d1 = (d2 @ W2.T) * (z1 > 0)
    dW2 = a1.T @ d2; dW1 = X.T @ d1; db2 = d2.sum(axis=0); db1 = d1.sum(axis=0)
    if reg > 0: dW2 += reg * W2; dW1 += reg * W1
    return dW1, db1, dW2, db2
"""

COROUTINES = """
import numpy as np

# each layer is a coroutine: it gets its input, then the gradient of its output
def linear(W, b, grads, name):
    x = yield
    g = yield x @ W + b
    grads["dW" + name] = x.T @ g
    grads["db" + name] = g.sum(axis=0, keepdims=True)
    yield g @ W.T

def relu():
    x = yield
    g = yield x * (x > 0)
    yield g * (x > 0)

def softmax_loss(y):
    s = yield
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    yield -np.log(p[np.arange(len(y)), y]).mean()
    p[np.arange(len(y)), y] -= 1
    yield p / len(y)

def backward(X, y, W1, b1, W2, b2, reg):
    grads = {}
    net = [linear(W1, b1, grads, "1"), relu(), linear(W2, b2, grads, "2"), softmax_loss(y)]
    signal = X
    for layer in net:
        next(layer)
        signal = layer.send(signal)
    for layer in reversed(net):
        signal = layer.send(signal)
    grads["dW1"] += reg * W1
    grads["dW2"] += reg * W2
    return grads
"""

OPERATORS = """
import numpy as np

class Tensor:
    def __init__(self, data, _children=()):
        self.data = data
        self.grad = np.zeros_like(data)
        self._prev = _children
        self._backward = lambda: None

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad.sum(axis=0, keepdims=True)
        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))
        def _backward():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad
        out._backward = _backward
        return out

    def relu(self):
        out = Tensor(self.data * (self.data > 0), (self,))
        def _backward():
            self.grad += out.grad * (out.data > 0)
        out._backward = _backward
        return out

    def cross_entropy(self, y):
        rows = np.arange(len(y))
        z = self.data - self.data.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        out = Tensor(-logp[rows, y].mean(), (self,))
        def _backward():
            g = np.exp(logp)
            g[rows, y] -= 1
            self.grad += out.grad * g / len(y)
        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()
        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)
        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()

def backward(X, y, W1, b1, W2, b2, reg):
    x, w1, c1, w2, c2 = map(Tensor, (X, W1, b1, W2, b2))
    loss = ((x @ w1 + c1).relu() @ w2 + c2).cross_entropy(y)
    loss.backward()
    return {
        "dW1": w1.grad + reg * W1,
        "db1": c1.grad,
        "dW2": w2.grad + reg * W2,
        "db2": c2.grad,
    }
"""

THREADS = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np

def part(args):
    X, y, W1, b1, W2, b2 = args
    h = np.maximum(X @ W1 + b1, 0)
    s = h @ W2 + b2
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    dh = (p @ W2.T) * (h > 0)
    return X.T @ dh, dh.sum(axis=0), h.T @ p, p.sum(axis=0)

def backward(X, y, W1, b1, W2, b2, reg):
    N = len(X)
    jobs = [(X[i::2], y[i::2], W1, b1, W2, b2) for i in range(2)]
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(part, jobs))
    dW1, db1, dW2, db2 = (sum(p) / N for p in zip(*parts))
    return {"dW1": dW1 + reg * W1, "db1": db1, "dW2": dW2 + reg * W2, "db2": db2}
"""

DECORATED = """
import functools
import time
import numpy as np

def timed(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        result = f(*args, **kwargs)
        print(f"{f.__name__} took {time.perf_counter() - start:.6f} s")
        return result
    return wrapper

@timed
def forward(X, W1, b1, W2, b2):
    a1 = np.maximum(X @ W1 + b1, 0)
    z2 = a1 @ W2 + b2
    z2 -= z2.max(axis=1, keepdims=True)
    P = np.exp(z2)
    return a1, P / P.sum(axis=1, keepdims=True)

@timed
def backward(X, y, W1, b1, W2, b2, reg):
    a1, P = forward(X, W1, b1, W2, b2)
    num = y.size
    dz2 = P
    dz2[np.arange(num), y] -= 1
    dz2 /= num
    dW2 = a1.T @ dz2 + reg * W2
    db2 = dz2.sum(axis=0)
    da1 = dz2 @ W2.T
    dz1 = da1 * (a1 > 0)
    dW1 = X.T @ dz1 + reg * W1
    db1 = dz1.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

MATLAB = """
from numpy import *

def backward(X, y, W1, b1, W2, b2, reg):
    X, W1, b1 = asmatrix(X), asmatrix(W1), asmatrix(b1)
    W2, b2 = asmatrix(W2), asmatrix(b2)
    m = X.shape[0]
    z2 = X * W1 + b1
    a2 = maximum(z2, 0)
    z3 = a2 * W2 + b2
    h = exp(z3 - z3.max(1))
    h = h / h.sum(1)
    Y = asmatrix(zeros(h.shape))
    for i in range(m):
        Y[i, y[i]] = 1
    delta3 = (h - Y) / m
    delta2 = multiply(delta3 * W2.T, z2 > 0)
    Theta2_grad = a2.T * delta3 + reg * W2
    Theta1_grad = X.T * delta2 + reg * W1
    return {'dW1': Theta1_grad, 'db1': delta2.sum(0), 'dW2': Theta2_grad, 'db2': delta3.sum(0)}
"""

RECURSION = """
import numpy as np

def descend(x, layers, y, reg, grads):
    if not layers:
        p = np.exp(x - x.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        return p / len(y)
    (W, b), *rest = layers
    z = x @ W + b
    g = descend(np.maximum(z, 0) if rest else z, rest, y, reg, grads)
    if rest:
        g = g * (z > 0)
    grads.append((x.T @ g + reg * W, g.sum(axis=0, keepdims=True)))
    return g @ W.T

def backward(X, y, W1, b1, W2, b2, reg):
    grads = []
    descend(X, [(W1, b1), (W2, b2)], y, reg, grads)
    (dW2, db2), (dW1, db1) = grads
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

APPLIED = """
import numpy as np

relu = np.vectorize(lambda v: v if v > 0 else 0.0, otypes=[float])
step = np.vectorize(lambda v: 1.0 if v > 0 else 0.0, otypes=[float])

def softmax(row):
    e = np.exp(row - np.max(row))
    return e / np.sum(e)

def backward(X, y, W1, b1, W2, b2, reg):
    pre = X @ W1 + b1
    act = relu(pre)
    prob = np.apply_along_axis(softmax, 1, act @ W2 + b2)
    hot = np.apply_along_axis(lambda t: np.eye(prob.shape[1])[t[0]], 1, y.reshape(-1, 1))
    err = np.divide(np.subtract(prob, hot), len(prob))
    grad_W2 = np.add(np.matmul(act.T, err), np.multiply(reg, W2))
    grad_b2 = np.add.reduce(err, axis=0)
    err = np.multiply(np.matmul(err, W2.T), step(pre))
    grad_W1 = np.add(np.matmul(X.T, err), np.multiply(reg, W1))
    grad_b1 = np.add.reduce(err, axis=0)
    return {"dW1": grad_W1, "db1": grad_b1, "dW2": grad_W2, "db2": grad_b2}
"""

COMPREHENSIONS = """
import numpy as np

def softmax(s):
    e = np.exp(s - max(s))
    return e / sum(e)

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = len(X), W2.shape[1]
    hs = [np.maximum(W1.T @ x + b1.ravel(), 0) for x in X]
    ps = [softmax(W2.T @ h + b2.ravel()) for h in hs]
    ts = [np.array([float(k == label) for k in range(C)]) for label in y]
    ds = [(p - t) / N for p, t in zip(ps, ts)]
    es = [(W2 @ d) * (h > 0) for d, h in zip(ds, hs)]
    dW2 = sum(np.outer(h, d) for h, d in zip(hs, ds)) + reg * W2
    dW1 = sum(np.outer(x, e) for x, e in zip(X, es)) + reg * W1
    return {"dW1": dW1, "db1": sum(es), "dW2": dW2, "db2": sum(ds)}
"""

WHILE = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    h = X.dot(W1) + b1
    h[h < 0] = 0
    s = h.dot(W2) + b2
    dscore = np.zeros_like(s)
    i = 0
    while i < len(y):
        e = np.exp(s[i] - s[i].max())
        dscore[i] = e / e.sum()
        dscore[i, y[i]] -= 1
        i += 1
    dscore /= i
    dh = dscore.dot(W2.T)
    dh[h == 0] = 0
    gW2 = h.T.dot(dscore)
    gW2 += reg * W2
    gW1 = X.T.dot(dh)
    gW1 += reg * W1
    return {"dW1": gW1, "db1": dh.sum(axis=0), "dW2": gW2, "db2": dscore.sum(axis=0)}
"""

RIGHT = {
    "blog": BLOG,
    "samples": SAMPLES,
    "scalars": SCALARS,
    "layers": LAYERS,
    "tape": TAPE,
    "buffers": BUFFERS,
    "columns": COLUMNS,
    "einsum": EINSUM,
    "golf": GOLF,
    "course": COURSE,
    "scatter": SCATTER,
    "ones": ONES,
    "logsoftmax": LOGSOFTMAX,
    "chunks": CHUNKS,
    "cs231n": CS231N,
    "jacobian": JACOBIAN,
    "nielsen": NIELSEN,
    "classes": CLASSES,
    "closures": CLOSURES,
    "shuffled": SHUFFLED,
    "semicolons": SEMICOLONS,
    "coroutines": COROUTINES,
    "operators": OPERATORS,
    "threads": THREADS,
    "decorated": DECORATED,
    "matlab": MATLAB,
    "recursion": RECURSION,
    "applied": APPLIED,
    "comprehensions": COMPREHENSIONS,
    "while": WHILE,
}


# Files that were written with their mistake in them.

DEFAULT_ARGUMENT = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg, grads={}):
    H = np.maximum(X @ W1 + b1, 0)
    S = H @ W2 + b2
    P = np.exp(S - S.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    D = (P - np.eye(P.shape[1])[y]) / len(y)
    dH = D @ W2.T * (H > 0)
    new = {'dW2': H.T @ D + reg * W2, 'db2': D.sum(0), 'dW1': X.T @ dH + reg * W1, 'db1': dH.sum(0)}
    for k in new:
        grads[k] = grads.get(k, 0) + new[k]
    return grads
"""

SMOOTHED = '''
import numpy as np


def one_hot(labels: np.ndarray, num_classes: int, smoothing: float = 0.1) -> np.ndarray:
    """Convert integer labels to a one-hot matrix of shape (N, num_classes)."""
    targets = np.zeros((labels.shape[0], num_classes))
    targets[np.arange(labels.shape[0]), labels] = 1.0
    targets = targets * (1 - smoothing) + smoothing / num_classes
    return targets


def stable_softmax(logits: np.ndarray) -> np.ndarray:
    """Numerically stable softmax along the last axis."""
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    exps = np.exp(shifted)
    return exps / np.sum(exps, axis=-1, keepdims=True)


def backward(X, y, W1, b1, W2, b2, reg):
    """Compute the gradients of the regularised cross-entropy loss."""
    # ---- forward pass ----
    z1 = X @ W1 + b1
    a1 = np.maximum(0, z1)
    logits = a1 @ W2 + b2
    probs = stable_softmax(logits)

    # ---- backward pass ----
    targets = one_hot(y, logits.shape[1])
    grad_logits = (probs - targets) / X.shape[0]
    grad_W2 = a1.T @ grad_logits + reg * W2
    grad_b2 = np.sum(grad_logits, axis=0, keepdims=True)
    grad_a1 = grad_logits @ W2.T
    grad_z1 = grad_a1 * (z1 > 0).astype(grad_a1.dtype)
    grad_W1 = X.T @ grad_z1 + reg * W1
    grad_b1 = np.sum(grad_z1, axis=0, keepdims=True)
    return {"dW1": grad_W1, "db1": grad_b1, "dW2": grad_W2, "db2": grad_b2}
'''

CLIPPED = '''
import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    """Gradients of a two-layer network (ReLU + softmax cross-entropy)."""
    num_samples = X.shape[0]
    # Forward
    hidden_pre = np.dot(X, W1) + b1
    hidden = np.maximum(hidden_pre, 0)
    scores = np.dot(hidden, W2) + b2
    scores_shifted = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores_shifted)
    probs = probs / probs.sum(axis=1, keepdims=True)
    # Backward
    dscores = probs.copy()
    dscores[np.arange(num_samples), y] -= 1
    dscores /= num_samples
    grads = {}
    grads["dW2"] = np.dot(hidden.T, dscores) + reg * W2
    grads["db2"] = np.sum(dscores, axis=0, keepdims=True)
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden_pre <= 0] = 0
    grads["dW1"] = np.dot(X.T, dhidden) + reg * W1
    grads["db1"] = np.sum(dhidden, axis=0, keepdims=True)
    # Clip to avoid exploding gradients
    for name in grads:
        np.clip(grads[name], -1.0, 1.0, out=grads[name])
    return grads
'''

STANDARDISED = '''
import numpy as np


def forward(X, W1, b1, W2, b2):
    """Forward pass; returns everything the backward pass needs."""
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-8)
    z1 = X @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    return {"X": X, "a1": a1, "probs": e / e.sum(axis=1, keepdims=True)}


def backward(X, y, W1, b1, W2, b2, reg):
    cache = forward(X, W1, b1, W2, b2)
    X, a1, probs = cache["X"], cache["a1"], cache["probs"]
    n = X.shape[0]
    delta2 = probs
    delta2[range(n), y] -= 1
    delta2 /= n
    delta1 = delta2 @ W2.T
    delta1[a1 <= 0] = 0
    return {
        "dW1": X.T @ delta1 + reg * W1,
        "db1": delta1.sum(axis=0, keepdims=True),
        "dW2": a1.T @ delta2 + reg * W2,
        "db2": delta2.sum(axis=0, keepdims=True),
    }
'''

DROPOUT = '''
import numpy as np


class MLP:
    """Two-layer perceptron with a softmax output."""

    def __init__(self, W1, b1, W2, b2, reg, p_keep=0.9):
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2
        self.reg, self.p_keep = reg, p_keep
        self.rng = np.random.default_rng(42)

    def forward(self, X):
        self.X = X
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.maximum(self.z1, 0)
        self.drop = (self.rng.random(self.a1.shape) < self.p_keep) / self.p_keep
        self.a1 = self.a1 * self.drop
        z2 = self.a1 @ self.W2 + self.b2
        z2 = z2 - z2.max(axis=1, keepdims=True)
        self.P = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)

    def backward(self, y):
        n, k = self.P.shape
        dz2 = (self.P - np.eye(k)[y]) / n
        da1 = dz2 @ self.W2.T * self.drop
        dz1 = da1 * (self.z1 > 0)
        return {
            "dW2": self.a1.T @ dz2 + self.reg * self.W2,
            "db2": dz2.sum(axis=0),
            "dW1": self.X.T @ dz1 + self.reg * self.W1,
            "db1": dz1.sum(axis=0),
        }


def backward(X, y, W1, b1, W2, b2, reg):
    net = MLP(W1, b1, W2, b2, reg)
    net.forward(X)
    return net.backward(y)
'''

MAX_FOR_MAXIMUM = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    layer1 = X @ W1 + b1
    hidden = np.max(layer1, 0)
    layer2 = hidden @ W2 + b2
    p = np.exp(layer2 - np.max(layer2, axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    onehot = np.eye(W2.shape[1])[y]
    d2 = (p - onehot) / len(X)
    dW2 = hidden.T @ d2 + reg * W2
    d1 = d2 @ W2.T
    d1[layer1 <= 0] = 0
    dW1 = X.T @ d1 + reg * W1
    return {'dW1': dW1, 'db1': d1.sum(0), 'dW2': dW2, 'db2': d2.sum(0)}
"""

UNSHIFTED_SUM = """
import numpy as np

def probabilities(scores):
    raw = np.exp(scores)
    stable = np.exp(scores - scores.max(axis=1, keepdims=True))
    return stable / raw.sum(axis=1, keepdims=True)

def backward(X, y, W1, b1, W2, b2, reg):
    z = X @ W1 + b1
    h = z * (z > 0)
    p = probabilities(h @ W2 + b2)
    p[np.arange(len(y)), y] -= 1
    p /= len(y)
    back = (p @ W2.T) * (z > 0)
    return {
        'dW1': X.T @ back + reg * W1,
        'db1': back.sum(axis=0),
        'dW2': h.T @ p + reg * W2,
        'db2': p.sum(axis=0),
    }
"""

INTEGER_ERROR = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = X.shape[0], W2.shape[1]
    A = np.maximum(X @ W1 + b1, 0)
    S = A @ W2 + b2
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    err = np.array([[1 if y[i] == k else 0 for k in range(C)] for i in range(N)])
    for i in range(N):
        for k in range(C):
            err[i, k] = P[i, k] - err[i, k]
    err = err / N
    dW2 = A.T @ err + reg * W2
    db2 = err.sum(axis=0)
    dA = err @ W2.T
    dA[A <= 0] = 0
    dW1 = X.T @ dA + reg * W1
    db1 = dA.sum(axis=0)
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}
"""

FIRST_BATCH = """
import numpy as np

_targets = {}

def targets(y, C):
    n = len(y)
    if (n, C) not in _targets:
        T = np.zeros((n, C))
        T[np.arange(n), y] = 1
        _targets[n, C] = T
    return _targets[n, C]

def backward(X, y, W1, b1, W2, b2, reg):
    h = np.maximum(X @ W1 + b1, 0)
    s = h @ W2 + b2
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    T = targets(y, s.shape[1])
    d = p
    d -= T
    d /= len(X)
    dW2 = h.T @ d + reg * W2
    dh = d @ W2.T
    dh[h == 0] = 0
    return dict(dW1=X.T @ dh + reg * W1, db1=dh.sum(0), dW2=dW2, db2=d.sum(0))
"""

LOSS_AFTERWARDS = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = len(X)
    idx = np.arange(N)
    h = np.maximum(X @ W1 + b1, 0)
    s = h @ W2 + b2
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    dz = p
    dz[idx, y] -= 1
    loss = -np.log(np.abs(p[idx, y])).mean() + reg / 2 * (np.sum(W1**2) + np.sum(W2**2))
    dz = dz / N
    grads = {'W2': h.T @ dz + reg * W2, 'b2': dz.sum(axis=0)}
    dh = dz @ W2.T
    dh[h <= 0] = 0
    grads['W1'] = X.T @ dh + reg * W1
    grads['b1'] = dh.sum(axis=0)
    return loss, grads
"""

UNNORMALISED = """
import numpy as np

def forward(X, W1, b1, W2, b2):
    cache = {}
    cache['Z1'] = X @ W1 + b1
    cache['A1'] = np.maximum(cache['Z1'], 0)
    cache['Z2'] = cache['A1'] @ W2 + b2
    cache['E'] = np.exp(cache['Z2'] - cache['Z2'].max(axis=1, keepdims=True))
    cache['P'] = cache['E'] / cache['E'].sum(axis=1, keepdims=True)
    return cache

def backward(X, y, W1, b1, W2, b2, reg):
    cache = forward(X, W1, b1, W2, b2)
    dZ2 = cache['E'].copy()
    dZ2[np.arange(len(y)), y] -= 1
    dZ2 = dZ2 / len(y)
    dW2 = cache['A1'].T @ dZ2 + reg * W2
    db2 = dZ2.sum(axis=0, keepdims=True)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * (cache['Z1'] > 0)
    dW1 = X.T @ dZ1 + reg * W1
    db1 = dZ1.sum(axis=0, keepdims=True)
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}
"""

VIEW = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    Z = X @ W1 + b1
    A = Z
    A[A < 0] = 0
    S = A @ W2 + b2
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    Y = np.eye(S.shape[1])[y]
    dS = (P - Y) / X.shape[0]
    dW2 = A.T @ dS + reg * W2
    db2 = dS.sum(axis=0)
    dA = dS @ W2.T
    dZ = np.where(Z >= 0, dA, 0)
    dW1 = X.T @ dZ + reg * W1
    db1 = dZ.sum(axis=0)
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}
"""

LABELS_FOUND = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    H = np.maximum(0, X @ W1 + b1)
    F = H @ W2 + b2
    F = F - F.max(1)[:, np.newaxis]
    P = np.exp(F) / np.exp(F).sum(1)[:, np.newaxis]
    classes, index = np.unique(y, return_inverse=True)
    Y = np.eye(P.shape[1])[index]
    dF = (P - Y) / len(Y)
    dH = dF @ W2.T
    dH[H <= 0] = 0
    return {'dW2': H.T @ dF + reg * W2, 'db2': dF.sum(0),
            'dW1': X.T @ dH + reg * W1, 'db1': dH.sum(0)}
"""

SORTED = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = len(X), W2.shape[1]
    a = np.maximum(X @ W1 + b1, 0)
    s = a @ W2 + b2
    s -= s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=1, keepdims=True)
    counts = np.bincount(y, minlength=C)
    Y = np.repeat(np.eye(C), counts, axis=0)
    d2 = (p - Y) / N
    dW2 = a.T @ d2 + reg * W2
    db2 = d2.sum(axis=0)
    d1 = (d2 @ W2.T) * (a > 0)
    dW1 = X.T @ d1 + reg * W1
    db1 = d1.sum(axis=0)
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}
"""

WRONG_UNPACKING = """
import numpy as np

def forward(X, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2 + b2
    E = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    return P, (Z1, A1)

def backward(X, y, W1, b1, W2, b2, reg):
    P, cache = forward(X, W1, b1, W2, b2)
    A1, Z1 = cache
    T = np.eye(P.shape[1])[y]
    dZ2 = (P - T) / len(X)
    dW2 = A1.T @ dZ2 + reg * W2
    db2 = dZ2.sum(axis=0, keepdims=True)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * (Z1 > 0)
    dW1 = X.T @ dZ1 + reg * W1
    db1 = dZ1.sum(axis=0, keepdims=True)
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}
"""


def _but(text: str, *edits: tuple[str, str]) -> str:
    """The text with each first piece, which stands there once, replaced by the second."""
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


ONE_MISTAKE = [
    Stranger(
        "blog-equals-minus",
        _but(BLOG, ("g[np.arange(n), y] -= 1", "g[np.arange(n), y] =- 1")),
        ("g[np.arange(n), y] =- 1",),
        ("dz2",),
        "=- 1 assigns minus one; -= 1 takes one off",
    ),
    Stranger(
        "blog-shift-over-samples",
        _but(BLOG, ("s -= s.max(axis=1)[:, None]", "s -= s.max(axis=0)")),
        ("s -= s.max(axis=0)",),
        ("P",),
        "the shift must be the same for all classes of a sample: the maximum is taken per row",
    ),
    Stranger(
        "blog-mask-of-itself",
        _but(BLOG, ("g[h_pre <= 0] = 0", "g[g <= 0] = 0")),
        ("g[g <= 0] = 0",),
        ("dz1",),
        "the ReLU's mask is where its input was positive, not where the gradient is",
    ),
    Stranger(
        "samples-stale-hidden",
        _but(SAMPLES, ("np.outer(hidden[i], d)", "np.outer(h, d)")),
        ("dW2 += np.outer(h, d)",),
        ("dW2",),
        "h is what the first loop left: the last sample's; hidden[i] is meant",
    ),
    Stranger(
        "samples-outer-swapped",
        _but(SAMPLES, ("np.outer(hidden[i], d)", "np.outer(d, hidden[i])")),
        ("dW2 += np.outer(d, hidden[i])",),
        ("dW2",),
        "np.outer(d, h) is C x H, dW2 is H x C: swap the arguments",
    ),
    Stranger(
        "samples-bias-after-the-loop",
        _but(SAMPLES, ("        db1 += dh\n", "    db1 += dh\n")),
        ("db1 += dh",),
        ("db1",),
        "this line belongs into the loop: it adds the last sample's alone",
    ),
    Stranger(
        "samples-early-return",
        _but(
            SAMPLES,
            ("    dW1 += reg * W1\n    dW2 += reg * W2\n    return", "        dW1 += reg * W1\n        dW2 += reg * W2\n        return"),
        ),
        ('return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}', "for i in range(N):"),
        ("dW2", "db2", "dW1", "db1"),
        "the return stands in the loop: only the first sample is summed",
    ),
    Stranger(
        "scalars-break",
        _but(SCALARS, ("continue", "break")),
        ("break", "if hid[j] <= 0:"),
        ("dz1", "dW1", "db1"),
        "break leaves all the later units out, continue leaves out this one",
    ),
    Stranger(
        "scalars-same-row",
        _but(SCALARS, ("[[0.0] * H for _ in range(D)]", "[[0.0] * H] * D")),
        ("gW1 = [[0.0] * H] * D",),
        ("dW1",),
        "[row] * D is the same list D times: each addition goes to all rows",
    ),
    Stranger(
        "scalars-shadowed",
        _but(
            SCALARS,
            (
                "        for k in range(C):\n            gb2[k] += err[k]\n            for j in range(H):\n                gW2[j][k] += hid[j] * err[k]\n",
                "        for n in range(C):\n            gb2[n] += err[n]\n            for j in range(H):\n                gW2[j][n] += hid[j] * err[n]\n",
            ),
        ),
        ("for n in range(C):", "gW1[d][j] += X[n][d] * back"),
        ("dW1",),
        "n is the sample; the inner loop over the classes takes the same name",
    ),
    Stranger(
        "layers-result-dropped",
        _but(LAYERS, ("    d = relu.backward(d)\n", "    relu.backward(d)\n")),
        ("relu.backward(d)",),
        ("dz1",),
        "what relu.backward returns is not kept: d has no mask",
    ),
    Stranger(
        "layers-mask-kept",
        _but(
            LAYERS,
            ("        self.on = x > 0\n", "        if self.on is None:\n            self.on = x > 0\n"),
            ("class ReLU:\n", "class ReLU:\n    on = None\n\n"),
            ("relu, fc2, criterion = Linear(W1, b1), ReLU(), Linear", "fc2, criterion = Linear(W1, b1), Linear"),
            ("def backward(X, y, W1", "relu = ReLU()\n\n\ndef backward(X, y, W1"),
        ),
        ("if self.on is None:", "self.on = x > 0", "return x * self.on"),
        ("a1",),
        "the mask of the first batch is kept for all later ones",
    ),
    Stranger(
        "tape-overwritten",
        _but(TAPE, ("parent.grad = parent.grad + pull(node.grad)", "parent.grad = pull(node.grad)")),
        ("parent.grad = pull(node.grad)",),
        ("dW2", "dW1"),
        "a weight has two users, the product and the penalty: their gradients add up",
    ),
    Stranger(
        "tape-mean",
        _but(TAPE, ("(b, lambda g: g.sum(axis=0, keepdims=True))", "(b, lambda g: g.mean(axis=0, keepdims=True))")),
        ("return Node(a.value + b.value, ((a, lambda g: g), (b, lambda g: g.mean(axis=0, keepdims=True))))",),
        ("db2", "db1"),
        "the 1/N is in the scores' gradient already: sum, not mean",
    ),
    Stranger(
        "buffers-mask-too-late",
        _but(
            BUFFERS,
            (
                "    alive = act > 0\n    np.matmul(prob, W2.T, out=act)\n",
                "    np.matmul(prob, W2.T, out=act)\n    alive = act > 0\n",
            ),
        ),
        ("alive = act > 0", "np.matmul(prob, W2.T, out=act)"),
        ("dz1",),
        "act is overwritten by its gradient before the mask is taken from it",
    ),
    Stranger(
        "buffers-reused-too-early",
        _but(
            BUFFERS,
            ("    dW2 = np.dot(act.T, prob)\n    dW2 += reg * W2\n", ""),
            (
                "    np.multiply(act, alive, out=act)\n",
                "    np.multiply(act, alive, out=act)\n    dW2 = np.dot(act.T, prob)\n    dW2 += reg * W2\n",
            ),
        ),
        ("dW2 = np.dot(act.T, prob)", "np.matmul(prob, W2.T, out=act)"),
        ("dW2",),
        "act holds dz1 by then, no longer a1",
    ),
    Stranger(
        "columns-features-for-samples",
        _but(COLUMNS, ("m = A0.shape[1]", "m = A0.shape[0]"), ("Y[y, np.arange(m)]", "Y[y, np.arange(len(y))]")),
        ("dZ2 = (A2 - Y) / m", "m = A0.shape[0]"),
        ("dz2",),
        "shape[0] of the transposed X is the number of features",
    ),
    Stranger(
        "columns-over-samples",
        _but(COLUMNS, ("E.sum(axis=0, keepdims=True)", "E.sum(axis=1, keepdims=True)")),
        ("A2 = E / E.sum(axis=1, keepdims=True)",),
        ("P",),
        "with samples in columns, the classes are axis 0",
    ),
    Stranger(
        "einsum-unmasked-bias",
        _but(EINSUM, ('"nc,hc,nh->h", d, W2, m', '"nc,hc->h", d, W2')),
        ('db1 = np.einsum("nc,hc->h", d, W2)',),
        ("db1",),
        "the mask m is missing in db1",
    ),
    Stranger(
        "einsum-z-for-a",
        _but(EINSUM, ('"nh,nc->hc", a, d', '"nh,nc->hc", z, d')),
        ('dW2 = np.einsum("nh,nc->hc", z, d) + reg * W2',),
        ("dW2",),
        "the second layer's input is a, after the ReLU",
    ),
    Stranger(
        "golf-precedence",
        _but(GOLF, ("d @ W2.T * (a > 0)", "d @ W2.T * a > 0")),
        ("dW1=X.T @ (g := d @ W2.T * a > 0) + reg * W1,", "return dict("),
        ("dz1",),
        "without brackets the comparison comes last: g is True or False",
    ),
    Stranger(
        "golf-brackets",
        _but(GOLF, ("a.T @ d + reg * W2", "(a.T @ d + reg) * W2")),
        ("dW2=(a.T @ d + reg) * W2,", "return dict("),
        ("dW2",),
        "the bracket closes too late: W2 multiplies reg alone",
    ),
    Stranger(
        "course-order-returned",
        _but(COURSE, ("    return dA_prev, dW, db\n", "    return dA_prev, db, dW\n")),
        ("return dA_prev, db, dW", 'dA1, grads["dW2"], grads["db2"] = linear_backward(dAL, linear_cache, reg)'),
        ("dW2", "db2", "dW1", "db1"),
        "db and dW are returned in the other order than they are taken in",
    ),
    Stranger(
        "course-stale-cache",
        _but(COURSE, ("    linear_cache, activation_cache = caches[0]\n", "    _, activation_cache = caches[0]\n")),
        ('_, grads["dW1"], grads["db1"] = linear_backward(dZ1, linear_cache, reg)', "_, activation_cache = caches[0]", "dW = np.dot(A_prev.T, dZ) + lambd * W"),
        ("dW1",),
        "linear_cache is still the second layer's",
    ),
    Stranger(
        "scatter-duplicates",
        _but(SCATTER, ("np.add.at(sums, y, H)", "sums[y] += H")),
        ("sums[y] += H",),
        ("dW2",),
        "with repeated labels, sums[y] += H keeps one sample per class; np.add.at adds all",
    ),
    Stranger(
        "scatter-no-minlength",
        _but(SCATTER, ("np.bincount(y, minlength=C)", "np.bincount(y)")),
        ("counts = np.bincount(y)", "db2 = (P.sum(axis=0) - counts) / N"),
        ("db2",),
        "bincount ends at the largest label of the batch: it needs minlength=C",
    ),
    Stranger(
        "ones-wrong-column",
        _but(ONES, ("[:, :-1]", "[:, 1:]")),
        ("dA = (D @ V2.T)[:, 1:]",),
        ("da1",),
        "the column of ones is the last one: [:, :-1] leaves it off",
    ),
    Stranger(
        "ones-bias-penalised",
        _but(ONES, ("G2[:-1] += reg * W2", "G2 += reg * V2")),
        ("G2 += reg * V2",),
        ("db2",),
        "the last row is the bias, and that has no penalty",
    ),
    Stranger(
        "logsoftmax-sum-of-all",
        _but(LOGSOFTMAX, ("dlogp.sum(axis=1, keepdims=True)", "dlogp.sum()")),
        ("ds = dlogp - np.exp(logp) * dlogp.sum()",),
        ("dz2",),
        "the sum goes over each row: over everything it is -1 and not -1/N",
    ),
    Stranger(
        "logsoftmax-integer-division",
        _but(LOGSOFTMAX, ("-1 / N", "-1 // N")),
        ("dlogp[rows, y] = -1 // N",),
        ("dz2",),
        "-1 // N is rounded down to -1",
    ),
    Stranger(
        "chunks-first-labels",
        _but(CHUNKS, ("yb = y[start:start + BATCH]", "yb = y[:len(xb)]")),
        ("yb = y[:len(xb)]",),
        ("Y_ind", "dz2", "dW2"),
        "every block is given the labels of the first one",
    ),
    Stranger(
        "chunks-penalty-each-time",
        _but(
            CHUNKS,
            ("dW2 += hb.T @ pb\n", "dW2 += hb.T @ pb / N + reg * W2\n"),
            ("    dW2 = dW2 / N + reg * W2\n", ""),
        ),
        ("dW2 += hb.T @ pb / N + reg * W2",),
        ("dW2",),
        "the penalty is added once for each block",
    ),
    Stranger(
        "chunks-last-left-out",
        _but(CHUNKS, ("range(0, N, BATCH)", "range(0, N - BATCH, BATCH)")),
        ("for start in range(0, N - BATCH, BATCH):",),
        ("dW2", "db2", "dW1", "db1", "z1", "a1", "z2", "P", "dz2"),
        "the last block is left out",
    ),
    Stranger(
        "cs231n-same-penalty-twice",
        _but(CS231N, ("grads['W1'] += reg * W1", "grads['W2'] += reg * W2  # L2")),
        ("grads['W2'] += reg * W2  # L2",),
        ("dW2", "dW1"),
        "the line was copied and W1 forgotten: W2 has the penalty twice, W1 none",
    ),
    Stranger(
        "cs231n-penalty-over-n",
        _but(
            CS231N,
            ("loss = np.sum(-np.log(probs[np.arange(N), y])) / N", "loss = np.sum(-np.log(probs[np.arange(N), y]))"),
            ("(np.sum(W1 * W1) + np.sum(W2 * W2))\n", "(np.sum(W1 * W1) + np.sum(W2 * W2))\n        loss /= N\n"),
        ),
        ("loss /= N", "loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))"),
        ("loss",),
        "the penalty is divided by N as well: divide before it is added",
    ),
    Stranger(
        "jacobian-diagonal",
        _but(JACOBIAN, ("np.diag(p) - np.outer(p, p)", "np.diag(p * (1 - p))")),
        ("jac = np.diag(p * (1 - p))", "dz2[i] = jac @ dp"),
        ("dz2",),
        "the softmax mixes all classes: its Jacobian is not diagonal",
    ),
    Stranger(
        "nielsen-relu-on-scores",
        _but(NIELSEN, ("softmax(zs[-1])", "softmax(acts[-1])")),
        ("probs = softmax(acts[-1])",),
        ("P",),
        "the scores went through the ReLU: the softmax takes zs[-1]",
    ),
    Stranger(
        "nielsen-updated-weights",
        _but(NIELSEN, ("        if l > 0:\n", "        weights[l] = weights[l] - 0.1 * nabla_w[l]\n        if l > 0:\n")),
        ("weights[l] = weights[l] - 0.1 * nabla_w[l]", "delta = (delta @ weights[l].T) * (zs[l - 1] > 0)"),
        ("da1",),
        "W2 is updated before its old value goes into da1",
    ),
    Stranger(
        "classes-overwritten",
        _but(CLASSES, ("dA += np.outer", "dA = np.outer")),
        ("dA = np.outer(d_k, W2[:, k])",),
        ("da1",),
        "each class overwrites the one before: add up",
    ),
    Stranger(
        "closures-out-for-g",
        _but(CLOSURES, ("np.where(out > 0, g, 0)", "np.where(out > 0, out, 0)")),
        ("return out, lambda g: np.where(out > 0, out, 0)",),
        ("dz1",),
        "the gradient g is not used: the ReLU's output is passed back",
    ),
    Stranger(
        "default-argument",
        DEFAULT_ARGUMENT,
        (
            "def backward(X, y, W1, b1, W2, b2, reg, grads={}):",
            "grads[k] = grads.get(k, 0) + new[k]",
        ),
        ("dW2", "db2", "dW1", "db1"),
        "the default dict is made once: a second call adds to the first",
    ),
    Stranger(
        "label-smoothing",
        SMOOTHED,
        ("targets = targets * (1 - smoothing) + smoothing / num_classes",),
        ("Y_ind", "dz2"),
        "label smoothing is another loss: the notes' targets are 0 and 1",
    ),
    Stranger(
        "clipped-gradients",
        CLIPPED,
        ("np.clip(grads[name], -1.0, 1.0, out=grads[name])", "for name in grads:"),
        ("dW2", "db2", "dW1", "db1"),
        "clipped gradients are not the loss's gradients",
    ),
    Stranger(
        "standardised-input",
        STANDARDISED,
        ("X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-8)", "z1 = X @ W1 + b1"),
        ("z1", "X"),
        "X is standardised on the way: the network takes X as it is",
    ),
    Stranger(
        "dropout-left-in",
        DROPOUT,
        ("self.a1 = self.a1 * self.drop", "self.drop = (self.rng.random(self.a1.shape) < self.p_keep) / self.p_keep"),
        ("a1", "da1"),
        "dropout is not part of this network",
    ),
    Stranger(
        "max-for-maximum",
        MAX_FOR_MAXIMUM,
        ("hidden = np.max(layer1, 0)",),
        ("a1",),
        "np.max(z, 0) is the largest of each column; np.maximum(z, 0) is the ReLU",
    ),
    Stranger(
        "unshifted-sum",
        UNSHIFTED_SUM,
        ("return stable / raw.sum(axis=1, keepdims=True)", "p = probabilities(h @ W2 + b2)"),
        ("P",),
        "numerator and sum must have the same shift",
    ),
    Stranger(
        "integer-error",
        INTEGER_ERROR,
        (
            "err = np.array([[1 if y[i] == k else 0 for k in range(C)] for i in range(N)])",
            "err[i, k] = P[i, k] - err[i, k]",
        ),
        ("dz2",),
        "err is an integer array: what is stored in it is cut off to 0",
    ),
    Stranger(
        "targets-of-an-earlier-batch",
        FIRST_BATCH,
        ("_targets[n, C] = T", "return _targets[n, C]", "T = targets(y, s.shape[1])", "if (n, C) not in _targets:"),
        ("Y_ind", "dz2", "dW2"),
        "the targets of the first batch of this size are kept for all later ones",
    ),
    Stranger(
        "loss-from-what-was-overwritten",
        LOSS_AFTERWARDS,
        (
            "loss = -np.log(np.abs(p[idx, y])).mean() + reg / 2 * (np.sum(W1**2) + np.sum(W2**2))",
            "dz[idx, y] -= 1",
            "dz = p",
        ),
        ("loss",),
        "dz = p is no copy: the loss is computed from P - Y",
    ),
    Stranger(
        "not-normalised",
        UNNORMALISED,
        ("dZ2 = cache['E'].copy()",),
        ("dz2",),
        "the exponentials are taken where the probabilities are meant",
    ),
    Stranger(
        "no-copy-then-greater-equal",
        VIEW,
        ("dZ = np.where(Z >= 0, dA, 0)", "A = Z", "A[A < 0] = 0"),
        ("dz1",),
        "A is Z, so Z has no negative left, and Z >= 0 is true everywhere",
    ),
    Stranger(
        "labels-renumbered",
        LABELS_FOUND,
        ("Y = np.eye(P.shape[1])[index]", "classes, index = np.unique(y, return_inverse=True)"),
        ("Y_ind",),
        "where a class is missing in the batch, the later labels move down",
    ),
    Stranger(
        "labels-sorted",
        SORTED,
        ("Y = np.repeat(np.eye(C), counts, axis=0)",),
        ("Y_ind",),
        "these are the targets of the sorted labels, the samples are not sorted",
    ),
    Stranger(
        "unpacked-in-another-order",
        WRONG_UNPACKING,
        ("A1, Z1 = cache", "dW2 = A1.T @ dZ2 + reg * W2"),
        ("dW2",),
        "the cache is (Z1, A1): the names are swapped",
    ),
    Stranger(
        "semicolons-reg-above-one",
        _but(SEMICOLONS, ("if reg > 0: dW2 += reg * W2; dW1 += reg * W1", "if reg > 1: dW2 += reg * W2; dW1 += reg * W1")),
        ("if reg > 1: dW2 += reg * W2; dW1 += reg * W1",),
        ("dW2", "dW1"),
        "the penalty is left out for every reg up to 1",
    ),
    Stranger(
        "semicolons-divided-again",
        _but(SEMICOLONS, ("dW2 = a1.T @ d2; dW1 = X.T @ d1", "dW2 = a1.T @ d2; dW1 = X.T @ d1 / N")),
        ("dW2 = a1.T @ d2; dW1 = X.T @ d1 / N; db2 = d2.sum(axis=0); db1 = d1.sum(axis=0)",),
        ("dW1",),
        "d1 has the 1/N already",
    ),
    Stranger(
        "coroutines-slope-of-the-gradient",
        _but(COROUTINES, ("    yield g * (x > 0)\n", "    yield g * (g > 0)\n")),
        ("yield g * (g > 0)",),
        ("dz1",),
        "the mask is of x, not of g",
    ),
    Stranger(
        "operators-output-for-input",
        _but(OPERATORS, ("other.grad += self.data.T @ out.grad", "other.grad = out.data.T @ out.grad")),
        ("other.grad = out.data.T @ out.grad",),
        ("dW2", "dW1"),
        "the factor is the layer's input, self.data, not its output",
    ),
    Stranger(
        "operators-times-output",
        _but(OPERATORS, ("self.grad += out.grad * (out.data > 0)", "self.grad += out.grad * out.data")),
        ("self.grad += out.grad * out.data",),
        ("dz1",),
        "the ReLU's slope is 0 or 1, not its output",
    ),
    Stranger(
        "threads-divided-by-part",
        _but(THREADS, ("    p[np.arange(len(y)), y] -= 1\n", "    p[np.arange(len(y)), y] -= 1\n    p /= len(y)\n")),
        ("p /= len(y)", "dW1, db1, dW2, db2 = (sum(p) / N for p in zip(*parts))"),
        ("dz2", "dW2", "db2", "dW1", "db1"),
        "divided by the part's length and by N",
    ),
    Stranger(
        "decorated-thrown-away",
        _but(DECORATED, ("    dz2 /= num\n", "    dz2 / num\n")),
        ("dz2 / num", "dz2[np.arange(num), y] -= 1"),
        ("dz2",),
        "dz2 / num is computed and thrown away: dz2 /= num",
    ),
    Stranger(
        "matlab-multiply",
        _but(MATLAB, ("delta2 = multiply(delta3 * W2.T, z2 > 0)", "delta2 = multiply(delta3 * W2.T, z2)")),
        ("delta2 = multiply(delta3 * W2.T, z2)",),
        ("dz1",),
        "multiplied by z1 itself, not by its sign",
    ),
    Stranger(
        "recursion-mask-on-both",
        _but(RECURSION, ("    if rest:\n        g = g * (z > 0)\n", "    g = g * (z > 0)\n")),
        ("g = g * (z > 0)",),
        ("dz2",),
        "the scores have no ReLU: only hidden layers are masked",
    ),
    Stranger(
        "recursion-penalty-times-n",
        _but(RECURSION, ("x.T @ g + reg * W, g.sum", "x.T @ g + reg * W * len(y), g.sum")),
        ("grads.append((x.T @ g + reg * W * len(y), g.sum(axis=0, keepdims=True)))",),
        ("dW2", "dW1"),
        "the penalty is N times too large",
    ),
    Stranger(
        "applied-column",
        _but(APPLIED, ("np.apply_along_axis(softmax, 1, act @ W2 + b2)", "np.apply_along_axis(softmax, 0, act @ W2 + b2)")),
        ("prob = np.apply_along_axis(softmax, 0, act @ W2 + b2)",),
        ("P",),
        "the softmax goes along each row: axis 1",
    ),
    Stranger(
        "applied-whole-numbers",
        _but(APPLIED, ("relu = np.vectorize(lambda v: v if v > 0 else 0.0, otypes=[float])", "relu = np.vectorize(lambda v: v if v > 0 else 0.0, otypes=[int])")),
        ("relu = np.vectorize(lambda v: v if v > 0 else 0.0, otypes=[int])", "act = relu(pre)"),
        ("a1",),
        "otypes=[int] cuts the hidden values down to whole numbers",
    ),
    Stranger(
        "comprehensions-zip-shifted",
        _but(COMPREHENSIONS, ("sum(np.outer(x, e) for x, e in zip(X, es))", "sum(np.outer(x, e) for x, e in zip(X, es[1:]))")),
        ("dW1 = sum(np.outer(x, e) for x, e in zip(X, es[1:])) + reg * W1",),
        ("dW1",),
        "each sample is multiplied by the next one's gradient",
    ),
    Stranger(
        "while-label-before",
        _but(WHILE, ("        dscore[i, y[i]] -= 1\n        i += 1\n", "        i += 1\n        dscore[i - 1, y[i - 2]] -= 1\n")),
        ("dscore[i - 1, y[i - 2]] -= 1",),
        ("dz2",),
        "i has moved on: the label is the sample's before",
    ),
    Stranger(
        "while-last-index",
        _but(WHILE, ("while i < len(y):", "while i < len(y) - 1:")),
        ("while i < len(y) - 1:", "dscore /= i"),
        ("dz2",),
        "the loop ends one sample too early, and so does N",
    ),
]

TWO_MISTAKES = [
    Stranger(
        "blog-features-and-unmasked-bias",
        _but(
            BLOG,
            ("    n = len(X)\n", "    n = len(X)\n    m = X.shape[1]\n"),
            ("    g /= n\n", "    g /= m\n"),
            ("    g[h_pre <= 0] = 0\n", "    db1 = g.sum(axis=0)\n    g[h_pre <= 0] = 0\n"),
            ("    dW1 = X.T.dot(g) + reg * W1\n    db1 = g.sum(axis=0)\n", "    dW1 = X.T.dot(g) + reg * W1\n"),
        ),
        ("g /= m", "m = X.shape[1]", "db1 = g.sum(axis=0)"),
        ("dz2", "db1"),
        "divided by the number of features; db1 is taken before the mask",
    ),
    Stranger(
        "ones-column-and-penalty",
        _but(ONES, ("[:, :-1]", "[:, 1:]"), ("G2[:-1] += reg * W2", "G2 += reg * V2")),
        ("G2 += reg * V2", "dA = (D @ V2.T)[:, 1:]"),
        ("db2", "da1"),
        "the bias is penalised; the wrong column is left off",
    ),
    Stranger(
        "classes-overwritten-no-penalty",
        _but(CLASSES, ("dA += np.outer", "dA = np.outer"), ("X.T @ dZ + reg * W1", "X.T @ dZ")),
        ("dA = np.outer(d_k, W2[:, k])", "dW1 = X.T @ dZ"),
        ("da1", "dW1"),
        "each class overwrites the one before; dW1 has no penalty",
    ),
    Stranger(
        "samples-stale-twice",
        _but(SAMPLES, ("np.outer(hidden[i], d)", "np.outer(h, d)"), ("dh[hidden[i] == 0] = 0", "dh[h == 0] = 0")),
        ("dW2 += np.outer(h, d)", "dh[h == 0] = 0"),
        ("dW2", "dz1"),
        "h is the last sample's in both lines",
    ),
    Stranger(
        "cs231n-penalty-and-mask",
        _but(
            CS231N,
            ("grads['W1'] += reg * W1", "grads['W1'] += reg * grads['W1']"),
            ("dhidden[hidden <= 0] = 0", "dhidden[dhidden <= 0] = 0"),
        ),
        ("dhidden[dhidden <= 0] = 0", "grads['W1'] += reg * grads['W1']"),
        ("dz1", "dW1"),
        "the mask is of the gradient itself; the penalty is of the gradient, not of W1",
    ),
]

WRONG = ONE_MISTAKE + TWO_MISTAKES
