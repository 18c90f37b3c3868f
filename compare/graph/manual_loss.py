"""The manual pass as PyTorch's own: NumPy forward and backward inside a torch.autograd.Function."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from compare.agreement.bridge import to_array
from manual import Params, backward, forward

Gradients = tuple[Tensor | None, ...]


class ManualLoss(torch.autograd.Function):
    """`ManualLoss.apply(X, y, W1, b1, W2, b2, reg)`: the loss of the notes, as a tensor.

    X (N, D), W1 (D, H), b1 (1, H), W2 (H, C), b2 (1, C) are float32 or float64 tensors on the CPU,
    all alike; y (N,) holds whole numbers from 0 to C - 1; reg >= 0 is a number. The four parameters
    get their gradients from `manual.backward`. Raises ValueError for anything else, and for an X
    that asks for a gradient: the notes work out none. A double backward raises RuntimeError.
    """

    @staticmethod
    def forward(
        ctx: Any, X: Tensor, y: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, reg: float
    ) -> Tensor:
        tensors = dict(X=X, y=y, W1=W1, b1=b1, W2=W2, b2=b2)
        for name, tensor in tensors.items():
            _check_on_the_cpu(name, tensor)
        if X.requires_grad:
            raise ValueError("X: expected a tensor that asks for no gradient, got one that does")
        if isinstance(reg, Tensor):
            raise ValueError("reg: expected a number, got a tensor, which no gradient would reach")
        # Saved as tensors, so that PyTorch notices if one is changed before backward.
        ctx.save_for_backward(X, W1, b1, W2, b2)
        ctx.reg = reg
        batch, labels, *params = (to_array(tensor.detach()) for tensor in tensors.values())
        ctx.forward_pass = forward(Params(*params), batch, labels, reg)
        return torch.tensor(ctx.forward_pass.loss, dtype=X.dtype)

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor) -> Gradients:
        """The four gradients, times the one that arrives; None for those that nobody needs."""
        # once_differentiable would not do: where the incoming gradient is a constant it lets a
        # double backward pass, and what depends on these gradients counts as constant: a wrong
        # number.
        if torch.is_grad_enabled():
            raise RuntimeError(
                "ManualLoss: expected a backward without create_graph=True, got one with it: the "
                "gradients come from NumPy, and cannot be differentiated again"
            )
        X, *params = (to_array(tensor.detach()) for tensor in ctx.saved_tensors)
        gradients = backward(Params(*params), X, ctx.reg, ctx.forward_pass).gradients
        scale = to_array(incoming[0])
        by_parameter = (
            torch.from_numpy(np.ascontiguousarray(scale * gradient)) if needed else None
            for gradient, needed in zip(gradients, ctx.needs_input_grad[2:6], strict=True)
        )
        return (None, None, *by_parameter, None)


def _check_on_the_cpu(name: str, tensor: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{name}: expected a tensor, got {type(tensor).__name__}")
    if tensor.device.type != "cpu":
        raise ValueError(f"{name}: expected a tensor on the CPU, got one on {tensor.device}")
