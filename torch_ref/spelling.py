"""One forward pass, written in three ways. The spelling decides which graph autograd builds."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torch_ref.network import TwoLayerNet, loss


class Tensors(NamedTuple):
    """The tensors of one forward pass, each still part of autograd's graph."""

    X: Tensor
    y: Tensor
    W1: Tensor
    b1: Tensor
    z1: Tensor
    a1: Tensor
    W2: Tensor
    b2: Tensor
    z2: Tensor
    loss: Tensor


class MatmulNet(nn.Module):
    """The network as the notes write it: W1 (D, H), b1 (1, H), W2 (H, C), b2 (1, C)."""

    def __init__(
        self,
        features: int,
        hidden: int,
        classes: int,
        dtype: torch.dtype = torch.float64,
        device: str = "cpu",
    ) -> None:
        super().__init__()

        def weight(rows: int, columns: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(rows, columns, dtype=dtype, device=device) / rows**0.5)

        def bias(columns: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(1, columns, dtype=dtype, device=device))

        self.W1, self.b1 = weight(features, hidden), bias(hidden)
        self.W2, self.b2 = weight(hidden, classes), bias(classes)


def linear(model: TwoLayerNet, X: Tensor, y: Tensor, reg: float) -> Tensors:
    """nn.Linear, and the penalty in the loss. X (N, D) and y (N,) lie on the model's device."""
    tensors = weight_decay(model, X, y)
    return tensors._replace(loss=loss(model, tensors.z2, y, reg))


def weight_decay(model: TwoLayerNet, X: Tensor, y: Tensor) -> Tensors:
    """nn.Linear, and no penalty: SGD will add it, given weight_decay=reg for the weights."""
    z1, a1, z2 = model.layers(X)
    (W1, b1), (W2, b2) = ((fc.weight, fc.bias) for fc in (model.fc1, model.fc2))
    return Tensors(X, y, W1, b1, z1, a1, W2, b2, z2, F.cross_entropy(z2, y))


def matmul(model: MatmulNet, X: Tensor, y: Tensor, reg: float) -> Tensors:
    """`X @ W1 + b1`, as the notes write it, and W * W in the penalty."""
    W1, b1, W2, b2 = model.W1, model.b1, model.W2, model.b2
    z1 = X @ W1 + b1
    a1 = torch.relu(z1)
    z2 = a1 @ W2 + b2
    total = F.cross_entropy(z2, y) + 0.5 * reg * ((W1 * W1).sum() + (W2 * W2).sum())
    return Tensors(X, y, W1, b1, z1, a1, W2, b2, z2, total)
