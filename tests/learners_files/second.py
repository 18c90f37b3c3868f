"""A second set of learners' files, written without a look at how the checker works: each in a style
of its own, with one mistake, with two, or with none. Most return the four gradients, with the loss
or without it.
"""

from typing import NamedTuple


class Case(NamedTuple):
    """A file with mistakes, the lines in which they stand and the notes' quantities they spoil."""

    name: str
    text: str
    line: int
    quantity: str
    kind: str
    shows: int = 0  # another line that may be told: where the mistake is first seen in a value
    also: tuple[str, ...] = ()  # what the same line spoils, too
    second: tuple[int, str] | None = None  # the line and quantity of a second mistake


PLAIN = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    Z = X @ W1 + b1
    H = np.maximum(Z, 0)
    O = H @ W2 + b2
    O = O - O.max(axis=1, keepdims=True)
    E = np.exp(O)
    P = E / E.sum(axis=1, keepdims=True)
    T = np.eye(W2.shape[1])[y]
    dO = (P - T) / N
    dW2 = H.T @ dO + reg * W2
    db2 = dO.sum(axis=0)
    dH = dO @ W2.T
    dZ = dH * (Z > 0)
    dW1 = X.T @ dZ + reg * W1
    db1 = dZ.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

STANFORD = """\
import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        num_train, D = X.shape
        # forward pass
        hidden = np.dot(X, W1) + b1
        hidden[hidden < 0] = 0
        scores = np.dot(hidden, W2) + b2
        if y is None:
            return scores
        # loss
        scores -= np.max(scores, axis=1).reshape(-1, 1)
        exps = np.exp(scores)
        probs = exps / np.sum(exps, axis=1).reshape(-1, 1)
        logs = scores - np.log(np.sum(exps, axis=1)).reshape(-1, 1)
        loss = -np.sum(logs[range(num_train), y]) / num_train
        loss += 0.5 * reg * np.sum(W1 * W1) + 0.5 * reg * np.sum(W2 * W2)
        # backward pass
        grads = {}
        dscores = probs.copy()
        dscores[range(num_train), y] -= 1
        dscores /= num_train
        grads["W2"] = np.dot(hidden.T, dscores)
        grads["b2"] = np.sum(dscores, axis=0)
        dhidden = np.dot(dscores, W2.T)
        dhidden[hidden <= 0] = 0
        grads["W1"] = np.dot(X.T, dhidden)
        grads["b1"] = np.sum(dhidden, axis=0)
        grads["W2"] += reg * W2
        grads["W1"] += reg * W1
        return loss, grads
"""

LOOPS = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, D = X.shape
    H, C = W2.shape
    b1, b2 = b1.ravel(), b2.ravel()
    dW1, db1 = np.zeros((D, H)), np.zeros(H)
    dW2, db2 = np.zeros((H, C)), np.zeros(C)
    for i in range(N):
        x = X[i]
        z = x @ W1 + b1
        a = np.where(z > 0, z, 0)
        s = a @ W2 + b2
        s = s - s.max()
        e = np.exp(s)
        p = e / e.sum()
        g = p
        g[y[i]] -= 1
        dW2 += np.outer(a, g)
        db2 += g
        for j in range(H):
            if z[j] > 0:
                d = (W2[j] * g).sum()
                dW1[:, j] += x * d
                db1[j] += d
    dW1 = dW1 / N + reg * W1
    db1 = db1 / N
    dW2 = dW2 / N + reg * W2
    db2 = db2 / N
    return dW1, db1, dW2, db2
"""

LAYERS = """\
import numpy as np

def affine_forward(x, w, b):
    return x @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, x):
    return dout * (x > 0)

