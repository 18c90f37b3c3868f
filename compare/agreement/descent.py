"""Gradient descent, with both sides compared at every step."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from compare.agreement.bridge import load, parameters, to_torch, to_values
from compare.agreement.comparison import compare_shares
from compare.agreement.quantity import Quantity
from compare.agreement.step import manual_shares, manual_sums
from compare.problems.problem import Problem, check_whole
from manual import Params, forward
from torch_ref import loss, step


@dataclass(frozen=True)
class Verdict:
    """One step: both sides started from the manual weights, and were compared."""

    step: int  # counted from 1
    agree: bool
    loss: float  # by hand, before the step is taken
    tightest: Quantity  # the first that differs or, where all agree, the one nearest to it
    drift: float  # largest |difference| between the manual weights and those of the free model


@dataclass(frozen=True)
class Descent:
    """The whole way down. Drift is reported and not judged: two right trajectories part."""

    verdicts: tuple[Verdict, ...]
    learning_rate: float
    end_loss: float
    end_accuracy: float
    end_drift: float

    @property
    def first_difference(self) -> Verdict | None:
        return next((v for v in self.verdicts if not v.agree), None)

    @property
    def tightest(self) -> Verdict:
        return max(self.verdicts, key=lambda v: v.tightest.used)


def descend(
    problem: Problem,
    steps: int,
    learning_rate: float,
    device: str = "cpu",
    progress: Callable[[int], None] = lambda done: None,
) -> Descent:
    """Take `steps` steps by hand; at each, give autograd the same weights and compare.

    Beside it a second torch model descends from the same start on its own, with torch.optim.SGD.
    Raises ValueError for a learning rate that is not a positive number, or drives the weights to
    infinity.
    """
    check_whole("steps", steps, 1)
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"learning-rate: expected a number > 0, got {learning_rate!r}")
    rate = problem.X.dtype.type(learning_rate)
    model, X, y = to_torch(problem, device)
    free, *_ = to_torch(problem, device)
    optimizer = torch.optim.SGD(free.parameters(), lr=learning_rate)
    here, verdicts = problem, []

    for number in range(1, steps + 1):
        drift = _distance(here.params, parameters(free))
        load(model, here.params)
        autograd = to_values(step(model, X, y, here.reg))
        here_loss, gradients = manual_sums(here)
        found = compare_shares(here, manual_shares(here), autograd, (here_loss, gradients))
        tightest = found.first_difference or found.first_returned or found.tightest
        verdicts.append(Verdict(number, found.agree, float(here_loss), tightest, drift))

        params = Params(*(W - rate * dW for W, dW in zip(here.params, gradients, strict=True)))
        if not all(np.isfinite(W).all() for W in params):
            raise ValueError(
                f"learning-rate: expected one at which the weights stay finite, got "
                f"{learning_rate!r}: they overflow at step {number}"
            )
        here = replace(here, params=params)
        optimizer.zero_grad()
        loss(free, free(X), y, problem.reg).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        progress(number)

    end = forward(here.params, here.X, here.y, here.reg)
    accuracy = float((end.P.argmax(axis=1) == here.y).mean())
    drift = _distance(here.params, parameters(free))
    return Descent(tuple(verdicts), learning_rate, float(end.loss), accuracy, drift)


def _distance(one: Params, other: Params) -> float:
    return max(float(abs(a - b).max()) for a, b in zip(one, other, strict=True))
