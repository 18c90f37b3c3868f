"""A batch in blocks of rows, as a PyTorch user accumulates gradients: the right way and the bug."""

import torch
import torch.nn.functional as F
from torch import Tensor

from torch_ref.network import TwoLayerNet, loss, penalty


def accumulate(model: TwoLayerNet, X: Tensor, y: Tensor, reg: float, lengths: list[int]) -> None:
    """Leave the full batch's gradients in `.grad`, from blocks of these lengths: each divided by
    the whole N, and the penalty added once.
    """
    model.zero_grad()
    for rows, labels in zip(torch.split(X, lengths), torch.split(y, lengths), strict=True):
        (F.cross_entropy(model(rows), labels, reduction="sum") / len(X)).backward()  # type: ignore[no-untyped-call]
    penalty(model, reg).backward()  # type: ignore[no-untyped-call]


def mean_of_means(model: TwoLayerNet, X: Tensor, y: Tensor, reg: float, lengths: list[int]) -> None:
    """The well-known bug: every block's mean counts alike, however long the block is."""
    model.zero_grad()
    for rows, labels in zip(torch.split(X, lengths), torch.split(y, lengths), strict=True):
        (loss(model, model(rows), labels, reg) / len(lengths)).backward()  # type: ignore[no-untyped-call]