def softmax_loss(x, y):
    n = x.shape[0]
    shifted = x - x.max(axis=1, keepdims=True)
    Z = np.exp(shifted).sum(axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    loss = -log_probs[np.arange(n), y].sum() / n
    dx = probs.copy()
    dx[np.arange(n), y] -= 1
    dx /= n
    return loss, dx

def backward(X, y, W1, b1, W2, b2, reg):
    pre, fc1 = affine_forward(X, W1, b1)
    hid, act = relu_forward(pre)
    out, fc2 = affine_forward(hid, W2, b2)
    loss, dout = softmax_loss(out, y)
    loss += 0.5 * reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    dhid, dW2, db2 = affine_backward(dout, fc2)
    dpre = relu_backward(dhid, act)
    _, dW1, db1 = affine_backward(dpre, fc1)
    dW2 += reg * W2
    dW1 += reg * W1
    return {"loss": loss, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

LATE = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    m = len(y)
    z1 = X.dot(W1) + b1
    a1 = z1 * (z1 > 0)
    z2 = a1.dot(W2) + b2
    ex = np.exp(z2 - z2.max(axis=1)[:, None])
    yhat = ex / ex.sum(axis=1)[:, None]
    delta3 = yhat.copy()
    delta3[np.arange(m), y] -= 1
    delta2 = delta3.dot(W2.T) * (z1 > 0)
    dW2 = a1.T.dot(delta3)
    db2 = np.sum(delta3, axis=0, keepdims=True)
    dW1 = X.T.dot(delta2)
    db1 = np.sum(delta2, axis=0, keepdims=True)
    dW2 = dW2 / m
    db2 = db2 / m
    dW1 = dW1 / m
    db1 = db1 / m
    dW2 += reg * W2
    dW1 += reg * W1
    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2)
"""

COLUMNS = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    # samples are columns, as in the deep learning specialization
    X = X.T
    m = X.shape[1]
    Z1 = np.dot(W1.T, X) + b1.reshape(-1, 1)
    A1 = np.maximum(0, Z1)
    Z2 = np.dot(W2.T, A1) + b2.reshape(-1, 1)
    t = np.exp(Z2 - np.max(Z2, axis=0, keepdims=True))
    A2 = t / np.sum(t, axis=0, keepdims=True)
    Y = np.zeros_like(A2)
    Y[y, np.arange(m)] = 1
    dZ2 = A2 - Y
    dW2 = 1 / m * np.dot(dZ2, A1.T)
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dA1 = np.dot(W2, dZ2)
    dZ1 = np.multiply(dA1, np.int64(A1 > 0))
    dW1 = 1 / m * np.dot(dZ1, X.T)
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    dW2 = dW2.T + reg * W2
    dW1 = dW1.T + reg * W1
    return {"dW1": dW1, "db1": db1.T, "dW2": dW2, "db2": db2.T}
"""

IN_PLACE = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    rows = np.arange(len(X))
    W2 = W2.copy()
    h = X @ W1
    h += b1
    np.maximum(h, 0, out=h)
    s = h @ W2
    s += b2
    s -= s.max(axis=1, keepdims=True)
    np.exp(s, out=s)
    s /= s.sum(axis=1, keepdims=True)
    s[rows, y] -= 1
    s /= len(rows)
    dW2 = h.T @ s
    dW2 += reg * W2
    db2 = s.sum(0)
    d = s @ W2.T
    d[h == 0] = 0
    dW1 = X.T @ d
    dW1 += reg * W1
    db1 = d.sum(0)
    return dW1, db1, dW2, db2
"""

EINSUM = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n = len(X)
    pre = np.einsum("nd,dh->nh", X, W1) + b1
    act = np.maximum(pre, 0)
    logits = np.einsum("nh,hc->nc", act, W2) + b2
    logits = logits - logits.max(axis=-1, keepdims=True)
    prob = np.exp(logits)
    prob = prob / np.einsum("nc->n", prob)[:, None]
    hot = (np.arange(W2.shape[1]) == y[:, None]).astype(float)
    dlogits = (prob - hot) / n
    dW2 = np.einsum("nh,nc->hc", act, dlogits) + reg * W2
    db2 = np.einsum("nc->c", dlogits)
    dact = np.einsum("nc,hc->nh", dlogits, W2)
    dpre = dact * (pre > 0)
    dW1 = np.einsum("nd,nh->dh", X, dpre) + reg * W1
    db1 = np.einsum("nh->h", dpre)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

DATACLASS = """\
from dataclasses import dataclass
import numpy as np


@dataclass
class Net:
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray

    def forward(self, X):
        self.x = X
        self.pre = X @ self.W1 + self.b1
        self.hid = self.pre.clip(min=0)
        self.out = self.hid @ self.W2 + self.b2
        return self.softmax(self.out)

    @staticmethod
    def softmax(v):
        v = v - np.amax(v, axis=1, keepdims=True)
        return np.exp(v) / np.exp(v).sum(axis=1, keepdims=True)

    def grads(self, prob, y, reg):
        onehot = np.zeros(prob.shape)
        onehot[np.arange(y.size), y] = 1.0
        g_out = (prob - onehot) / y.size
        g_hid = g_out @ self.W2.T
        g_pre = np.where(self.pre > 0, g_hid, 0.0)
        return {
            "dW1": self.x.T @ g_pre + reg * self.W1,
            "db1": g_pre.sum(axis=0),
            "dW2": self.hid.T @ g_out + reg * self.W2,
            "db2": g_out.sum(axis=0),
        }


def backward(X, y, W1, b1, W2, b2, reg):
    net = Net(W1, b1, W2, b2)
    return net.grads(net.forward(X), y, reg)
"""

EVERYTHING = """\
import numpy as np

def relu(x): return np.maximum(x, 0.)

def drelu(x): return (x > 0).astype(x.dtype)

def backward(X, y, W1, b1, W2, b2, reg):
    out = {}
    out['z1'] = X @ W1 + b1
    out['a1'] = relu(out['z1'])
    out['z2'] = out['a1'] @ W2 + b2
    m = out['z2'].max(1, keepdims=True)
    lse = m + np.log(np.exp(out['z2'] - m).sum(1, keepdims=True))
    out['P'] = np.exp(out['z2'] - lse)
    out['Y_ind'] = np.zeros(out['P'].shape)
    for row, label in enumerate(y): out['Y_ind'][row, label] = 1
    data = (out['Y_ind'] * (lse - out['z2'])).sum() / y.shape[0]
    out['loss'] = data + reg / 2 * ((W1 ** 2).sum() + (W2 ** 2).sum())
    out['dz2'] = (out['P'] - out['Y_ind']) / y.shape[0]
    out['dW2'] = out['a1'].T @ out['dz2'] + reg * W2
    out['db2'] = out['dz2'].sum(0, keepdims=True)
    out['da1'] = out['dz2'] @ W2.T
    out['dz1'] = out['da1'] * drelu(out['z1'])
    out['dW1'] = X.T @ out['dz1'] + reg * W1
    out['db1'] = out['dz1'].sum(0, keepdims=True)
    return out
"""

TAPE = """\
import numpy as np

class Node:
    def __init__(self, data, parents=()):
        self.data, self.parents = data, parents
        self.grad = np.zeros_like(data)
        self.step = lambda: None

    def __matmul__(self, other):
        out = Node(self.data @ other.data, (self, other))
        def step():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad
        out.step = step
        return out

    def __add__(self, bias):
        out = Node(self.data + bias.data, (self, bias))
        def step():
            self.grad += out.grad
            bias.grad += out.grad.sum(axis=0, keepdims=True)
        out.step = step
        return out

    def relu(self):
        out = Node(np.maximum(self.data, 0), (self,))
        def step():
            self.grad += (out.data > 0) * out.grad
        out.step = step
        return out

    def cross_entropy(self, y):
        rows = np.arange(len(y))
        s = self.data - self.data.max(axis=1, keepdims=True)
        logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        out = Node(np.array(-logp[rows, y].mean()), (self,))
        def step():
            d = np.exp(logp)
            d[rows, y] -= 1
            self.grad += out.grad * d / len(y)
        out.step = step
        return out

    def backprop(self):
        order, seen = [], set()
        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            node.step()

def backward(X, y, W1, b1, W2, b2, reg):
    w1, c1, w2, c2 = (Node(v) for v in (W1, b1.reshape(1, -1), W2, b2.reshape(1, -1)))
    loss = ((Node(X) @ w1 + c1).relu() @ w2 + c2).cross_entropy(y)
    loss.backprop()
    return {"dW1": w1.grad + reg * W1, "db1": c1.grad, "dW2": w2.grad + reg * W2, "db2": c2.grad}
"""

BLOCKS = """\
import numpy as np

BATCH = 32

def part(X, y, W1, b1, W2, b2, total):
    a = np.maximum(X @ W1 + b1, 0)
    s = a @ W2 + b2
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    d2 = p / total
    d1 = (d2 @ W2.T) * (a > 0)
    return X.T @ d1, d1.sum(0), a.T @ d2, d2.sum(0)

def backward(X, y, W1, b1, W2, b2, reg):
    total = len(X)
    sums = [0, 0, 0, 0]
    for start in range(0, total, BATCH):
        stop = min(start + BATCH, total)
        grads = part(X[start:stop], y[start:stop], W1, b1, W2, b2, total)
        sums = [s + g for s, g in zip(sums, grads)]
    dW1, db1, dW2, db2 = sums
    dW1 = dW1 + reg * W1
    dW2 = dW2 + reg * W2
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

NOTEBOOK = """\
# %%
%matplotlib inline
import numpy as np

# %%
def softmax(Z):
    Z = Z - Z.max(axis=1, keepdims=True)
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)

def one_hot(y, C):
    Y = np.zeros((len(y), C))
    Y[range(len(y)), y] = 1
    return Y

# %%
def forward(X, W1, b1, W2, b2):
    Z1 = X.dot(W1) + b1
    A1 = np.where(Z1 < 0, 0, Z1)
    Z2 = A1.dot(W2) + b2
    return Z1, A1, Z2, softmax(Z2)

# %%
def backward(X, y, W1, b1, W2, b2, reg):
    Z1, A1, Z2, P = forward(X, W1, b1, W2, b2)
    Y = one_hot(y, P.shape[1])
    dZ2 = (P - Y) / X.shape[0]
    dW2 = A1.T.dot(dZ2) + reg * W2
    db2 = dZ2.sum(axis=0)
    dA1 = dZ2.dot(W2.T)
    dZ1 = dA1.copy()
    dZ1[Z1 <= 0] = 0
    dW1 = X.T.dot(dZ1) + reg * W1
    db1 = dZ1.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}

# %%
!nvidia-smi
"""


BASES = {
    "plain": PLAIN,
    "stanford": STANFORD,
    "loops": LOOPS,
    "layers": LAYERS,
    "late": LATE,
    "columns": COLUMNS,
    "in_place": IN_PLACE,
    "einsum": EINSUM,
    "dataclass": DATACLASS,
    "everything": EVERYTHING,
    "tape": TAPE,
    "blocks": BLOCKS,
    "notebook": NOTEBOOK,
}


def edited(text: str, old: str, new: str) -> tuple[str, int]:
    """The text with one piece replaced, and the number of the line in which it stood."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


def one(
    name: str,
    old: str,
    new: str,
    quantity: str,
    kind: str,
    after: int = 0,
    shows: int = 0,
    also: tuple[str, ...] = (),
) -> Case:
    """A base text, which the name begins with, and one mistake, `after` lines below the edit."""
    text, line = edited(BASES[name.split("-")[0]], old, new)
    return Case(name, text, line + after, quantity, kind, shows, also)


def two(name: str, first: tuple[str, str, str], second: tuple[str, str, str]) -> Case:
    """Two mistakes in two lines, which both edits leave as many as they were."""
    text, line = edited(BASES[name.split("-")[0]], first[0], first[1])
    text, other = edited(text, second[0], second[1])
    assert line != other
    return Case(name, text, line, first[2], "two", second=(other, second[2]))


WRONG = (
    one("plain-features", "(P - T) / N", "(P - T) / X.shape[1]", "dz2", "divisor"),
    one("plain-half_reg", "reg * W2\n", "reg * W2 / 2\n", "dW2", "reg"),
    one("plain-mask_without_bias", "(Z > 0)", "(X @ W1 > 0)", "dz1", "mask"),
    one("plain-probabilities_back", "dO @ W2.T", "P @ W2.T", "da1", "other name"),
    one("plain-reg_squared", "reg * W1\n", "reg * W1 ** 2\n", "dW1", "reg"),
    one("plain-before_the_mask", "dZ.sum", "dH.sum", "db1", "other name"),
    one("plain-softmax_down", "E.sum(axis=1", "E.sum(axis=0", "P", "axis"),
    one("plain-labels_from_one", "[y]", "[y - 1]", "Y_ind", "labels"),
    one("plain-minus_bias", "X @ W1 + b1", "X @ W1 - b1", "z1", "operator"),
    one("plain-abs", "np.maximum(Z, 0)", "np.abs(Z)", "a1", "activation"),
    one(
        "plain-one_more",
        "E.sum(axis=1, keepdims=True)",
        "(1 + E.sum(axis=1, keepdims=True))",
        "P",
        "softmax",
    ),
    one("plain-no_bias", "H @ W2 + b2", "H @ W2", "z2", "left out"),
    one(
        "plain-clipped",
        "X.T @ dZ + reg * W1",
        "np.clip(X.T @ dZ + reg * W1, -0.05, 0.05)",
        "dW1",
        "clip",
    ),
    one("plain-rounded", "dO.sum(axis=0)", "np.round(dO.sum(axis=0), 3)", "db2", "rounding"),
    one("plain-learning_rate", '"dW1": dW1', '"dW1": -0.1 * dW1', "dW1", "factor"),
    one("plain-same_twice", '"db1": db1', '"db1": b1', "db1", "returned"),
    one(
        "plain-standardised",
        "    Z = X @",
        "    X = (X - X.mean(axis=0)) / X.std(axis=0)\n    Z = X @",
        "z1",
        "inputs",
        shows=6,
        also=("dW1", "X"),
    ),
    one("plain-brackets", "(P - T) / N", "P - T / N", "dz2", "brackets"),
    one("plain-raises", "dO @ W2.T", "dO @ W2", "da1", "raises"),
    one("plain-confident", "P - T)", "P.round() - T)", "dz2", "function"),
    one(
        "stanford-all_columns",
        "dscores[range(num_train), y] -= 1",
        "dscores[:, y] -= 1",
        "dz2",
        "index",
    ),
    one("stanford-divided_by_features", "dscores /= num_train", "dscores /= D", "dz2", "divisor"),
    one(
        "stanford-leaky_back",
        "dhidden[hidden <= 0] = 0",
        "dhidden[hidden <= 0] *= 0.01",
        "dz1",
        "mask",
    ),
    one("stanford-mask_of_itself", "dhidden[hidden <= 0]", "dhidden[dhidden <= 0]", "dz1", "mask"),
    one("stanford-adds_reg", "reg * W2\n        grads", "reg\n        grads", "dW2", "reg"),
    one(
        "stanford-bias_penalty",
        "np.sum(dhidden, axis=0)",
        "np.sum(dhidden, axis=0) + reg * b1",
        "db1",
        "reg",
    ),
    one("stanford-no_relu", "hidden[hidden < 0] = 0", "pass", "a1", "left out", shows=18),
    one("stanford-loss_sum", "y]) / num_train", "y])", "loss", "loss"),
    one("stanford-penalty_once", " + 0.5 * reg * np.sum(W2 * W2)", "", "loss", "loss"),
    one(
        "stanford-overwritten",
        'grads["W1"] += reg * W1',
        'grads["W1"] = reg * W1',
        "dW1",
        "operator",
    ),
    one("stanford-no_division", "        dscores /= num_train\n", "", "dz2", "left out", after=-1),
    one("loops-one_short", "range(N)", "range(N - 1)", "dz2", "rows", shows=19),
    one("loops-last_only", "dW2 += np.outer", "dW2 = np.outer", "dW2", "operator"),
    one(
        "loops-outside", "        db2 += g\n        for", "        for", "db2", "left out", after=8
    ),
    one("loops-mask_of_gradient", "if z[j] > 0", "if W2[j] @ g > 0", "dz1", "mask"),
    one("loops-no_mean", "db1 = db1 / N", "db1 = db1", "db1", "divisor"),
    one(
        "loops-reg_each_time",
        "        dW2 += np.outer(a, g)",
        "        dW2 += np.outer(a, g) + reg * W2",
        "dW2",
        "reg",
        shows=28,
    ),
    one("loops-leaky", "np.where(z > 0, z, 0)", "np.where(z > 0, z, 0.1 * z)", "a1", "activation"),
    one("layers-mean_back", "dout @ w.T", "dout @ w.T / len(dout)", "da1", "divisor"),
    one(
        "layers-mean_again",
        "x.T @ dout",
        "x.T @ dout / x.shape[0]",
        "dW2",
        "divisor",
        also=("dW1",),
    ),
    one("layers-sign", "dout * (x > 0)", "dout * np.sign(x)", "dz1", "mask"),
    one(
        "layers-assigned", "dx[np.arange(n), y] -= 1", "dx[np.arange(n), y] = -1", "dz2", "operator"
    ),
    one("layers-wrong_weights", "dW1 += reg * W1", "dW1 += reg * dW1", "dW1", "reg", shows=28),
    one("late-forgot_db2", "    db2 = db2 / m\n", "", "db2", "divisor", after=-4),
    one("late-reg_in_mean", "dW1 = dW1 / m", "dW1 = (dW1 + reg * W1) / m", "dW1", "reg"),
    one(
        "late-twice",
        "delta3, axis=0, keepdims=True)",
        "delta3, axis=0, keepdims=True) / m",
        "db2",
        "divisor",
        shows=18,
    ),
    one("columns-features", "m = X.shape[1]", "m = X.shape[0]", "dz2", "raises", shows=13),
    one("columns-softmax", "np.sum(t, axis=0", "np.sum(t, axis=1", "P", "axis"),
    one("columns-probabilities", "np.dot(W2, dZ2)", "np.dot(W2, A2)", "da1", "other name"),
    one("columns-two", "dW1 = 1 / m", "dW1 = 2 / m", "dW1", "factor"),
    one(
        "in_place-updated",
        "db2 = s.sum(0)",
        "db2 = s.sum(0); W2 -= 0.1 * dW2",
        "da1",
        "updated",
        shows=19,
    ),
    one(
        "in_place-half",
        "np.maximum(h, 0, out=h)",
        "np.maximum(h, 0, out=h); h *= 0.5",
        "a1",
        "factor",
    ),
    one("in_place-wrong_axis", "db1 = d.sum(0)", "db1 = d.sum(1)", "db1", "axis"),
    one("einsum-times_z1", "(pre > 0)", "pre", "dz1", "mask"),
    one("einsum-transposed", '"nh,nc->hc", act', '"nh,nc->ch", act', "dW2", "raises"),
    one("einsum-total", '"nh->h"', '"nh->"', "db1", "axis"),
    one(
        "dataclass-temperature",
        "np.exp(v) / np.exp(v).sum",
        "np.exp(v / 2) / np.exp(v / 2).sum",
        "P",
        "factor",
    ),
    one("dataclass-log", '"dW2": self.hid.T', '"dW2": self.pre.T', "dW2", "other name"),
    one(
        "everything-log_wrong_way",
        "out['dz1'] = out['da1'] * drelu(out['z1'])",
        "out['dz1'] = out['da1'] * drelu(out['da1'])",
        "dz1",
        "other name",
    ),
    one("everything-slope", "(x > 0).astype(x.dtype)", "1 / (1 + np.exp(-x))", "dz1", "mask"),
    one("everything-no_reg", "out['dz1'] + reg * W1", "out['dz1']", "dW1", "reg"),
    one(
        "tape-no_sum",
        "out.grad.sum(axis=0, keepdims=True)",
        "out.grad.mean(axis=0, keepdims=True)",
        "db2",
        "axis",
        also=("db1",),
    ),
    one("tape-no_chain", "(out.data > 0) * out.grad", "(out.data > 0)", "dz1", "left out"),
    one(
        "blocks-mean_of_means",
        "b2, total)\n        sums",
        "b2, stop - start)\n        sums",
        "dz2",
        "divisor",
        shows=11,
    ),
    one(
        "blocks-last_left_out",
        "range(0, total, BATCH)",
        "range(0, total - BATCH, BATCH)",
        "dz2",
        "rows",
    ),
    one(
        "notebook-sorted",
        "np.zeros((len(y), C))",
        "np.zeros((len(y), C)); y = np.sort(y)",
        "Y_ind",
        "labels",
        shows=12,
    ),
    one(
        "notebook-capped",
        "np.where(Z1 < 0, 0, Z1)",
        "np.where(Z1 < 0, 0, np.minimum(Z1, 1))",
        "a1",
        "activation",
    ),
    one("plain-sigmoid", "np.maximum(Z, 0)", "1 / (1 + np.exp(-Z))", "a1", "activation"),
    one("plain-softplus", "np.maximum(Z, 0)", "np.log1p(np.exp(Z))", "a1", "activation"),
    one("plain-square", "np.maximum(Z, 0)", "Z ** 2", "a1", "activation"),
    one("layers-sigmoid", "np.maximum(0, x), x", "1 / (1 + np.exp(-x)), x", "a1", "activation"),
    one("late-no_relu", "z1 * (z1 > 0)\n    z2", "z1\n    z2", "a1", "activation"),
    one("late-plus_one", "y] -= 1", "y] += 1", "dz2", "sign"),
    one("columns-mask_always_true", "(A1 > 0)", "(A1 >= 0)", "dz1", "mask"),
    one("columns-labels_from_one", "Y[y, ", "Y[y - 1, ", "Y_ind", "labels"),
    one("columns-no_labels", "A2 - Y", "A2", "dz2", "left out"),
    one("columns-labels_back", "np.dot(W2, dZ2)", "np.dot(W2, Y)", "da1", "other name"),
    one("columns-sign_back", "np.dot(W2, dZ2)", "-np.dot(W2, dZ2)", "da1", "sign"),
    one("stanford-plus_one", "y] -= 1", "y] += 1", "dz2", "sign"),
    one("notebook-mask_of_scores", "dZ1[Z1 <= 0] = 0", "dZ1[dA1 <= 0] = 0", "dz1", "mask"),
)

PAIRS = (
    two(
        "plain-pair_bias_and_mean", ("H @ W2 + b2", "H @ W2", "z2"), ("(P - T) / N", "P - T", "dz2")
    ),
    two(
        "plain-pair_reg_and_mask",
        ("reg * W2\n", "2 * reg * W2\n", "dW2"),
        ("dH * (Z > 0)", "dH", "dz1"),
    ),
    two(
        "stanford-pair_sign_and_bias",
        ("y] -= 1", "y] += 1", "dz2"),
        ("np.sum(dhidden, axis=0)", "np.mean(dhidden, axis=0)", "db1"),
    ),
    two(
        "stanford-pair_relu_and_reg",
        ("hidden[hidden < 0] = 0", "hidden = np.tanh(hidden)", "a1"),
        ('grads["W1"] += reg * W1', 'grads["W1"] += W1', "dW1"),
    ),
    two(
        "layers-pair_mask_and_reg",
        ("dout * (x > 0)", "dout * x", "dz1"),
        ("dW2 += reg * W2", "dW2 -= reg * W2", "dW2"),
    ),
    two(
        "columns-pair_mean_and_mask",
        ("dW2 = 1 / m * np.dot", "dW2 = np.dot", "dW2"),
        ("np.int64(A1 > 0)", "np.int64(dA1 > 0)", "dz1"),
    ),
    two(
        "loops-pair_labels_and_reg",
        ("g[y[i]] -= 1", "g[y[i]] -= 2", "dz2"),
        ("reg * W1\n", "reg * W1 / N\n", "dW1"),
    ),
    two(
        "einsum-pair_onehot_and_sum",
        ("== y[:, None]", "<= y[:, None]", "Y_ind"),
        ('"nc->c", dlogits', '"nc->c", prob', "db2"),
    ),
    two(
        "late-pair_both_means",
        ("dW2 = dW2 / m", "dW2 = dW2 / m / m", "dW2"),
        ("db1 = db1 / m", "db1 = db1", "db1"),
    ),
    two(
        "dataclass-pair_reg_and_bias",
        ("reg * self.W1", "reg * abs(self.W1)", "dW1"),
        ('"db2": g_out.sum(axis=0)', '"db2": prob.sum(axis=0)', "db2"),
    ),
)

RIGHT = {
    "softmax_by_differences": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = len(X), W2.shape[1]
    z = X @ W1 + b1
    h = z * (z > 0)
    s = h @ W2 + b2
    with np.errstate(over="ignore"):
        p = 1 / np.exp(s[:, None, :] - s[:, :, None]).sum(axis=2)
    d = p / N
    np.subtract.at(d, (np.arange(N), y), 1 / N)
    dh = np.tensordot(d, W2, axes=(1, 1))
    dh[~(z > 0)] = 0
    return {
        "dW2": np.tensordot(h, d, axes=(0, 0)) + reg * W2,
        "db2": np.add.reduce(d),
        "dW1": np.tensordot(X, dh, axes=(0, 0)) + reg * W1,
        "db1": np.add.reduce(dh),
    }
""",
    "jacobian_of_each_sample": """\
import numpy as np

def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()

def backward(X, y, W1, b1, W2, b2, reg):
    N = len(X)
    b1, b2 = np.ravel(b1), np.ravel(b2)
    dW1, db1, dW2, db2 = 0 * W1, 0 * b1, 0 * W2, 0 * b2
    for x, label in zip(X, y):
        a = np.maximum(x @ W1 + b1, 0)
        p = softmax(a @ W2 + b2)
        J = np.diag(p) - np.outer(p, p)
        column = J[:, label]
        ds = -(np.eye(len(p))[label] - p)
        assert column.shape == ds.shape
        dW2 = dW2 + np.outer(a, ds) / N
        db2 = db2 + ds / N
        da = np.array([np.dot(row, ds) for row in W2])
        dz = np.diag((a > 0).astype(float)) @ da
        dW1 = dW1 + np.outer(x, dz) / N
        db1 = db1 + dz / N
    return dW1 + reg * W1, db1, dW2 + reg * W2, db2
""",
    "walrus_and_lambda": """\
import numpy as np
relu = lambda t: (abs(t) + t) / 2
backward = lambda X, y, W1, b1, W2, b2, reg: dict(
    dW2=(h := relu(z := X @ W1 + b1)).T @ (d := (np.exp((s := (h @ W2 + b2) - (h @ W2 + b2).max(
        1, keepdims=True)) - np.log(np.exp(s).sum(1, keepdims=True)))
        - (np.arange(W2.shape[1]) == y[:, None])) / len(y)) + reg * W2,
    db2=d.sum(0), dW1=X.T @ (g := (d @ W2.T) * (z > 0)) + reg * W1, db1=g.sum(0))
""",
    "boolean_rows": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n, classes = X.shape[0], W2.shape[1]
    z = X @ W1 + b1
    h = np.copy(z)
    h[h < 0] = 0
    scores = h @ W2 + b2
    e = np.exp(scores - scores.max(1)[:, np.newaxis])
    p = e / e.sum(1)[:, np.newaxis]
    for c in range(classes):
        p[y == c, c] -= 1
    p *= 1.0 / n
    gW2 = h.T @ p
    gb2 = np.ones(n) @ p
    back = p @ W2.T
    back *= z > 0
    gW1 = X.T @ back
    gb1 = np.ones((1, n)) @ back
    gW2 += reg * W2
    gW1 += reg * W1
    return dict(dW1=gW1, db1=gb1, dW2=gW2, db2=gb2)
""",
    "units_one_by_one": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n, H = len(X), W1.shape[1]
    hidden, alive = [], []
    for j in range(H):
        pre = X @ W1[:, j] + b1.flat[j]
        alive.append(pre > 0)
        hidden.append(np.where(pre > 0, pre, 0))
    A = np.stack(hidden, axis=1)
    S = A @ W2 + b2
    S = np.exp(S - S.max(axis=1, keepdims=True))
    S = S / S.sum(axis=1, keepdims=True)
    S[np.arange(n), y] -= 1
    S = S / n
    dW1, db1 = np.empty_like(W1), np.empty(H)
    for j in range(H):
        unit = (S @ W2[j]) * alive[j]
        dW1[:, j] = X.T @ unit + reg * W1[:, j]
        db1[j] = unit.sum()
    return {"dW1": dW1, "db1": db1, "dW2": A.T @ S + reg * W2, "db2": S.sum(axis=0)}
""",
    "homogeneous": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    one = np.ones((len(X), 1))
    Xh = np.hstack([X, one])
    V1 = np.vstack([W1, b1.reshape(1, -1)])
    V2 = np.vstack([W2, b2.reshape(1, -1)])
    U = Xh @ V1
    A = np.hstack([U.clip(0), one])
    L = A @ V2
    L -= L.max(axis=1, keepdims=True)
    Q = np.exp(L)
    Q /= Q.sum(axis=1, keepdims=True)
    Q[np.arange(len(X)), y] -= 1
    Q /= len(X)
    G2 = A.T @ Q
    G1 = Xh.T @ ((Q @ V2.T)[:, :-1] * (U > 0))
    G2[:-1] += reg * W2
    G1[:-1] += reg * W1
    return {"dW1": G1[:-1], "db1": G1[-1], "dW2": G2[:-1], "db2": G2[-1]}
""",
    "reg_spread_over_samples": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    pre = X.dot(W1) + b1
    act = np.fmax(pre, 0)
    sc = act.dot(W2) + b2
    sc = sc - sc.max(1, keepdims=True)
    pr = np.exp(sc) / np.exp(sc).sum(1, keepdims=True)
    delta = pr
    delta[np.arange(N), y] -= 1
    dW2 = (act.T.dot(delta) + N * reg * W2) / N
    db2 = delta.mean(axis=0)
    dpre = delta.dot(W2.T) * np.heaviside(pre, 0)
    dW1 = (X.T.dot(dpre) + N * reg * W1) / N
    db1 = dpre.mean(axis=0)
    loss = 0
    return dW1, db1, dW2, db2
""",
    "gradient_of_two_parts": """\
import numpy as np

def data_part(X, y, W1, b1, W2, b2):
    N = float(len(y))
    z = np.matmul(X, W1) + b1
    a = np.maximum(z, 0.0)
    s = np.matmul(a, W2) + b2
    s = s - np.max(s, -1, keepdims=True)
    logp = s - np.log(np.sum(np.exp(s), -1, keepdims=True))
    picked = np.take_along_axis(logp, y[:, None], 1)
    up = np.zeros_like(logp)
    np.put_along_axis(up, y[:, None], -1 / N, 1)
    ds = up - np.exp(logp) * up.sum(-1, keepdims=True)
    da = np.matmul(ds, np.transpose(W2))
    dz = np.select([z > 0], [da])
    grads = [np.matmul(X.T, dz), dz.sum(0), np.matmul(a.T, ds), ds.sum(0)]
    return -picked.mean(), grads

def penalty_part(W1, b1, W2, b2, reg):
    value = reg / 2 * (np.vdot(W1, W1) + np.vdot(W2, W2))
    return value, [reg * W1, 0 * b1.ravel(), reg * W2, 0 * b2.ravel()]

def backward(X, y, W1, b1, W2, b2, reg):
    l, g = data_part(X, y, W1, b1, W2, b2)
    r, h = penalty_part(W1, b1, W2, b2, reg)
    dW1, db1, dW2, db2 = (u + v for u, v in zip(g, h))
    return {"loss": l + r, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
    "negative_everything": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n = len(X)
    nz = -(X @ W1) - b1
    na = np.minimum(nz, 0)
    ns = na @ W2 - b2
    ns = ns - ns.min(axis=1, keepdims=True)
    e = np.exp(-ns)
    residual = np.eye(W2.shape[1])[y] - e / e.sum(axis=1, keepdims=True)
    residual = residual / n
    ndW2 = na.T @ residual
    ndb2 = residual.sum(axis=0)
    nda = residual @ W2.T
    ndz = nda * (nz < 0)
    ndW1 = X.T @ ndz
    ndb1 = ndz.sum(axis=0)
    return {"dW1": reg * W1 - ndW1, "db1": -ndb1, "dW2": ndW2 + reg * W2, "db2": -ndb2}
""",
    "stacked_third_axis": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = len(X)
    x = X[:, :, None]
    z = (x * W1[None]).sum(axis=1) + b1
    a = np.maximum(z, 0)
    s = (a[:, :, None] * W2[None]).sum(axis=1) + b2
    s -= s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(N), y] -= 1
    each_W2 = a[:, :, None] * p[:, None, :]
    back = (p[:, None, :] * W2).sum(axis=2) * (z > 0)
    each_W1 = x * back[:, None, :]
    return {"dW1": each_W1.mean(axis=0) + reg * W1, "db1": back.mean(axis=0),
            "dW2": each_W2.mean(axis=0) + reg * W2, "db2": p.mean(axis=0)}
