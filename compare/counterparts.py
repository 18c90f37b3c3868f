"""What the manual pass has for each gradient and for each tensor of autograd's graph."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.problem import Problem
from compare.rounding import error_bounds, penalty_bounds
from manual import Backward, Forward, backward

Array = npt.NDArray[Any]

# The nodes that this project knows, of all three spellings. Others are shown without manual lines.
KNOWN = frozenset(
    {
        "AccumulateGrad",
        "AddBackward0",
        "AddmmBackward0",
        "LogSoftmaxBackward0",
        "MmBackward0",
        "MulBackward0",
        "NllLossBackward0",
        "PowBackward0",
        "ReluBackward0",
        "SumBackward0",
        "TBackward0",
    }
)


class Counterpart(NamedTuple):
    """A manual quantity; PyTorch's may differ from it by 2 `error`."""

    name: str
    value: Array
    error: npt.NDArray[np.float64]


def gradients_by_hand(problem: Problem, fwd: Forward, manual: Backward) -> dict[str, Counterpart]:
    """The manual counterparts of all gradients, by name.

    The parts of a line come from that line itself, given zeros for the other part: what the data
    adds to dW is the manual dW for reg = 0, and -Y_ind / N is dz2 for P = 0. The bounds on the
    parts of dW are those of the same problem with reg = 0, and of reg * W before it is added.
    """
    params, X, reg = problem.params, problem.X, problem.reg
    whole = error_bounds(problem).error
    data, data_error = backward(params, X, 0.0, fwd), error_bounds(replace(problem, reg=0.0)).error
    penalty = penalty_by_hand(problem, fwd)
    error = penalty_bounds(problem, N=0)
    true_class = backward(params, X, reg, fwd._replace(P=np.zeros_like(fwd.P))).dz2
    finfo = np.finfo(X.dtype)
    # -1/N: a division, and products by -1 and by the 1 that arrives.
    true_class_error = 1.5 * float(finfo.eps) * (fwd.Y_ind.astype(np.float64) / len(X))
    found = (
        Counterpart("1", np.ones((), X.dtype), np.zeros(())),
        Counterpart("½·reg", np.asarray(0.5 * reg, X.dtype), error.half_reg),
        Counterpart("−Y_ind/N", true_class, true_class_error),
        Counterpart("dz2", manual.dz2, whole.dz2),
        Counterpart("db2", manual.db2, whole.db2),
        Counterpart("dz1", manual.dz1, whole.dz1),
        Counterpart("da1", manual.da1, whole.da1),
        Counterpart("db1", manual.db1, whole.db1),
        Counterpart("dW2", manual.dW2, whole.dW2),
        Counterpart("a1.T·dz2", data.dW2, data_error.dW2),
        Counterpart("reg·W2", penalty.dW2, error.dW2),
        Counterpart("½·reg·W2", penalty.dW2 / 2, error.dW2 / 2),
        Counterpart("dW1", manual.dW1, whole.dW1),
        Counterpart("X.T·dz1", data.dW1, data_error.dW1),
        Counterpart("reg·W1", penalty.dW1, error.dW1),
        Counterpart("½·reg·W1", penalty.dW1 / 2, error.dW1 / 2),
    )
    return {counterpart.name: counterpart for counterpart in found}


def penalty_by_hand(problem: Problem, fwd: Forward) -> Backward:
    """The manual backward pass where P = Y_ind: dz2 is 0, so that reg * W alone is left of dW."""
    return backward(problem.params, problem.X, problem.reg, fwd._replace(P=fwd.Y_ind))


