"""A file that raises: what it had computed is judged, and the line told, shapes and all."""

from pathlib import Path
from typing import NamedTuple

import pytest

from compare.checker.check import check_file
from compare.checker.report import Report

SEED = 3
HEAD = "import numpy as np\n\n\ndef backward(X, y, W1, b1, W2, b2, reg):\n    N = len(X)\n"
FORWARD = """\
    z1 = X @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    E = np.exp(z2 - z2.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    Y = np.eye(W2.shape[1])[y]
"""
WRONG_SHAPE = "    da1 = dz2 @ W2\n"


class Raises(NamedTuple):
    body: str  # from line 6 on
    right: str  # quantities
    wrong: str = ""
    inherited: str = ""
    told: str = ""  # what is said of the wrong one
    says: str = ""  # and of the exception


CASES = {
    "all before it is right": Raises(
        FORWARD + "    dz2 = (P - Y) / N\n" + WRONG_SHAPE,
        "z1 a1 z2 P Y_ind dz2",
        says="line 13: dz2 is 200 × 3, W2 is 10 × 3",
    ),
    "a wrong line before it, from which the next one follows": Raises(
        FORWARD + "    dz2 = P - Y\n    db2 = dz2.sum(axis=0)\n" + WRONG_SHAPE,
        "z1 a1 z2 P Y_ind",
        "dz2",
        "db2",
        "the 1/N is missing",
        "the notes have next: da1 = dz2 @ W2.T",
    ),
    "a wrong line that no catalogue has": Raises(
        "    z1 = X @ W1 - b1\n    a1 = np.maximum(z1, 0)\n    return a1 @ b2\n",
        "",
        "z1",
        "a1",
        "yours is X @ W1 - b1",
    ),
    "a wrong line that nothing follows from: nothing is said of it": Raises(
        FORWARD + "    dz2 = P - Y\n" + WRONG_SHAPE,
        "z1 a1 z2 P Y_ind",
    ),
    "the line that raises is the first": Raises(
        "    z1 = X @ W1.T + b1\n", "", says="the notes have next: z1 = X @ W1 + b1"
    ),
    "in a helper": Raises(
        "    def layer(x, w, b):\n        return x @ w + b\n"
        "    a1 = np.maximum(layer(X, W1, b1), 0)\n    return layer(a1, W2.T, b2)\n",
        "z1 a1",
        says="line 7: x is 200 × 10, w is 3 × 10",
    ),
    "in a loop": Raises(
        "    for x in X:\n        z1 = x @ W1 + b1[0]\n        a1 = np.maximum(z1, 0)\n"
        "    return a1 @ b2\n",
        "z1 a1",
        says="at line 9: return a1 @ b2",
    ),
    "a matrix of another size": Raises(
        FORWARD.replace("np.eye(W2.shape[1])", "np.eye(12)") + "    dz2 = (P - Y) / N\n",
        "z1 a1 z2 P",
        "Y_ind",
        told="another size than the batch and the weights have",
        says="line 12: P is 200 × 3, Y is 200 × 12",
    ),
}


def checked(tmp_path: Path, body: str) -> Report:
    file = tmp_path / "backward.py"
    file.write_text(HEAD + body, encoding="utf-8")
    return check_file(file, seed=SEED, search=0.5)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", CASES)
def test_what_a_file_had_computed_when_it_raised_is_judged(case: str, tmp_path: Path):
    raises = CASES[case]
    report = checked(tmp_path, raises.body)
    words = {q.name: q.verdict for q in report.quantities}
    for word in ("right", "wrong", "inherited"):
        assert [q for q in words if words[q] == word] == getattr(raises, word).split(), word
    assert [f.quantity for f in report.mistakes] == raises.wrong.split()
    assert raises.told in str(report)
    assert raises.says in str(report)
    assert not report.right


def test_code_that_raises_on_some_batches_alone_is_judged_by_the_others(tmp_path: Path):
    body = (
        FORWARD
        + "    assert N > 1\n    dz2 = P - Y\n"
        + (
            "    dz1 = dz2 @ W2.T * (a1 > 0)\n"
            "    return {'dW1': X.T @ dz1 + reg * W1, 'db1': dz1.sum(axis=0, keepdims=True),\n"
            "            'dW2': a1.T @ dz2 + reg * W2, 'db2': dz2.sum(axis=0, keepdims=True)}\n"
        )
    )
    report = checked(tmp_path, body)
    assert [(f.quantity, f.id, f.line) for f in report.mistakes] == [("dz2", "no-mean", 13)]
    assert "AssertionError" in report.error
    assert "one sample" in report.error
