"""Gradients as sums over rows: a batch in blocks gives the full batch's gradients, if every block
is divided by the whole N and the penalty is added once. Beside it the well-known bug, a mean of the
blocks' means, which counts a short block's rows for more than a long one's.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from compare.agreement.bridge import gradients, to_torch
from compare.agreement.quantity import Quantity, compare_quantity
from compare.agreement.step import manual_shares, manual_step
from compare.bounds.reference import reference
from compare.bounds.rounding import error_bounds
from compare.problems.problem import Problem, check_whole
from manual import Params
from torch_ref import step
from torch_ref.blocks import accumulate, mean_of_means


class Ways(NamedTuple):
    """The four gradients of one batch, on one side."""

    full: Params  # from the whole batch at once
    summed: Params  # from blocks, each divided by the whole N
    bug: Params  # the mean of the blocks' means


class Side(NamedTuple):
    """One parameter's gradient on one side: in blocks against the full batch."""

    summed: Quantity
    bug: float  # largest |mean of means - full batch|


class InBlocks(NamedTuple):
    manual: Side
    autograd: Side


@dataclass(frozen=True)
class Blocks:
    """The gradients in blocks of these lengths, in the order of Params."""

    lengths: tuple[int, ...]
    gradients: tuple[InBlocks, ...]

    @property
    def first_difference(self) -> Quantity | None:
        judged = (side.summed for found in self.gradients for side in found)
        return next((q for q in judged if not q.ok), None)

    @property
    def even(self) -> bool:
        """Blocks of one length: the mean of means is right then, by luck."""
        return len(set(self.lengths)) == 1


def compare_blocks(problem: Problem, blocks: int, device: str = "cpu") -> Blocks:
    """Split the batch into `blocks` blocks, as even as can be, and hold their gradients against
    the full batch's, by hand and by autograd. Raises ValueError for fewer blocks than two, or more
    than there are rows.
    """
    if len(problem.X) < 2:
        raise ValueError("samples: expected at least 2, to make blocks of them, got 1")
    check_whole("blocks", blocks, 2, len(problem.X))
    lengths = [len(rows) for rows in np.array_split(problem.X, blocks)]
    by_hand, by_autograd = _by_hand(problem, lengths), _by_autograd(problem, lengths, device)
    errors = _errors(problem)

    def side(name: str, ways: Ways) -> Side:
        full, summed, bug, error = (getattr(params, name) for params in (*ways, errors))
        return Side(compare_quantity(f"d{name}", summed, full, error), float(abs(bug - full).max()))

    found = (InBlocks(side(name, by_hand), side(name, by_autograd)) for name in Params._fields)
    return Blocks(tuple(lengths), tuple(found))


def _by_hand(problem: Problem, lengths: list[int]) -> Ways:
    parts = [share.bwd.gradients for share in manual_shares(problem, lengths)]
    ends = [0, *np.cumsum(lengths).tolist()]
    blocks = [replace(problem.rows(*rows), reg=problem.reg) for rows in pairwise(ends)]
    means = [_gradients(block) for block in blocks]
    return Ways(_gradients(problem), _sum(parts), Params(*(W / len(blocks) for W in _sum(means))))


def _sum(parts: list[Params]) -> Params:
    return Params(*(sum(gradients) for gradients in zip(*parts, strict=True)))


def _gradients(problem: Problem) -> Params:
    return manual_step(problem)[1].gradients


def _by_autograd(problem: Problem, lengths: list[int], device: str) -> Ways:
    model, X, y = to_torch(problem, device)
    step(model, X, y, problem.reg)
    full = gradients(model)
    accumulate(model, X, y, problem.reg, lengths)
    summed = gradients(model)
    mean_of_means(model, X, y, problem.reg, lengths)
    return Ways(full, summed, gradients(model))


def _errors(problem: Problem) -> Params:
    """E for gradients that are summed in blocks.

    `error_bounds` allows for any order of summation, that of the blocks included. But rounding may
    put a unit on different sides of 0 in the block and in the full batch.
    """
    bounds = error_bounds(problem)
    E = bounds.error
    flips = bounds.unsure * (abs(reference(problem).da1) + 2 * E.da1)
    return Params(
        W1=E.dW1 + abs(problem.X.astype(np.float64)).T @ flips,
        b1=E.db1 + flips.sum(axis=0, keepdims=True),
        W2=E.dW2,
        b2=E.db2,
    )