""",
    "stanford_with_helpers": """\
import numpy as np
from collections import OrderedDict


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def __call__(self, x):
        self.x = x
        return x @ self.W + self.b

    def back(self, d):
        self.dW, self.db = self.x.T @ d, np.sum(d, axis=0)
        return d @ self.W.T


class Relu:
    def __call__(self, x):
        self.off = x <= 0
        out = x.copy()
        out[self.off] = 0
        return out

    def back(self, d):
        d[self.off] = 0
        return d


class SoftmaxWithLoss:
    def __call__(self, x, t):
        self.t = t
        x = x - x.max(axis=1, keepdims=True)
        self.p = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
        logp = x - np.log(np.sum(np.exp(x), axis=1, keepdims=True))
        return -np.sum(logp[np.arange(len(t)), t]) / len(t)

    def back(self):
        d = self.p.copy()
        d[np.arange(len(self.t)), self.t] -= 1
        return d / len(self.t)


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        sizes, p = (input_size, hidden_size, output_size), {}
        for i, (rows, columns) in enumerate(zip(sizes, sizes[1:]), 1):
            p[f"W{i}"], p[f"b{i}"] = std * np.random.randn(rows, columns), np.zeros(columns)
        self.params = p

    def loss(self, X, y=None, reg=0.0):
        p = self.params
        layers = OrderedDict(a=Affine(p["W1"], p["b1"]), r=Relu(), b=Affine(p["W2"], p["b2"]))
        for layer in layers.values():
            X = layer(X)
        if y is None:
            return X
        last = SoftmaxWithLoss()
        loss = last(X, y) + sum(0.5 * reg * np.sum(p[k] ** 2) for k in ("W1", "W2"))
        d = last.back()
        for layer in reversed(layers.values()):
            d = layer.back(d)
        return loss, {"W1": layers["a"].dW + reg * p["W1"], "b1": layers["a"].db,
                      "W2": layers["b"].dW + reg * p["W2"], "b2": layers["b"].db}
