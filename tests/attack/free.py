"""Correct implementations of the network, as different from each other as the claim allows."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.attack.arithmetic import ARRANGEMENTS, SHAPES, Machine, Order, Real
from tests.attack.project import Problem, Values

SOFTMAXES = ("quotient", "reciprocal", "exp of log P")
MEANS = ("divided", "times 1/N", "each divided", "each times 1/N")
LOSS_MEANS = ("divided", "times 1/N", "each divided")
PENALTIES = ("reg·W", "½reg·2W", "two halves", "½reg twice")
LOSS_PENALTIES = ("before the rows", "½reg·(sum)", "½·(reg·sum)", "½reg·sum each", "every square")
ULPS = ("none", "up", "down", "true class up", "true class down", "random")


class Style(NamedTuple):
    """All that may be chosen. The orders are those of each sum by name; "" is every other sum."""

    order: Order = Order()
    loss_order: Order = Order()
    penalty_at: float = 1.0  # where in its sum reg·W stands: 0 first, 1 last
    bias_at: float = 1.0
    fused: bool = False
    flush: bool = False
    softmax: str = "quotient"
    mean: str = "divided"
    loss_mean: str = "divided"
    penalty: str = "reg·W"
    loss_penalty: str = "½reg·(sum)"
    exp_ulps: str = "none"
    log_ulps: int = 0
    seed: int = 0


CHOICES: dict[str, tuple[Any, ...]] = {
    "fused": (False, False, True),
    "flush": (False, False, False, True),
    "softmax": SOFTMAXES,
    "mean": MEANS,
    "loss_mean": LOSS_MEANS,
    "penalty": PENALTIES,
    "loss_penalty": LOSS_PENALTIES,
    "exp_ulps": ULPS,
    "log_ulps": (-4, 0, 4),
    "penalty_at": (0.0, 0.0, 0.5, 1.0),
    "bias_at": (0.0, 1.0),
}


def random_order(rng: np.random.Generator) -> Order:
    return Order(
        ARRANGEMENTS[rng.integers(len(ARRANGEMENTS))],
        SHAPES[rng.integers(len(SHAPES))],
        int(rng.choice([2, 3, 4, 8, 32, 128])),
        int(rng.integers(1000)),
    )


def random_style(rng: np.random.Generator) -> Style:
    chosen = {name: values[rng.integers(len(values))] for name, values in CHOICES.items()}
    return Style(
        order=random_order(rng),
        loss_order=random_order(rng),
        seed=int(rng.integers(1000)),
        **chosen,
    )


def varied_style(style: Style, rng: np.random.Generator) -> Style:
    """`style` with one of its choices made anew."""
    name = str(rng.choice(Style._fields))
    return style._replace(**{name: getattr(random_style(rng), name)})


class Forward(NamedTuple):
    z1: Real
    a1: Real
    z2: Real
    P: Real
    loss: Real


def forward(problem: Problem, style: Style) -> Forward:
    machine = machine_of(problem, style)
    W1, b1, W2, b2 = problem.params
    z1 = product(machine, problem.X, W1, style.order, [(b1, 1)], style.bias_at)
    a1 = np.maximum(z1, 0)
    z2 = product(machine, a1, W2, style.order, [(b2, 1)], style.bias_at)
    s = machine.subtract(z2, z2.max(axis=1, keepdims=True))
    ulps = _ulps(problem, style)
    e = machine.exp(s, ulps)
    one = machine.rounded(1)
    S = machine.sum(e.T, one, style.order)[:, None]
    log_P = machine.subtract(s, machine.log(S, style.log_ulps))
    if style.softmax == "quotient":
        P = machine.divide(e, S)
    elif style.softmax == "reciprocal":
        P = machine.multiply(e, machine.divide(one, S))
    else:
        P = machine.exp(log_P, ulps)
    return Forward(z1, a1, z2, P, _loss(problem, style, log_P[np.arange(len(log_P)), problem.y]))


def backward(problem: Problem, style: Style, fwd: Forward, active: npt.NDArray[np.bool_]) -> Values:
    machine = machine_of(problem, style)
    X, params = problem.X, problem.params
    dz2 = _dz2(problem, style, fwd.P)
    one = machine.rounded(1)

    def with_penalty(a: Real, dz: Real, W: Real) -> Real:
        penalty = _penalty(machine, problem.reg, W, style.penalty)
        return product(machine, a.T, dz, style.order, penalty, style.penalty_at)

    da1 = product(machine, dz2, params.W2.T, style.order)
    dz1 = da1 * active
    return Values(
        **fwd._asdict(),
        dz2=dz2,
        dW2=with_penalty(fwd.a1, dz2, params.W2),
        db2=machine.sum(dz2, one, style.order)[None],
        da1=da1,
        dz1=dz1,
        dW1=with_penalty(X, dz1, params.W1),
        db1=machine.sum(dz1, one, style.order)[None],
    )


def machine_of(problem: Problem, style: Style) -> Machine:
    return Machine(problem.X.dtype, style.fused, style.flush)


def product(
    machine: Machine,
    a: Real,
    b: Real,
    order: Order,
    more: list[tuple[Any, Any]] = [],  # noqa: B006
    at: float = 1.0,
) -> Real:
    """a @ b and the products `more`, which stand together at `at` among the terms."""
    (n, K), m = a.shape, b.shape[1]
    left = [np.broadcast_to(a.T[:, :, None], (K, n, m))]
    right = [np.broadcast_to(b[:, None, :], (K, n, m))]
    place = round(at * K)
    if more:
        extra = [
            np.stack([np.broadcast_to(machine.dtype.type(1) * f, (n, m)) for f in factors])
            for factors in zip(*more, strict=True)
        ]
        left = [left[0][:place], extra[0], left[0][place:]]
        right = [right[0][:place], extra[1], right[0][place:]]
    return machine.sum(np.concatenate(left), np.concatenate(right), order)


def _penalty(machine: Machine, reg: float, W: Real, form: str) -> list[tuple[Any, Any]]:
    """The products that make reg · W. Torch's `0.5 * reg` is halved before it is rounded."""
    r, half = machine.dtype.type(reg), machine.rounded(0.5 * reg)
    if form == "reg·W":
        return [(r, W)]
    if form == "½reg·2W":
        return [(half, machine.multiply(machine.rounded(2), W))]
    if form == "two halves":
        halved = machine.multiply(machine.multiply(W, r), machine.rounded(0.5))
        return [(halved, 1), (halved, 1)]
    return [(half, W), (half, W)]


