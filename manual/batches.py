"""The loss and the four gradients of a batch of any length, in blocks of rows.

The loss is a sum over the samples, so its gradient is the sum of the blocks' gradients: each block
divides by the N of the whole batch, and the first alone brings the penalty. A block's matrices stay
in the processor's cache from one line of the notes to the next, where those of a long batch would
travel to memory and back for each.
"""

from collections.abc import Iterator

import numpy as np

from manual.inputs import check_forms, check_inputs
from manual.network import Array, Labels, Params, Scalar, backward, forward

# What z1 may take of a block. Twice as much is faster still, but a block is one sum to the linear
# algebra: with 1 000 000 identical rows float32 is 7.5e-6 off here, 1.6e-5 there.
BLOCK_BYTES = 2**19
SHORTEST_BLOCK = 256  # rows; below, NumPy's overhead for a call outweighs the work in it

Sum = tuple[Scalar, Params]  # a block's share of the loss, and of the gradients


def loss_and_gradients(
    params: Params, X: Array, y: Labels, reg: float | Scalar
) -> tuple[Scalar, Params]:
    """The loss and its gradient by each parameter. Arguments and errors are those of `forward`.

    X and y may be memory-mapped: beyond them it takes the memory of a few blocks, whatever N is.
    """
    if np.shape(X)[:1] <= (SHORTEST_BLOCK,):
        return _block(params, X, y, reg)
    check_forms(params, X, y, reg)
    try:
        return pairwise(_blocks(params, X, y, reg))
    except ValueError:
        check_inputs(params, X, y, reg)  # to name the place in the whole batch
        raise


def rows_per_block(params: Params) -> int:
    """A power of 2, at which z1 takes up to BLOCK_BYTES."""
    b1 = params[1]
    rows = max(SHORTEST_BLOCK, BLOCK_BYTES // b1.nbytes)
    return 1 << (rows.bit_length() - 1)


def _blocks(params: Params, X: Array, y: Labels, reg: float | Scalar) -> Iterator[Sum]:
    N, rows = len(X), rows_per_block(params)
    for start in range(0, N, rows):
        # np.asarray: results of a memory-mapped array would be memory-mapped arrays themselves.
        block = slice(start, start + rows)
        Xb, yb = np.asarray(X[block]), np.asarray(y[block])
        yield _block(params, Xb, yb, reg if start == 0 else 0.0, N)


def _block(params: Params, X: Array, y: Labels, reg: float | Scalar, N: int | None = None) -> Sum:
    fwd = forward(params, X, y, reg, N)
    return fwd.loss, backward(params, X, reg, fwd, N).gradients


def pairwise(blocks: Iterator[Sum]) -> Sum:
    """The sum of the blocks' shares, in pairs of pairs: rounding grows with the logarithm of their
    number, and so does the memory for those that wait for a partner.
    """
    waiting: list[tuple[int, Sum]] = []  # how many blocks are in it, and their sum
    for total in blocks:
        count = 1
        while waiting and waiting[-1][0] == count:
            total, count = _add(waiting.pop()[1], total), 2 * count
        waiting.append((count, total))
    total = waiting.pop()[1]
    while waiting:
        total = _add(waiting.pop()[1], total)
    return total


def _add(one: Sum, other: Sum) -> Sum:
    return one[0] + other[0], Params(*(a + b for a, b in zip(one[1], other[1], strict=True)))