def values_by_hand(problem: Problem, fwd: Forward) -> dict[str, Counterpart]:
    """The manual counterparts of all that a node may keep, by name."""
    bounds, half_reg = error_bounds(problem).error, penalty_bounds(problem).half_reg
    given = {"X": problem.X, **problem.params._asdict(), "Y_ind": fwd.Y_ind}
    found = (
        *(Counterpart(name, value, np.zeros(value.shape)) for name, value in given.items()),
        Counterpart("y", problem.y.astype(np.int64), np.zeros(problem.y.shape)),
        Counterpart("a1", fwd.a1, bounds.a1),
        Counterpart("z1", fwd.z1, bounds.z1),
        Counterpart("z2", fwd.z2, bounds.z2),
        Counterpart("P", fwd.P, bounds.P),
        Counterpart("N", np.asarray(float(len(problem.X))), np.zeros(())),
        Counterpart("½·reg", np.asarray(0.5 * problem.reg), half_reg),
    )
    return {counterpart.name: counterpart for counterpart in found}


def forms(c: Counterpart, array: Array, turned: bool | None = None) -> list[Counterpart]:
    """The ways in which PyTorch may hold a manual quantity, as far as they have the array's shape:
    as it is, transposed, a row as a vector, a number at every element.
    """
    if c.value.shape != c.error.shape or array.size == 0:
        return []
    if c.value.shape == ():
        name = c.name if array.shape == () else f"{c.name}, everywhere"
        same = np.full(array.shape, c.value, array.dtype), np.full(array.shape, c.error)
        return [Counterpart(name, *same)]
    found = [] if turned else [c]
    if c.value.shape[0] == 1:
        found.append(Counterpart(c.name, c.value[0], c.error[0]))
    if c.value.ndim == 2 and turned is not False:
        name = f"({c.name}).T" if "·" in c.name else f"{c.name}.T"
        found.append(Counterpart(name, c.value.T, c.error.T))
    return [form for form in found if form.value.shape == array.shape]


def plain(name: str) -> str:
    """The name of a quantity without the transpose that nn.Linear makes of it."""
    return name.removesuffix(".T").strip("()") if name.endswith(".T") else name


# The manual line for each gradient that a node is the first to have, in the notes' notation.
LINES = {
    "½·reg": "L = … + ½ · reg · (…)",
    "½·reg, everywhere": "ΣW²",
    "−Y_ind/N": "dz2 = (P − Y_ind) / N: its −Y_ind / N",
    "dz2": "dz2 = (P − Y_ind) / N",
    "db2": "db2 = dz2.sum(0)",
    "da1": "da1 = dz2 · W2.T",
    "a1.T·dz2": "dW2 = a1.T · dz2 + …",
    "dz1": "dz1 = da1, with dz1[a1 == 0] = 0",
    "db1": "db1 = dz1.sum(0)",
    "X.T·dz1": "dW1 = X.T · dz1 + …",
    "reg·W2": "dW2 = … + reg · W2",
    "½·reg·W2": "dW2 = … + reg · W2, in halves",
    "reg·W1": "dW1 = … + reg · W1",
    "½·reg·W1": "dW1 = … + reg · W1, in halves",
}
# The manual line of a node that hands on what it got.
HANDED_ON = {"1": "L = data + penalty", "½·reg": "ΣW1² + ΣW2²"}
# And what AccumulateGrad leaves in `.grad`.
RESULTS = {
    "dW2": "dW2 = a1.T · dz2 + reg · W2",
    "dW1": "dW1 = X.T · dz1 + reg · W1",
    "a1.T·dz2": "dW2 = a1.T · dz2, without reg · W2",
    "X.T·dz1": "dW1 = X.T · dz1, without reg · W1",
}


def manual_lines(node: str, arrives: list[str], leaves: list[str]) -> tuple[str, ...]:
    """What a node does that the manual pass does too, given the names of its gradients."""
    if node not in KNOWN:
        return ()
    had = [plain(name) for name in arrives]
    if node == "AccumulateGrad":
        return tuple(RESULTS.get(name, LINES.get(name, name)) for name in had)
    new = [name for name in dict.fromkeys(map(plain, leaves)) if name not in had]
    if new:
        return tuple(LINES[name] for name in new if name in LINES)
    return tuple(HANDED_ON[name] for name in had if name in HANDED_ON)
