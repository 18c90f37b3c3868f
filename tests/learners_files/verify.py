"""Holds the files of this folder against torch's autograd:  python tests/learners_files/verify.py

right/ on every batch, right_with_edge/ on the ordinary ones; each mistake of planted.py changes a
returned value of an ordinary batch, or raises, and changes nothing that comes before its quantity.
"""

import contextlib
import inspect
import io
import sys
import tokenize
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from planted import PLANTS, Plant, planted

HERE = Path(__file__).parent
ORDER = "z1 a1 z2 P Y_ind loss dz2 dW2 db2 da1 dz1 dW1 db1".split()
ARGUMENTS = "X y W1 b1 W2 b2 reg".split()
# What a mistake at a quantity can reach of what these files return: what follows from it, and the
# other layer's, where both layers share a function. From z1 to Y_ind, and N: everything.
REACHES = {
    "dz2": {"dW2", "db2", "dW1", "db1"},
    "dW2": {"dW2", "dW1"},
    "db2": {"db2", "db1"},
    "da1": {"dW1", "db1"},
    "dz1": {"dW1", "db1"},
    "dW1": {"dW1"},
    "db1": {"db1"},
}

Values = dict[str, Any]


class Batch(NamedTuple):
    name: str
    arguments: Values
    right: Values


def batch(name: str, seed: int, N: int, D: int, H: int, C: int, reg: float, scale: float) -> Batch:
    rng = np.random.default_rng(seed)
    X, y = (
        rng.normal(size=(N, D)) * 2,
        rng.choice(C, size=N, p=np.arange(1, C + 1) / (C * (C + 1) / 2)),
    )
    W1, b1 = rng.normal(size=(D, H)), rng.normal(size=(1, H))
    W2, b2 = rng.normal(size=(H, C)) * scale, rng.normal(size=(1, C))
    if name == "kink":
        X[0], b1[0, :2] = 0, 0
    return Batch(
        name,
        dict(X=X, y=y, W1=W1, b1=b1, W2=W2, b2=b2, reg=reg),
        autograd(X, y, W1, b1, W2, b2, reg),
    )


def autograd(X: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any, reg: float) -> Values:
    params = [torch.tensor(p, requires_grad=True) for p in (W1, b1, W2, b2)]
    z1 = torch.tensor(X) @ params[0] + params[1]
    a1 = torch.relu(z1)
    z2 = a1 @ params[2] + params[3]
    penalty = reg / 2 * (params[0].square().sum() + params[2].square().sum())
    loss = torch.nn.functional.cross_entropy(z2, torch.tensor(y)) + penalty
    inner = dict(z1=z1, a1=a1, z2=z2)
    grads = torch.autograd.grad(loss, [*params, *inner.values()])
    names = [f"d{name}" for name in ("W1", "b1", "W2", "b2", *inner)]
    one_hot = torch.nn.functional.one_hot(torch.tensor(y), W2.shape[1])
    values = (
        inner
        | dict(P=torch.softmax(z2, 1), Y_ind=one_hot, loss=loss)
        | dict(zip(names, grads, strict=True))
    )
    return {name: value.detach().numpy() for name, value in values.items()}


def run(source: str, given: Values) -> Values:
    """What the file returns, by the notes' names."""
    module = ModuleType("learner")
    sys.modules["learner"] = module  # dataclasses look there
    given = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in given.items()}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source, "learner", "exec"), module.__dict__)
        return by_name(call(module, given))


def call(module: ModuleType, given: Values) -> Any:
    if hasattr(module, "TwoLayerNet"):
        net = module.TwoLayerNet(*given["W1"].shape, given["W2"].shape[1])
        net.params = {
            "W1": given["W1"],
            "b1": given["b1"][0],
            "W2": given["W2"],
            "b2": given["b2"][0],
        }
        return net.loss(given["X"], given["y"], reg=given["reg"])
    names = list(inspect.signature(module.backward).parameters)
    lower = {name.lower(): value for name, value in given.items()}
    if {name.lower() for name in names} == set(lower):
        return module.backward(**{name: lower[name.lower()] for name in names})
    return module.backward(*(given[name] for name in ARGUMENTS))


def by_name(result: Any) -> Values:
    if hasattr(result, "_asdict"):
        result = result._asdict()
    if isinstance(result, tuple | list) and len(result) == 4:
        result = dict(zip(("W1", "b1", "W2", "b2"), result, strict=True))
    if isinstance(result, tuple):
        result = {"loss": result[0]} | result[1]
    return {f"d{k}" if k in ("W1", "b1", "W2", "b2") else k: v for k, v in result.items()}


def agrees(name: str, value: Any, right: Any) -> bool:
    value = np.asarray(value, dtype=float)
    if name in ("db1", "db2") and value.ndim == 1:
        value = value[None, :]
    if value.shape != right.shape:
        return False
    return bool(np.all(np.abs(value - right) <= 1e-9 * np.max(np.abs(right), initial=1e-300)))


def wrong_values(source: str, at: Batch) -> set[str]:
    values = run(source, at.arguments)
    assert {"dW1", "db1", "dW2", "db2"} <= set(values), values.keys()
    return {
        name for name in ORDER if name in values and not agrees(name, values[name], at.right[name])
    }


ORDINARY = [
    batch("notes", 0, 200, 4, 10, 3, 0.1, 0.3),
    batch("small", 1, 7, 5, 6, 4, 0.37, 0.3),
    batch("two classes", 2, 12, 3, 5, 2, 0.02, 0.3),
    batch("no penalty", 3, 33, 2, 4, 5, 0.0, 0.3),
]
HARD = [
    batch("kink", 4, 20, 4, 6, 3, 0.1, 0.3),
    batch("scores of 1000", 5, 50, 4, 10, 3, 0.1, 120.0),
    batch("one sample", 6, 1, 4, 10, 3, 0.1, 0.3),
    batch("one feature, one unit", 7, 9, 1, 1, 3, 0.1, 0.3),
    batch("as many classes as samples", 8, 5, 4, 5, 5, 0.1, 0.3),
    batch("long", 9, 3000, 4, 10, 3, 0.1, 0.3),
]


def check_right(folder: str, batches: list[Batch]) -> int:
    files = sorted((HERE / folder).glob("*.py"))
    for path in files:
        with tokenize.open(path) as file:
            source = file.read()
        for at in batches:
            wrong = wrong_values(source, at)
            assert not wrong, f"{path.name}, {at.name}: {wrong}"
    return len(files)


def check_plant(plant: Plant) -> None:
    seen: set[str] = set()
    for at in ORDINARY:
        try:
            seen |= wrong_values(planted(plant), at)
        except Exception:
            seen |= {"raised"}
    assert seen, f"changes nothing: {plant}"
    reach = REACHES.get(plant.quantity, set(ORDER))
    assert seen <= reach | {"raised"}, f"changes {seen - reach} too: {plant}"


if __name__ == "__main__":
    warnings.simplefilter("error")
    print(check_right("right", ORDINARY + HARD), "right files")
    print(check_right("right_with_edge", ORDINARY), "right files with an edge")
    warnings.simplefilter("ignore")
    for plant in PLANTS:
        check_plant(plant)
    print(len(PLANTS), "mistakes in", len({plant.file for plant in PLANTS}), "files")
