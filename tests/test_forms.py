"""A backward pass in whatever form it comes: arguments, values, classes, notebooks."""

import dataclasses
import inspect
import json
import types
from collections import namedtuple
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from compare.checker import sandbox
from compare.checker.probes import probes
from compare.checker.sandbox import Answer, run_file, run_function
from compare.problems.problem import Problem
from tests.learners import HEAD, source

BATCHES = {name: probes()[name] for name in ("200 × 4", "float32")}
GRADIENTS = ("dW1", "db1", "dW2", "db2")
RETURN = "    return {}\n"

namespace: dict[str, Any] = {}
exec(source(), namespace)
right = namespace["backward"]
Four = namedtuple("Four", GRADIENTS)
FourOfClass = dataclasses.make_dataclass("FourOfClass", GRADIENTS)


def expected(problem: Problem) -> dict[str, Any]:
    return right(**sandbox.arguments(problem))


def assert_right(answer: Answer, names: tuple[str, ...] = GRADIENTS) -> None:
    assert answer.failure is None
    for name, problem in BATCHES.items():
        run, wanted = answer.runs[name], expected(problem)
        assert run.error is None
        assert set(run.values) >= set(names)
        for quantity in names:
            value = run.values[quantity]
            np.testing.assert_array_equal(
                value.reshape(np.shape(wanted[quantity])), wanted[quantity]
            )


def gradients(values: dict[str, Any]) -> list[Any]:
    return [values[name] for name in GRADIENTS]


def renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {name[1:]: values[name] for name in GRADIENTS}


# What is returned in the place of the dict `v`, and what is said of it.
ANSWERS: dict[str, tuple[Any, str]] = {
    "a tuple": (lambda v: tuple(gradients(v)), "taken as dW1, db1, dW2, db2"),
    "a list": (gradients, "a list, taken as dW1, db1, dW2, db2"),
    "a tuple, weights first": (
        lambda v: (v["dW1"], v["dW2"], v["db1"], v["db2"]),
        "taken as dW1, dW2, db1, db2",
    ),
    "a tuple, the last layer first": (
        lambda v: (v["dW2"], v["db2"], v["dW1"], v["db1"]),
        "taken as dW2, db2, dW1, db1",
    ),
    "pairs": (lambda v: [(v["dW1"], v["db1"]), (v["dW2"], v["db2"])], "taken as dW1, db1"),
    "the loss and a tuple": (lambda v: (v["loss"], tuple(gradients(v))), "taken as dW1, db1"),
    "five values": (lambda v: (v["loss"], *gradients(v)), "taken as dW1, db1, dW2, db2"),
    "five values, the loss last": (lambda v: (*gradients(v), v["loss"]), "taken as dW1, db1"),
    "all thirteen": (lambda v: tuple(v.values()), "taken as z1, a1"),
    "the loss and a dict": (lambda v: (v["loss"], renamed(v)), ""),
    "the loss, a dict and a cache": (
        lambda v: (v["loss"], renamed(v), {"W1": 0 * v["dW1"], "X": 1}),
        "extra values ignored: W1, X",
    ),
    "a loss that is no number, and a dict": (
        lambda v: (v["dW1"][:2, :2], renamed(v)),
        "extra values ignored: the first value (ndarray of shape (2, 2))",
    ),
    "a dict in a dict": (lambda v: {"loss": v["loss"], "grads": renamed(v)}, ""),
    "the parameters' names": (renamed, ""),
    "lower case": (lambda v: {k.lower(): v[k] for k in GRADIENTS}, "dw1 for dW1"),
    "W1_grad": (lambda v: {f"{k[1:]}_grad": v[k] for k in GRADIENTS}, "W1_grad for dW1"),
    "extra keys": (lambda v: {**v, "accuracy": 0.5, "cache": None}, "ignored: accuracy, cache"),
    "a named tuple": (lambda v: Four(*gradients(v)), ""),
    "a dataclass": (lambda v: FourOfClass(*gradients(v)), ""),
    "a namespace": (lambda v: types.SimpleNamespace(**v), ""),
    "lists of lists": (lambda v: {k: np.asarray(v[k], float).tolist() for k in GRADIENTS}, ""),
    "tensors": (
        lambda v: {k: torch.tensor(np.asarray(v[k])).requires_grad_() for k in GRADIENTS},
        "",
    ),
    "matrices": (lambda v: {k: np.matrix(v[k]) for k in GRADIENTS}, ""),
    "objects": (lambda v: {k: np.asarray(v[k], float).astype(object) for k in GRADIENTS}, ""),
    "big-endian": (lambda v: {k: np.asarray(v[k]).astype(">f8") for k in GRADIENTS}, ""),
    "flat biases": (lambda v: {**v, "db1": v["db1"][0], "db2": v["db2"][0]}, ""),
    "another step not written yet": (lambda v: {**v, "z1": None, "loss": None}, ""),
}


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_an_answer_in_another_form_is_read(form: str):
    reshaped, words = ANSWERS[form]
    names = ", ".join(inspect.signature(right).parameters)
    scope = {"right": right, "reshaped": reshaped}
    exec(f"def backward({names}):\n    return reshaped(right({names}))\n", scope)
    answer = run_function(scope["backward"], BATCHES)
    assert_right(answer)
    said = "; ".join(answer.remarks)
    assert words in said
    assert bool(words) == bool(said)


