"""Which line is told where right values are lost, left out, or taken from elsewhere."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from compare.checker.check import check_file
from compare.checker.kept import keeping
from compare.checker.report import Report
from compare.checker.seen import seen_in
from compare.checker.trace import Binding

SEED = 3

SAMPLES = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, D = X.shape
    H, kept = len(W2), []
    for x in X:
        h = np.maximum(x @ W1 + b1[0], 0)
        e = np.exp(h @ W2 + b2[0])
        kept.append((h, e / e.sum()))
    dW1 = [[0.0] * H for _ in range(D)]
    db1, dW2, db2 = np.zeros(H), np.zeros_like(W2), np.zeros_like(b2[0])
    for i in range(N):
        a, d = kept[i][0], kept[i][1] / N
        d[y[i]] -= 1 / N
        dW2 += np.outer(a, d)
        db2 += d
        g = W2 @ d
        for j in range(H):
            if a[j] <= 0:
                continue
            db1[j] += g[j]
            for k in range(D):
                dW1[k][j] += X[i][k] * g[j]
    dW2 += reg * W2
    return dict(dW1=np.array(dW1) + reg * W1, db1=db1, dW2=dW2, db2=db2)
"""

ROWS = """\
import numpy as np

def softmax(row):
    e = np.exp(row - row.max())
    return e / e.sum()

def backward(X, y, W1, b1, W2, b2, reg):
    weights, biases, zs, acts = [W1, W2], [b1, b2], [], [X]
    for W, b in zip(weights, biases):
        zs.append(acts[-1] @ W + b)
        acts.append(np.maximum(zs[-1], 0))
    P = np.apply_along_axis(softmax, 1, zs[-1])
    d = P.copy()
    i = 0
    while i < len(X):
        d[i, y[i]] -= 1
        i += 1
    d = d / len(X)
    dW2 = acts[1].T @ d + reg * W2
    db2 = d.sum(axis=0)
    d = d @ W2.T * (zs[0] > 0)
    return dict(dW1=X.T @ d + reg * W1, db1=d.sum(axis=0), dW2=dW2, db2=db2)
"""

LAYERS = """\
import numpy as np

def relu_back(d, z):
    return d * (z > 0)

def scores_back(P, y):
    g = np.zeros_like(P)
    g[np.arange(len(y)), y] = -1 / len(y)
    return g - P * g.sum(axis=1, keepdims=True)

def unshifted(s):
    top = np.exp(s)
    return top / np.exp(s).sum(axis=1, keepdims=True)

def backward(X, y, W1, b1, W2, b2, reg):
    z = X @ W1 + b1
    h = np.maximum(z, 0)
    P = unshifted(h @ W2 + b2)
    d = scores_back(P, y)
    grads = {}
    grads["dW2"], grads["db2"] = h.T @ d + reg * W2, d.sum(axis=0, keepdims=True)
    d = d @ W2.T
    d = relu_back(d, z)
    for term in (X.T @ d, reg * W1):
        grads["dW1"] = grads.get("dW1", 0) + term
    grads["db1"] = d.sum(axis=0, keepdims=True)
    return grads
"""

BLOCKS = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, size = len(X), 16
    dW1, db1, dW2, db2 = (0 * v for v in (W1, b1, W2, b2))
    for start in range(0, N, size):
        labels = y[start : start + size]
        xs = X[start : start + size]
        h = np.maximum(xs @ W1 + b1, 0)
        s = h @ W2 + b2
        p = np.exp(s - s.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(xs)), labels] -= 1
        dW2 += h.T @ p / N
        db2 += p.sum(axis=0) / N
        g = p @ W2.T * (h > 0) / N
        dW1 += xs.T @ g
        db1 += g.sum(axis=0)
    return dict(dW1=dW1 + reg * W1, db1=db1, dW2=dW2 + reg * W2, db2=db2)