""",
    "sorted_by_class": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    N, C = len(y), W2.shape[1]
    Z = X @ W1 + b1
    A = np.maximum(Z, 0)
    S = A @ W2 + b2
    S = S - S.max(axis=1, keepdims=True)
    P = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
    counts = np.bincount(y, minlength=C)
    blocks = [np.tile(np.eye(C)[c], (k, 1)) for c, k in enumerate(counts) if k]
    D = (P - np.concatenate(blocks)) / N
    dA = D @ W2.T
    dZ = np.ma.filled(np.ma.masked_array(dA, mask=Z <= 0), 0)
    return {"dW1": X.T @ dZ + reg * W1, "db1": dZ.sum(axis=0),
            "dW2": A.T @ D + reg * W2, "db2": D.sum(axis=0)}
""",
    "weights_transposed": """\
import numpy as np

class Layer:
    # torch's convention inside: weight (out, in)
    def __init__(self, weight, bias, activation=None):
        self.weight, self.bias, self.activation = weight, bias, activation

    def run(self, x):
        self.input = x
        self.pre = x @ self.weight.T + self.bias
        return np.maximum(self.pre, 0) if self.activation == "relu" else self.pre

    def grad(self, d):
        if self.activation == "relu":
            d = d * (self.pre > 0)
        self.dweight = d.T @ self.input
        self.dbias = d.T @ np.ones(len(d))
        return d @ self.weight

def backward(X, y, W1, b1, W2, b2, reg):
    first, second = Layer(W1.T, b1, "relu"), Layer(W2.T, b2)
    s = second.run(first.run(X))
    s = s - s.max(axis=1, keepdims=True)
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    first.grad(second.grad(p / len(y)))
    return {"dW1": first.dweight.T + reg * W1, "db1": first.dbias,
            "dW2": second.dweight.T + reg * W2, "db2": second.dbias}
""",
    "everything_and_more": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    z1 = X @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    top = z2.max(axis=1, keepdims=True)
    P = np.exp(z2 - top - np.log(np.exp(z2 - top).sum(axis=1, keepdims=True)))
    Y_ind = np.array([[int(k == label) for k in range(W2.shape[1])] for label in y])
    logp = z2 - top - np.log(np.exp(z2 - top).sum(axis=1, keepdims=True))
    loss = np.mean([-logp[i, k] for i, k in enumerate(y)])
    loss += reg * 0.5 * (np.linalg.norm(W1) ** 2 + np.linalg.norm(W2) ** 2)
    dz2 = P / len(y) - Y_ind / len(y)
    dW2, db2 = a1.T @ dz2 + reg * W2, dz2.sum(axis=0, keepdims=True)
    da1 = (W2 @ dz2.T).T
    dz1 = np.where(a1 == 0, 0, da1)
    dW1, db1 = X.T @ dz1 + W1 * reg, dz1.sum(axis=0, keepdims=True)
    accuracy = (P.argmax(axis=1) == y).mean()
    return {k: v for k, v in locals().items() if k not in ("X", "y", "W1", "b1", "W2", "b2", "reg")}
""",
    "recorded_by_a_decorator": """\
import functools
import numpy as np

TAPE = []

def recorded(back):
    def wrap(f):
        @functools.wraps(f)
        def call(*args):
            out = f(*args)
            TAPE.append((back, args, out))
            return out
        return call
    return wrap

@recorded(lambda g, out, x, w, b: (g @ w.T, x.T @ g, g.sum(0)))
def affine(x, w, b):
    return x @ w + b

@recorded(lambda g, out, x: (g * (out > 0),))
def relu(x):
    return np.maximum(x, 0)

def softmax_gradient(s, y):
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return (p - np.eye(s.shape[1])[y]) / len(y)

def backward(X, y, W1, b1, W2, b2, reg):
    TAPE.clear()
    g, found = softmax_gradient(affine(relu(affine(X, W1, b1)), W2, b2), y), []
    while TAPE:
        back, args, out = TAPE.pop()
        g, *rest = back(g, out, *args)
        found.extend(rest)
    dW2, db2, dW1, db1 = found
    return {"dW1": dW1 + reg * W1, "db1": db1, "dW2": dW2 + reg * W2, "db2": db2}
""",
}
