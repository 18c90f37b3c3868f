"""What a learner's own lines computed, by line and name; and where an exception came up."""

import linecache
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compare.checker.lines import follow
from compare.checker.probes import TRACED
from compare.checker.sandbox import Answer, run_file, run_function
from compare.checker.statements import statements
from compare.checker.trace import BYTES, KEPT, Binding, record
from compare.problems.seeded import random_problem
from tests.learners import HEAD, source

SMALL = {TRACED: random_problem(12, samples=17, features=4, hidden=6, classes=3, reg=0.9)}
FILES = Path(__file__).parent / "learners_files" / "right"


def traced(text: str, *args: Any, name: str = "f", **limits: Any) -> tuple[list[Binding], str]:
    file = f"<learner {hash(text)}>"
    text = textwrap.dedent(text)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"np": np}
    exec(compile(text, file, "exec"), namespace)
    return record(lambda: namespace[name](*args), lambda f: f == file, **limits)


def seen(text: str, *args: Any) -> list[tuple[int, str, Any]]:
    bindings, note = traced(text, *args)
    assert note == ""
    return [(b.line, b.name, b.value.tolist()) for b in bindings]


TWO = np.array([1.0, 2.0])

# The body of f(x), from line 2 on, and what is bound: line, name, value.
BODIES = {
    "a name": ("z = x + 1", [(2, "z", [2, 3])]),
    "a number": ("n = len(x)", [(2, "n", 2)]),
    "a name again": ("z = x + 1\nz = z * 2", [(2, "z", [2, 3]), (3, "z", [4, 6])]),
    "names together": ("a, b = x + 1, x * 2", [(2, "a", [2, 3]), (2, "b", [2, 4])]),
    "a name in an expression": ("if (z := x + 1).any(): pass", [(2, "z", [2, 3])]),
    "an operator with =": ("z = x + 1\nz -= 1", [(2, "z", [2, 3]), (3, "z", [1, 2])]),
    "an element": ("z = x + 1\nz[0] -= 2", [(2, "z", [2, 3]), (3, "z", [0, 3])]),
    "rows by a mask": ("z = x + 1\nz[z > 2] = 0", [(2, "z", [2, 3]), (3, "z", [2, 0])]),
    "out=": ("z = x - 2\nnp.maximum(z, 0, out=z)", [(2, "z", [-1, 0]), (3, "z", [0, 0])]),
    "nothing that changes": ("z = x + 1\nnp.maximum(z, 0, out=z)", [(2, "z", [2, 3])]),
    "a key": ("g = {}\ng['W'] = x + 1", [(3, "g['W']", [2, 3])]),
    "a key that is computed": (
        "g = {}\nfor i in (1, 2):\n    g['W' + str(i)] = x * i",
        [
            (3, "i", 1),
            (4, "g['W1']", [1, 2]),
            (3, "i", 2),
            (4, "g['W2']", [2, 4]),
        ],
    ),
    "an update": ("g = {}\ng.update(W=x + 1)", [(3, "g['W']", [2, 3])]),
    "a member of a list": ("h = []\nh.append([x + 1])", [(3, "h[0][0]", [2, 3])]),
    "a list of numbers": (
        "h = []\nh.append(1.5)\nh.append(2.5)",
        [(3, "h", [1.5]), (4, "h", [1.5, 2.5])],
    ),
    "an attribute": (
        "class A: pass\na = A()\na.z = x + 1\na.d = {'W': a.z * 2}",
        [(4, "a.z", [2, 3]), (5, "a.d['W']", [4, 6])],
    ),
    "a statement of three lines": ("z = (x\n  + 1\n  + 2)", [(2, "z", [4, 5])]),
    "two statements in a line": ("a = x + 1; b = x * 2", [(2, "a", [2, 3]), (2, "b", [2, 4])]),
    "a comprehension": ("h = [a + 1 for a in x]", [(2, "h", [2, 3])]),
    "a function inside": (
        "def relu(v):\n    w = v * 2\n    return w\nz = relu(x)",
        [(5, "v", [1, 2]), (3, "w", [2, 4]), (4, "return", [2, 4]), (5, "z", [2, 4])],
    ),
    "a value that only a return has": (
        "def add(v):\n    return v + 1\nz = add(x)",
        [(4, "v", [1, 2]), (3, "return", [2, 3]), (4, "z", [2, 3])],
    ),
    "an argument that is returned as it is": (
        "def same(v):\n    return (v,)\nz, = same(x)",
        [(4, "v", [1, 2]), (3, "return[0]", [1, 2]), (4, "z", [1, 2])],
    ),
    "a value that only an argument has": (
        "def relu(v):\n    return None\nrelu(x + 1)",
        [(4, "v", [2, 3])],
    ),
    "a closure": (
        "total = x * 0\ndef add(v):\n    nonlocal total\n    total = total + v\nadd(x)",
        [(2, "total", [0, 0]), (6, "v", [1, 2]), (5, "total", [1, 2])],
    ),
    "a lambda": (
        "add = lambda v: v + 1\nz = add(x)",
        [(3, "v", [1, 2]), (2, "return", [2, 3]), (3, "z", [2, 3])],
    ),
    "a generator": (
        "def steps():\n    yield x + 1\n    yield x + 2\na, b = steps()",
        [(3, "return", [2, 3]), (4, "return", [3, 4]), (5, "a", [2, 3]), (5, "b", [3, 4])],
    ),
    "a dict that is returned": (
        "z = x + 1\nreturn {'W': x * 3, 'z': z}",
        [(2, "z", [2, 3]), (3, "return['W']", [3, 6]), (3, "return['z']", [2, 3])],
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_what_a_line_binds_or_changes_is_written_down_under_its_name(case: str):
    body, expected = BODIES[case]
    assert seen("def f(x):\n" + textwrap.indent(body, "    "), TWO) == expected


def test_the_statement_and_its_lines_are_told():
    (binding,), _ = traced("def f(x):\n    z = (x\n         + 1)  # one more\n", TWO)
    assert (binding.line, binding.last_line) == (2, 3)
    assert binding.source == "z = (x + 1)  # one more"


def test_calls_are_counted_and_the_entry_is_the_first():
    text = "def g(x):\n    z = x + 1\ndef f(x):\n    g(x)\n    g(x)\n    z = x\n"
    found = traced(text, TWO)[0]
    assert [(b.name, b.call, b.given) for b in found] == [
        ("x", 1, True),
        ("z", 1, False),
        ("x", 2, True),
        ("z", 2, False),
        ("z", 0, False),
    ]


def test_a_copy_is_kept_and_not_what_the_array_becomes():
    bindings, _ = traced("def f(x):\n    z = x + 1\n    z[:] = 0\n", TWO)
    assert [b.value.tolist() for b in bindings] == [[2, 3], [0, 0]]


def test_of_a_long_loop_the_first_values_stay_and_the_last():
    text = """\
    def f(x):
        total = 0.0
        for i in range(1000):
            total += i
        mean = total / 1000
    """
    found = seen(text, TWO)
    totals = [value for line, name, value in found if (line, name) == (4, "total")]
    assert totals[:3] == [0.0, 1.0, 3.0]
    assert totals[-1] == 1000 * 999 / 2
    assert len(totals) == KEPT
    assert found[-1] == (5, "mean", 999 / 2)


def test_the_head_of_a_loop_binds_as_often_as_its_lines_run():
    text = "def f(x):\n    for a in x * 0:\n        b = a\n"
    assert [(b.line, b.name) for b in traced(text, TWO)[0]] == [(2, "a"), (3, "b")] * 2


BOUNDS = {
    "lines": (dict(events=1000), "too many lines were run"),
    "time": (dict(seconds=0.0), "it took too long"),
}


@pytest.mark.parametrize("bound", BOUNDS)
def test_past_the_bound_the_function_runs_on_without_a_trace(bound: str):
    limits, words = BOUNDS[bound]
    reached = []
    text = """\
    def f(x, reached):
        z = x + 1
        for i in range(10**6):
            n = i
        reached.append(n)
    """
    bindings, note = traced(text, TWO, reached, **limits)
    assert note == f"the trace stopped: {words}"
    assert bindings[0].name == "z"
    assert reached == [10**6 - 1]


def test_the_memory_of_a_trace_is_bounded():
    lines = "".join(f"    z{i} = x + {i}\n" for i in range(40))
    bindings, note = traced(f"def f(x):\n{lines}", np.ones(2**16))
    assert note == "the trace stopped: too many numbers were bound"
    assert sum(b.value.nbytes for b in bindings) < 2 * BYTES


def test_an_exception_ends_the_record_and_not_the_caller():
    bindings, note = traced("def f(x):\n    z = x + 1\n    1 / 0\n    y = x\n", TWO)
    assert ([b.name for b in bindings], note) == (["z"], "")


def test_a_tracer_that_was_there_is_there_again():
    def tracer(*_: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        traced("def f(x):\n    z = x\n", TWO)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_objects_that_object_to_being_looked_at_do_no_harm():
    text = """\
    class Bad:
        def __init__(self): self.me = self
        def __getattr__(self, name): raise RuntimeError
        def __eq__(self, other): raise RuntimeError
        def __len__(self): raise RuntimeError
    def f(x):
        bad = Bad()
        g = {bad.me.__class__: bad, 1: [bad]}
        g[2] = x + 1
    """
    assert seen(text, TWO)[-1] == (9, "g[2]", [2, 3])


def test_a_function_without_source_is_followed_by_its_names():
    namespace: dict[str, Any] = {}
    exec("def f(x):\n    z = x + 1\n    z[0] = 0\n", namespace)
    bindings, _ = record(lambda: namespace["f"](TWO), lambda f: f == "<string>")
    assert [(b.line, b.name, b.source) for b in bindings] == [(2, "z", ""), (3, "z", "")]


def test_statements_of_what_is_no_python_are_none():
    assert statements("def f(:\n") == {}


# On whole files: by their lines, quantities that they return or not.

QUANTITIES = {
    "cs231n_plain.py": {"a1": (23, "hidden"), "z2": (24, "scores"), "dz2": (44, "dscores")},
    "10_closures.py": {"z1": (12, "return[0]"), "a1": (21, "return[0]"), "dz2": (34, "return")},
    "05_plain_python_fsum.py": {"dW1": (None, None), "P": (None, None)},
    "14_layer_objects.py": {"z1": (None, None), "dz1": (None, None)},
}


@pytest.mark.parametrize("file", QUANTITIES)
def test_quantities_that_a_file_does_not_return_are_found_in_its_lines(file: str):
    answer = run_file(FILES / file, SMALL, 10, trace=TRACED)
    right, lines = follow(SMALL[TRACED]), answer.source.splitlines()
    for quantity, (line, name) in QUANTITIES[file].items():
        at = [b for b in answer.trace if _same(b.value, right[quantity])]
        assert at
        if line is not None:
            assert (at[0].line, at[0].name) == (line, name)
        assert lines[at[0].line - 1].strip() in at[0].source


def _same(value: Any, right: Any) -> bool:
    return value.shape == np.shape(right) and np.allclose(value, right, rtol=1e-9, atol=1e-13)


def both(tmp_path: Path, text: str) -> list[Answer]:
    """The same source as a file, and as a function of this process."""
    file = tmp_path / "backward.py"
    file.write_text(text, encoding="utf-8")
    namespace: dict[str, Any] = {}
    exec(compile(text, str(file), "exec"), namespace)
    return [
        run_file(file, SMALL, 10, trace=TRACED),
        run_function(namespace["backward"], SMALL, trace=TRACED),
    ]


def test_a_file_and_a_function_have_the_same_trace(tmp_path: Path):
    of_file, of_function = both(tmp_path, source())
    assert [b[:3] for b in of_file.trace] == [b[:3] for b in of_function.trace]
    for one, other in zip(of_file.trace, of_function.trace, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
    assert of_file.source == of_function.source == source()


FAILURES: dict[str, set[str]] = {
    "return W1 @ W2.T + 0 * reg": {"W1 is 4 × 6", "W2.T is 3 × 6"},
    "return X.T @ X + reg * W2": {"X.T @ X is 4 × 4", "reg * W2 is 6 × 3"},
    "X[3] -= np.ones((2, 2))": {"X[3] has shape (4,)"},
    "return np.dot(W2, W1)": {"W2 is 6 × 3", "W1 is 4 × 6"},
    "return X[W1]": {"X is 17 × 4", "W1 is 4 × 6"},
    "N = len(X); X[N, y] -= 1": {"X is 17 × 4", "N is 17", "y has shape (17,)"},
}


@pytest.mark.parametrize("line", FAILURES)
def test_an_exception_is_told_with_the_shapes_of_what_it_was_about(tmp_path: Path, line: str):
    for answer in both(tmp_path, HEAD + f"    z1 = X @ W1 + b1\n    {line}\n"):
        raised = answer.runs[TRACED].raised
        assert raised is not None
        assert (raised.line, raised.source) == (5, line)
        assert FAILURES[line] <= set(raised.operands)
        assert any(b.name == "z1" for b in answer.trace)
