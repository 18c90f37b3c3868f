"""Two-layer net, modern Python."""
from __future__ import annotations

from typing import Optional

import numpy as np


def logsumexp(x: np.ndarray) -> np.ndarray:
    m = x.max(axis=-1, keepdims=True)
    return m + np.log(np.exp(x - m).sum(axis=-1, keepdims=True))


class TwoLayerNet:
    params: dict[str, np.ndarray]

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4):
        self.params = {
            "W1": np.random.normal(0, std, (input_size, hidden_size)),
            "b1": np.zeros((hidden_size,)),
            "W2": np.random.normal(0, std, (hidden_size, output_size)),
            "b2": np.zeros((output_size,)),
        }

    def loss(self, X: np.ndarray, y: Optional[np.ndarray] = None, reg: float = 0.0):
        W1, b1, W2, b2 = self.params.values()
        linear = X @ W1 + b1
        hidden = np.maximum(linear, 0)
        logits = hidden @ W2 + b2
        if y is None:
            return logits

        batch = X.shape[0]
        every_row = np.arange(batch)
        log_probs = logits - logsumexp(logits)
        nll = -log_probs[every_row, y].mean()
        loss = nll + reg / 2 * (np.sum(W1**2) + np.sum(W2**2))

        probs = np.exp(log_probs)
        probs[every_row, y] -= 1
        grad_logits = probs / batch
        grad_hidden = grad_logits @ W2.T
        grad_linear = np.where(linear > 0, grad_hidden, 0)
        return loss, {
            "W1": X.T @ grad_linear + reg * W1,
            "b1": grad_linear.sum(axis=0),
            "W2": hidden.T @ grad_logits + reg * W2,
            "b2": grad_logits.sum(axis=0),
        }
