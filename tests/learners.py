"""What learners hand in: one right solution with mistakes planted in it, right solutions written in
many ways, and files that can't be judged. None of it shares a line with manual/.
"""

from typing import NamedTuple

HEAD = "import numpy as np\n\ndef backward(X, y, W1, b1, W2, b2, reg):\n"

STEPS = """\
    n, c = X.shape[0], W2.shape[1]
    hin = X.dot(W1) + b1
    h = np.maximum(0, hin)
    scores = h.dot(W2) + b2
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    e = np.exp(shifted)
    probs = e / np.sum(e, axis=1, keepdims=True)
    onehot = np.zeros((n, c))
    onehot[np.arange(n), y] = 1
    logp = shifted - np.log(np.sum(e, axis=1, keepdims=True))
    penalty = 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
    loss = -np.sum(logp[np.arange(n), y]) / n + penalty
    dscores = (probs - onehot) / n
    dW2 = h.T.dot(dscores) + reg * W2
    db2 = np.sum(dscores, axis=0, keepdims=True)
    dh = dscores.dot(W2.T)
    dhin = dh * (h > 0)
    dW1 = X.T.dot(dhin) + reg * W1
    db1 = np.sum(dhin, axis=0, keepdims=True)
"""
GRADIENTS = "    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2)\n"
EVERYTHING = """\
    return dict(z1=hin, a1=h, z2=scores, P=probs, Y_ind=onehot, loss=loss, dz2=dscores, dW2=dW2,
                db2=db2, da1=dh, dz1=dhin, dW1=dW1, db1=db1)
"""


class Plant(NamedTuple):
    """A mistake of mistakes.md, as somebody writes it into the solution above."""

    number: int  # in mistakes.md
    id: str  # what it should be called
    quantity: str  # where it is
    old: str
    new: str
    seen_in_gradients: bool = True

    @property
    def name(self) -> str:
        first_line = (self.new.strip() or "left out").splitlines()[0]
        return f"{self.number} {self.id} in {self.quantity}: {first_line}"


def source(*plants: Plant, everything: bool = True) -> str:
    steps = STEPS
    for plant in plants:
        assert steps.count(plant.old) == 1, plant
        steps = steps.replace(plant.old, plant.new)
    return HEAD + steps + (EVERYTHING if everything else GRADIENTS)


MEAN = "dscores = (probs - onehot) / n"
DW2, DW1 = "h.T.dot(dscores)", "X.T.dot(dhin)"
DB2, DB1 = "np.sum(dscores, axis=0, keepdims=True)", "np.sum(dhin, axis=0, keepdims=True)"
SOFTMAX = "probs = e / np.sum(e, axis=1, keepdims=True)"
LOSS = "-np.sum(logp[np.arange(n), y]) / n"

