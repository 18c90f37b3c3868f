"""Which value of a learner's code is taken for a quantity, and which is not."""

from pathlib import Path

import pytest

from compare.checker.check import check_file
from compare.checker.report import Report

SEED = 1

STEPS = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    h = np.maximum(X @ W1 + b1, 0)
    s = h @ W2 + b2
    E = np.exp(s - s.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    d = P.copy()
    d[np.arange(N), y] -= 1
    d /= N
    dW2 = h.T @ d + reg * W2
    db2 = d.sum(axis=0)
    d = d @ W2.T * (h > 0)
    dW1 = X.T @ d + reg * W1
    db1 = d.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
HELPER = STEPS.replace("def backward(X,", "def gradients(h, X,") + (
    "\ndef backward(X, y, W1, b1, W2, b2, reg):\n"
    "    return gradients(W1.shape[1], X, y, W1, b1, W2, b2, reg)\n"
)
LOOP = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = len(X)
    dW1, db1 = np.zeros(W1.shape), np.zeros(W1.shape[1])
    dW2, db2 = np.zeros(W2.shape), np.zeros(W2.shape[1])
    hidden, scores = [], []
    for x in X:
        h = np.maximum(x @ W1 + b1.ravel(), 0)
        hidden.append(h)
        scores.append(h @ W2 + b2.ravel())
    for i in range(N):
        d = np.exp(scores[i] - scores[i].max())
        d /= d.sum()
        d[y[i]] -= 1
        d /= N
        dW2 += np.outer(hidden[i], d)
        db2 += d
        d = W2 @ d
        d[hidden[i] == 0] = 0
        dW1 += np.outer(X[i], d)
        db1 += d
    return {"dW1": dW1 + reg * W1, "db1": db1, "dW2": dW2 + reg * W2, "db2": db2}
"""
BLOCKS = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    dW1, db1 = np.zeros_like(W1), np.zeros_like(b1)
    dW2, db2 = np.zeros_like(W2), np.zeros_like(b2)
    for start in range(0, N, 16):
        xb, yb = X[start:start + 16], y[start:start + 16]
        h = np.maximum(xb @ W1 + b1, 0)
        s = h @ W2 + b2
        d = np.exp(s - s.max(axis=1, keepdims=True))
        d /= d.sum(axis=1, keepdims=True)
        d[np.arange(len(yb)), yb] -= 1
        dW2 += h.T @ d
        db2 += d.sum(axis=0)
        d = d @ W2.T * (h > 0)
        dW1 += xb.T @ d
        db1 += d.sum(axis=0)
    dW1 = dW1 / N + reg * W1
    dW2 = dW2 / N + reg * W2
    db1 /= N
    db2 /= N
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
ALL, NOTHING, WHOLE = (
    ("d @ W2.T * (h > 0)", "d @ W2.T * (h >= 0)"),
    ("d @ W2.T * (h > 0)", "d @ W2.T * (h < 0)"),
    ("range(0, N, 16)", "range(0, N - 16, 16)"),
)
# Gradients alone are returned; what is wrong then, and nothing else is.
CASES = {
    "a number had the name before": (STEPS, ("N = X.shape[0]", "h = 0.5; N = len(X)"), ALL, "dz1"),
    "a size had the name before": (STEPS, ("N = X.shape[0]", "N, h = len(X), len(b2)"), ALL, "dz1"),
    "a size was an argument of that name": (HELPER, ALL, "dz1"),
    "sums of nothing": (STEPS, NOTHING, "dz1"),
    "sums of nothing, on a batch of few samples": (BLOCKS, WHOLE, "dz2"),
    "partial sums": (LOOP, ("d[hidden[i] == 0]", "d[h == 0]"), "dz1"),
}  # fmt: skip


def edited(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def checked(text: str, folder: Path, seed: int = SEED) -> Report:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return check_file(path, seed=seed, search=0.2)


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_quantity_is_not_taken_for_one(case: str, tmp_path: Path):
    text, *edits, wrong = CASES[case]
    report = checked(edited(text, *edits), tmp_path)
    accused = {judged.name for judged in report.quantities if judged.verdict == "wrong"}
    assert accused | {mistake.quantity for mistake in report.mistakes} == {wrong}, str(report)


# With the textbooks' error, target - output, whose sign is swapped at the end.
ERROR = edited(
    STEPS,
    ("d = P.copy()", "d = -P"),
    ("d[np.arange(N), y] -= 1", "d[np.arange(N), y] += 1"),
    ("dW2 = h.T @ d + reg * W2", "dW2 = reg * W2 - h.T @ d"),
    ("dW1 = X.T @ d + reg * W1", "dW1 = reg * W1 - X.T @ d"),
    ("db2 = d.sum(axis=0)", "up2 = d.sum(axis=0)"),
    ("db1 = d.sum(axis=0)", "up1 = d.sum(axis=0)"),
    ('"db1": db1', '"db1": -up1'),
    ('"db2": db2', '"db2": -up2'),
)
# The line that is wrong; the quantity is the one that the notes have.
SWAPPED = {
    "the mask": (("(h > 0)", "(h <= 0)"), "d = d @ W2.T * (h <= 0)", "dz1"),
    "a mean": (("up2 = d.sum(", "up2 = d.mean("), "up2 = d.mean(axis=0)", "db2"),
    "the penalty": (("reg * W2 -", "-reg * W2 -"), "dW2 = -reg * W2 - h.T @ d", "dW2"),
    "the sign at the end": (("reg * W1 -", "reg * W1 +"), "dW1 = reg * W1 + X.T @ d", "dW1"),
}


def test_the_swapped_error_is_right(tmp_path: Path):
    assert checked(ERROR, tmp_path).right


@pytest.mark.parametrize("case", SWAPPED)
def test_a_mistake_beside_a_swapped_error_is_not_placed_at_the_error(case: str, tmp_path: Path):
    edit, line, wrong = SWAPPED[case]
    report = checked(edited(ERROR, edit), tmp_path)
    assert [(m.quantity, m.source) for m in report.mistakes] == [(wrong, line)], str(report)


@pytest.mark.parametrize("seed", [1, 3])
def test_float32_on_the_way_is_a_remark_at_its_line_on_whatever_batches(seed: int, tmp_path: Path):
    """What is returned is float64 again."""
    narrow = edited(STEPS, ("d = P.copy()", "d = P.astype(np.float32)\n    d = d.astype(float)"))
    report = checked(narrow, tmp_path, seed)
    (remark,) = (f for f in report.findings if f.id == "float32")
    assert report.right
    assert remark.source == "d = P.astype(np.float32)"


BUFFERS = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    z1 = np.empty((len(X), W1.shape[1]))
    np.matmul(X, W1, out=z1)
    z1 += b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    z2 -= z2.max(axis=1, keepdims=True)
    P = np.exp(z2)
    P /= P.sum(axis=1, keepdims=True)
    P[np.arange(len(X)), y] -= 1
    P /= len(X)
    da1 = P @ W2.T
    da1[z1 <= 0] = 0
    return {
        "dW2": a1.T @ P + reg * W2,
        "db2": P.sum(axis=0, keepdims=True),
        "dW1": X.T @ da1 + reg * W1,
        "db1": da1.sum(axis=0, keepdims=True),
    }
"""


def test_what_an_empty_array_holds_is_not_read(tmp_path: Path):
    """It may be what the last call left there."""
    report = checked(BUFFERS, tmp_path)
    assert {q.name: q.line for q in report.quantities}["dz1"] == 15


# What stands in another quantity's place, for one line alone.
INSTEAD = {
    "the 1 taken off twice, of a copy": (
        ("d[np.arange(N), y] -= 1", "d[np.arange(N), y] -= 2"),
        "yours is (P - Y_ind - Y_ind) / N",
    ),
    "tanh on the way to the ReLU": (
        ("np.maximum(X @ W1 + b1, 0)", "np.maximum(np.tanh(X @ W1 + b1), 0)"),
        "yours is np.maximum(np.tanh(z1), 0)",
    ),
}


@pytest.mark.parametrize("case", INSTEAD)
def test_what_stands_in_another_quantitys_place_is_told_in_one_line(case: str, tmp_path: Path):
    edit, title = INSTEAD[case]
    text = edited(STEPS, ("h = np", "z = X @ W1 + b1\n    h = np"), edit)
    assert [mistake.title for mistake in checked(text, tmp_path).mistakes] == [title]


@pytest.mark.parametrize("loss", ["", "loss = -np.log(P[np.arange(N), y]).mean()"])
def test_a_wrong_one_hot_is_told_there_though_the_loss_is_made_without_it(
    loss: str, tmp_path: Path
):
    """The right loss does not follow from it, and is no sign against it."""
    penalty = "0.5 * reg * ((W1**2).sum() + (W2**2).sum())"
    one_hot = "Y = np.zeros_like(P)\n    Y[np.arange(N), y] = 2\n    d = P - Y"
    text = edited(STEPS, ("d = P.copy()\n    d[np.arange(N), y] -= 1", one_hot))
    if loss:
        text = edited(text, ("d /= N", f"{loss} + {penalty}\n    d /= N"), ("{", '{"loss": loss, '))
    (mistake,) = checked(text, tmp_path).mistakes
    assert (mistake.quantity, mistake.source) == ("Y_ind", "Y[np.arange(N), y] = 2")