def penalties(problem: Problem, style: Style) -> list[Real]:
    """reg · W1 and reg · W2 alone."""
    machine = machine_of(problem, style)
    found = []
    for W in (problem.params.W1, problem.params.W2):
        factors = zip(*_penalty(machine, problem.reg, W, style.penalty), strict=True)
        a, b = (
            np.stack([np.broadcast_to(f, W.shape) for f in fs]).astype(W.dtype) for fs in factors
        )
        found.append(machine.sum(a, b, style.order))
    return found


def _dz2(problem: Problem, style: Style, P: Real) -> Real:
    machine = machine_of(problem, style)
    Y_ind = np.zeros_like(P)
    Y_ind[np.arange(len(P)), problem.y] = 1
    N = machine.rounded(len(P))
    share = machine.divide(machine.rounded(1), N)
    if style.mean == "divided":
        return machine.divide(machine.subtract(P, Y_ind), N)
    if style.mean == "times 1/N":
        return machine.multiply(machine.subtract(P, Y_ind), share)
    if style.mean == "each divided":
        return machine.subtract(machine.divide(P, N), machine.divide(Y_ind, N))
    return machine.multiply_add(P, share, -machine.multiply(Y_ind, share))


def _loss(problem: Problem, style: Style, log_p: Real) -> Real:
    machine, order = machine_of(problem, style), style.loss_order
    W1, W2 = (W.ravel() for W in (problem.params.W1, problem.params.W2))
    N, one, half = (machine.rounded(x) for x in (len(log_p), 1, 0.5))
    reg, half_reg = machine.dtype.type(problem.reg), machine.rounded(0.5 * problem.reg)
    if style.loss_penalty == "before the rows":
        squares = machine.add(*(machine.sum(W, W, order) for W in (W1, W2)))
        rows = machine.divide(-log_p, N)
        return machine.sum(np.append(machine.multiply(half_reg, squares), rows), one, order)
    if style.loss_mean == "divided":
        data = machine.divide(machine.sum(-log_p, one, order), N)
    elif style.loss_mean == "times 1/N":
        data = machine.multiply(machine.sum(-log_p, one, order), machine.divide(one, N))
    else:
        data = machine.sum(machine.divide(-log_p, N), one, order)
    if style.loss_penalty == "every square":  # one sum of all squares, each with its factor
        W = np.concatenate([W1, W2])
        return machine.add(data, machine.sum(machine.multiply(half_reg, W), W, order))
    one_sum, other = (machine.sum(W, W, order) for W in (W1, W2))
    if style.loss_penalty == "½reg·(sum)":
        return machine.multiply_add(half_reg, machine.add(one_sum, other), data)
    if style.loss_penalty == "½·(reg·sum)":
        penalty = machine.multiply(half, machine.multiply(reg, machine.add(one_sum, other)))
        return machine.add(data, penalty)
    return machine.multiply_add(half_reg, other, machine.multiply_add(half_reg, one_sum, data))


def _ulps(problem: Problem, style: Style) -> Any:
    N, _, _, C = problem.sizes
    if style.exp_ulps == "random":
        return np.random.default_rng(style.seed).integers(-4, 5, size=(N, C))
    if style.exp_ulps.startswith("true class"):
        true_class = np.arange(C) == problem.y[:, None]
        return np.where(true_class, 4, -4) * (1 if style.exp_ulps.endswith("up") else -1)
    return {"none": 0, "up": 4, "down": -4}[style.exp_ulps]