PLANTS = (
    Plant(1, "no-mean", "dz2", MEAN, "dscores = probs - onehot"),
    Plant(2, "no-mean", "dW2", DW2, "h.T.dot(probs - onehot)"),
    Plant(2, "no-mean", "dW1", DW1, "n * X.T.dot(dhin)"),
    Plant(2, "no-mean", "db2", DB2, "np.sum(probs - onehot, axis=0, keepdims=True)"),
    Plant(3, "mean-twice", "dz2", MEAN, "dscores = (probs - onehot) / n**2"),
    Plant(3, "mean-twice", "dW2", DW2, "h.T.dot(dscores) / n"),
    Plant(3, "mean-twice", "dW1", DW1, "1 / n * X.T.dot(dhin)"),
    Plant(4, "mean-over-elements", "dz2", MEAN, "dscores = (probs - onehot) / probs.size"),
    Plant(4, "two-over-n", "dz2", MEAN, "dscores = 2 / n * (probs - onehot)"),
    Plant(4, "n-minus-one", "dz2", MEAN, "dscores = (probs - onehot) / (n - 1)"),
    Plant(3, "mean-twice", "da1", "dh = dscores.dot(W2.T)", "dh = dscores.dot(W2.T) / n"),
    Plant(5, "mean-for-sum", "db2", DB2, "np.mean(dscores, axis=0, keepdims=True)"),
    Plant(5, "mean-for-sum", "db1", DB1, "dhin.mean(0)[None]"),
    Plant(6, "reg-over-n", "dW2", "+ reg * W2", "+ reg / n * W2"),
    Plant(6, "reg-over-n", "dW1", "+ reg * W1", "+ W1 * reg / n"),
    Plant(6, "reg-times-n", "dW1", "+ reg * W1", "+ reg * W1 * n"),
    Plant(7, "reg-missing", "dW2", " + reg * W2", ""),
    Plant(7, "reg-missing", "dW1", " + reg * W1", ""),
    Plant(8, "reg-doubled", "dW2", "+ reg * W2", "+ 2 * reg * W2"),
    Plant(8, "reg-halved", "dW1", "+ reg * W1", "+ 0.5 * reg * W1"),
    Plant(9, "bias-regularised", "db2", DB2, f"{DB2} + reg * b2"),
    Plant(9, "bias-regularised", "db1", DB1, f"{DB1} + b1 * reg"),
    Plant(10, "sign", "dz2", MEAN, "dscores = (onehot - probs) / n"),
    Plant(10, "loss-sign", "loss", "-np.sum(logp", "np.sum(logp", False),
    Plant(10, "indicator-added", "dz2", MEAN, "dscores = (probs + onehot) / n"),
    Plant(10, "ascent", "dW2", f"dW2 = {DW2} + reg * W2", f"dW2 = -{DW2} - reg * W2"),
    Plant(11, "mask-missing", "dz1", "dh * (h > 0)", "dh"),
    Plant(11, "mask-always-true", "dz1", "(h > 0)", "(h >= 0)"),
    Plant(12, "slope-at-zero", "dz1", "(h > 0)", "(hin >= 0)"),
    Plant(13, "mask-inverted", "dz1", "(h > 0)", "(h == 0)"),
    Plant(13, "times-a1", "dz1", "(h > 0)", "h"),
    Plant(13, "leaky-slope", "dz1", "(h > 0)", "np.where(h > 0, 1, 0.01)"),
    Plant(13, "sigmoid-slope", "dz1", "(h > 0)", "h * (1 - h)"),
    Plant(14, "before-the-mask", "db1", DB1, "np.sum(dh, axis=0, keepdims=True)"),
    Plant(15, "z1-for-a1", "dW2", DW2, "hin.T.dot(dscores)"),
    Plant(16, "transposed", "dW2", f"dW2 = {DW2} + reg * W2", f"dW2 = ({DW2} + reg * W2).T"),
    Plant(16, "transposed", "dW1", f"{DW1} + reg * W1", "dhin.T.dot(X) + reg * W1.T"),
    Plant(16, "transposed", "db1", DB1, "np.sum(dhin, axis=0)[:, None]"),
    Plant(17, "wrong-axis", "db1", DB1, "np.sum(dhin, axis=1, keepdims=True)"),
    Plant(17, "wrong-axis", "db2", DB2, "dscores.sum(1)"),
    Plant(17, "summed-to-one-number", "db2", DB2, "dscores.sum()"),
    Plant(17, "summed-to-one-number", "db1", DB1, "np.full_like(b1, dhin.sum())"),
    Plant(18, "no-keepdims", "P", SOFTMAX, "probs = e / np.sum(e, axis=1)"),
    Plant(
        19,
        "softmax-over-the-batch",
        "P",
        SOFTMAX,
        "q = np.exp(scores - scores.max(axis=0)); probs = q / np.sum(q, axis=0)",
    ),
    Plant(19, "softmax-over-everything", "P", SOFTMAX, "probs = e / e.sum()"),
    Plant(20, "sum-assigned", "P", SOFTMAX, "probs = e.sum(axis=1, keepdims=True)"),
    Plant(20, "never-normalised", "P", SOFTMAX, "probs = e"),
    Plant(
        21,
        "no-shift",
        "P",
        "shifted = scores - np.max(scores, axis=1, keepdims=True)",
        "shifted = scores",
    ),
    Plant(21, "global-shift", "P", "np.max(scores, axis=1, keepdims=True)", "np.max(scores)"),
    Plant(
        22,
        "elementwise-softmax-slope",
        "dz2",
        MEAN,
        "dscores = (probs - onehot) * probs * (1 - probs) / n",
    ),
    Plant(
        22,
        "elementwise-softmax-slope",
        "dz2",
        MEAN,
        "dscores = -onehot / n / probs * probs * (1 - probs)",
    ),
    Plant(
        23,
        "labels-off-by-one",
        "Y_ind",
        "onehot[np.arange(n), y] = 1",
        "onehot[np.arange(n), y - 1] = 1",
    ),
    Plant(
        23,
        "labels-off-by-one",
        "Y_ind",
        "onehot[np.arange(n), y] = 1",
        "onehot[np.arange(n), (y + 1) % c] = 1",
    ),
    Plant(23, "no-one-hot", "dz2", MEAN, "dscores = (probs - y[:, None]) / n"),
    Plant(
        24,
        "softmax-twice",
        "P",
        SOFTMAX,
        f"{SOFTMAX}; probs = np.exp(probs) / np.exp(probs).sum(1, keepdims=True)",
    ),
    Plant(25, "p-for-log-p", "loss", LOSS, "-np.mean(probs[np.arange(n), y])", False),
    Plant(
        25,
        "p-for-log-p",
        "dz2",
        MEAN,
        "py = probs[np.arange(n), y][:, None]; dscores = py * probs - py * onehot; dscores /= n",
    ),
    Plant(
        26,
        "squared-error",
        "dz2",
        MEAN,
        "g = 2 * (probs - onehot) / n; dscores = probs * (g - (g * probs).sum(1, keepdims=True))",
    ),
    Plant(26, "squared-error-loss", "loss", LOSS, "np.sum((probs - onehot) ** 2) / n", False),
    Plant(27, "overwritten", "P", MEAN, "dscores = probs; dscores -= onehot; dscores /= n", False),
    Plant(
        27,
        "overwritten",
        "z2",
        "shifted = scores - np.max(scores, axis=1, keepdims=True)",
        "scores -= np.max(scores, axis=1, keepdims=True); shifted = scores",
        False,
    ),
    Plant(
        28, "weights-updated-first", "da1", "dscores.dot(W2.T)", "dscores.dot((W2 - 0.1 * dW2).T)"
    ),
    Plant(
        28, "weights-updated-first", "da1", "dscores.dot(W2.T)", "dscores.dot((W2 - 0.03 * dW2).T)"
    ),
    Plant(
        29,
        "log-of-p-plus-epsilon",
        "dz2",
        MEAN,
        "py = probs[np.arange(n), y][:, None]; dscores = (probs - onehot) * py / (py + 1e-8) / n",
    ),
    Plant(
        29,
        "log-of-p-plus-epsilon",
        "loss",
        LOSS,
        "-np.log(probs[np.arange(n), y] + 1e-9).sum() / n",
        False,
    ),
    Plant(29, "p-clipped", "P", SOFTMAX, f"{SOFTMAX}; probs = np.clip(probs, 1e-7, 1 - 1e-7)"),
    Plant(30, "integers", "P", SOFTMAX, f"{SOFTMAX}; probs = probs.astype(int)"),
    Plant(30, "integers", "dW1", f"{DW1} + reg * W1", f"({DW1} + reg * W1).astype(int)"),
    Plant(
        31,
        "mean-of-block-means",
        "dz2",
        MEAN,
        "k = min(3, n); blocks = np.array_split(np.arange(n), k); dscores = probs - onehot\n"
        "    for b in blocks: dscores[b] /= len(b) * k",
    ),
    Plant(
        31,
        "mean-of-block-means",
        "dz2",
        MEAN,
        "dscores = probs - onehot\n"
        "    for i in range(0, n, 64): dscores[i:i + 64] /= len(dscores[i:i + 64]) * -(-n // 64)",
    ),
)
FLOAT32 = Plant(
    32,
    "float32",
    "z1",
    "hin = X.dot(W1) + b1",
    "hin = X.astype(np.float32).dot(W1.astype(np.float32)) + b1",
)

