"""All that a lesson page shows of one problem, gathered from the comparison and the graph."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.agreement.comparison import against_autograd, on_varied_problems
from compare.agreement.descent import descend
from compare.agreement.exactly import compare_exactly
from compare.agreement.report import Run
from compare.agreement.step import autograd_values, manual_lines, step_values
from compare.bounds.exact import exact_batch
from compare.bounds.quantities import BY_ROW, SUMMED, Values
from compare.graph.walk import Walk, walk
from compare.problems.problem import Problem
from manual import loss_and_gradients
from manual.batches import Share, shares

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.intp]

# Numbers in the matrices that have a row for each sample. 200 rows of the notes' network have
# 10 600, which is about 200 kB of a page.
LARGEST_BATCH = 20_000
FEWEST_ROWS = 8


@dataclass(frozen=True)
class Lesson:
    run: Run  # what `python -m compare` found
    walk: Walk
    rows: Rows  # of the batch, that the page shows: all, or some of a long one
    X: Array  # those rows
    y: Array
    by_hand: Values  # what has a row for each sample: those rows
    by_autograd: Values

    @property
    def problem(self) -> Problem:
        return self.run.problem

    @property
    def whole(self) -> bool:
        """Whether the page shows every row of the batch."""
        return len(self.rows) == len(self.problem.X)


def gather(
    problem: Problem,
    device: str = "cpu",
    steps: int | None = None,
    learning_rate: float = 0.1,
    progress: Callable[[int], None] = lambda done: None,
) -> Lesson:
    """Run the comparison, the graph and, given `steps`, the descent. Raises ManualPassError if a
    manual line raises an error, ValueError for what `descend` refuses.
    """
    with np.errstate(all="ignore"):  # an overflow shows as the difference that it makes
        comparison = against_autograd(problem, device)
        exact = compare_exactly(exact_batch(dtype=problem.dtype, seed=problem.seed), device)
        varied = on_varied_problems(problem.seed, problem.dtype, device)
        descent = None
        if steps is not None:
            descent = descend(problem, steps, learning_rate, device, progress)
        rows = shown_rows(problem, [q.at[0] for q in comparison.quantities if q.key in BY_ROW])
        autograd = autograd_values(problem, device)
        there = {name: getattr(autograd, name)[rows] for name in BY_ROW}
        return Lesson(
            run=Run(problem, device, comparison, varied, exact, descent),
            walk=walk(problem, device=device),
            rows=rows,
            X=problem.X[rows],
            y=problem.y[rows],
            by_hand=_by_hand(problem, rows),
            by_autograd=autograd._replace(**there),
        )


def shown_rows(problem: Problem, needed: list[int]) -> Rows:
    """All rows, if they are few; else rows at even distances, and the needed ones."""
    N, D, H, C = problem.sizes
    most = max(FEWEST_ROWS, LARGEST_BATCH // (D + 4 * H + 3 * C))
    if most >= N:
        return np.arange(N)
    evenly = np.linspace(0, N - 1, most).astype(np.intp)
    return np.unique(np.concatenate([evenly, np.array(needed, np.intp)]))


def _by_hand(problem: Problem, rows: Rows) -> Values:
    """What the manual pass has for these rows, and for the sums over all rows."""
    arguments = problem.params, problem.X, problem.y, problem.reg
    with manual_lines():
        pieces = list(_pieces(shares(*arguments), rows))
        loss, gradients = loss_and_gradients(*arguments)
    found = {name: np.concatenate([piece[name] for piece in pieces]) for name in BY_ROW}
    sums = dict(zip(SUMMED, (np.asarray(loss), *gradients), strict=True))
    return Values(**found, **sums)


def _pieces(blocks: Iterator[Share], rows: Rows) -> Iterator[dict[str, Array]]:
    for share in blocks:
        start, stop = share.rows.start, share.rows.stop
        here = rows[(rows >= start) & (rows < stop)] - start
        values = step_values(share.fwd, share.bwd)
        yield {name: getattr(values, name)[here] for name in BY_ROW}