"""


class Changed(NamedTuple):
    text: str
    right: str
    wrong: str
    line: int
    quantity: str


RETURN = "    dW2 += reg * W2\n    return dict("
WHOLE = "    m = np.eye(P.shape[1], dtype=int)[y]\n    m[:] = P - m\n    d = m / len(y)"
CASES = {
    "what an earlier loop left": Changed(SAMPLES, "outer(a, d)", "outer(h, d)", 15, "dW2"),
    "another sample in a sum": Changed(SAMPLES, "X[i][k] *", "X[k][k] *", 23, "dW1"),
    "a return in the loop": Changed(SAMPLES, RETURN, RETURN.replace("    ", 8 * " "), 25, "dW2"),
    "a break for continue": Changed(SAMPLES, "continue", "break", 20, "dW1"),
    "rows that are one list": Changed(SAMPLES, " for _ in range(D)]", "] * D", 10, "dW1"),
    "a loop that ends too early": Changed(SAMPLES, "range(N)", "range(N - 1)", 12, "dz2"),
    "rows that are not reached": Changed(ROWS, "i < len(X)", "i < len(X) - 1", 15, "dz2"),
    "columns for rows": Changed(ROWS, "softmax, 1", "softmax, 0", 12, "P"),
    "a value that a loop made too much": Changed(ROWS, "1, zs[-1]", "1, acts[-1]", 12, "P"),
    "a result that is not kept": Changed(LAYERS, "d = relu_back", "relu_back", 23, "dz1"),
    "a sum along no axis": Changed(LAYERS, "g.sum(axis=1, keepdims=True)", "g.sum()", 9, "dz2"),
    "a sum of shifted scores": Changed(LAYERS, "/ np.exp(s)", "/ np.exp(s - s.max())", 13, "P"),
    "two names in the other order": Changed(
        LAYERS, 'grads["dW2"], grads["db2"] =', 'grads["db2"], grads["dW2"] =', 21, "dW2"
    ),
    "a term written over": Changed(LAYERS, 'grads.get("dW1", 0) + term', "term", 25, "dW1"),
    "fractions cut off": Changed(LAYERS, "    d = scores_back(P, y)", WHOLE, 20, "dz2"),
    "labels of other samples": Changed(
        BLOCKS, "y[start : start + size]", "y[: min(size, N - start)]", 7, "dW2"
    ),
    "a block left out": Changed(BLOCKS, "(0, N, size)", "(0, N - size, size)", 6, "dz2"),
}


def checked(text: str, folder: Path) -> Report:
    file = folder / "backward.py"
    file.write_text(text, encoding="utf-8")
    return check_file(file, seed=SEED, search=0.5)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "text", [SAMPLES, ROWS, LAYERS, BLOCKS], ids=["samples", "rows", "layers", "blocks"]
)
def test_the_files_are_right_before_anything_is_changed(text: str, tmp_path: Path):
    assert checked(text, tmp_path).right


@pytest.mark.sampled(4)
@pytest.mark.parametrize("changed", CASES.values(), ids=CASES)
def test_the_line_that_was_changed_is_told(changed: Changed, tmp_path: Path):
    assert changed.text.count(changed.right) == 1
    text = changed.text.replace(changed.right, changed.wrong)
    first, *_ = checked(text, tmp_path).mistakes
    assert (first.quantity, first.line) == (changed.quantity, changed.line)


# Where no one line can be shown.

THREADS = """\
from concurrent.futures import ThreadPoolExecutor
import numpy as np

def part(X, y, W1, b1, W2, b2):
    h = np.maximum(X @ W1 + b1, 0)
    p = np.exp(h @ W2 + b2)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    g = p @ W2.T * h
    return X.T @ g, g.sum(axis=0), h.T @ p, p.sum(axis=0)

def backward(X, y, W1, b1, W2, b2, reg):
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(part, X, y, W1, b1, W2, b2).result()
    dW1, db1, dW2, db2 = (term / len(X) for term in made)
    return dict(dW1=dW1 + reg * W1, db1=db1, dW2=dW2 + reg * W2, db2=db2)
"""


def test_no_line_is_told_where_a_thread_may_have_the_mistake(tmp_path: Path):
    first, *_ = checked(THREADS, tmp_path).mistakes
    assert (first.quantity, first.line) == ("dz1", None)


def test_what_the_memory_held_before_is_no_value_of_the_code():
    sources = ["act = np.empty((2, 2))", "act = np.zeros((2, 2))"]
    bindings = [Binding(line, text, "act", np.ones((2, 2)), 0) for line, text in enumerate(sources)]
    assert [seen.order for seen in seen_in(bindings)] == [1]


# What is kept from one call for the next.

KEEPING = {
    "a default argument": ("def f(x, grads={}):\n    grads[x] = 1\n", 2),
    "a name of the module": ("grads = {}\ndef f(x):\n    y = x\n    grads[x] = y\n", 4),
    "a list of the module": ("calls = []\ndef f(x):\n    calls.append(x)\n", 3),
    "a global": ("n = 0\ndef f(x):\n    global n\n    n += 1\n", 4),
    "a dict of its own": ("grads = {}\ndef f(x):\n    grads = {}\n    grads[x] = 1\n", None),
    "an argument": ("def f(x, grads):\n    grads[x] = 1\n", None),
    "one of two": ("a, b = {}, {}\ndef f(x):\n    a[x] = 1\n    b[x] = 1\n", None),
    "an object, perhaps": (
        "class A:\n    pass\nnet, calls = A(), []\ndef f(x):\n    calls.append(x)\n",
        None,
    ),
    "nothing": ("def f(x):\n    return x\n", None),
    "no Python": ("def f(x:\n", None),
}


@pytest.mark.parametrize("case", KEEPING)
def test_the_one_statement_that_can_keep_something_for_the_next_call(case: str):
    text, line = KEEPING[case]
    found = keeping(text)
    assert (found.line if found else None) == line


def test_the_line_that_keeps_something_is_told(tmp_path: Path):
    text = BLOCKS.replace("b2, reg)", "b2, reg, kept=[])")
    text = text.replace(
        "    return dict(", "    kept.append(dW2)\n    dW2 = sum(kept)\n    return dict("
    )
    found = [f for f in checked(text, tmp_path).mistakes if f.id == "second-call-differs"]
    assert [(f.quantity, f.line, f.source) for f in found] == [("dW2", 19, "kept.append(dW2)")]
