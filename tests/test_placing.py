"""Which line is told: by the flow of values through a learner's statements."""

import json
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from compare.checker.check import check_file
from compare.checker.grades import report_data
from compare.checker.html import report_html, report_page
from compare.checker.moving import only_moves
from compare.checker.report import Report
from compare.checker.scopes import UnknownError, reached
from tests.learners_files import third

SEED = 3

# A right pass, in steps of one line each; every case changes one.
RIGHT = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    n, rows = len(X), np.arange(len(X))
    z = X @ W1 + b1
    h = np.maximum(z, 0)
    s = h @ W2 + b2
    s = s - s.max(axis=1, keepdims=True)
    lse = np.log(np.exp(s).sum(axis=1, keepdims=True))
    logp = s - lse
    loss = -np.mean(logp[rows, y])
    loss += 0.5 * reg * (W1 * W1).sum()
    loss += 0.5 * reg * (W2 * W2).sum()
    d = np.exp(logp)
    d[rows, y] -= 1
    d /= n
    dW2 = h.T @ d + reg * W2
    db2 = d.sum(axis=0, keepdims=True)
    g = d @ W2.T
    dh = g.copy()
    dh[z <= 0] = 0
    dW1 = X.T @ dh + reg * W1
    db1 = dh.sum(axis=0, keepdims=True)
    return dict(loss=loss, dW1=dW1, db1=db1, dW2=dW2, db2=db2)
"""


class Changed(NamedTuple):
    right: str
    wrong: str
    line: int
    quantity: str


CASES = {
    "a line of its own": Changed("d /= n", "d /= n * n", 16, "dz2"),
    "a step that `pass` stands for": Changed("d /= n", "pass", 16, "dz2"),
    "a result that is thrown away": Changed("d /= n", "d / n", 16, "dz2"),
    "an assignment that changes nothing": Changed("dh[z <= 0] = 0", "dh[h < 0] = 0", 21, "dz1"),
    "a right value in the wrong place": Changed("d = np.exp(logp)", "d = logp.copy()", 14, "P"),
    "a value under another name": Changed("dh[z <= 0] = 0", "dh = dh", 21, "dz1"),
    "a part that no line of the notes has": Changed(
        "np.exp(s).sum(axis=1", "np.exp(s / 2).sum(axis=1", 9, "P"
    ),
    "one term of a sum": Changed("(W1 * W1).sum()", "(W1 * W1 * W1).sum()", 12, "loss"),
    "what is returned is not what was computed": Changed("db1=db1", "db1=b1", 24, "db1"),
}

HELPERS = """\
import numpy as np

def layer(x, w, b):
    return x @ w + b

def layer_back(up, x, w, reg):
    return up @ w.T, x.T @ up + reg * w, up.sum(axis=0)

def relu(v):
    return np.maximum(v, 0)

def backward(X, y, W1, b1, W2, b2, reg):
    z = layer(X, W1, b1)
    h = relu(z)
    s = layer(h, W2, b2)
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    d = (p - np.eye(len(b2.T))[y]) / len(X)
    dh, dW2, db2 = layer_back(d, h, W2, reg)
    dz = dh * (z > 0)
    _, dW1, db1 = layer_back(dz, X, W1, reg)
    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2)
"""
IN_HELPERS = {
    "in the helper": Changed("np.maximum(v, 0)", "np.maximum(v, 1)", 10, "a1"),
    "in the helper, for both layers": Changed("x @ w + b", "x @ w", 4, "z1"),
    "in the call": Changed("h = relu(z)", "h = relu(-z)", 14, "a1"),
    "in the call of a helper that is right elsewhere": Changed(
        "layer_back(dz, X, W1, reg)", "layer_back(dh, X, W1, reg)", 21, "dW1"
    ),
    "the call that is missing": Changed("h = relu(z)", "h = z", 14, "a1"),
}

LOOP = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    dW1, db1, dW2, db2 = reg * W1, 0 * b1[0], reg * W2, 0 * b2[0]
    for i in range(len(X)):
        z = X[i] @ W1 + b1[0]
        h = np.maximum(z, 0)
        s = h @ W2 + b2[0]
        p = np.exp(s - s.max())
        p = p / p.sum()
        p[y[i]] -= 1
        d = p / len(X)
        dW2 = dW2 + np.outer(h, d)
        db2 = db2 + d
        dz = (W2 @ d) * (z > 0)
        dW1 = dW1 + np.outer(X[i], dz)
        db1 = db1 + dz
    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2)
"""
IN_LOOPS = {
    "an activation": Changed("np.maximum(z, 0)", "np.tanh(z)", 7, "a1"),
    "a sum": Changed("p / p.sum()", "p / p.max()", 10, "P"),
    "a factor": Changed("p / len(X)", "p / len(s)", 12, "dz2"),
    "a mask": Changed("(z > 0)", "h", 15, "dz1"),
    "what is not added up": Changed("db2 = db2 + d", "db2 = d", 14, "db2"),
    "samples that are left out": Changed("range(len(X))", "range(len(X) - 1)", 5, "dz2"),
}
ALL = [
    *(pytest.param(RIGHT, c, id=name) for name, c in CASES.items()),
    *(pytest.param(HELPERS, c, id=f"helpers: {name}") for name, c in IN_HELPERS.items()),
    *(pytest.param(LOOP, c, id=f"a loop: {name}") for name, c in IN_LOOPS.items()),
]