@pytest.mark.parametrize(
    ("loss", "shape"),
    [
        (np.array([2.0]), ()),
        (np.array([[2.0]]), ()),
        (np.float32(2), ()),
        (2, ()),
        (Decimal(2), ()),
        (np.ones(3), (3,)),
    ],
    ids=["(1,)", "(1, 1)", "float32", "int", "Decimal", "one of each sample"],
)
def test_one_number_is_a_loss_whatever_its_shape(loss: Any, shape: tuple[int, ...]):
    run = run_function(lambda X, y, W1, b1, W2, b2, reg: {"loss": loss}, BATCHES).runs["200 × 4"]
    assert run.values["loss"].shape == shape


def test_any_shape_of_a_gradient_gets_through():
    def backward(X, y, W1, b1, W2, b2, reg):
        return dict(dW1=W1.T, dW2=W2.ravel(), db1=b1[None, None], db2=np.zeros((0, 3)))

    run = run_function(backward, BATCHES).runs["200 × 4"]
    assert [run.values[k].shape for k in GRADIENTS] == [(10, 4), (1, 1, 1, 10), (30,), (0, 3)]


def test_what_is_hidden_by_a_mask_is_no_value():
    def backward(X, y, W1, b1, W2, b2, reg):
        return dict(dW1=np.ma.masked_array(W1, mask=W1 > 0))

    value = run_function(backward, BATCHES).runs["200 × 4"].values["dW1"]
    assert 0 < np.isnan(value).sum() < value.size


def test_a_value_that_cannot_be_read_takes_none_of_the_others():
    def backward(X, y, W1, b1, W2, b2, reg):
        return dict(dW1=W1, db1="nothing")

    run = run_function(backward, BATCHES).runs["200 × 4"]
    assert list(run.values) == ["dW1"]
    assert run.error == "db1: expected an array of real numbers, got text"


SIGNATURES = {
    "the notes'": ("X, y, W1, b1, W2, b2, reg", ""),
    "another order": ("reg, W2, b2, W1, b1, y, X", "taken by their names"),
    "lower case, parameters first": ("w1, b1, w2, b2, x, y, reg", "taken as W1, b1, W2, b2, X"),
    "synonyms": ("data, labels, W1, b1, W2, b2, lam", "taken in the usual order"),
    "synonyms in another order": ("targets, inputs, W1, b1, W2, b2, l2=0", "taken as y, X"),
    "nobody's names": ("a, b, c, d, e, f, g", "taken in the usual order"),
    "by position alone": ("X, y, W1, b1, W2, b2, reg, /", ""),
    "by name alone": ("*, reg, X, y, W1, b1, W2, b2", "taken by their names"),
    "a default and an option": ("X, y, W1, b1, W2, b2, reg=0.0, verbose=False", ""),
    "an option first": ("X, y, eps=0, *, W1, b1, W2, b2, reg", ""),
    "any number": ("*args", ""),
    "any names": ("**kwargs", ""),
    "parameters in a dict": ("X, y, params, reg", ""),
}


