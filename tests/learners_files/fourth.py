"""Forty styles, by somebody else who never read the checker: right files, and two mistakes in each.

What each has wrong was written down before the checker saw it. Some of what it said of them showed
that two quantities are wrong by one line: these are there, too.
"""

from tests.learners_files.strangers import Stranger

RIGHT: dict[str, str] = {}
WRONG: list[Stranger] = []


def wrong(
    style: str,
    mistake: str,
    *edits: tuple[str, str],
    line: tuple[str, ...],
    quantity: tuple[str, ...],
    what: str,
) -> None:
    """A right file of that style with its edits."""
    text = RIGHT[style]
    for old, new in edits:
        assert text.count(old) == 1, f"{style}: {old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    WRONG.append(Stranger(f"{style}-{mistake}", text, line, quantity, what))


RIGHT["student"] = """
import numpy as np

# HOMEWORK 3 part (b)
def backward(X, y, W1, b1, W2, b2, reg):
    num_train = X.shape[0]
    num_classes = W2.shape[1]

    # ---------- forward ----------
    hidden_in = X.dot(W1) + b1
    hidden_out = hidden_in.copy()
    hidden_out[hidden_out < 0] = 0
    scores = hidden_out.dot(W2) + b2

    # softmax (subtract max so that it does not blow up)
    scores_shifted = scores - np.max(scores, axis=1).reshape(-1, 1)
    exp_s = np.exp(scores_shifted)
    total = np.sum(exp_s, axis=1).reshape(-1, 1)
    probs = exp_s / total

    target = np.zeros((num_train, num_classes))
    for i in range(num_train):
        target[i, y[i]] = 1

    # ---------- backward ----------
    delta_out = (probs - target) / num_train
    grad_W2 = hidden_out.T.dot(delta_out)
    grad_W2 += reg * W2
    grad_b2 = np.sum(delta_out, axis=0)

    delta_hidden = delta_out.dot(W2.T)
    delta_hidden[hidden_in <= 0] = 0
    grad_W1 = X.T.dot(delta_hidden)
    grad_W1 += reg * W1
    grad_b1 = np.sum(delta_hidden, axis=0)

    return {"dW1": grad_W1, "db1": grad_b1, "dW2": grad_W2, "db2": grad_b2}
"""
wrong(
    "student",
    "mask_of_itself",
    ("delta_hidden[hidden_in <= 0] = 0", "delta_hidden[delta_hidden <= 0] = 0"),
    line=("delta_hidden[delta_hidden <= 0] = 0",),
    quantity=("dz1",),
    what="the mask is taken from the gradient's sign instead of z1's",
)
wrong(
    "student",
    "assigned_over",
    ("grad_W2 += reg * W2", "grad_W2 = reg * W2"),
    line=("grad_W2 = reg * W2",),
    quantity=("dW2",),
    what="= where += was meant: the data gradient is overwritten by the penalty's",
)