@pytest.mark.parametrize("text", [RIGHT, HELPERS, LOOP], ids=["steps", "helpers", "a loop"])
def test_the_files_are_right_before_anything_is_changed(text: str, tmp_path: Path):
    file = tmp_path / "backward.py"
    file.write_text(text, encoding="utf-8")
    assert check_file(file, seed=SEED).right


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("text", "changed"), ALL)
def test_the_line_that_was_changed_is_told(text: str, changed: Changed, tmp_path: Path):
    assert text.count(changed.right) == 1
    file = tmp_path / "backward.py"
    file.write_text(text.replace(changed.right, changed.wrong), encoding="utf-8")
    first, *_ = check_file(file, seed=SEED, search=0.5).mistakes
    assert (first.quantity, first.line) == (changed.quantity, changed.line)


def test_a_mistake_that_the_small_batch_does_not_show_is_placed_by_another(tmp_path: Path):
    file = tmp_path / "backward.py"
    file.write_text(RIGHT.replace("h = np.maximum(z, 0)", "h = np.clip(z, 0, 40)"))
    report = check_file(file, seed=SEED, search=0.5)
    assert [(f.quantity, f.line) for f in report.mistakes] == [("a1", 6)]


# More styles.


def checked(text: str, folder: Path) -> Report:
    file = folder / "backward.py"
    file.write_text(text, encoding="utf-8")
    return check_file(file, seed=SEED, search=0.5)


@pytest.mark.sampled(11)
@pytest.mark.parametrize("style", third.RIGHT)
def test_a_right_file_of_the_third_set_is_right(style: str, tmp_path: Path):
    assert checked(third.RIGHT[style], tmp_path).right


@pytest.mark.sampled(17)
@pytest.mark.parametrize("case", third.CASES, ids=lambda case: case.name)
def test_the_line_is_told_in_more_styles(case: third.Case, tmp_path: Path):
    text = third.RIGHT[case.style]
    assert text.count(case.right) == 1
    first, *_ = checked(text.replace(case.right, case.wrong), tmp_path).mistakes
    assert first.line == case.line


# Values that are written out in a dict.

WRITTEN_OUT = RIGHT.replace("    return dict(loss=loss, dW1=dW1, db1=db1, dW2=dW2, db2=db2)\n", "")
WRITTEN_OUT = WRITTEN_OUT.replace("    db1 = dh.sum(axis=0, keepdims=True)\n", "")
RETURNED = """\
    return {
        "db1": dh.sum(axis=0, keepdims=True),
        "loss": loss, "dW1": dW1,
        "dW2": dW2,
        "db2": (
            db2
        ),
    }
"""


def test_a_value_in_a_dict_has_the_line_in_which_it_is_computed(tmp_path: Path):
    report = checked(WRITTEN_OUT + RETURNED, tmp_path)
    lines = {q.name: (q.line, q.source) for q in report.quantities}
    assert report.right
    assert lines["db1"] == (24, '"db1": dh.sum(axis=0, keepdims=True),')
    assert lines["dW1"] == (22, "dW1 = X.T @ dh + reg * W1")


def test_a_mistake_in_a_dict_has_its_own_line(tmp_path: Path):
    wrong = RETURNED.replace("dh.sum(axis=0, keepdims=True)", "dh[:1]")
    (mistake,) = checked(WRITTEN_OUT + wrong, tmp_path).mistakes
    assert (mistake.cell, mistake.line, mistake.source) == (None, 24, '"db1": dh[:1],')


# Notebooks.

