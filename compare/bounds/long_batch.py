"""The bounds of a long batch, a block of rows at a time: in the memory of a few blocks."""

from dataclasses import replace

import numpy as np

from compare.bounds.quantities import SUMMED
from compare.bounds.reference import Float64s
from compare.bounds.rounding import Bounds, error_bounds
from compare.problems.problem import Problem
from manual.batches import rows_per_block


def block_bounds(problem: Problem, start: int, stop: int) -> Bounds:
    """E for these rows; for the loss and the gradients, the rows' share: the bound for the batch is
    the sum of the shares of all rows. What the penalty adds is counted with row 0.
    """
    block = problem.rows(start, stop)
    return error_bounds(replace(block, reg=problem.reg) if start == 0 else block, len(problem.X))


def summed_errors(problem: Problem) -> dict[str, Float64s]:
    """E for the loss and the four gradients alone."""
    N, rows = len(problem.X), rows_per_block(problem.params)
    errors = (block_bounds(problem, start, start + rows).error for start in range(0, N, rows))
    shares = ([getattr(error, name) for name in SUMMED] for error in errors)
    return {name: np.sum(share, axis=0) for name, *share in zip(SUMMED, *shares, strict=True)}
