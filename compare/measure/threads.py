"""Python threads over the blocks of a batch, beside one block after the other: is it faster?

    python -m compare.measure.threads

The number of OpenBLAS's own threads is that of OPENBLAS_NUM_THREADS. manual/batches.py uses none of
this; README.md beside this file says why.
"""

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from statistics import median

from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual import loss_and_gradients
from manual.batches import Sum, rows_per_block, total

ROWS, WIDTHS, DTYPES = 20_000, (10, 256, 1024), ("float32", "float64")
ROUNDS = 7


def in_threads(problem: Problem, pool: ThreadPoolExecutor, workers: int) -> Sum:
    """The loss and the gradients, to the last bit those of `loss_and_gradients`: the blocks are the
    same, and are added up in the same order. Only a few wait at a time.
    """

    rows, N = rows_per_block(problem.params), len(problem.X)

    def of_block(start: int) -> Sum:
        X, y = problem.X[start : start + rows], problem.y[start : start + rows]
        return loss_and_gradients(problem.params, X, y, problem.reg, first=start, N=N)

    def sums() -> Iterator[Sum]:
        waiting: deque[Future[Sum]] = deque()
        for start in range(0, N, rows):
            waiting.append(pool.submit(of_block, start))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    return total(sums())


def speed_up(problem: Problem, workers: int) -> float:
    """How many times as fast the threads are: the median of some rounds, in turns."""
    params, X, y, reg = problem.params, problem.X, problem.y, problem.reg
    ratios = []
    with ThreadPoolExecutor(workers) as pool:
        in_threads(problem, pool, workers)
        for _ in range(ROUNDS):
            start = time.perf_counter()
            loss_and_gradients(params, X, y, reg)
            middle = time.perf_counter()
            in_threads(problem, pool, workers)
            ratios.append((middle - start) / (time.perf_counter() - middle))
    return median(ratios)


def main() -> None:
    workers = os.cpu_count() or 1
    own = os.environ.get("OPENBLAS_NUM_THREADS", "as many as it likes")
    print(f"{ROWS} rows, {workers} Python threads, OpenBLAS threads: {own}; above 1: threads help")
    for hidden in WIDTHS:
        for dtype in DTYPES:
            problem = random_problem(samples=ROWS, hidden=hidden, dtype=dtype)
            print(f"{hidden:>5} hidden units, {dtype}: {speed_up(problem, workers):.2f}")


if __name__ == "__main__":
    main()
