"""Right files in eleven more styles that return the gradients alone, and mistakes in them."""

from typing import NamedTuple


class Case(NamedTuple):
    style: str
    right: str  # stands once in the file
    wrong: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.style}, line {self.line}"


RIGHT = {
    "generators": """\
import numpy as np

def layers(X, params):
    a = X
    for k, (W, b) in enumerate(params):
        z = a @ W + b
        yield a, z
        a = np.maximum(z, 0)

def backs(delta, tape, params, reg):
    for (a, z), (W, b) in zip(reversed(tape), reversed(params)):
        yield a.T @ delta + reg * W, delta.sum(axis=0)
        back = delta @ W.T
        delta = back * (a > 0)

def backward(X, y, W1, b1, W2, b2, reg):
    params = [(W1, b1), (W2, b2)]
    tape = list(layers(X, params))
    scores = tape[-1][1]
    scores = scores - scores.max(axis=1, keepdims=True)
    P = np.exp(scores)
    P /= P.sum(axis=1, keepdims=True)
    P[np.arange(len(y)), y] -= 1
    (dW2, db2), (dW1, db1) = backs(P / len(y), tape, params, reg)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
    "decorators": """\
import functools
import numpy as np

def keeps(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        result = f(*args, **kwargs)
        inner.last = args, result
        return result
    return inner

@keeps
def hidden(X, W, b):
    return np.where(X @ W + b > 0, X @ W + b, 0)

@keeps
def scores(h, W, b):
    return h @ W + b

@keeps
def probabilities(s):
    e = np.exp(s - s.max(axis=1)[:, None])
    return e / e.sum(axis=1)[:, None]

def backward(X, y, W1, b1, W2, b2, reg):
    probabilities(scores(hidden(X, W1, b1), W2, b2))
    _, p = probabilities.last
    _, h = hidden.last
    t = np.zeros_like(p)
    t[np.arange(len(y)), y] = 1
    d = (p - t) / len(y)
    gW2 = h.T @ d + reg * W2
    gb2 = d.sum(0)
    dh = d @ W2.T
    dh[h <= 0] = 0
    gW1 = X.T @ dh + reg * W1
    gb1 = dh.sum(0)
    return {"dW1": gW1, "db1": gb1, "dW2": gW2, "db2": gb2}
""",
    "reduce": """\
from functools import reduce
import numpy as np

relu = lambda z: np.maximum(z, 0)
identity = lambda z: z
slope = lambda a: (a > 0) * 1.0

def backward(X, y, W1, b1, W2, b2, reg):
    layers = [(W1, b1, relu), (W2, b2, identity)]
    outputs = reduce(lambda found, l: found + [l[2](found[-1] @ l[0] + l[1])], layers, [X])
    X, A, S = outputs
    E = np.exp(S - np.max(S, axis=1, keepdims=True))
    P = E / np.sum(E, axis=1, keepdims=True)
    G = (P - np.eye(P.shape[1])[y]) / P.shape[0]
    def step(found, layer):
        (W, b, _), a = layer
        g, grads = found
        grads = [a.T @ g + reg * W, g.sum(axis=0)] + grads
        return (g @ W.T) * slope(a), grads
    _, (dW1, db1, dW2, db2) = reduce(step, zip(layers[::-1], [A, X]), (G, []))
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
    "walrus": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    h = np.maximum(0, (z := X @ W1 + b1))
    if (n := len(X)) == 0:
        raise ValueError("no samples")
    p = (e := np.exp((s := h @ W2 + b2) - s.max(1, keepdims=True))) / e.sum(1, keepdims=True)
    g2 = h.T @ (d := (p - (y[:, None] == np.arange(p.shape[1]))) / n) + reg * W2
    g1 = X.T @ (d1 := (d @ W2.T) * (z > 0)) + reg * W1
    return {"dW1": g1, "db1": d1.sum(0), "dW2": g2, "db2": d.sum(0)}
""",
    "lambdas": """\
import numpy as np

affine = lambda W, b: (lambda x: x @ W + b, lambda x, d: (d @ W.T, x.T @ d, d.sum(0)))
rectify = (lambda x: x * (x > 0), lambda x, d: d * (x > 0))
softmax = lambda s: (lambda e: e / e.sum(1, keepdims=True))(np.exp(s - s.max(1, keepdims=True)))

def backward(X, y, W1, b1, W2, b2, reg):
    f1, g1 = affine(W1, b1)
    f2, g2 = affine(W2, b2)
    r, rg = rectify
    z = f1(X)
    h = r(z)
    p = softmax(f2(h))
    d = (p - np.eye(p.shape[1])[y]) / len(y)
    d, dW2, db2 = g2(h, d)
    _, dW1, db1 = g1(X, rg(z, d))
    return {"dW1": dW1 + reg * W1, "db1": db1, "dW2": dW2 + reg * W2, "db2": db2}
""",
    "closures": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    grads = {}

    def affine(x, W, b, name):
        def back(d):
            grads["dW" + name] = x.T @ d + reg * W
            grads["db" + name] = d.sum(axis=0)
            return d @ W.T
        return x @ W + b, back

    def relu(x):
        def back(d):
            return np.where(x > 0, d, 0)
        return np.maximum(x, 0), back

    def loss(s):
        e = np.exp(s - s.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        def back():
            t = np.eye(p.shape[1])[y]
            return (p - t) / len(p)
        return back

    z, back1 = affine(X, W1, b1, "1")
    a, backr = relu(z)
    s, back2 = affine(a, W2, b2, "2")
    last = loss(s)
    back1(backr(back2(last())))
    return grads
""",
    "after use": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    forward = run_forward(X, W1, b1, W2, b2)
    d = output_gradient(forward["p"], y)
    dW2, db2 = gradients_of(forward["a"], d, W2, reg)
    d = through_relu(through_weights(d, W2), forward["z"])
    dW1, db1 = gradients_of(X, d, W1, reg)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}

def run_forward(X, W1, b1, W2, b2):
    z = X.dot(W1) + b1
    a = relu(z)
    return {"z": z, "a": a, "p": softmax(a.dot(W2) + b2)}

def relu(x):
    return x.clip(0)

def softmax(x):
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)