@pytest.mark.parametrize("form", SIGNATURES)
def test_arguments_are_recognised_by_name_and_then_by_their_order(form: str):
    parameters, words = SIGNATURES[form]
    kinds = ("eps=0", "verbose=False", "/", "*")
    names = [p.split("=")[0] for p in parameters.split(", ") if p not in kinds]
    match form:
        case "any number":
            call = "*args"
        case "any names":
            call = "**kwargs"
        case "parameters in a dict":
            call = "X=X, y=y, reg=reg, **params"
        case "lower case, parameters first":
            call = "x, y, w1, b1, w2, b2, reg"
        case "synonyms":
            call = ", ".join(names)
        case "synonyms in another order":
            call = "inputs, targets, W1, b1, W2, b2, l2"
        case "nobody's names":
            call = ", ".join(names)
        case _:
            call = "X, y, W1, b1, W2, b2, reg"
    scope = {"right": right}
    exec(f"def backward({parameters}):\n    return right({call})\n", scope)
    answer = run_function(scope["backward"], BATCHES)
    assert_right(answer)
    assert words in "; ".join(answer.remarks)
    assert bool(words) == bool(answer.remarks)


@pytest.mark.parametrize("parameters", ["X, y, W1, b1", "X, y, W1, b1, W2, b2, reg, cache", ""])
def test_a_function_of_other_arguments_is_refused_with_both_signatures(parameters: str):
    scope: dict[str, Any] = {}
    exec(f"def backward({parameters}): pass", scope)
    with pytest.raises(ValueError, match=r"expected backward\(X, y, W1, b1, W2, b2, reg\), got"):
        run_function(scope["backward"], BATCHES)


CLASS = """\
class TwoLayerNet:
    def __init__(self, {signature}):
        {made}
    def loss(self, {arguments}):
        W1, b1, W2, b2 = {parameters}
        v = right(X, y, W1, b1.reshape(1, -1), W2, b2.reshape(1, -1), {reg})
        return v["loss"], {{k[1:]: v[k] for k in ("dW1", "db1", "dW2", "db2")}}
"""
STANFORD = dict(
    signature="input_size, hidden_size, output_size, std=1e-4",
    made="self.params = dict(W1=0, b1=np.zeros(hidden_size), W2=0, b2=np.zeros(output_size))",
    arguments="X, y=None, reg=0.0",
    parameters="[self.params[k] for k in ('W1', 'b1', 'W2', 'b2')]",
    reg="reg",
)
CLASSES = {
    "as Stanford's": STANFORD,
    "with reg in the constructor": STANFORD
    | dict(
        signature="input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0",
        made="self.reg = reg; self.params = {}",
        arguments="X, y=None",
        reg="self.reg",
    ),
    "with attributes": STANFORD
    | dict(
        signature="D, H, C",
        made="self.W1 = self.b1 = self.W2 = self.b2 = None",
        parameters="self.W1, self.b1, self.W2, self.b2",
    ),
    "with rows for biases": STANFORD
    | dict(made="self.params = dict(b1=np.zeros((1, hidden_size)), b2=np.zeros((1, output_size)))"),
    "nobody's names": STANFORD | dict(signature="n1, n2, n3", made="self.params = {}"),
}


@pytest.mark.parametrize("form", CLASSES)
def test_a_class_with_a_loss_is_called_as_it_is(form: str):
    scope: dict[str, Any] = {"right": right, "np": np}
    exec(CLASS.format(**CLASSES[form]), scope)
    answer = run_function(scope["TwoLayerNet"], BATCHES)
    assert answer.form == "class TwoLayerNet"
    assert_right(answer, ("loss", *GRADIENTS))


def test_a_class_without_a_loss_is_said_to_have_none(tmp_path: Path):
    text = CLASS.format(**STANFORD).replace("def loss", "def loss_fn")
    failure = run_file(write(tmp_path, text), BATCHES, 10).failure
    assert failure == "expected a method loss(X, y, reg) in the class TwoLayerNet, got loss_fn"


def test_of_a_class_and_a_function_it_is_said_which_is_judged(tmp_path: Path):
    answer = run_file(write(tmp_path, source() + CLASS.format(**STANFORD)), BATCHES, 10)
    assert_right(answer)
    assert answer.remarks == ("judged is the function backward, not the class TwoLayerNet",)


def test_parameters_that_a_class_writes_to_are_named():
    scope: dict[str, Any] = {"right": right, "np": np}
    text = CLASS.format(**STANFORD).replace("        v =", "        W2 *= 2; b1 += 1\n        v =")
    exec(text, scope)
    assert run_function(scope["TwoLayerNet"], BATCHES).runs["200 × 4"].changed == ("b1", "W2")