RIGHT["sample_loop"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    gW1, gW2 = np.zeros(W1.shape), np.zeros(W2.shape)
    gb1, gb2 = np.zeros(W1.shape[1]), np.zeros(W2.shape[1])
    for i in range(N):
        x = X[i]
        h = W1.T @ x + b1.ravel()
        r = np.maximum(h, 0)
        s = W2.T @ r + b2.ravel()
        p = np.exp(s - s.max())
        p /= p.sum()
        e = p.copy()
        e[y[i]] -= 1
        gW2 += np.outer(r, e)
        gb2 += e
        g = (W2 @ e) * (h > 0)
        gW1 += np.outer(x, g)
        gb1 += g
    gW1 = gW1 / N + reg * W1
    gW2 = gW2 / N + reg * W2
    gb1 = gb1 / N
    gb2 = gb2 / N
    return dict(dW1=gW1, db1=gb1, dW2=gW2, db2=gb2)
"""
wrong(
    "sample_loop",
    "last_only",
    ("gb1 += g", "gb1 = g"),
    line=("gb1 = g",),
    quantity=("db1",),
    what="= for +=: only the last sample counts in db1",
)
wrong(
    "sample_loop",
    "reg_over_n",
    ("gW1 = gW1 / N + reg * W1", "gW1 = (gW1 + reg * W1) / N"),
    line=("gW1 = (gW1 + reg * W1) / N",),
    quantity=("dW1",),
    what="reg is divided by N too",
)


RIGHT["class_loop"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n, c = X.shape[0], W2.shape[1]
    A = (X @ W1 + b1).clip(min=0)
    score = np.empty((n, c))
    for k in range(c):
        score[:, k] = A @ W2[:, k] + b2.flat[k]
    num = np.exp(score - score.max(axis=1)[:, None])
    den = num.sum(axis=1)
    dA = np.zeros_like(A)
    dW2 = np.empty_like(W2)
    db2 = np.empty((1, c))
    for k in range(c):
        pk = num[:, k] / den
        dk = (pk - (y == k)) / n
        dW2[:, k] = A.T @ dk + reg * W2[:, k]
        db2[0, k] = dk.sum()
        dA += np.outer(dk, W2[:, k])
    dZ = dA * (A > 0)
    dW1 = np.empty_like(W1)
    db1 = np.empty((1, W1.shape[1]))
    for j in range(W1.shape[1]):
        dW1[:, j] = X.T @ dZ[:, j] + reg * W1[:, j]
        db1[0, j] = dZ[:, j].sum()
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "class_loop",
    "only_last_class",
    ("dA += np.outer(dk, W2[:, k])", "dA = np.outer(dk, W2[:, k])"),
    line=("dA = np.outer(dk, W2[:, k])",),
    quantity=("da1",),
    what="= for +=: da1 has the last class's share alone",
)
wrong(
    "class_loop",
    "off_by_one",
    ("dk = (pk - (y == k)) / n", "dk = (pk - (y == k + 1)) / n"),
    line=("dk = (pk - (y == k + 1)) / n",),
    quantity=("Y_ind", "dz2"),
    what="labels off by one",
)


RIGHT["einsum"] = """
import numpy as np
from numpy import einsum

def backward(X, y, W1, b1, W2, b2, reg):
    N = len(y)
    z1 = einsum("nd,dh->nh", X, W1) + b1
    a1 = np.fmax(z1, 0)
    z2 = einsum("nh,hc->nc", a1, W2) + b2
    ez = np.exp(z2 - einsum("nc->nc", z2).max(-1, keepdims=True))
    P = einsum("nc,n->nc", ez, 1 / einsum("nc->n", ez))
    Y = np.identity(W2.shape[-1])[y]
    dz2 = einsum("nc,->nc", P - Y, 1 / N)
    dW2 = einsum("nh,nc->hc", a1, dz2) + einsum(",hc->hc", reg, W2)
    db2 = einsum("nc->c", dz2)
    da1 = einsum("nc,hc->nh", dz2, W2)
    dz1 = einsum("nh,nh->nh", da1, z1 > 0)
    dW1 = einsum("nd,nh->dh", X, dz1) + einsum(",dh->dh", reg, W1)
    db1 = einsum("nh->h", dz1)
    return {"dz2": dz2, "dW2": dW2, "db2": db2, "da1": da1, "dz1": dz1, "dW1": dW1, "db1": db1}
"""
wrong(
    "einsum",
    "z_for_a",
    (
        'dW2 = einsum("nh,nc->hc", a1, dz2) + einsum(",hc->hc", reg, W2)',
        'dW2 = einsum("nh,nc->hc", z1, dz2) + einsum(",hc->hc", reg, W2)',
    ),
    line=('dW2 = einsum("nh,nc->hc", z1, dz2) + einsum(",hc->hc", reg, W2)',),
    quantity=("dW2",),
    what="z1 for a1 in dW2",
)
wrong(
    "einsum",
    "unmasked_bias",
    ('db1 = einsum("nh->h", dz1)', 'db1 = einsum("nh->h", da1)'),
    line=('db1 = einsum("nh->h", da1)',),
    quantity=("db1",),
    what="db1 summed from da1, before the mask",
)


RIGHT["matlab"] = """
import numpy as np

def size(M, k):
    return M.shape[k - 1]

def backward(X, y, W1, b1, W2, b2, reg):
    # columns are examples, as in the course's Octave scripts
    m = size(X, 1)
    X = X.T
    K = size(W2, 2)
    Z1 = W1.T @ X + b1.reshape(-1, 1)
    A1 = Z1 * (Z1 > 0)
    Z2 = W2.T @ A1 + b2.reshape(-1, 1)
    E = np.exp(Z2 - np.max(Z2, 0))
    S = np.sum(E, 0)
    A2 = E / S
    T = np.zeros((K, m))
    T[y, np.arange(m)] = 1
    D2 = (A2 - T) / m
    gW2 = D2 @ A1.T + reg * W2.T
    gb2 = np.sum(D2, 1)
    D1 = (W2 @ D2) * (Z1 > 0)
    gW1 = D1 @ X.T + reg * W1.T
    gb1 = np.sum(D1, 1)
    return dict(dW1=gW1.T, db1=gb1.T, dW2=gW2.T, db2=gb2.T)
"""
wrong(
    "matlab",
    "axis",
    ("S = np.sum(E, 0)", "S = np.sum(E, 1)[:, None]"),
    line=("S = np.sum(E, 1)[:, None]",),
    quantity=("P",),
    what="softmax over the batch: axis 1 is the examples here",
)
wrong(
    "matlab",
    "m_after_transpose",
    (
        "    m = size(X, 1)\n    X = X.T\n    K = size(W2, 2)\n    Z1 = W1.T @ X + b1.reshape(-1, 1)\n    A1 = Z1 * (Z1 > 0)\n    Z2 = W2.T @ A1 + b2.reshape(-1, 1)\n    E = np.exp(Z2 - np.max(Z2, 0))\n    S = np.sum(E, 0)\n    A2 = E / S\n    T = np.zeros((K, m))\n    T[y, np.arange(m)] = 1\n",
        "    X = X.T\n    m = size(X, 1)\n    K = size(W2, 2)\n    Z1 = W1.T @ X + b1.reshape(-1, 1)\n    A1 = Z1 * (Z1 > 0)\n    Z2 = W2.T @ A1 + b2.reshape(-1, 1)\n    E = np.exp(Z2 - np.max(Z2, 0))\n    S = np.sum(E, 0)\n    A2 = E / S\n    T = np.zeros((K, y.size))\n    T[y, np.arange(y.size)] = 1\n",
    ),
    line=("m = size(X, 1)", "D2 = (A2 - T) / m"),
    quantity=("dz2",),
    what="m is the number of features, since X was transposed before: the mean is over the wrong number",
)


RIGHT["augmented"] = '''
import numpy as np

def add_ones(M):
    return np.concatenate([M, np.ones((M.shape[0], 1))], axis=1)

def backward(X, y, W1, b1, W2, b2, reg):
    """Bias trick: the bias is the last row of the weights."""
    V = np.vstack([W1, b1])
    U = np.vstack([W2, b2])
    Xa = add_ones(X)
    pre = Xa @ V
    Ha = add_ones(np.where(pre > 0, pre, 0.0))
    S = Ha @ U
    S = S - S.max(axis=1, keepdims=True)
    Q = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
    Q[np.arange(y.size), y] -= 1.0
    G = Q / y.size
    penU, penV = reg * U, reg * V
    penU[-1] = 0
    penV[-1] = 0
    dU = Ha.T @ G + penU
    dH = (G @ U.T)[:, :-1]
    dPre = np.where(pre > 0, dH, 0.0)
    dV = Xa.T @ dPre + penV
    return {"dW1": dV[:-1], "db1": dV[-1:], "dW2": dU[:-1], "db2": dU[-1:]}
'''
wrong(
    "augmented",
    "bias_penalised",
    ("    penV[-1] = 0\n", ""),
    line=("dV = Xa.T @ dPre + penV", "penU, penV = reg * U, reg * V"),
    quantity=("db1",),
    what="the bias b1 is regularised too: its row of the penalty is not set to 0",
)
wrong(
    "augmented",
    "wrong_row_dropped",
    ("dH = (G @ U.T)[:, :-1]", "dH = (G @ U.T)[:, 1:]"),
    line=("dH = (G @ U.T)[:, 1:]",),
    quantity=("da1",),
    what="the first column is dropped and not the bias's, the last",
)


RIGHT["log_softmax"] = """
import numpy as np

def log_softmax(s):
    s = s - s.max(axis=-1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    idx = (np.arange(N), y)
    h = np.maximum(X @ W1 + b1, 0)
    logp = log_softmax(h @ W2 + b2)
    loss = -logp[idx].mean() + reg / 2 * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    g = np.exp(logp)
    g[idx] -= 1
    g /= N
    dW2 = h.T @ g + reg * W2
    db2 = g.sum(axis=0)
    gh = g @ W2.T
    gh[h == 0] = 0
    dW1 = X.T @ gh + reg * W1
    db1 = gh.sum(axis=0)
    return loss, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "log_softmax",
    "sum_of_everything",
    (
        "return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))",
        "return s - np.log(np.exp(s).sum(keepdims=True))",
    ),
    line=("return s - np.log(np.exp(s).sum(keepdims=True))",),
    quantity=("P",),
    what="the softmax is over the whole batch, not over each row",
)
wrong(
    "log_softmax",
    "no_exp",
    ("g = np.exp(logp)", "g = logp.copy()"),
    line=("g = logp.copy()",),
    quantity=("dz2", "P"),
    what="log P where P was meant: exp is missing",
)


RIGHT["layers"] = """
import numpy as np

class Linear:
    def __init__(self, W, b, decay):
        self.W, self.b, self.decay = W, b, decay

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad + self.decay * self.W
        self.db = grad.sum(axis=0, keepdims=True)
        return grad @ self.W.T

class ReLU:
    def forward(self, x):
        self.on = x > 0
        return np.where(self.on, x, 0)

    def backward(self, grad):
        return np.where(self.on, grad, 0)

class SoftmaxCrossEntropy:
    def forward(self, logits, labels):
        self.labels = labels
        e = np.exp(logits - logits.max(1, keepdims=True))
        self.p = e / e.sum(1, keepdims=True)

    def backward(self):
        grad = self.p.copy()
        grad[range(len(grad)), self.labels] -= 1
        return grad / len(grad)

def backward(X, y, W1, b1, W2, b2, reg):
    net = [Linear(W1, b1, reg), ReLU(), Linear(W2, b2, reg)]
    out = X
    for layer in net:
        out = layer.forward(out)
    head = SoftmaxCrossEntropy()
    head.forward(out, y)
    grad = head.backward()
    for layer in reversed(net):
        grad = layer.backward(grad)
    return {"dW1": net[0].dW, "db1": net[0].db, "dW2": net[2].dW, "db2": net[2].db}
"""
wrong(
    "layers",
    "relu_of_gradient",
    ("return np.where(self.on, grad, 0)", "return np.where(grad > 0, grad, 0)"),
    line=("return np.where(grad > 0, grad, 0)",),
    quantity=("dz1",),
    what="ReLU applied to the gradient: the mask has to come from the forward pass",
)
wrong(
    "layers",
    "bias_mean",
    ("self.db = grad.sum(axis=0, keepdims=True)", "self.db = grad.mean(axis=0, keepdims=True)"),
    line=("self.db = grad.mean(axis=0, keepdims=True)",),
    quantity=("db2", "db1"),
    what="mean for sum in the bias's gradient: 1/N twice",
)


RIGHT["affine_caches"] = """
import numpy as np

def affine_forward(x, w, b):
    out = x.dot(w) + b
    cache = (x, w, b)
    return out, cache

def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T)
    dw = x.T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    x = cache
    dx = np.array(dout, copy=True)
    dx[x <= 0] = 0
    return dx

def softmax_loss(x, y):
    shifted = x - np.max(x, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted), axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx

def backward(X, y, W1, b1, W2, b2, reg):
    caches = {}
    out, caches["fc1"] = affine_forward(X, W1, b1)
    out, caches["relu"] = relu_forward(out)
    out, caches["fc2"] = affine_forward(out, W2, b2)
    loss, dout = softmax_loss(out, y)
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    grads = {}
    dout, grads["dW2"], grads["db2"] = affine_backward(dout, caches["fc2"])
    dout = relu_backward(dout, caches["relu"])
    dout, grads["dW1"], grads["db1"] = affine_backward(dout, caches["fc1"])
    grads["dW2"] += reg * W2
    grads["dW1"] += reg * W1
    grads["loss"] = loss
    return grads
"""
wrong(
    "affine_caches",
    "leaky",
    ("dx[x <= 0] = 0", "dx[x <= 0] *= 0.01"),
    line=("dx[x <= 0] *= 0.01",),
    quantity=("dz1",),
    what="a leaky ReLU's slope for a plain ReLU",
)
wrong(
    "affine_caches",
    "half_reg",
    ('grads["dW2"] += reg * W2', 'grads["dW2"] += 0.5 * reg * W2'),
    line=('grads["dW2"] += 0.5 * reg * W2',),
    quantity=("dW2",),
    what="the ½ of the penalty goes away in the derivative",
)


RIGHT["generator"] = """
import numpy as np

def passes(X, y, W1, b1, W2, b2, reg):
    n = X.shape[0]
    a = X @ W1 + b1
    a[a < 0] = 0
    s = a @ W2 + b2
    e = np.exp(s - s.max(axis=1, keepdims=True))
    d = e / e.sum(axis=1, keepdims=True)
    d[np.arange(n), y] -= 1
    d = d / n
    yield "dW2", a.T @ d + reg * W2
    yield "db2", d.sum(axis=0)
    d = d @ W2.T
    d = d * (a > 0)
    yield "dW1", X.T @ d + reg * W1
    yield "db1", d.sum(axis=0)

def backward(X, y, W1, b1, W2, b2, reg):
    return dict(passes(X, y, W1, b1, W2, b2, reg))
"""
wrong(
    "generator",
    "mask_too_late",
    (
        '    d = d * (a > 0)\n    yield "dW1", X.T @ d + reg * W1\n',
        '    yield "dW1", X.T @ d + reg * W1\n    d = d * (a > 0)\n',
    ),
    line=('yield "dW1", X.T @ d + reg * W1', "d = d * (a > 0)"),
    quantity=("dW1",),
    what="dW1 is computed before the mask is applied",
)
wrong(
    "generator",
    "mask_sample",
    ("d = d * (a > 0)", "d = d * (a > 0).any(axis=0)"),
    line=("d = d * (a > 0).any(axis=0)",),
    quantity=("dz1",),
    what="the mask is per unit for the whole batch rather than for each sample",
)


RIGHT["pullbacks"] = """
import numpy as np

def affine(x, W, b):
    return x @ W + b, lambda g: (g @ W.T, x.T @ g, g.sum(axis=0, keepdims=True))

def relu(x):
    on = x > 0
    return x * on, lambda g: g * on

def mean_cross_entropy(s, y):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    t = np.eye(s.shape[1])[y]
    return -np.log((p * t).sum(axis=1)).mean(), lambda g: g * (p - t) / len(t)

def l2(W, reg):
    return 0.5 * reg * (W * W).sum(), lambda g: g * reg * W

def backward(X, y, W1, b1, W2, b2, reg):
    z1, pull_first = affine(X, W1, b1)
    a1, pull_relu = relu(z1)
    z2, pull_second = affine(a1, W2, b2)
    data, pull_data = mean_cross_entropy(z2, y)
    pen1, pull_pen1 = l2(W1, reg)
    pen2, pull_pen2 = l2(W2, reg)
    one = 1.0
    da1, dW2, db2 = pull_second(pull_data(one))
    _, dW1, db1 = pull_first(pull_relu(da1))
    return {"dW1": dW1 + pull_pen1(one), "db1": db1, "dW2": dW2 + pull_pen2(one), "db2": db2}
"""
wrong(
    "pullbacks",
    "always_on",
    ("on = x > 0", "on = np.maximum(x, 0) >= 0"),
    line=("on = np.maximum(x, 0) >= 0",),
    quantity=("a1", "dz1", "z1"),
    what="the mask is always true: >= 0 of a ReLU's output; the ReLU does nothing, forward and backward",
)
wrong(
    "pullbacks",
    "mean_of_all",
    (
        "return -np.log((p * t).sum(axis=1)).mean(), lambda g: g * (p - t) / len(t)",
        "return -np.log((p * t).sum(axis=1)).mean(), lambda g: g * (p - t) / t.size",
    ),
    line=("return -np.log((p * t).sum(axis=1)).mean(), lambda g: g * (p - t) / t.size",),
    quantity=("dz2",),
    what="divided by N·C instead of N",
)


RIGHT["dataclass_sum"] = """
from dataclasses import dataclass, asdict
import numpy as np

@dataclass
class Grads:
    dW1: np.ndarray
    db1: np.ndarray
    dW2: np.ndarray
    db2: np.ndarray

    def __add__(self, other):
        return Grads(self.dW1 + other.dW1, self.db1 + other.db1,
                     self.dW2 + other.dW2,
                     self.db2 + other.db2)

    def scaled(self, c):
        return Grads(c * self.dW1, c * self.db1, c * self.dW2, c * self.db2)

def one_sample(x, label, W1, b1, W2, b2):
    z1 = x @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    p = np.exp(z2 - z2.max())
    d2 = p / p.sum()
    d2[0, label] -= 1
    d1 = (d2 @ W2.T) * (z1 > 0)
    return Grads(x.T @ d1, d1, a1.T @ d2, d2)

def backward(X, y, W1, b1, W2, b2, reg):
    b1, b2 = b1.reshape(1, -1), b2.reshape(1, -1)
    total = one_sample(X[:1], y[0], W1, b1, W2, b2)
    for i in range(1, len(X)):
        total = total + one_sample(X[i:i + 1], y[i], W1, b1, W2, b2)
    penalty = Grads(reg * W1, 0 * b1, reg * W2, 0 * b2)
    return asdict(total.scaled(1 / len(X)) + penalty)
"""
wrong(
    "dataclass_sum",
    "typo_in_add",
    ("self.db2 + other.db2)", "self.db2 + self.db2)"),
    line=(
        "return Grads(self.dW1 + other.dW1, self.db1 + other.db1,",
        "self.db2 + self.db2)",
    ),
    quantity=("db2",),
    what="typo: self twice, so that the other sample's db2 is never added",
)
wrong(
    "dataclass_sum",
    "times_activation",
    ("d1 = (d2 @ W2.T) * (z1 > 0)", "d1 = (d2 @ W2.T) * a1"),
    line=("d1 = (d2 @ W2.T) * a1",),
    quantity=("dz1",),
    what="multiplied by a1 instead of the mask",
)


RIGHT["buffers"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n = X.shape[0]
    hid = X @ W1
    hid += b1
    np.maximum(hid, 0, out=hid)
    active = hid > 0
    out = hid @ W2
    out += b2
    out -= out.max(axis=1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
    out[np.arange(n), y] -= 1
    out /= n
    dW2 = hid.T @ out
    dW2 += reg * W2
    db2 = out.sum(axis=0, keepdims=True)
    np.matmul(out, W2.T, out=hid)
    hid *= active
    dW1 = X.T @ hid
    dW1 += reg * W1
    db1 = hid.sum(axis=0, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "buffers",
    "mask_after_reuse",
    ("    active = hid > 0\n", ""),
    (
        "    np.matmul(out, W2.T, out=hid)\n",
        "    np.matmul(out, W2.T, out=hid)\n    active = hid > 0\n",
    ),
    line=("active = hid > 0", "np.matmul(out, W2.T, out=hid)", "hid *= active"),
    quantity=("dz1",),
    what="the mask is taken after the buffer has been written over: it is the gradient's sign",
)
wrong(
    "buffers",
    "dW2_after_reuse",
    ("active = hid > 0", "active = hid > 0.0"),
    ("    dW2 = hid.T @ out\n    dW2 += reg * W2\n", ""),
    (
        "    np.matmul(out, W2.T, out=hid)\n",
        "    np.matmul(out, W2.T, out=hid)\n    dW2 = hid.T @ out + reg * W2\n",
    ),
    line=("dW2 = hid.T @ out + reg * W2", "np.matmul(out, W2.T, out=hid)"),
    quantity=("dW2",),
    what="hid no longer holds a1 when dW2 is computed: it holds da1",
)


RIGHT["casts"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    X = np.asarray(X, dtype=np.float64)
    y = np.asarray(y).astype(np.int64).ravel()
    W1, W2 = np.array(W1, dtype=float), np.array(W2, dtype=float)
    b1, b2 = np.array(b1, dtype=float).ravel(), np.array(b2, dtype=float).ravel()
    reg = float(reg)
    N = int(X.shape[0])
    Z = np.add(np.dot(X, W1), b1)
    mask = (Z > 0).astype(np.float64)
    H = np.multiply(Z, mask)
    F = np.add(np.dot(H, W2), b2)
    F = np.subtract(F, np.amax(F, axis=1)[:, np.newaxis])
    E = np.exp(F)
    P = np.divide(E, np.sum(E, axis=1)[:, np.newaxis])
    Y = np.equal(y[:, np.newaxis], np.arange(W2.shape[1])[np.newaxis, :]).astype(int)
    dF = np.divide(np.subtract(P, Y), N)
    dW2 = np.add(np.dot(H.T, dF), np.multiply(reg, W2))
    db2 = np.sum(dF, axis=0)
    dZ = np.multiply(np.dot(dF, W2.T), mask)
    dW1 = np.add(np.dot(X.T, dZ), np.multiply(reg, W1))
    db1 = np.sum(dZ, axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "casts",
    "floor",
    ("dF = np.divide(np.subtract(P, Y), N)", "dF = np.floor_divide(np.subtract(P, Y), N)"),
    line=("dF = np.floor_divide(np.subtract(P, Y), N)",),
    quantity=("dz2",),
    what="floor division",
)


RIGHT["minibatches"] = '''
import numpy as np

def chunk_gradients(xb, yb, W1, b1, W2, b2):
    """Summed (not averaged) over the chunk."""
    h = np.maximum(xb @ W1 + b1, 0)
    s = h @ W2 + b2
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(yb)), yb] -= 1
    q = (p @ W2.T) * (h > 0)
    return [xb.T @ q, q.sum(0), h.T @ p, p.sum(0)]

def backward(X, y, W1, b1, W2, b2, reg, batch_size=32):
    total = [0, 0, 0, 0]
    for start in range(0, len(X), batch_size):
        xb = X[start:start + batch_size]
        yb = y[start:start + batch_size]
        part = chunk_gradients(xb, yb, W1, b1, W2, b2)
        total = [t + g for t, g in zip(total, part)]
    dW1, db1, dW2, db2 = [t / len(X) for t in total]
    return dW1 + reg * W1, db1, dW2 + reg * W2, db2
'''
wrong(
    "minibatches",
    "mean_of_means",
    (
        "    p[np.arange(len(yb)), yb] -= 1\n",
        "    p[np.arange(len(yb)), yb] -= 1\n    p /= len(yb)\n",
    ),
    (
        "dW1, db1, dW2, db2 = [t / len(X) for t in total]",
        "dW1, db1, dW2, db2 = [t / -(-len(X) // batch_size) for t in total]",
    ),
    line=("dW1, db1, dW2, db2 = [t / -(-len(X) // batch_size) for t in total]", "p /= len(yb)"),
    quantity=("dz2", "dW2", "db2", "dW1", "db1"),
    what="a mean of batch means over uneven blocks",
)
wrong(
    "minibatches",
    "remainder_dropped",
    (
        "for start in range(0, len(X), batch_size):",
        "for start in range(0, len(X) - len(X) % batch_size, batch_size) if len(X) > batch_size else [0]:",
    ),
    line=(
        "for start in range(0, len(X) - len(X) % batch_size, batch_size) if len(X) > batch_size else [0]:",
    ),
    quantity=("dW2", "db2", "dz2", "dW1"),
    what="the last, shorter block of samples is left out",
)


RIGHT["jacobians"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = X.shape[0], W2.shape[1]
    z1 = X @ W1 + b1
    a1 = np.where(z1 > 0, z1, 0)
    z2 = a1 @ W2 + b2
    e = np.exp(z2 - z2.max(1, keepdims=True))
    P = e / e.sum(1, keepdims=True)
    Y = np.eye(C)[y]
    # dL/dP, one row per sample
    dP = -Y / P / N
    # jac[n, i, j] = dP_i / dz_j = P_i (delta_ij - P_j)
    jac = P[:, :, None] * (np.eye(C)[None] - P[:, None, :])
    dz2 = (dP[:, None, :] @ jac)[:, 0, :]
    dW2 = (a1[:, :, None] * dz2[:, None, :]).sum(axis=0) + reg * W2
    db2 = dz2.sum(axis=0)
    da1 = (W2 @ dz2[:, :, None])[:, :, 0]
    relu_jac = np.eye(a1.shape[1])[None] * (z1 > 0)[:, :, None]
    dz1 = (relu_jac @ da1[:, :, None])[:, :, 0]
    dW1 = (X[:, :, None] * dz1[:, None, :]).sum(axis=0) + reg * W1
    db1 = dz1.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "jacobians",
    "wrong_index",
    (
        "jac = P[:, :, None] * (np.eye(C)[None] - P[:, None, :])",
        "jac = P[:, :, None] * (np.eye(C)[None] - P[:, :, None])",
    ),
    line=("jac = P[:, :, None] * (np.eye(C)[None] - P[:, :, None])",),
    quantity=("dz2",),
    what="the Jacobian's second index: P_i where P_j is meant",
)
wrong(
    "jacobians",
    "eps",
    ("dP = -Y / P / N", "dP = -Y / (P + 1e-3) / N"),
    line=("dP = -Y / (P + 1e-3) / N",),
    quantity=("dz2",),
    what="an epsilon in the logarithm's derivative scales dz2 by p/(p + eps)",
)


RIGHT["tape"] = """
import numpy as np

class Var:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.push = lambda: None

    def matmul(self, other):
        out = Var(self.data @ other.data, (self, other))
        def push():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad
        out.push = push
        return out

    def add_row(self, row):
        out = Var(self.data + row.data, (self, row))
        def push():
            self.grad += out.grad
            row.grad += out.grad.sum(axis=0).reshape(row.data.shape)
        out.push = push
        return out

    def relu(self):
        out = Var(np.maximum(self.data, 0), (self,))
        def push():
            self.grad += (out.data > 0) * out.grad
        out.push = push
        return out

    def cross_entropy(self, y):
        shifted = self.data - self.data.max(axis=1, keepdims=True)
        soft = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        rows = np.arange(len(y))
        out = Var(-np.log(soft[rows, y]).mean(), (self,))
        def push():
            g = soft.copy()
            g[rows, y] -= 1
            self.grad += out.grad * g / len(y)
        out.push = push
        return out

    def l2(self, reg):
        out = Var(0.5 * reg * np.sum(self.data ** 2), (self,))
        def push():
            self.grad += out.grad * reg * self.data
        out.push = push
        return out

    def plus(self, other):
        out = Var(self.data + other.data, (self, other))
        def push():
            self.grad += out.grad
            other.grad += out.grad
        out.push = push
        return out

    def run(self):
        order, seen = [], set()
        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for p in v.parents:
                    visit(p)
                order.append(v)
        visit(self)
        self.grad = np.ones_like(self.data)
        for v in reversed(order):
            v.push()

def backward(X, y, W1, b1, W2, b2, reg):
    W1, b1, W2, b2 = Var(W1), Var(b1), Var(W2), Var(b2)
    h = Var(X).matmul(W1).add_row(b1).relu()
    data_loss = h.matmul(W2).add_row(b2).cross_entropy(y)
    loss = data_loss.plus(W1.l2(reg)).plus(W2.l2(reg))
    loss.run()
    return {"loss": float(loss.data), "dW1": W1.grad, "db1": b1.grad, "dW2": W2.grad, "db2": b2.grad}
"""
wrong(
    "tape",
    "grad_overwritten",
    ("other.grad += self.data.T @ out.grad", "other.grad = self.data.T @ out.grad"),
    line=("other.grad = self.data.T @ out.grad",),
    quantity=("dW2", "dW1"),
    what="= for += in the matmul's step: what the penalty had put there is lost, so that reg is missing",
)
wrong(
    "tape",
    "mask_of_grad",
    ("self.grad += (out.data > 0) * out.grad", "self.grad += (out.grad > 0) * out.grad"),
    line=("self.grad += (out.grad > 0) * out.grad",),
    quantity=("dz1",),
    what="mask taken from the gradient",
)


RIGHT["recursive"] = '''
import numpy as np

def softmax(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def descend(h, layers, y, reg):
    """Gradient by h, and the gradients of all layers from here on."""
    (W, b), *rest = layers
    z = h @ W + b
    if rest:
        da, grads = descend(np.maximum(z, 0), rest, y, reg)
        dz = np.where(z > 0, da, 0)
    else:
        grads = []
        dz = softmax(z)
        dz[np.arange(len(y)), y] -= 1
        dz /= len(y)
    dW = h.T @ dz + reg * W
    db = dz.sum(axis=0, keepdims=True)
    return dz @ W.T, [(dW, db), *grads]

def backward(X, y, W1, b1, W2, b2, reg):
    _, ((dW1, db1), (dW2, db2)) = descend(X, [(W1, b1), (W2, b2)], y, reg)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
'''
wrong(
    "recursive",
    "by_layers",
    ("dz /= len(y)", "dz /= len(layers)"),
    line=("dz /= len(layers)",),
    quantity=("dz2",),
    what="divided by the number of layers instead of samples: the 1/N is missing",
)
wrong(
    "recursive",
    "only_when_rest",
    ("dW = h.T @ dz + reg * W", "dW = h.T @ dz + (reg * W if rest else 0)"),
    line=("dW = h.T @ dz + (reg * W if rest else 0)",),
    quantity=("dW2",),
    what="the last layer is not regularised",
)


RIGHT["reduce"] = """
from functools import reduce
import numpy as np

def step_forward(states, layer):
    W, b, act = layer
    z = states[-1][-1] @ W + b
    return states + [(z, act(z))]

def step_back(carry, item):
    delta, grads = carry
    W, below_z, below_a, reg, first = item
    gW = below_a.T @ delta + reg * W
    gb = np.add.reduce(delta, axis=0)
    if not first:
        delta = (delta @ W.T) * np.heaviside(below_z, 0)
    return delta, grads + [gW, gb]

def backward(X, y, W1, b1, W2, b2, reg):
    relu = lambda z: np.maximum(z, 0)
    same = lambda z: z
    states = reduce(step_forward, [(W1, b1, relu), (W2, b2, same)], [(X, X)])
    top = states[-1][0]
    top = top - top.max(axis=1, keepdims=True)
    prob = np.exp(top) / np.add.reduce(np.exp(top), axis=1, keepdims=True)
    delta = (prob - (np.arange(W2.shape[1]) == y[:, None])) / len(X)
    items = [(W2, *states[1], reg, False), (W1, *states[0], reg, True)]
    _, (dW2, db2, dW1, db1) = reduce(step_back, items, (delta, []))
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "reduce",
    "heaviside_of_a",
    (
        "delta = (delta @ W.T) * np.heaviside(below_z, 0)",
        "delta = (delta @ W.T) * np.heaviside(below_a, 1)",
    ),
    line=("delta = (delta @ W.T) * np.heaviside(below_a, 1)",),
    quantity=("dz1",),
    what="heaviside(a, 1) is 1 where a is 0: no mask at all",
)
wrong(
    "reduce",
    "bessel",
    (
        "delta = (prob - (np.arange(W2.shape[1]) == y[:, None])) / len(X)",
        "delta = (prob - (np.arange(W2.shape[1]) == y[:, None])) / max(len(X) - 1, 1)",
    ),
    line=("delta = (prob - (np.arange(W2.shape[1]) == y[:, None])) / max(len(X) - 1, 1)",),
    quantity=("dz2",),
    what="divided by N - 1 instead of N",
)


RIGHT["matrix"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    X, W1, b1, W2, b2 = map(np.asmatrix, (X, W1, b1, W2, b2))
    N = X.shape[0]
    Z1 = X * W1 + b1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 * W2 + b2
    E = np.exp(Z2 - Z2.max(1))
    P = E / E.sum(1)
    Y = np.asmatrix(np.eye(W2.shape[1])[y])
    D2 = (P - Y) / N
    D1 = np.multiply(D2 * W2.T, Z1 > 0)
    gW1 = X.T * D1 + reg * W1
    gb1 = D1.sum(0)
    gW2 = A1.T * D2 + reg * W2
    gb2 = D2.sum(0)
    return dict(dW1=np.asarray(gW1), db1=np.asarray(gb1), dW2=np.asarray(gW2), db2=np.asarray(gb2))
"""
wrong(
    "matrix",
    "norm_all",
    ("P = E / E.sum(1)", "P = E / E.sum()"),
    line=("P = E / E.sum()",),
    quantity=("P",),
    what="normalised over the whole batch",
)
wrong(
    "matrix",
    "times_z",
    ("D1 = np.multiply(D2 * W2.T, Z1 > 0)", "D1 = np.multiply(D2 * W2.T, Z1)"),
    line=("D1 = np.multiply(D2 * W2.T, Z1)",),
    quantity=("dz1",),
    what="multiplied by z1 instead of z1 > 0",
)


RIGHT["masked"] = """
import numpy as np
import numpy.ma as ma

def backward(X, y, W1, b1, W2, b2, reg):
    N = len(X)
    z1 = ma.masked_less_equal(np.dot(X, W1) + b1, 0)
    off = ma.getmaskarray(z1)
    a1 = z1.filled(0)
    z2 = np.dot(a1, W2) + b2
    ez = np.exp(z2 - np.max(z2, axis=1, keepdims=True))
    prob = ez / np.sum(ez, axis=1, keepdims=True)
    hit = ma.make_mask(np.arange(W2.shape[1]) == np.reshape(y, (-1, 1)), shrink=False)
    dz2 = np.where(hit, prob - 1, prob) / N
    dW2 = np.dot(a1.T, dz2) + reg * W2
    db2 = np.sum(dz2, axis=0)
    da1 = np.dot(dz2, W2.T)
    dz1 = ma.array(da1, mask=off)
    dW1 = np.dot(X.T, dz1.filled(0)) + reg * W1
    db1 = dz1.sum(axis=0)
    return {"dW1": dW1, "db1": ma.filled(db1, 0), "dW2": dW2, "db2": db2}
"""
wrong(
    "masked",
    "inverted",
    ("dz1 = ma.array(da1, mask=off)", "dz1 = ma.array(da1, mask=~off)"),
    line=("dz1 = ma.array(da1, mask=~off)",),
    quantity=("dz1",),
    what="the mask is inverted: True hides in a masked array",
)
wrong(
    "masked",
    "masked_mean",
    ("db1 = dz1.sum(axis=0)", "db1 = dz1.mean(axis=0)"),
    line=("db1 = dz1.mean(axis=0)",),
    quantity=("db1",),
    what="mean (over the active samples) for the sum",
)


RIGHT["fancy_index"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n, c = len(X), W2.shape[1]
    z1 = X @ W1 + b1
    a1 = np.zeros_like(z1)
    on = np.nonzero(z1 > 0)
    a1[on] = z1[on]
    z2 = a1 @ W2 + b2
    z2 = z2 - np.take_along_axis(z2, z2.argmax(axis=1)[:, None], axis=1)
    P = np.exp(z2)
    P /= P.sum(axis=1)[:, None]
    dz2 = P.copy()
    rows = np.arange(n)
    dz2[rows, y] -= 1
    dz2 /= n
    dW2 = a1.T @ dz2 + reg * W2
    db2 = np.zeros((1, c))
    np.add.at(db2, (0, np.tile(np.arange(c), n)), dz2.ravel())
    da1 = dz2 @ W2.T
    dz1 = np.zeros_like(da1)
    dz1[on] = da1[on]
    dW1 = X.T @ dz1 + reg * W1
    db1 = dz1.sum(axis=0, keepdims=True)
    return {"P": P, "dz2": dz2, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "fancy_index",
    "ix",
    ("dz2[rows, y] -= 1", "dz2[np.ix_(rows, y)] -= 1"),
    line=("dz2[np.ix_(rows, y)] -= 1",),
    quantity=("dz2",),
    what="ix_ takes all rows with all labels, not each row with its own",
)
wrong(
    "fancy_index",
    "buffered_add",
    (
        "np.add.at(db2, (0, np.tile(np.arange(c), n)), dz2.ravel())",
        "db2[0, np.tile(np.arange(c), n)] += dz2.ravel()",
    ),
    line=("db2[0, np.tile(np.arange(c), n)] += dz2.ravel()",),
    quantity=("db2",),
    what="+= with repeated indices adds once: only the last sample is in db2",
)


RIGHT["broadcasting"] = """
import numpy as np

def rows_of(v, n):
    return np.broadcast_to(np.ravel(v), (n, np.size(v)))

def cols_of(v, c):
    return np.lib.stride_tricks.as_strided(v, shape=(v.size, c), strides=(v.strides[0], 0))

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = X.shape[0], W2.shape[1]
    Z1 = X @ W1 + rows_of(b1, N)
    A1 = np.maximum(Z1, np.zeros_like(Z1))
    Z2 = A1 @ W2 + rows_of(b2, N)
    E = np.exp(Z2 - cols_of(Z2.max(axis=1), C))
    P = E / cols_of(E.sum(axis=1), C)
    Y = np.equal(cols_of(np.ascontiguousarray(y), C), rows_of(np.arange(C), N))
    dZ2 = (P - Y) / N
    ones = np.ones((1, N))
    dW2 = A1.T @ dZ2 + reg * W2
    db2 = ones @ dZ2
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * np.sign(A1)
    dW1 = X.T @ dZ1 + reg * W1
    db1 = ones @ dZ1
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "broadcasting",
    "columns_norm",
    ("P = E / cols_of(E.sum(axis=1), C)", "P = E / rows_of(E.sum(axis=0), N)"),
    line=("P = E / rows_of(E.sum(axis=0), N)",),
    quantity=("P",),
    what="softmax over the batch",
)
wrong(
    "broadcasting",
    "no_b2",
    ("Z2 = A1 @ W2 + rows_of(b2, N)", "Z2 = A1 @ W2"),
    line=("Z2 = A1 @ W2",),
    quantity=("z2",),
    what="b2 is missing",
)


RIGHT["lambdas"] = """
import numpy as np

relu = lambda z: np.maximum(z, 0)
drelu = lambda z: np.where(z > 0, 1.0, 0.0)
softmax = lambda s: np.exp(s - s.max(1, keepdims=True)) / np.exp(s - s.max(1, keepdims=True)).sum(1, keepdims=True)
onehot = lambda y, c: np.eye(c)[y]
weight = lambda a, d, W, reg: a.T @ d + reg * W
bias = lambda d: d.sum(0)

backward = lambda X, y, W1, b1, W2, b2, reg: (
    lambda z1: (
        lambda a1: (
            lambda d2: (
                lambda d1: dict(
                    dW1=weight(X, d1, W1, reg),
                    db1=bias(d1),
                    dW2=weight(a1, d2, W2, reg),
                    db2=bias(d2),
                )
            )(d2 @ W2.T * drelu(z1))
        )((softmax(a1 @ W2 + b2) - onehot(y, W2.shape[1])) / len(y))
    )(relu(z1))
)(X @ W1 + b1)
"""
wrong(
    "lambdas",
    "uneven_shift",
    (
        "softmax = lambda s: np.exp(s - s.max(1, keepdims=True)) / np.exp(s - s.max(1, keepdims=True)).sum(1, keepdims=True)",
        "softmax = lambda s: np.exp(s - s.max(1, keepdims=True)) / np.exp(s).sum(1, keepdims=True)",
    ),
    line=(
        "softmax = lambda s: np.exp(s - s.max(1, keepdims=True)) / np.exp(s).sum(1, keepdims=True)",
    ),
    quantity=("P",),
    what="the shift is in the numerator alone",
)
wrong(
    "lambdas",
    "leaky_forward",
    ("relu = lambda z: np.maximum(z, 0)", "relu = lambda z: np.maximum(z, 0.1 * z)"),
    line=("relu = lambda z: np.maximum(z, 0.1 * z)",),
    quantity=("a1",),
    what="a leaky ReLU in the forward pass",
)


RIGHT["walrus"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    P = (E := np.exp((Z := (H := np.maximum(X @ W1 + b1, 0)) @ W2 + b2) - Z.max(1)[:, None])) / E.sum(1)[:, None]
    return {
        "dW2": H.T @ (D := (P - np.eye(Z.shape[1])[y]) / len(y)) + reg * W2,
        "db2": D.sum(0),
        "dW1": X.T @ (G := D @ W2.T * (H > 0)) + reg * W1,
        "db1": G.sum(0),
    }
"""
wrong(
    "walrus",
    "y_from_one",
    (
        '"dW2": H.T @ (D := (P - np.eye(Z.shape[1])[y]) / len(y)) + reg * W2,',
        '"dW2": H.T @ (D := (P - np.eye(Z.shape[1])[y - 1]) / len(y)) + reg * W2,',
    ),
    line=(
        "return {",
        '"dW2": H.T @ (D := (P - np.eye(Z.shape[1])[y - 1]) / len(y)) + reg * W2,',
    ),
    quantity=("Y_ind", "dz2"),
    what="labels counted from 1, as in MATLAB",
)
wrong(
    "walrus",
    "total",
    ('"db2": D.sum(0),', '"db2": np.full(D.shape[1], D.sum()),'),
    line=('"db2": np.full(D.shape[1], D.sum()),',),
    quantity=("db2",),
    what="summed over everything, not over samples",
)


RIGHT["decorated"] = """
import numpy as np

STEPS = []

def step(function):
    STEPS.append(function)
    return function

@step
def z1(X, W1, b1, **_):
    return X @ W1 + b1

@step
def a1(z1, **_):
    return np.maximum(z1, 0)

@step
def z2(a1, W2, b2, **_):
    return a1 @ W2 + b2

@step
def P(z2, **_):
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

@step
def Y_ind(y, P, **_):
    return (np.arange(P.shape[1]) == y[:, None]).astype(float)

@step
def dz2(P, Y_ind, **_):
    return (P - Y_ind) / len(P)

@step
def dW2(a1, dz2, W2, reg, **_):
    return a1.T @ dz2 + reg * W2

@step
def db2(dz2, **_):
    return dz2.sum(axis=0, keepdims=True)

@step
def da1(dz2, W2, **_):
    return dz2 @ W2.T

@step
def dz1(da1, z1, **_):
    return da1 * (z1 > 0)

@step
def dW1(X, dz1, W1, reg, **_):
    return X.T @ dz1 + reg * W1

@step
def db1(dz1, **_):
    return dz1.sum(axis=0, keepdims=True)

def backward(X, y, W1, b1, W2, b2, reg):
    known = dict(X=X, y=y, W1=W1, b1=b1, W2=W2, b2=b2, reg=reg)
    for function in STEPS:
        known[function.__name__] = function(**known)
    return {name: known[name] for name in ("dW1", "db1", "dW2", "db2")}
"""
wrong(
    "decorated",
    "notes_slip",
    (
        "def dW2(a1, dz2, W2, reg, **_):\n    return a1.T @ dz2 + reg * W2\n",
        "def dW2(a1, P, Y_ind, W2, reg, **_):\n    return a1.T @ (P - Y_ind) + reg * W2\n",
    ),
    line=("return a1.T @ (P - Y_ind) + reg * W2",),
    quantity=("dW2",),
    what="P - Y_ind has lost the 1/N that dz2 carries",
)
wrong(
    "decorated",
    "bias_reg",
    (
        "def db2(dz2, **_):\n    return dz2.sum(axis=0, keepdims=True)\n",
        "def db2(dz2, b2, reg, **_):\n    return dz2.sum(axis=0, keepdims=True) + reg * b2\n",
    ),
    line=("return dz2.sum(axis=0, keepdims=True) + reg * b2",),
    quantity=("db2",),
    what="the bias is regularised",
)


RIGHT["globals"] = """
import numpy as np

G = {}

def forward():
    G["z1"] = G["X"] @ G["W1"] + G["b1"]
    G["a1"] = np.maximum(G["z1"], 0)
    G["z2"] = G["a1"] @ G["W2"] + G["b2"]
    G["z2"] = G["z2"] - G["z2"].max(axis=1, keepdims=True)
    G["P"] = np.exp(G["z2"])
    G["P"] = G["P"] / G["P"].sum(axis=1, keepdims=True)

def back():
    G["n"] = len(G["X"])
    G["dz2"] = G["P"].copy()
    G["dz2"][np.arange(G["n"]), G["y"]] -= 1
    G["dz2"] = G["dz2"] / G["n"]
    G["dW2"] = G["a1"].T @ G["dz2"] + G["reg"] * G["W2"]
    G["db2"] = G["dz2"].sum(axis=0, keepdims=True)
    G["dz1"] = (G["dz2"] @ G["W2"].T) * (G["a1"] > 0)
    G["dW1"] = G["X"].T @ G["dz1"] + G["reg"] * G["W1"]
    G["db1"] = G["dz1"].sum(axis=0, keepdims=True)

def backward(X, y, W1, b1, W2, b2, reg):
    G.update(X=X, y=y, W1=W1, b1=b1, W2=W2, b2=b2, reg=reg)
    forward()
    back()
    return G["dW1"], G["db1"], G["dW2"], G["db2"]
"""
wrong(
    "globals",
    "stale_n",
    ('G["n"] = len(G["X"])', 'G.setdefault("n", len(G["X"]))'),
    ('G["dz2"][np.arange(G["n"]), G["y"]] -= 1', 'G["dz2"][np.arange(len(G["X"])), G["y"]] -= 1'),
    line=('G.setdefault("n", len(G["X"]))', 'G["dz2"] = G["dz2"] / G["n"]'),
    quantity=("dz2",),
    what="the number of samples is kept from the first call",
)
wrong(
    "globals",
    "centred",
    ("def forward():\n", 'def forward():\n    G["X"] = G["X"] - G["X"].mean(axis=0)\n'),
    line=('G["X"] = G["X"] - G["X"].mean(axis=0)',),
    quantity=("z1", "X"),
    what="X is centred: a z1 of other data",
)


RIGHT["notebook"] = """
# %%
import numpy as np
rng = np.random.default_rng(0)
# %%
def toy(n=5, d=4, h=10, c=3):
    X = rng.normal(size=(n, d)); y = rng.integers(0, c, n)
    return X, y, rng.normal(size=(d, h)), np.zeros((1, h)), rng.normal(size=(h, c)), np.zeros((1, c)), 1e-3
# %%
def softmax(scores):
    scores = scores - scores.max(axis=1, keepdims=True)
    exp_scores = np.exp(scores)
    return exp_scores / exp_scores.sum(axis=1, keepdims=True)
# %%
def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    z = X.dot(W1) + b1
    h = z * (z > 0)
    probs = softmax(h.dot(W2) + b2)
    dscores = probs
    dscores[range(N), y] -= 1
    dscores /= N
    dW2 = h.T.dot(dscores)
    db2 = np.sum(dscores, axis=0, keepdims=True)
    dh = dscores.dot(W2.T)
    dz = dh * (z > 0)
    dW1 = X.T.dot(dz)
    db1 = np.sum(dz, axis=0, keepdims=True)
    dW2 += reg * W2
    dW1 += reg * W1
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
# %%
args = toy()
grads = backward(*args)
for k in grads: print(k, grads[k].shape)
"""
wrong(
    "notebook",
    "flipped",
    ("dz = dh * (z > 0)", "dz = dh * (z < 0)"),
    line=("dz = dh * (z < 0)",),
    quantity=("dz1",),
    what="mask inverted",
)
wrong(
    "notebook",
    "twice",
    (
        "    dscores[range(N), y] -= 1\n",
        "    dscores[range(N), y] -= 1\n    dscores[np.arange(N), y] -= 1\n",
    ),
    line=("dscores[np.arange(N), y] -= 1", "dscores[range(N), y] -= 1"),
    quantity=("dz2", "Y_ind"),
    what="the one-hot is subtracted twice",
)


RIGHT["cs231n"] = '''
from __future__ import print_function
import numpy as np

class TwoLayerNet(object):
    """A two-layer fully-connected neural network."""

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

        # Forward
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores

        # Loss
        scores -= np.max(scores, axis=1, keepdims=True)
        p = np.exp(scores)
        p /= np.sum(p, axis=1, keepdims=True)
        loss = -np.mean(np.log(p[np.arange(N), y]))
        loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        # Backward
        grads = {}
        dscores = p.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads['W2'] = hidden.T.dot(dscores) + reg * W2
        grads['b2'] = np.sum(dscores, axis=0)
        dhidden = dscores.dot(W2.T)
        dhidden[hidden <= 0] = 0
        grads['W1'] = X.T.dot(dhidden) + reg * W1
        grads['b1'] = np.sum(dhidden, axis=0)
        return loss, grads
'''
wrong(
    "cs231n",
    "never_below",
    ("dhidden[hidden <= 0] = 0", "dhidden[hidden < 0] = 0"),
    line=("dhidden[hidden < 0] = 0",),
    quantity=("dz1",),
    what="hidden is never below 0: no mask",
)
wrong(
    "cs231n",
    "updated_early",
    (
        "        grads['b2'] = np.sum(dscores, axis=0)\n",
        "        grads['b2'] = np.sum(dscores, axis=0)\n        self.params['W2'] -= 1e-1 * grads['W2']\n",
    ),
    line=("self.params['W2'] -= 1e-1 * grads['W2']", "dhidden = dscores.dot(W2.T)"),
    quantity=("da1", "W2"),
    what="W2 is updated before da1 is computed",
)


RIGHT["pure_python"] = """
from math import exp

def dot_rows(A, B):
    return [[sum(a * b for a, b in zip(row, col)) for col in zip(*B)] for row in A]

def transpose(A):
    return [list(col) for col in zip(*A)]

def backward(X, y, W1, b1, W2, b2, reg):
    X, W1, W2 = X.tolist(), W1.tolist(), W2.tolist()
    b1, b2 = b1.ravel().tolist(), b2.ravel().tolist()
    n = len(X)
    H = [[max(v + b, 0.0) for v, b in zip(row, b1)] for row in dot_rows(X, W1)]
    S = [[v + b for v, b in zip(row, b2)] for row in dot_rows(H, W2)]
    D = []
    for row, label in zip(S, y):
        top = max(row)
        e = [exp(v - top) for v in row]
        total = sum(e)
        D.append([(v / total - (k == label)) / n for k, v in enumerate(e)])
    gW2 = dot_rows(transpose(H), D)
    gb2 = [sum(col) for col in zip(*D)]
    E = [[0.0] * len(W2) for _ in range(n)]
    for i in range(n):
        for j in range(len(W2)):
            for k in range(len(b2)):
                E[i][j] += D[i][k] * W2[j][k]
            if H[i][j] <= 0:
                E[i][j] = 0.0
    gW1 = dot_rows(transpose(X), E)
    gb1 = [sum(col) for col in zip(*E)]
    for g, W in ((gW1, W1), (gW2, W2)):
        for i, row in enumerate(W):
            for j, w in enumerate(row):
                g[i][j] += reg * w
    return {"dW1": gW1, "db1": gb1, "dW2": gW2, "db2": gb2}
"""
wrong(
    "pure_python",
    "one_class_short",
    ("for k in range(len(b2)):", "for k in range(len(b2) - 1):"),
    line=("for k in range(len(b2) - 1):",),
    quantity=("da1", "dz1"),
    what="the last class is left out of the sum",
)
wrong(
    "pure_python",
    "wrong_pair",
    ("for g, W in ((gW1, W1), (gW2, W2)):", "for g, W in ((gW1, W1), (gW1, W1)):"),
    line=("for g, W in ((gW1, W1), (gW1, W1)):",),
    quantity=("dW2", "dW1"),
    what="W1's penalty is added twice, W2's never (two wrong)",
)


RIGHT["kronecker"] = '''
import numpy as np

vec = lambda M: M.reshape(-1, order="F")
unvec = lambda v, shape: v.reshape(shape, order="F")

def backward(X, y, W1, b1, W2, b2, reg):
    """vec(AB) = (I kron A) vec(B) = (B.T kron I) vec(A)"""
    N, C, H = len(X), W2.shape[1], W2.shape[0]
    one = np.ones((N, 1))
    Z1 = X @ W1 + one @ np.atleast_2d(b1)
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2 + one @ np.atleast_2d(b2)
    Ez = np.exp(Z2 - Z2.max(1, keepdims=True))
    P = Ez / (Ez @ np.ones((C, C)))
    T = np.zeros((N, C))
    np.put_along_axis(T, y[:, None], 1, axis=1)
    d2 = vec((P - T) / N)
    dW2 = unvec(np.kron(np.eye(C), A1.T) @ d2, (H, C)) + reg * W2
    db2 = np.kron(np.eye(C), one.T) @ d2
    da1 = (unvec(d2, (N, C)) @ W2.T)
    d1 = vec(da1) * vec(Z1 > 0)
    dW1 = unvec(np.kron(np.eye(H), X.T) @ d1, W1.shape) + reg * W1
    db1 = np.kron(np.eye(H), one.T) @ d1
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
'''
wrong(
    "kronecker",
    "c_order",
    (
        "dW2 = unvec(np.kron(np.eye(C), A1.T) @ d2, (H, C)) + reg * W2",
        "dW2 = (np.kron(np.eye(C), A1.T) @ d2).reshape(H, C) + reg * W2",
    ),
    line=("dW2 = (np.kron(np.eye(C), A1.T) @ d2).reshape(H, C) + reg * W2",),
    quantity=("dW2",),
    what="reshape in row order of a vector that is in column order: scrambled",
)
wrong(
    "kronecker",
    "c_order_da1",
    ("da1 = (unvec(d2, (N, C)) @ W2.T)", "da1 = (d2.reshape(N, C) @ W2.T)"),
    line=("da1 = (d2.reshape(N, C) @ W2.T)",),
    quantity=("da1",),
    what="reshape in the wrong order: dz2 is scrambled in da1 alone",
)


RIGHT["tensordot"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = np.shape(X)[0]
    z1 = np.tensordot(X, W1, axes=1) + b1
    a1 = np.where(np.signbit(z1), 0, z1)
    z2 = np.tensordot(a1, W2, axes=1) + b2
    q = np.exp(z2 - np.max(z2, axis=-1, keepdims=True))
    P = q / np.sum(q, axis=-1, keepdims=True)
    Y = np.array([[float(k == label) for k in range(W2.shape[1])] for label in y])
    dz2 = (P - Y) / N
    weights = np.ones(N)
    dW2 = np.tensordot(a1, dz2, axes=(0, 0)) + reg * W2
    db2 = np.tensordot(weights, dz2, axes=(0, 0))
    da1 = np.inner(dz2, W2)
    dz1 = np.where(z1 > 0, da1, 0)
    dW1 = np.tensordot(X, dz1, axes=(0, 0)) + reg * W1
    db1 = np.tensordot(weights, dz1, axes=(0, 0))
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "tensordot",
    "l1",
    (
        "dW1 = np.tensordot(X, dz1, axes=(0, 0)) + reg * W1",
        "dW1 = np.tensordot(X, dz1, axes=(0, 0)) + reg * np.sign(W1)",
    ),
    line=("dW1 = np.tensordot(X, dz1, axes=(0, 0)) + reg * np.sign(W1)",),
    quantity=("dW1",),
    what="the slope of |W|, not of ½W²",
)
wrong(
    "tensordot",
    "average",
    ("weights = np.ones(N)", "weights = np.full(N, 1 / N)"),
    line=("weights = np.full(N, 1 / N)", "db2 = np.tensordot(weights, dz2, axes=(0, 0))"),
    quantity=("db2", "db1"),
    what="mean for sum in both bias gradients: the weights are 1/N though dz2 has it already",
)


RIGHT["apply_rows"] = """
import numpy as np

def softmax_row(r):
    e = np.exp(r - np.max(r))
    return e / np.sum(e)

def backward(X, y, W1, b1, W2, b2, reg):
    pre = X @ W1 + b1
    hid = np.vectorize(lambda v: v if v > 0 else 0.0, otypes=[float])(pre)
    sc = hid @ W2 + b2
    probs = np.apply_along_axis(softmax_row, 1, sc)
    diff = np.array([p - np.eye(len(p))[c] for p, c in zip(probs, y)]) / len(y)
    dW2 = sum(np.outer(h, d) for h, d in zip(hid, diff)) + reg * W2
    db2 = sum(diff)
    dhid = np.apply_along_axis(lambda d: W2 @ d, 1, diff)
    slope = np.vectorize(lambda v: 1.0 if v > 0 else 0.0)
    dpre = dhid * slope(pre)
    dW1 = sum(np.outer(x, d) for x, d in zip(X, dpre)) + reg * W1
    db1 = sum(dpre)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "apply_rows",
    "columns",
    (
        "probs = np.apply_along_axis(softmax_row, 1, sc)",
        "probs = np.apply_along_axis(softmax_row, 0, sc)",
    ),
    line=("probs = np.apply_along_axis(softmax_row, 0, sc)",),
    quantity=("P",),
    what="softmax over each column, that is over the samples",
)
wrong(
    "apply_rows",
    "norm",
    ("return e / np.sum(e)", "return e / np.linalg.norm(e)"),
    line=("return e / np.linalg.norm(e)",),
    quantity=("P",),
    what="divided by the Euclidean norm, not by the sum",
)


RIGHT["logaddexp"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n = y.shape[0]
    pre = b1 + X @ W1
    act = (np.abs(pre) + pre) / 2
    logits = b2 + act @ W2
    log_norm = np.logaddexp.reduce(logits, axis=1)
    nll = log_norm - logits[np.arange(n), y]
    loss = nll.sum() / n + reg * 0.5 * (np.vdot(W1, W1) + np.vdot(W2, W2))
    p = np.exp(logits - log_norm[:, None])
    y_hot = np.arange(p.shape[1])[None] == y[:, None]
    dlogits = (p - y_hot) / n
    dact = dlogits @ W2.T
    dpre = dact * (np.sign(pre) + 1) / 2
    dpre[pre == 0] = 0
    return {
        "loss": loss,
        "dW1": X.T @ dpre + reg * W1,
        "db1": dpre.sum(0),
        "dW2": act.T @ dlogits + reg * W2,
        "db2": dlogits.sum(0),
    }
"""
wrong(
    "logaddexp",
    "two",
    (
        '        "db1": dpre.sum(0),\n        "dW2": act.T @ dlogits + reg * W2,\n',
        '        "db1": dpre.mean(0),\n        "dW2": act.T @ dlogits,\n',
    ),
    line=('"dW2": act.T @ dlogits,', '"db1": dpre.mean(0),'),
    quantity=("dW2", "db1"),
    what="two: reg is missing in dW2; a mean for a sum in db1",
)
wrong(
    "logaddexp",
    "times_p",
    ("dlogits = (p - y_hot) / n", "dlogits = (p - y_hot) * p * (1 - p) / n"),
    line=("dlogits = (p - y_hot) * p * (1 - p) / n",),
    quantity=("dz2",),
    what="a sigmoid's slope: the squared error's gradient for the cross-entropy's",
)


RIGHT["by_class"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = X.shape[0], W2.shape[1]
    hidden = np.maximum(X @ W1 + b1, 0)
    logits = hidden @ W2 + b2
    E = np.exp(logits - logits.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    d = np.empty_like(P)
    for c in range(C):
        members = y == c
        d[members] = (P[members] - np.eye(C)[c]) / N
    dW2 = reg * W2
    for c in range(C):
        dW2 = dW2 + hidden[y == c].T @ d[y == c]
    db2 = np.array([d[:, c].sum() for c in range(C)])
    dh = d @ W2.T
    dh = np.where(hidden > 0, dh, 0)
    dW1 = X.T @ dh + reg * W1
    db1 = dh.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "by_class",
    "balanced",
    (
        "d[members] = (P[members] - np.eye(C)[c]) / N",
        "d[members] = (P[members] - np.eye(C)[c]) / members.sum() / C",
    ),
    line=("d[members] = (P[members] - np.eye(C)[c]) / members.sum() / C",),
    quantity=("dz2",),
    what="a mean over each class: samples of rare classes weigh more",
)
wrong(
    "by_class",
    "first_class_left_out",
    (
        "    dW2 = reg * W2\n    for c in range(C):\n",
        "    dW2 = reg * W2\n    for c in range(1, C):\n",
    ),
    line=("for c in range(1, C):", "dW2 = dW2 + hidden[y == c].T @ d[y == c]"),
    quantity=("dW2",),
    what="the samples of class 0 are left out of dW2",
)


RIGHT["state_pipeline"] = """
from collections import namedtuple
import numpy as np

State = namedtuple("State", "X y W1 b1 W2 b2 reg a1 z2 delta dW1 db1 dW2 db2", defaults=[None] * 7)

def hidden(s):
    return s._replace(a1=np.maximum(s.X @ s.W1 + s.b1, 0))

def output(s):
    return s._replace(z2=s.a1 @ s.W2 + s.b2)

def softmax_minus_onehot(s):
    e = np.exp(s.z2 - s.z2.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(s.y)), s.y] -= 1
    return s._replace(delta=p / len(s.y))

def second_layer(s):
    return s._replace(dW2=s.a1.T @ s.delta, db2=s.delta.sum(axis=0))

def through_weights(s):
    return s._replace(delta=s.delta @ s.W2.T)

def through_relu(s):
    return s._replace(delta=s.delta * (s.a1 > 0))

def first_layer(s):
    return s._replace(dW1=s.X.T @ s.delta, db1=s.delta.sum(axis=0))

def weight_decay(s):
    return s._replace(dW1=s.dW1 + s.reg * s.W1, dW2=s.dW2 + s.reg * s.W2)

PIPELINE = [
    hidden, output, softmax_minus_onehot,
    second_layer, through_weights, through_relu,
    first_layer, weight_decay,
]

def backward(X, y, W1, b1, W2, b2, reg):
    state = State(X, y, W1, b1, W2, b2, reg)
    for stage in PIPELINE:
        state = stage(state)
    return {name: getattr(state, name) for name in ("dW1", "db1", "dW2", "db2")}
"""
wrong(
    "state_pipeline",
    "relu_left_out",
    ("second_layer, through_weights, through_relu,", "second_layer, through_weights,"),
    line=(
        "second_layer, through_weights,",
        "return s._replace(dW1=s.X.T @ s.delta, db1=s.delta.sum(axis=0))",
        "return s._replace(delta=s.delta @ s.W2.T)",
    ),
    quantity=("dz1",),
    what="through_relu is not in the pipeline: no mask",
)
wrong(
    "state_pipeline",
    "relu_at_end",
    (
        "return s._replace(dW1=s.dW1 + s.reg * s.W1, dW2=s.dW2 + s.reg * s.W2)",
        "return s._replace(dW1=s.dW1 + s.reg * s.W1, dW2=s.reg * s.W2 + s.dW2 * s.reg)",
    ),
    line=("return s._replace(dW1=s.dW1 + s.reg * s.W1, dW2=s.reg * s.W2 + s.dW2 * s.reg)",),
    quantity=("dW2",),
    what="the data gradient is multiplied by reg too",
)


RIGHT["graph"] = """
import numpy as np

class Node:
    made = []

    def __init__(self, *inputs):
        self.inputs = inputs
        self.adjoint = 0.0
        Node.made.append(self)

class Leaf(Node):
    def __init__(self, value):
        super().__init__()
        self.value = value

class Affine(Node):
    def __init__(self, x, W, b):
        super().__init__(x, W, b)
        self.value = x.value @ W.value + b.value

    def send(self):
        x, W, b = self.inputs
        x.adjoint = x.adjoint + self.adjoint @ W.value.T
        W.adjoint = W.adjoint + x.value.T @ self.adjoint
        b.adjoint = b.adjoint + self.adjoint.sum(axis=0)

class Relu(Node):
    def __init__(self, x):
        super().__init__(x)
        self.value = np.maximum(x.value, 0)

    def send(self):
        x, = self.inputs
        x.adjoint = x.adjoint + self.adjoint * (x.value > 0)

class Softmax(Node):
    def __init__(self, x):
        super().__init__(x)
        e = np.exp(x.value - x.value.max(axis=1, keepdims=True))
        self.value = e / e.sum(axis=1, keepdims=True)

    def send(self):
        x, = self.inputs
        p, g = self.value, self.adjoint
        x.adjoint = x.adjoint + p * (g - (p * g).sum(axis=1, keepdims=True))

class MeanNegLog(Node):
    def __init__(self, p, y):
        super().__init__(p)
        self.pick = (np.arange(len(y)), y)
        self.value = -np.log(p.value[self.pick]).mean()

    def send(self):
        p, = self.inputs
        g = np.zeros_like(p.value)
        g[self.pick] = -self.adjoint / p.value[self.pick] / len(g)
        p.adjoint = p.adjoint + g

class Penalty(Node):
    def __init__(self, W, reg):
        super().__init__(W)
        self.reg = reg
        self.value = 0.5 * reg * (W.value ** 2).sum()

    def send(self):
        W, = self.inputs
        W.adjoint = W.adjoint + self.adjoint * self.reg * W.value

def backward(X, y, W1, b1, W2, b2, reg):
    Node.made.clear()
    leaves = x, w1, c1, w2, c2 = [Leaf(v) for v in (X, W1, b1, W2, b2)]
    data = MeanNegLog(Softmax(Affine(Relu(Affine(x, w1, c1)), w2, c2)), y)
    penalties = Penalty(w1, reg), Penalty(w2, reg)
    for total in (data, *penalties):
        total.adjoint = 1.0
    for node in reversed(Node.made):
        if node.inputs:
            node.send()
    return {"dW1": w1.adjoint, "db1": c1.adjoint, "dW2": w2.adjoint, "db2": c2.adjoint}
"""
wrong(
    "graph",
    "reg_by_size",
    (
        "W.adjoint = W.adjoint + self.adjoint * self.reg * W.value",
        "W.adjoint = W.adjoint + self.adjoint * self.reg * W.value / len(W.value)",
    ),
    line=("W.adjoint = W.adjoint + self.adjoint * self.reg * W.value / len(W.value)",),
    quantity=("dW2", "dW1"),
    what="the penalty is divided by the number of rows of W",
)
wrong(
    "graph",
    "softmax_axis",
    (
        "x.adjoint = x.adjoint + p * (g - (p * g).sum(axis=1, keepdims=True))",
        "x.adjoint = x.adjoint + p * (g - (p * g).sum(axis=0, keepdims=True))",
    ),
    line=("x.adjoint = x.adjoint + p * (g - (p * g).sum(axis=0, keepdims=True))",),
    quantity=("dz2",),
    what="the sum in the softmax's derivative goes over the samples",
)


RIGHT["interpreter"] = """
import numpy as np

PROGRAM = [("affine", "W1", "b1"), ("relu",), ("affine", "W2", "b2")]

def backward(X, y, W1, b1, W2, b2, reg):
    memory = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    stack, v = [], X
    for instruction in PROGRAM:
        stack.append(v)
        match instruction:
            case ("affine", W, b):
                v = v @ memory[W] + memory[b]
            case ("relu",):
                v = np.maximum(v, 0)
    v = v - v.max(axis=1, keepdims=True)
    p = np.exp(v) / np.exp(v).sum(axis=1, keepdims=True)
    t = np.zeros_like(p)
    t[np.arange(len(y)), y] = 1
    g = (p - t) / len(y)
    grads = {}
    for instruction in reversed(PROGRAM):
        v = stack.pop()
        match instruction:
            case ("affine", W, b):
                grads["d" + W] = v.T @ g + reg * memory[W]
                grads["d" + b] = g.sum(axis=0)
                g = g @ memory[W].T
            case ("relu",):
                g = g * (v > 0)
    return grads
"""
wrong(
    "interpreter",
    "sqrt",
    ("g = (p - t) / len(y)", "g = (p - t) / np.sqrt(len(y))"),
    line=("g = (p - t) / np.sqrt(len(y))",),
    quantity=("dz2",),
    what="divided by the square root of N",
)
wrong(
    "interpreter",
    "clipped",
    ("g = g * (v > 0)", "g = np.clip(g * (v > 0), -1e-3, 1e-3)"),
    line=("g = np.clip(g * (v > 0), -1e-3, 1e-3)",),
    quantity=("dz1",),
    what="the gradient is clipped",
)


RIGHT["forward_mode"] = '''
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    """Forward mode: one directional derivative for each parameter."""
    N = len(y)
    pick = (np.arange(N), y)
    z1 = X @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)

    def directional(tW1, tb1, tW2, tb2):
        t1 = (X @ tW1 + tb1) * (z1 > 0)
        t2 = t1 @ W2 + a1 @ tW2 + tb2
        data = ((p * t2).sum(axis=1) - t2[pick]).mean()
        return data + reg * (np.vdot(W1, tW1) + np.vdot(W2, tW2))

    zeros = [np.zeros(np.shape(v)) for v in (W1, b1, W2, b2)]
    result = []
    for k, zero in enumerate(zeros):
        gradient = np.zeros_like(zero)
        for index in np.ndindex(*zero.shape):
            tangents = list(zeros)
            tangents[k] = np.zeros_like(zero)
            tangents[k][index] = 1
            gradient[index] = directional(*tangents)
        result.append(gradient)
    return dict(zip(("dW1", "db1", "dW2", "db2"), result))
'''
wrong(
    "forward_mode",
    "no_mask",
    ("t1 = (X @ tW1 + tb1) * (z1 > 0)", "t1 = X @ tW1 + tb1"),
    line=("t1 = X @ tW1 + tb1",),
    quantity=("dz1",),
    what="the tangent does not pass through the ReLU's slope",
)
wrong(
    "forward_mode",
    "sum_for_mean",
    (
        "data = ((p * t2).sum(axis=1) - t2[pick]).mean()",
        "data = ((p * t2).sum(axis=1) - t2[pick]).sum()",
    ),
    line=("data = ((p * t2).sum(axis=1) - t2[pick]).sum()",),
    quantity=("dz2", "dW2", "db2"),
    what="sum for mean: 1/N is missing",
)


RIGHT["unrolled_theta"] = """
import numpy as np

def unpack(theta, d, h, c):
    cut = np.cumsum([d * h, h, h * c])
    Theta1, beta1, Theta2, beta2 = np.split(theta, cut)
    return Theta1.reshape(d, h), beta1, Theta2.reshape(h, c), beta2

def cost_gradient(theta, X, y, lam, h, c):
    m, d = X.shape
    Theta1, beta1, Theta2, beta2 = unpack(theta, d, h, c)
    A = np.maximum(X @ Theta1 + beta1, 0)
    Z = A @ Theta2 + beta2
    Z -= Z.max(axis=1, keepdims=True)
    hyp = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    yv = np.eye(c)[y]
    J = -(yv * np.log(hyp)).sum() / m + lam / 2 * ((Theta1 ** 2).sum() + (Theta2 ** 2).sum())
    delta3 = (hyp - yv) / m
    Theta2_grad = A.T @ delta3 + lam * Theta2
    delta2 = (delta3 @ Theta2.T) * (A > 0)
    Theta1_grad = X.T @ delta2 + lam * Theta1
    grad = np.concatenate([Theta1_grad.ravel(), delta2.sum(0), Theta2_grad.ravel(), delta3.sum(0)])
    return J, grad

def backward(X, y, W1, b1, W2, b2, reg):
    theta = np.concatenate([np.ravel(p) for p in (W1, b1, W2, b2)])
    J, grad = cost_gradient(theta, X, y, reg, W1.shape[1], W2.shape[1])
    dW1, db1, dW2, db2 = unpack(grad, *W1.shape, W2.shape[1])
    return {"loss": J, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
wrong(
    "unrolled_theta",
    "first_row",
    (
        "    Theta1_grad = X.T @ delta2 + lam * Theta1\n",
        "    Theta1_grad = X.T @ delta2\n    Theta1_grad[1:] += lam * Theta1[1:]\n",
    ),
    line=("Theta1_grad[1:] += lam * Theta1[1:]",),
    quantity=("dW1",),
    what="the first row is not regularised, as if it were the bias's",
)
wrong(
    "unrolled_theta",
    "c_f_order",
    (
        "theta = np.concatenate([np.ravel(p) for p in (W1, b1, W2, b2)])",
        'theta = np.concatenate([np.ravel(p, order="F") for p in (W1, b1, W2, b2)])',
    ),
    line=('theta = np.concatenate([np.ravel(p, order="F") for p in (W1, b1, W2, b2)])',),
    quantity=("z1", "dW1"),
    what="the weights are unrolled by columns and read by rows: other weights in the forward pass",
)
