"""The loss and the four gradients of a batch of any length, in blocks of rows.

The loss is a sum over the samples, so its gradient is the sum of the blocks' gradients: each block
divides by the N of the whole batch, and the first alone brings the penalty. A block's matrices stay
in the processor's cache from one line of the notes to the next, where those of a long batch would
travel to memory and back for each.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from manual.inputs import check_forms, check_inputs
from manual.network import (
    Array,
    Backward,
    Forward,
    Labels,
    Params,
    Scalar,
    backward,
    forward,
)

# What a block's matrices may take together. Twice as much is faster still, but a block is one sum
# to the linear algebra: with 1 000 000 identical rows float32 is 7.5e-6 off here, 1.6e-5 there.
BLOCK_BYTES = 2**22
SHORTEST_BLOCK = 256  # rows; below, NumPy's overhead for a call outweighs the work in it ...
WIDE_BLOCK_BYTES = 2**25  # ... but in a net so wide that these rows would take more than this

# The memory that one block frees is there for the next, as memory that the process has already.
# glibc gives freed memory back to the system, to be faulted in again page by page, beyond limits
# that it raises when an array as large as this one is freed: up to 32 MB it then keeps an array,
# and 64 MB at the top of the heap. No page of this one is touched. Elsewhere it does nothing.
np.empty(2**25 - 2**16, np.uint8)

Sum = tuple[Scalar, Params]  # the loss and the gradients of some rows


class Share(NamedTuple):
    """What a block of rows adds to the whole batch: every step of its pass."""

    rows: slice
    reg: float | Scalar  # 0 but for the first block, which brings the penalty
    fwd: Forward
    bwd: Backward

    @property
    def sums(self) -> Sum:
        return self.fwd.loss, self.bwd.gradients


def loss_and_gradients(
    params: Params,
    X: Array,
    y: Labels,
    reg: float | Scalar,
    first: int = 0,
    N: int | None = None,
) -> tuple[Scalar, Params]:
    """The loss, and its gradient with respect to each parameter. Arguments and errors are those of
    `forward`.

    X and y may be memory-mapped: beyond them it takes the memory of a few blocks, whatever N is.
    Where they are a part of a longer batch, `first` is the row of that batch which they begin
    with, and N is its length: what comes back is the part's share, and the batch's loss and
    gradients are the sum of the shares. The share with row 0 brings the penalty.
    """
    # map, and no loop over the shares: a block's matrices are gone before the next one's are made.
    return total(map(_sums, shares(params, X, y, reg, first=first, N=N)))


def shares(
    params: Params,
    X: Array,
    y: Labels,
    reg: float | Scalar,
    lengths: Sequence[int] | None = None,
    first: int = 0,
    N: int | None = None,
) -> Iterator[Share]:
    """The batch's blocks, one after the other; `lengths` are their rows, if not those that suit the
    processor's cache. The other arguments, and errors, are those of `loss_and_gradients`.
    """
    here = len(X) if np.ndim(X) else 0
    N = here if N is None else N
    reg = reg if first == 0 else 0.0
    if here <= SHORTEST_BLOCK and lengths is None:
        yield _share(params, X, y, reg, slice(0, here), N)
        return
    check_forms(params, X, y, reg)
    start = 0
    for length in lengths or _lengths(here, rows_per_block(params)):
        rows = slice(start, start + length)
        # np.asarray: results of a memory-mapped array would be memory-mapped arrays themselves.
        Xb, yb = np.asarray(X[rows]), np.asarray(y[rows])
        try:
            yield _share(params, Xb, yb, reg if start == 0 else 0.0, rows, N)
        except ValueError:
            check_inputs(params, X, y, reg)  # to name the place in the whole batch
            raise
        start += length


def rows_per_block(params: Params) -> int:
    """A power of 2, at which all matrices of a block together take up to BLOCK_BYTES."""
    (D, H), C = params.W1.shape, params.W2.shape[1]
    # X; z1, a1, da1, dz1; z2, s, P, Y_ind, log P, dz2, and the product of two of them
    row = (D + 4 * H + 7 * C) * params.b1.itemsize
    rows: int = max(BLOCK_BYTES // row, min(SHORTEST_BLOCK, WIDE_BLOCK_BYTES // row), 1)
    return 1 << (rows.bit_length() - 1)


def total(sums: Iterable[Sum]) -> Sum:
    """The sum of the blocks' sums, in pairs of pairs: rounding grows with the logarithm of their
    number, and so does the memory for those that wait for a partner.
    """
    waiting: list[tuple[int, Sum]] = []  # how many blocks are in it, and their sum
    for here in sums:
        count = 1
        while waiting and waiting[-1][0] == count:
            here, count = _add(waiting.pop()[1], here), 2 * count
        waiting.append((count, here))
    whole = waiting.pop()[1]
    while waiting:
        whole = _add(waiting.pop()[1], whole)
    return whole


def _lengths(N: int, rows: int) -> Iterator[int]:
    return (min(rows, N - start) for start in range(0, N, rows))


def _share(
    params: Params,
    X: Array,
    y: Labels,
    reg: float | Scalar,
    rows: slice,
    N: int,
) -> Share:
    fwd = forward(params, X, y, reg, N)
    return Share(rows, reg, fwd, backward(params, X, reg, fwd, N))


def _sums(share: Share) -> Sum:
    return share.sums


def _add(one: Sum, other: Sum) -> Sum:
    return one[0] + other[0], Params(*(a + b for a, b in zip(one[1], other[1], strict=True)))