def test_sums_in_another_order_are_stable_and_random_numbers_are_not():
    rng = np.random.default_rng()

    def backward(X, y, W1, b1, W2, b2, reg):
        rows = rng.permutation(len(X))
        return {**right(X[rows], y[rows], W1, b1, W2, b2, reg), "z1": rng.normal(size=(3, 3))}

    run = run_function(backward, BATCHES).runs["200 × 4"]
    assert set(GRADIENTS).isdisjoint(run.unstable)
    assert "z1" in run.unstable
    assert set(run.second) >= {"z1", "dW1"}


# Files.


def write(folder: Path, text: str, name: str = "backward.py") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


FILES = {
    "a dataclass under future annotations": "from __future__ import annotations\n"
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n" + source(),
    "pickle": "import pickle\nclass A: pass\nassert type(pickle.loads(pickle.dumps(A()))) is A\n"
    + source(),
    "arguments of a command line": "import argparse\nargparse.ArgumentParser().parse_args()\n"
    + source(),
    "a data file beside it": "import numpy as np\nassert np.loadtxt('iris.csv').size == 3\n"
    + source(),
    "a neighbour called like Python's own": "import random\nrandom.random()\n" + source(),
    "a class when there is no function": source().replace("def backward", "def right")
    + CLASS.format(**STANFORD),
    "a byte order mark": "\ufeff" + source(),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_runs_as_it_runs_where_it_lies(tmp_path: Path, case: str):
    write(tmp_path, "1\n2\n3\n", "iris.csv")
    write(tmp_path, "1 / 0\n", "random.py")
    write(tmp_path, "1 / 0\n", "compare.py")
    assert_right(run_file(write(tmp_path, FILES[case]), BATCHES, 10))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "backward.py",
        "compare.py",
        "iris.csv",
        "random.py",
    ]


def test_a_file_called_like_a_module_is_no_such_module(tmp_path: Path):
    assert_right(run_file(write(tmp_path, source(), "numpy.py"), BATCHES, 10))


def cell(text: str, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "source": text.splitlines(keepends=True), "metadata": {}}


def test_a_notebook_is_its_code_cells_without_the_magics(tmp_path: Path):
    cells = [
        cell("# A title", "markdown"),
        cell("%matplotlib inline\n!pip install numpy\nimport numpy as np\nfiles = !ls\nnp.sum?"),
        cell("%%bash\nrm -rf everything"),
        cell("this is no Python"),
        cell("data = open('not there.csv')"),
        cell("%%time\nif True:\n    %timeit 1\n" + source()),
        cell("display(np.ones(3))"),
    ]
    file = write(tmp_path, json.dumps({"cells": cells, "nbformat": 4}), "mine.ipynb")
    answer = run_file(file, BATCHES, 10, trace="200 × 4")
    assert_right(answer)
    assert any("SyntaxError" in remark for remark in answer.remarks)
    assert any("not there.csv" in remark for remark in answer.remarks)
    lines = answer.source.splitlines()
    for binding in answer.trace:
        assert binding.source
        assert binding.source in lines[binding.line - 1]
    assert answer.output == "[1. 1. 1.]"


@pytest.mark.parametrize(
    ("broken", "remark"),
    [
        ("n = (1\n", "SyntaxError: '(' was never closed, at cell 1, line 1: n = (1"),
        ("n = 1\nawait n", "SyntaxError: 'await' outside function, at cell 1, line 2: await n"),
    ],
)
def test_a_cell_that_is_no_python_is_a_comment_beside_the_others(
    tmp_path: Path, broken: str, remark: str
):
    cells = [cell(broken), cell(source())]
    file = write(tmp_path, json.dumps({"cells": cells, "nbformat": 4}), "mine.ipynb")
    answer = run_file(file, BATCHES, 10, trace="200 × 4")
    assert answer.remarks == (f"cell 1 was left out: {remark}",)
    assert {binding.source for binding in answer.trace} >= {"h = np.maximum(0, hin)"}
    assert answer.source.splitlines()[1].startswith("# n = ")


NO_NOTEBOOK = {
    "": "an empty file",
    "{}": "JSON without a notebook's cells",
    "[1]": "JSON without a notebook's cells",
    '{"cells": [3]}': "JSON without a notebook's cells",
    "nothing": "text that is no JSON",
}


@pytest.mark.parametrize("text", NO_NOTEBOOK)
def test_what_is_no_notebook_is_said_to_be_none(tmp_path: Path, text: str):
    answer = run_file(write(tmp_path, text, "mine.ipynb"), BATCHES, 10)
    assert answer.failure == f"expected a notebook, got {NO_NOTEBOOK[text]}"