def output_gradient(p, y):
    d = p.copy()
    d[np.arange(len(y)), y] -= 1
    return d / len(y)

def gradients_of(x, d, W, reg):
    return x.T.dot(d) + reg * W, d.sum(axis=0)

def through_weights(d, W):
    return d.dot(W.T)

def through_relu(d, z):
    return d * (z > 0)
""",
    "recursion": '''\
import numpy as np

def solve(x, layers, y, reg):
    """Gradient with respect to x, and those of the layers, innermost first."""
    if not layers:
        e = np.exp(x - x.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        p[range(len(y)), y] -= 1
        return p / len(y), []
    (W, b), *rest = layers
    z = x @ W + b
    a = np.maximum(z, 0) if rest else z
    d, grads = solve(a, rest, y, reg)
    d = d * (z > 0) if rest else d
    return d @ W.T, [(x.T @ d + reg * W, d.sum(axis=0))] + grads

def backward(X, y, W1, b1, W2, b2, reg):
    _, ((dW1, db1), (dW2, db2)) = solve(X, [(W1, b1), (W2, b2)], y, reg)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
''',
    "tuples at once": """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, C = len(X), W2.shape[1]
    z1, Y = X @ W1 + b1, np.eye(C)[y]
    a1, mask = np.maximum(z1, 0), z1 > 0
    z2 = a1 @ W2 + b2
    E = np.exp(z2 - z2.max(axis=1, keepdims=True))
    P, rows = E / E.sum(axis=1, keepdims=True), np.arange(N)
    G2, G1 = (P - Y) / N, None
    G1 = G2 @ W2.T * mask
    dW2, dW1 = a1.T @ G2 + reg * W2, X.T @ G1 + reg * W1
    db2, db1 = G2.sum(axis=0), G1.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
    "blocks": """\
import numpy as np

def one_block(X, y, W1, b1, W2, b2):
    a = np.maximum(X @ W1 + b1, 0)
    s = a @ W2 + b2
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    d = p @ W2.T * (a > 0)
    return X.T @ d, d.sum(axis=0), a.T @ p, p.sum(axis=0)

def backward(X, y, W1, b1, W2, b2, reg):
    total = None
    for at in range(0, len(X), 5):
        part = one_block(X[at:at + 5], y[at:at + 5], W1, b1, W2, b2)
        total = part if total is None else [t + p for t, p in zip(total, part)]
    dW1, db1, dW2, db2 = (t / len(X) for t in total)
    return {"dW1": dW1 + reg * W1, "db1": db1, "dW2": dW2 + reg * W2, "db2": db2}
""",
    "subclass": """\
import numpy as np

class Layer:
    def __call__(self, x):
        self.x = x
        self.y = self.f(x)
        return self.y

class Linear(Layer):
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def f(self, x):
        return np.dot(x, self.W) + self.b

    def pull(self, d):
        self.gW = np.dot(self.x.T, d)
        self.gb = np.sum(d, axis=0)
        return np.dot(d, self.W.T)

class ReLU(Layer):
    def f(self, x):
        return np.maximum(x, 0)

    def pull(self, d):
        return d * (self.y > 0)

class Softmax(Layer):
    def f(self, x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def pull(self, y):
        return (self.y - np.eye(self.y.shape[1])[y]) / len(y)

def backward(X, y, W1, b1, W2, b2, reg):
    layers = Linear(W1, b1), ReLU(), Linear(W2, b2), Softmax()
    for layer in layers:
        X = layer(X)
    d = y
    for layer in layers[::-1]:
        d = layer.pull(d)
    one, _, two, _ = layers
    one.gW += reg * W1
    two.gW += reg * W2
    return {"dW1": one.gW, "db1": one.gb, "dW2": two.gW, "db2": two.gb}
""",
}

