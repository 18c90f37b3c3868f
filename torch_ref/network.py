"""The same network as a PyTorch user would write it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TwoLayerNet(nn.Module):
    """D features -> H hidden units, ReLU -> C scores. nn.Linear keeps its weight as (out, in)."""

    def __init__(
        self,
        features: int,
        hidden: int,
        classes: int,
        dtype: torch.dtype = torch.float64,
        device: str = "cpu",
    ) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, hidden, dtype=dtype, device=device)
        self.fc2 = nn.Linear(hidden, classes, dtype=dtype, device=device)

    def layers(self, X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z1, a1 and z2, each still part of autograd's graph."""
        z1 = self.fc1(X)
        a1 = torch.relu(z1)
        z2 = self.fc2(a1)
        return z1, a1, z2

    def forward(self, X: Tensor) -> Tensor:
        return self.layers(X)[-1]


def loss(model: TwoLayerNet, scores: Tensor, y: Tensor, reg: float) -> Tensor:
    """Mean cross-entropy + 1/2 reg (sum W1^2 + sum W2^2); the biases are not regularised."""
    return F.cross_entropy(scores, y) + penalty(model, reg)


def penalty(model: TwoLayerNet, reg: float) -> Tensor:
    """1/2 reg (sum W1^2 + sum W2^2)."""
    W1, W2 = model.fc1.weight, model.fc2.weight
    return 0.5 * reg * (W1.square().sum() + W2.square().sum())
