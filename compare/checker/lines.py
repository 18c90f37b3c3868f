"""The lines of the notes, quantity by quantity, to be run on anybody's values.

They are manual/network.py's formulas without its memory layout, as a learner would write them;
tests/test_steps.py holds their values against manual's. Everything is computed in float64 from the
numbers that the learner was given.
"""

import ast
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType, MappingProxyType
from typing import Any

import numpy as np

from compare.bounds.quantities import QUANTITIES
from compare.problems.problem import Problem

WRITTEN = "_written"  # ends the name of what the learner's code left in an argument
# The twelve quantities, and Y_ind where the notes have it: all that a learner may return.
STEPS = (*QUANTITIES[: QUANTITIES.index("loss")], "Y_ind", *QUANTITIES[QUANTITIES.index("loss") :])

RIGHT: dict[str, str] = {
    "z1": "z1 = X @ W1 + b1",
    "a1": "a1 = np.maximum(z1, 0)",
    "z2": "z2 = a1 @ W2 + b2",
    "P": (
        "s = z2 - z2.max(axis=1, keepdims=True)\n"
        "E = np.exp(s)\n"
        "P = E / E.sum(axis=1, keepdims=True)"
    ),
    "Y_ind": "Y_ind = (y[:, None] == np.arange(C)) * 1.0",
    "loss": (
        "s = z2 - z2.max(axis=1, keepdims=True)\n"
        "log_P = s - np.log(np.exp(s).sum(axis=1, keepdims=True))\n"
        "loss = -(Y_ind * log_P).sum() / N + 0.5 * reg * ((W1**2).sum() + (W2**2).sum())"
    ),
    "dz2": "dz2 = (P - Y_ind) / N",
    "dW2": "dW2 = a1.T @ dz2 + reg * W2",
    "db2": "db2 = dz2.sum(axis=0, keepdims=True)",
    "da1": "da1 = dz2 @ W2.T",
    "dz1": "dz1 = da1 * (a1 > 0)",
    "dW1": "dW1 = X.T @ dz1 + reg * W1",
    "db1": "db1 = dz1.sum(axis=0, keepdims=True)",
}
# The same numbers by other ways: the loss from P, the mask from z1.
ALSO_RIGHT: dict[str, str] = {
    "loss": "loss = -np.log((Y_ind * P).sum(axis=1)).sum() / N"
    " + 0.5 * reg * ((W1**2).sum() + (W2**2).sum())",
    "dz1": "dz1 = da1 * (z1 > 0)",
}
# Rounding of each line: the absolute values of all that it adds up, as a program of its own.
MAGNITUDE: dict[str, str] = {
    "z1": "z1 = abs(X) @ abs(W1) + abs(b1)",
    "a1": "a1 = abs(z1)",
    "z2": "z2 = abs(a1) @ abs(W2) + abs(b2)",
    "P": "P = (1 + abs(z2).max(axis=1, keepdims=True)) * np.ones(z2.shape)",
    "Y_ind": "Y_ind = np.zeros((N, C))",
    "loss": "loss = 1 + abs(z2).max() + reg * ((W1**2).sum() + (W2**2).sum())",
    "dz2": "dz2 = (abs(P) + abs(Y_ind)) / N",
    "dW2": "dW2 = abs(a1).T @ abs(dz2) + abs(reg * W2)",
    "db2": "db2 = abs(dz2).sum(axis=0, keepdims=True)",
    "da1": "da1 = abs(dz2) @ abs(W2).T",
    "dz1": "dz1 = abs(da1)",
    "dW1": "dW1 = abs(X).T @ abs(dz1) + abs(reg * W1)",
    "db1": "db1 = abs(dz1).sum(axis=0, keepdims=True)",
}


def reads(source: str) -> tuple[str, ...]:
    """The quantities that a line reads, in the order of the computation."""
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assigned = {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return tuple(step for step in STEPS if step in names - assigned)


@lru_cache(maxsize=8192)
def mentioned(line: str) -> tuple[str, ...]:
    """The quantities whose names stand in a line, for whatever."""
    names = {node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)}
    return tuple(step for step in STEPS if step in names)


PARENTS: dict[str, tuple[str, ...]] = {name: reads(line) for name, line in RIGHT.items()}


def _ancestors(quantity: str) -> frozenset[str]:
    direct = PARENTS[quantity]
    return frozenset(direct).union(*(_ancestors(parent) for parent in direct))


ANCESTORS: dict[str, frozenset[str]] = {name: _ancestors(name) for name in STEPS}


@lru_cache(maxsize=64)
def inputs(problem: Problem) -> Mapping[str, Any]:
    """What the lines read besides each other, under the names that they use, in float64."""
    N, D, H, C = problem.sizes
    arrays = {"X": problem.X, **problem.params._asdict()}
    given = {name: np.array(array, np.float64) for name, array in arrays.items()}
    for array in given.values():
        array.flags.writeable = False
    reg = float(problem.X.dtype.type(problem.reg))
    known = {"np": np, "y": problem.y, "reg": reg, "N": N, "D": D, "H": H, "C": C, **given}
    return MappingProxyType(known)


def run_line(line: str, quantity: str, environment: Mapping[str, Any]) -> Any:
    """The value that a line gives `quantity`. Raises whatever it raises."""
    scope = dict(environment)
    exec(compiled(line), scope)
    return scope[quantity]


def follow(
    problem: Problem, replaced: Mapping[str, str] | None = None, last: str = STEPS[-1]
) -> dict[str, Any]:
    """Each quantity up to the last, by its line, or the one that replaces it, from the earlier
    ones. Raises whatever a replaced line raises.
    """
    replaced = replaced or {}
    environment = dict(inputs(problem))
    computed = {}
    with np.errstate(all="ignore"):
        for name in STEPS[: STEPS.index(last) + 1]:
            line = replaced.get(name, RIGHT[name])
            environment[name] = computed[name] = run_line(line, name, environment)
    return computed


@lru_cache(maxsize=8192)
def compiled(line: str) -> CodeType:
    return compile(line, "<line>", "exec")
