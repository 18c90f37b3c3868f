"""The network on several processes, each with rows of its own, as a PyTorch user would write it.

`DistributedDataParallel` leaves the average of the processes' gradients in `.grad`, whatever loss
they are gradients of. So the loss decides whether that is the gradient of the whole batch.
"""

from collections.abc import Iterable

import torch.nn.functional as F
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from torch_ref.network import loss, penalty

Blocks = Iterable[tuple[Tensor, Tensor]]  # rows of X (n, D) and their labels (n,)


def mean_of_own_rows(model: DistributedDataParallel, X: Tensor, y: Tensor, reg: float) -> None:
    """As it is usually written. DDP then averages the processes' means: right where all of them
    have the same number of rows, and nowhere else.
    """
    model.zero_grad()
    loss(model.module, model(X), y, reg).backward()  # type: ignore[no-untyped-call]


def accumulate(model: DistributedDataParallel, blocks: Blocks, reg: float, weight: float) -> None:
    """The process's rows in blocks (one at least), each row's cross-entropy counted `weight` times.

    weight = processes / N, N being the rows of all processes, is right for any numbers of rows:
    the average takes the number of processes out again, and of the penalty, which each process
    has, it leaves one. With weight = 1 / (rows of this process) this is `mean_of_own_rows`.
    """
    model.zero_grad()
    iterator = iter(blocks)
    X, y = next(iterator)
    for following in iterator:
        with model.no_sync():  # DDP communicates in the backward of the last block alone
            (weight * F.cross_entropy(model(X), y, reduction="sum")).backward()  # type: ignore[no-untyped-call]
        X, y = following
    data = weight * F.cross_entropy(model(X), y, reduction="sum")
    (data + penalty(model.module, reg)).backward()  # type: ignore[no-untyped-call]
