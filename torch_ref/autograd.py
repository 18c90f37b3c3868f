"""One step of the network, with every intermediate and every gradient as autograd has them."""

from typing import NamedTuple

import torch
from torch import Tensor

from torch_ref.network import TwoLayerNet, loss


class Step(NamedTuple):
    """What one forward and backward computed. Weight gradients lie as in nn.Linear: (out, in)."""

    z1: Tensor
    a1: Tensor
    z2: Tensor
    P: Tensor
    loss: Tensor
    dz2: Tensor
    dW2: Tensor
    db2: Tensor
    da1: Tensor
    dz1: Tensor
    dW1: Tensor
    db1: Tensor


def step(model: TwoLayerNet, X: Tensor, y: Tensor, reg: float) -> Step:
    """Run forward and backward once. X (N, D) and y (N,) lie on the model's device."""
    model.zero_grad()
    z1, a1, z2 = model.layers(X)
    for intermediate in (z1, a1, z2):
        intermediate.retain_grad()
    total = loss(model, z2, y, reg)
    total.backward()  # type: ignore[no-untyped-call]
    return Step(
        z1=z1.detach(),
        a1=a1.detach(),
        z2=z2.detach(),
        P=torch.softmax(z2.detach(), dim=1),
        loss=total.detach(),
        dz2=gradient(z2),
        dW2=gradient(model.fc2.weight),
        db2=gradient(model.fc2.bias),
        da1=gradient(a1),
        dz1=gradient(z1),
        dW1=gradient(model.fc1.weight),
        db1=gradient(model.fc1.bias),
    )


def gradient(tensor: Tensor) -> Tensor:
    """What backward left in `tensor.grad`. Raises ValueError if it left nothing."""
    if tensor.grad is None:
        raise ValueError("gradient: expected a tensor that backward has reached, got one without")
    return tensor.grad
