"""What the manual pass has for each gradient and for each tensor of autograd's graph."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.bounds.rounding import error_bounds, penalty_bounds
from compare.problems.problem import Problem
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


# How the keys below are displayed, where they are not displayed as they are.
DISPLAYED = {
    "one": "1",
    "half_reg": "½·reg",
    "true_class": "−Y_ind/N",
    "log_P": "log P",
    "data_dW2": "a1.T·dz2",
    "data_dW1": "X.T·dz1",
    "penalty_W2": "reg·W2",
    "penalty_W1": "reg·W1",
    "half_penalty_W2": "½·reg·W2",
    "half_penalty_W1": "½·reg·W1",
}
EVERYWHERE = "_everywhere"


class Counterpart(NamedTuple):
    """A manual quantity; PyTorch's may differ from it by 2 `error`."""

    key: str
    value: Array
    error: npt.NDArray[np.float64]
    transposed: bool = False

    @property
    def name(self) -> str:
        """As it is displayed."""
        text = displayed(self.key)
        if not self.transposed:
            return text
        return f"({text}).T" if "·" in text else f"{text}.T"


def displayed(key: str) -> str:
    if key.endswith(EVERYWHERE):
        return f"{displayed(key.removesuffix(EVERYWHERE))}, everywhere"
    return DISPLAYED.get(key, key)


def gradients_by_hand(problem: Problem, fwd: Forward, manual: Backward) -> dict[str, Counterpart]:
    """The manual counterparts of all gradients, by key.

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
        Counterpart("one", np.ones((), X.dtype), np.zeros(())),
        Counterpart("half_reg", np.asarray(0.5 * reg, X.dtype), error.half_reg),
        Counterpart("true_class", true_class, true_class_error),
        Counterpart("dz2", manual.dz2, whole.dz2),
        Counterpart("db2", manual.db2, whole.db2),
        Counterpart("dz1", manual.dz1, whole.dz1),
        Counterpart("da1", manual.da1, whole.da1),
        Counterpart("db1", manual.db1, whole.db1),
        Counterpart("dW2", manual.dW2, whole.dW2),
        Counterpart("data_dW2", data.dW2, data_error.dW2),
        Counterpart("penalty_W2", penalty.dW2, error.dW2),
        Counterpart("half_penalty_W2", penalty.dW2 / 2, error.dW2 / 2),
        Counterpart("dW1", manual.dW1, whole.dW1),
        Counterpart("data_dW1", data.dW1, data_error.dW1),
        Counterpart("penalty_W1", penalty.dW1, error.dW1),
        Counterpart("half_penalty_W1", penalty.dW1 / 2, error.dW1 / 2),
    )
    return {counterpart.key: counterpart for counterpart in found}


def penalty_by_hand(problem: Problem, fwd: Forward) -> Backward:
    """The manual backward pass where P = Y_ind: dz2 is 0, so that reg * W alone is left of dW."""
    return backward(problem.params, problem.X, problem.reg, fwd._replace(P=fwd.Y_ind))


def values_by_hand(problem: Problem, fwd: Forward) -> dict[str, Counterpart]:
    """The manual counterparts of all that a node may keep, by key."""
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
        Counterpart("half_reg", np.asarray(0.5 * problem.reg), half_reg),
    )
    return {counterpart.key: counterpart for counterpart in found}


def forms(c: Counterpart, array: Array, turned: bool | None = None) -> list[Counterpart]:
    """The ways in which PyTorch may hold a manual quantity, as far as they have the array's shape:
    as it is, transposed, a row as a vector, a number at every element.
    """
    if c.value.shape != c.error.shape or array.size == 0:
        return []
    if c.value.shape == ():
        key = c.key if array.shape == () else c.key + EVERYWHERE
        same = np.full(array.shape, c.value, array.dtype), np.full(array.shape, c.error)
        return [Counterpart(key, *same)]
    found = [] if turned else [c]
    if c.value.shape[0] == 1:
        found.append(Counterpart(c.key, c.value[0], c.error[0]))
    if c.value.ndim == 2 and turned is not False:
        found.append(Counterpart(c.key, c.value.T, c.error.T, transposed=True))
    return [form for form in found if form.value.shape == array.shape]


# The manual line for each gradient that a node is the first to have, in the notes' notation.
LINES = {
    "half_reg": "L = … + ½ · reg · (…)",
    "half_reg" + EVERYWHERE: "ΣW²",
    "true_class": "dz2 = (P − Y_ind) / N: its −Y_ind / N",
    "dz2": "dz2 = (P − Y_ind) / N",
    "db2": "db2 = dz2.sum(0)",
    "da1": "da1 = dz2 · W2.T",
    "data_dW2": "dW2 = a1.T · dz2 + …",
    "dz1": "dz1 = da1, with dz1[a1 == 0] = 0",
    "db1": "db1 = dz1.sum(0)",
    "data_dW1": "dW1 = X.T · dz1 + …",
    "penalty_W2": "dW2 = … + reg · W2",
    "half_penalty_W2": "dW2 = … + reg · W2, in halves",
    "penalty_W1": "dW1 = … + reg · W1",
    "half_penalty_W1": "dW1 = … + reg · W1, in halves",
}
# The manual line of a node that hands on what it got.
HANDED_ON = {"one": "L = data + penalty", "half_reg": "ΣW1² + ΣW2²"}
# And what AccumulateGrad leaves in `.grad`.
RESULTS = {
    "dW2": "dW2 = a1.T · dz2 + reg · W2",
    "dW1": "dW1 = X.T · dz1 + reg · W1",
    "data_dW2": "dW2 = a1.T · dz2, without reg · W2",
    "data_dW1": "dW1 = X.T · dz1, without reg · W1",
}


def manual_lines(node: str, arrives: list[str], leaves: list[str]) -> tuple[str, ...]:
    """What a node does that the manual pass does too, given the keys of its gradients."""
    if node not in KNOWN:
        return ()
    if node == "AccumulateGrad":
        return tuple(RESULTS.get(key, LINES.get(key, displayed(key))) for key in arrives)
    new = [key for key in dict.fromkeys(leaves) if key not in arrives]
    if new:
        return tuple(LINES[key] for key in new if key in LINES)
    return tuple(HANDED_ON[key] for key in arrives if key in HANDED_ON)
