from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np


@dataclass
class Model:
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray

    def penalty(self, reg: float) -> float:
        return 0.5 * reg * (np.vdot(self.W1, self.W1) + np.vdot(self.W2, self.W2))


@dataclass
class Forward:
    pre: np.ndarray
    hidden: np.ndarray
    log_probs: np.ndarray


@dataclass(frozen=True)
class Gradients:
    loss: float
    dW1: np.ndarray
    db1: np.ndarray
    dW2: np.ndarray
    db2: np.ndarray


def run(model: Model, X: np.ndarray) -> Forward:
    pre = np.matmul(X, model.W1) + model.b1
    hidden = np.maximum(pre, 0)
    logits = np.matmul(hidden, model.W2) + model.b2
    logits -= logits.max(axis=1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return Forward(pre, hidden, log_probs)


def backward(X, y, W1, b1, W2, b2, reg) -> dict:
    model = Model(W1, b1, W2, b2)
    fw = run(model, X)
    n = X.shape[0]
    picked = np.take_along_axis(fw.log_probs, y[:, np.newaxis], axis=1)
    loss = float(-picked.mean() + model.penalty(reg))

    d_logits = np.exp(fw.log_probs)
    d_logits[np.arange(n), y] -= 1
    d_logits /= n
    dW2 = np.matmul(fw.hidden.T, d_logits) + reg * model.W2
    db2 = d_logits.sum(axis=0, keepdims=True)
    d_pre = np.matmul(d_logits, model.W2.T)
    d_pre[fw.pre <= 0] = 0
    dW1 = np.matmul(X.T, d_pre) + reg * model.W1
    db1 = d_pre.sum(axis=0, keepdims=True)
    return asdict(Gradients(loss, dW1, db1, dW2, db2))