CELLS = (
    ("markdown", "# A title"),
    ("code", "%matplotlib inline\n!pip install \\\n    numpy\nimport numpy as np\n1 / 0"),
    ("code", "%%bash\necho"),
)


def notebook(text: str, folder: Path) -> Path:
    cells = [
        {"cell_type": kind, "source": source.splitlines(keepends=True), "metadata": {}}
        for kind, source in (*CELLS, ("code", "%%time\n" + text))
    ]
    file = folder / "mine.ipynb"
    file.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
    return file


def test_a_line_of_a_notebook_is_told_by_its_cell(tmp_path: Path):
    text = RIGHT.replace("d /= n", "d /= n * n")
    report = check_file(notebook(text, tmp_path), seed=SEED, search=0.5)
    (mistake,) = report.mistakes
    assert (mistake.cell, mistake.line, mistake.source) == (3, 17, "d /= n * n")
    assert "     3    17  d /= n * n" in str(report)
    assert "at cell 1, line 5: 1 / 0" in " ".join(str(report).split())
    data: dict[str, Any] = report_data(report)
    assert [(m["cell"], m["line"]) for m in data["mistakes"]] == [(3, 17)]
    assert "<td>17</td><td><pre>    d /= n * n</pre>" in report_html(report)
    assert "<td>17</td><td><pre>    d /= n * n</pre></td><td><b>dz2</b> wrong" in report_page(
        report
    )


def test_an_exception_in_a_notebook_is_told_by_its_cell(tmp_path: Path):
    text = RIGHT.replace("g = d @ W2.T", "g = d @ W2")
    report = check_file(notebook(text, tmp_path), seed=SEED, search=0.5)
    assert "at cell 3, line 20: g = d @ W2" in report.error
    assert "  cell 3, line 20: d is" in str(report)


# Files that are imported.

IMPORTED = RIGHT.replace("import numpy as np\n", "import numpy as np\nfrom units import relu\n")
IMPORTED = IMPORTED.replace("np.maximum(z, 0)", "relu(z)")
UNITS = "import numpy as np\n\n\n\n\n\ndef relu(x):\n    return {}\n"


@pytest.mark.parametrize("wrong", ["np.tanh(x)", "x @ x"])
def test_of_an_imported_file_no_line_is_told_as_one_of_the_files_own(wrong: str, tmp_path: Path):
    (tmp_path / "units.py").write_text(UNITS.format(wrong))
    report = checked(IMPORTED, tmp_path)
    if report.raised is None:
        assert [(f.quantity, f.line, f.source) for f in report.mistakes] == [
            ("a1", 7, "h = relu(z)")
        ]
    else:
        assert report.raised.line == 7
        assert "at line 8 of units.py: return x @ x" in report.error


# What a function can reach.

REACHED: dict[str, tuple[str, int, set[str] | None]] = {
    "its parameters": ("def f(x, w):\n    return np.dot(x, w)", 2, {"x", "w"}),
    "not what is compared with words": ('def f(k, x):\n    if k == "a": return x', 2, {"x"}),
    "what is around it": (
        "def g(a):\n    def f(x):\n        return x\n    return f",
        3,
        {"x", "a"},
    ),
    "a global": ("cache = {}\ndef f(x):\n    return cache[x]", 3, {"x", "cache"}),
    "no function of the module": ("def g(): pass\ndef f(x):\n    return g(x)", 3, {"x"}),
    "anything by *args": ("def f(*x):\n    return x", 2, None),
    "nothing outside of a function": ("x = 1", 1, None),
}


@pytest.mark.parametrize("case", REACHED)
def test_what_a_function_computes_with_is_told_by_its_text(case: str):
    text, line, names = REACHED[case]
    text = "import numpy as np\n" + textwrap.dedent(text)
    if names is None:
        with pytest.raises(UnknownError):
            reached(text, line + 1, ())
    else:
        assert reached(text, line + 1, ()) == names


@pytest.mark.parametrize(
    ("statement", "moves"),
    [
        ("self.x = x", True),
        ("a, b = c.d", True),
        ("node = todo.pop(max(todo))", True),
        ("for part in parts:", True),
        ("for b in blocks: d[b] /= len(b) * k", False),
        ("h.append(max(z + b, 0.1))", False),
        ("v = max(v, 0.1)", False),
        ("dz = d[::-1]", False),
    ],
)
def test_a_statement_that_moves_what_was_there_computes_nothing(statement: str, moves: bool):
    assert only_moves(statement) == moves