RIGHT_SOLUTIONS = {
    "as in the notes": source(),
    "four gradients only": source(everything=False),
    "loops": HEAD
    + """\
    N, D = X.shape
    H, C = W2.shape
    dW1, db1, dW2, db2 = np.zeros((D, H)), np.zeros((1, H)), np.zeros((H, C)), np.zeros((1, C))
    for i in range(N):
        z = [sum(X[i, d] * W1[d, h] for d in range(D)) + b1[0, h] for h in range(H)]
        a = [max(v, 0.0) for v in z]
        s = [sum(a[h] * W2[h, k] for h in range(H)) + b2[0, k] for k in range(C)]
        m = max(s)
        e = [np.exp(v - m) for v in s]
        g = [(e[k] / sum(e) - (k == y[i])) / N for k in range(C)]
        for h in range(H):
            back = sum(g[k] * W2[h, k] for k in range(C)) if z[h] > 0 else 0.0
            db1[0, h] += back
            for k in range(C):
                dW2[h, k] += a[h] * g[k]
            for d in range(D):
                dW1[d, h] += X[i, d] * back
        for k in range(C):
            db2[0, k] += g[k]
    return dict(dW1=dW1 + reg * W1, db1=db1, dW2=dW2 + reg * W2, db2=db2)
""",
    "einsum": HEAD
    + """\
    z1 = np.einsum("nd,dh->nh", X, W1) + b1
    a1 = np.where(z1 > 0, z1, 0)
    z2 = np.einsum("nh,hc->nc", a1, W2) + b2
    P = np.exp(z2 - z2.max(axis=1)[:, None])
    P = np.einsum("nc,n->nc", P, 1 / P.sum(axis=1))
    dz2 = (P - np.eye(W2.shape[1])[y]) / len(X)
    dz1 = np.einsum("nc,hc->nh", dz2, W2) * np.heaviside(z1, 0)
    return dict(P=P, dz2=dz2, dz1=dz1, dW2=np.einsum("nh,nc->hc", a1, dz2) + reg * W2,
                db2=np.einsum("nc->c", dz2)[None], dW1=np.einsum("nd,nh->dh", X, dz1) + reg * W1,
                db1=np.einsum("nh->h", dz1)[None])
""",
    "masks in place": HEAD
    + """\
    z1 = X @ W1 + b1
    a1 = z1.copy()
    a1[a1 < 0] = 0
    P = np.exp((a1 @ W2 + b2) - np.amax(a1 @ W2 + b2, axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    dz2 = P.copy()
    dz2[range(len(y)), y] -= 1
    dz2 /= len(y)
    da1 = dz2 @ W2.T
    da1[a1 == 0] = 0
    return dict(z1=z1, a1=a1, P=P, dz2=dz2, dW2=a1.T @ dz2 + reg * W2, dW1=X.T @ da1 + reg * W1,
                db2=dz2.sum(0, keepdims=True), db1=da1.sum(0, keepdims=True))
""",
    "one-hot by comparison": source(
        Plant(
            0,
            "",
            "",
            "onehot = np.zeros((n, c))\n    onehot[np.arange(n), y] = 1",
            "onehot = (y[:, None] == np.arange(c))",
        )
    ),
    "biases of shape (H,)": source(
        Plant(0, "", "", DB2, "dscores.sum(axis=0)"), Plant(0, "", "", DB1, "dhin.sum(axis=0)")
    ),
    "another shift in the softmax": source(
        Plant(
            0,
            "",
            "",
            "np.max(scores, axis=1, keepdims=True)",
            "(np.max(scores, axis=1, keepdims=True) - 3)",
        )
    ),
    "softmax by log-sum-exp": source(
        Plant(
            0,
            "",
            "",
            SOFTMAX,
            "m = scores.max(1, keepdims=True)\n"
            "    lse = m + np.log(np.exp(scores - m).sum(1, keepdims=True))\n"
            "    probs = np.exp(scores - lse)",
        )
    ),
    "softmax by logaddexp": source(
        Plant(
            0,
            "",
            "",
            SOFTMAX,
            "probs = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))",
        )
    ),
    "float32 throughout": source(FLOAT32),
    "float32, and the loss from log P": source(
        FLOAT32, Plant(0, "", "", LOSS, "-np.log(probs[np.arange(n), y]).mean()")
    ),
    "Fortran order": source(
        Plant(
            0,
            "",
            "",
            "hin = X.dot(W1) + b1",
            "X, W1 = np.asfortranarray(X), np.asfortranarray(W1)\n"
            "    hin = np.asfortranarray(X.dot(W1) + b1)",
        )
    ),
    "layers as functions": """\
import numpy as np

def affine(x, w, b):
    def back(d):
        return d @ w.T, x.T @ d, d.sum(axis=0, keepdims=True)
    return x @ w + b, back

def relu(x):
    return x * (x > 0), lambda d: d * (x > 0)

def cross_entropy(s, y):
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    one = np.eye(s.shape[1])[y]
    return p, lambda: (p - one) / y.size

def backward(X, y, W1, b1, W2, b2, reg):
    z1, back1 = affine(X, W1, b1)
    a1, back_relu = relu(z1)
    z2, back2 = affine(a1, W2, b2)
    p, back_loss = cross_entropy(z2, y)
    dz2 = back_loss()
    da1, dW2, db2 = back2(dz2)
    dz1 = back_relu(da1)
    _, dW1, db1 = back1(dz1)
    return {"z1": z1, "a1": a1, "z2": z2, "P": p, "dz2": dz2, "da1": da1, "dz1": dz1,
            "dW2": dW2 + reg * W2, "db2": db2, "dW1": dW1 + reg * W1, "db1": db1}
""",
    "a class": """\
import numpy as np

class Net:
    def __init__(self, W1, b1, W2, b2, reg):
        self.W1, self.b1, self.W2, self.b2, self.reg = W1, b1, W2, b2, reg

    def forward(self, X):
        self.X, self.h = X, np.clip(X @ self.W1 + self.b1, 0, None)
        s = self.h @ self.W2 + self.b2
        e = np.exp(s - s.max(-1, keepdims=True))
        self.p = e / e.sum(-1, keepdims=True)
        return self.p

    def backward(self, y):
        d = self.p - (np.arange(self.p.shape[1]) == y.reshape(-1, 1))
        d *= 1 / y.shape[0]
        dh = np.where(self.h > 0, d @ self.W2.T, 0)
        return {"dW1": self.reg * self.W1 + self.X.T @ dh, "db1": dh.sum(0).reshape(1, -1),
                "dW2": self.reg * self.W2 + self.h.T @ d, "db2": d.sum(0).reshape(1, -1)}

def backward(X, y, W1, b1, W2, b2, reg):
    net = Net(W1, b1, W2, b2, reg)
    net.forward(X)
    return net.backward(y)
""",
    "sample by sample": HEAD
    + """\
    dW1, db1, dW2, db2 = reg * W1, 0 * b1, reg * W2, 0 * b2
    for x, k in zip(X, y):
        z1 = x @ W1 + b1[0]
        a1 = np.maximum(z1, 0)
        z2 = a1 @ W2 + b2[0]
        p = np.exp(z2 - z2.max())
        p /= p.sum()
        p[k] -= 1
        p /= len(X)
        d = (W2 @ p) * (z1 > 0)
        dW2, db2 = dW2 + np.outer(a1, p), db2 + p
        dW1, db1 = dW1 + np.outer(x, d), db1 + d
    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2)
""",
    "weights and bias in one matrix": HEAD
    + """\
    one = np.ones((len(X), 1))
    A, V1, V2 = np.hstack([X, one]), np.vstack([W1, b1]), np.vstack([W2, b2])
    h = np.hstack([np.maximum(A @ V1, 0), one])
    s = h @ V2
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(X)), y] -= 1
    g2 = h.T @ p / len(X)
    g1 = A.T @ ((p @ W2.T) * (h[:, :-1] > 0)) / len(X)
    return dict(dW1=g1[:-1] + reg * W1, db1=g1[-1:], dW2=g2[:-1] + reg * W2, db2=g2[-1:])
""",
    "loss without its penalty": source(Plant(0, "", "", "/ n + penalty", "/ n")),
    "loss from log P": source(Plant(0, "", "", LOSS, "-np.log(probs[np.arange(n), y]).mean()")),
    "reg·W² without the ½, everywhere": source(
        Plant(0, "", "", "0.5 * reg", "reg"),
        Plant(0, "", "", "+ reg * W2", "+ 2 * reg * W2"),
        Plant(0, "", "", "+ reg * W1", "+ 2 * reg * W1"),
    ),
    "arguments in another order": source().replace(
        "X, y, W1, b1, W2, b2, reg", "reg, W2, b2, W1, b1, y, X"
    ),
}