def test_a_notebook_goes_on_in_a_cell_after_an_import_that_fails(tmp_path: Path):
    cells = [cell("import no_such_module as nsm\n" + source() + "\nnsm.show()\n")]
    file = write(tmp_path, json.dumps({"cells": cells, "nbformat": 4}), "mine.ipynb")
    answer = run_file(file, BATCHES, 10)
    assert_right(answer)
    (remark,) = answer.remarks
    assert remark.startswith("cell 1, lines 1, ")
    assert remark.endswith(" were left out: there is no module no_such_module here")


# What stands before the function of a file, and what is said of it.
LEFT_OUT = {
    "import no_such_module.pyplot as plt": "line 1 was left out: there is no module no_such_mod",
    "import no_such_module as n\nn.set(1)\nn.set(2)": "lines 1, 2, 3 were left out: there is no",
    "from past.builtins import xrange": "no module past here (this is Python 2; in Python 3 it is",
    "get_ipython().run_line_magic('matplotlib', 'inline')": "line 1 was left out: get_ipython is",
    "%matplotlib inline\n!pip install x": "lines 1, 2 were left out: % and ! are for notebooks",
    "x = 3\nopen('nothing.csv')": "line 2 was left out: FileNotFoundError",
    "for i in range(3):\n    1 / (1 - i)": "line 1 was left out: ZeroDivisionError: division by"
    " zero, at line 2",
    "\n".join(f"raise ValueError({i})" for i in range(9)): "6 more statements failed and were left",
}


@pytest.mark.parametrize("head", LEFT_OUT)
def test_statements_of_a_file_that_fail_are_left_out_and_told(tmp_path: Path, head: str):
    answer = run_file(write(tmp_path, f"{head}\n{source()}"), BATCHES, 10, trace="200 × 4")
    assert_right(answer)
    assert LEFT_OUT[head] in answer.remarks[-1]
    assert answer.trace


def test_percent_signs_of_python_stay(tmp_path: Path):
    text = "x = (7\n% 4)\nassert x == 3\n" + source()
    answer = run_file(write(tmp_path, text), BATCHES, 10)
    assert_right(answer)
    assert answer.remarks == ()


def test_what_a_missing_module_was_to_give_is_missing_in_the_function(tmp_path: Path):
    text = "from no_such_module import relu\n" + HEAD + "    return dict(dW1=relu(W1))\n"
    answer = run_file(write(tmp_path, text), BATCHES, 10)
    assert "name 'relu' is not defined, at line 5" in (answer.runs["200 × 4"].error or "")
    assert answer.remarks == ("line 1 was left out: there is no module no_such_module here",)


def test_input_is_said_to_have_nobody_who_types(tmp_path: Path):
    answer = run_file(write(tmp_path, HEAD + "    input('Name? ')\n"), BATCHES, 10)
    error = answer.runs["200 × 4"].error or ""
    assert error.startswith("EOFError: nobody can type here: leave input() out, at line 4")


def test_a_file_that_is_not_there_is_its_line(tmp_path: Path):
    answer = run_file(tmp_path / "none.py", BATCHES, 10)
    assert answer.failure == "it cannot be read: No such file or directory"


# Where Python has no fork, no resource and no process groups, as on Windows.


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = (
        "os.fork, os.setsid, os.killpg, signal.SIGKILL, signal.SIGCHLD, signal.SIGALRM, "
        "signal.setitimer, signal.pthread_sigmask"
    )
    bare = f"import os, signal, sys; del {missing}; sys.modules['resource'] = None; "
    monkeypatch.setattr(sandbox, "KEEPER", bare + sandbox.KEEPER)
    monkeypatch.delattr(sandbox.os, "fork")
    monkeypatch.delattr(sandbox.os, "killpg")


@pytest.mark.started_anew
@pytest.mark.usefixtures("on_windows")
def test_without_posix_a_right_file_is_judged(tmp_path: Path):
    assert_right(run_file(write(tmp_path, source()), BATCHES, 10))


@pytest.mark.started_anew
@pytest.mark.usefixtures("on_windows")
def test_without_posix_the_time_limit_holds(tmp_path: Path):
    answer = run_file(write(tmp_path, HEAD + "    while True: pass\n"), BATCHES, 0.7)
    assert answer.failure == "it was still running after 0.7 seconds (--timeout gives it more)"
