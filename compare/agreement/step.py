"""One step of a problem, by hand and by autograd, each as the twelve quantities."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from traceback import extract_tb

import numpy as np

from compare.agreement.bridge import to_torch, to_values
from compare.bounds.quantities import Values
from compare.problems.problem import Problem
from manual import Backward, Forward, backward, forward, loss_and_gradients
from manual.batches import Share, Sum, shares
from torch_ref import step


class ManualPassError(Exception):
    """A line of manual/ raised an error on a problem that was found to be good."""


WHAT_LINES_RAISE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)


@contextmanager
def manual_lines() -> Iterator[None]:
    """Turn whatever a line of manual/ raises into a ManualPassError that shows the line."""
    try:
        yield
    except WHAT_LINES_RAISE as error:
        *_, frame = (f for f in extract_tb(error.__traceback__) if "numpy" not in f.filename)
        raise ManualPassError(
            f"DIFFER: {frame.filename}, line {frame.lineno}: {frame.line}\n"
            f"raised {type(error).__name__}: {error}"
        ) from error


def manual_step(problem: Problem) -> tuple[Forward, Backward]:
    """Forward and backward by hand. Raises ManualPassError if a line of theirs raises anything."""
    with manual_lines():
        fwd = forward(problem.params, problem.X, problem.y, problem.reg)
        return fwd, backward(problem.params, problem.X, problem.reg, fwd)


def manual_shares(problem: Problem, lengths: Sequence[int] | None = None) -> Iterator[Share]:
    """The blocks that `manual.loss_and_gradients` adds up, or blocks of these lengths. Raises
    ManualPassError as `manual_step` does.
    """
    blocks = shares(problem.params, problem.X, problem.y, problem.reg, lengths)
    while True:
        with manual_lines():
            share = next(blocks, None)
        if share is None:
            return
        yield share


def manual_sums(problem: Problem) -> Sum:
    """What `manual.loss_and_gradients` returns. Raises ManualPassError as `manual_step` does."""
    with manual_lines():
        return loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)


def step_values(fwd: Forward, bwd: Backward) -> Values:
    return Values(fwd.z1, fwd.a1, fwd.z2, fwd.P, np.asarray(fwd.loss), *bwd)


def autograd_values(problem: Problem, device: str = "cpu") -> Values:
    model, X, y = to_torch(problem, device)
    return to_values(step(model, X, y, problem.reg))
