"""The bounds of a long batch, a block of rows at a time: in the memory of a few blocks."""

from collections.abc import Iterable

import numpy as np

from compare.bounds.quantities import SUMMED
from compare.bounds.reference import Float64s
from compare.bounds.rounding import Bounds, error_bounds, penalty_bounds
from compare.problems.problem import Problem
from manual.batches import rows_per_block


def block_bounds(problem: Problem, start: int, stop: int) -> Bounds:
    """E for these rows. For the loss and the gradients, which are sums over all rows, it is what
    the data of these rows adds to E.
    """
    return error_bounds(problem.rows(start, stop), len(problem.X))


def added_by(block: Bounds) -> list[Float64s]:
    """What a block adds to E for the loss and the four gradients, in the order of SUMMED."""
    return [getattr(block.error, name) for name in SUMMED]


def summed_bounds(problem: Problem, blocks: Iterable[list[Float64s]]) -> list[Float64s]:
    """E for the loss and the four gradients, in the order of SUMMED: what the data of all blocks
    adds, and what the penalty adds once.
    """
    data = [np.sum(parts, axis=0) for parts in zip(*blocks, strict=True)]
    penalty = penalty_bounds(problem)
    once = {"loss": penalty.loss, "dW1": penalty.dW1, "dW2": penalty.dW2}
    return [E + once.get(name, 0.0) for name, E in zip(SUMMED, data, strict=True)]


def summed_errors(problem: Problem) -> dict[str, Float64s]:
    """E for the loss and the four gradients alone."""
    N, rows = len(problem.X), rows_per_block(problem.params)
    starts = range(0, N, rows)
    blocks = (added_by(block_bounds(problem, start, start + rows)) for start in starts)
    return dict(zip(SUMMED, summed_bounds(problem, blocks), strict=True))