CASES = (
    Case("generators", "a = np.maximum(z, 0)", "a = np.tanh(z)", 8),
    Case("generators", "delta = back * (a > 0)", "delta = back * (a >= 0)", 14),
    Case("generators", "back = delta @ W.T", "back = delta @ W.T / len(a)", 13),
    Case("decorators", "return h @ W + b", "return h @ W", 18),
    Case("decorators", "return e / e.sum(axis=1)[:, None]", "return e / e.sum()", 23),
    Case("decorators", "dh[h <= 0] = 0", "dh[dh <= 0] = 0", 35),
    Case("reduce", "np.maximum(z, 0)", "np.maximum(z, -1)", 4),
    Case("reduce", "* slope(a), grads", "* slope(g @ W.T), grads", 19),
    Case("reduce", "g.sum(axis=0)] + grads", "g.mean(axis=0)] + grads", 18),
    Case("walrus", "np.maximum(0, (z", "np.maximum(1, (z", 4),
    Case("walrus", "/ n) + reg", "* n) + reg", 8),
    Case("walrus", '"db1": d1.sum(0)', '"db1": d1.sum()', 10),
    Case("lambdas", "lambda x, d: d * (x > 0))", "lambda x, d: d * x)", 4),
    Case("lambdas", "g1(X, rg(z, d))", "g1(X, rg(d, d))", 16),
    Case("lambdas", "f2(h))", "f2(z))", 13),
    Case("closures", "return np.where(x > 0, d, 0)", "return np.where(d > 0, d, 0)", 15),
    Case("closures", "return (p - t) / len(p)", "return (p - t) / p.size", 23),
    Case("closures", "back1(backr(back2(last())))", "back1(back2(last()))", 30),
    Case("closures", 'grads["db" + name] = d.sum(axis=0)', 'grads["db" + name] = d[0]', 9),
    Case("after use", "return d * (z > 0)", "return d * (d > 0)", 35),
    Case("after use", 'forward["z"])', 'forward["p"].dot(W2.T))', 7),
    Case("after use", "gradients_of(X, d, W1, reg)", "gradients_of(X, d, W1, 0)", 8),
    Case(
        "after use",
        'through_relu(through_weights(d, W2), forward["z"])',
        "through_weights(d, W2)",
        7,
    ),
    Case("recursion", "np.maximum(z, 0) if rest else z", "np.maximum(z, 0)", 12),
    Case("recursion", "d = d * (z > 0) if rest else d", "d = d * (z > 1) if rest else d", 14),
    Case("recursion", "x.T @ d + reg * W, d.sum", "x.T @ d + reg * W * W, d.sum", 15),
    Case("tuples at once", "np.maximum(z1, 0), z1 > 0", "np.maximum(z1, 0), z1 < 0", 6),
    Case("tuples at once", "G1 = G2 @ W2.T * mask", "G1 = G2 @ W2.T", 11),
    Case("tuples at once", "G2.sum(axis=0), G1", "G2.mean(axis=0), G1", 13),
    Case("blocks", "d = p @ W2.T * (a > 0)", "d = p @ W2.T * a", 9),
    Case("blocks", "range(0, len(X), 5)", "range(0, len(X), 6)", 14),
    Case("subclass", "return d * (self.y > 0)", "return d * (self.y >= 0)", 27),
    Case("subclass", "two.gW += reg * W2", "two.gW = reg * W2", 46),
    Case("subclass", "return np.dot(d, self.W.T)", "return np.dot(d, self.W.T) ** 2", 20),
)
