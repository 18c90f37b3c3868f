"""The first test to read: the network written twice, by hand and in torch.nn."""

import numpy as np
import torch
from torch import nn

from compare.bounds.rounding import error_bounds
from compare.problems.problem import Problem
from manual import Params


def test_the_four_gradients_by_hand_are_those_of_autograd():
    rng = np.random.default_rng(0)
    X, y, N, reg = rng.normal(size=(200, 4)), rng.integers(3, size=200), 200, 1e-3

    # In torch.nn, and backwards by autograd. nn.Linear keeps its weight as (out, in).
    fc1, fc2 = nn.Linear(4, 10).double(), nn.Linear(10, 3).double()
    scores = fc2(torch.relu(fc1(torch.tensor(X))))
    penalty = 0.5 * reg * (fc1.weight.square().sum() + fc2.weight.square().sum())
    (nn.functional.cross_entropy(scores, torch.tensor(y)) + penalty).backward()

    # By hand, with the same weights: forward, and backward line by line.
    (W1, b1), (W2, b2) = (
        (fc.weight.detach().numpy().T, fc.bias.detach().numpy()[None]) for fc in (fc1, fc2)
    )
    a1 = np.maximum(X @ W1 + b1, 0)
    P = np.exp(a1 @ W2 + b2)
    P /= P.sum(axis=1, keepdims=True)
    dz2 = (P - np.eye(3)[y]) / N
    dW2 = a1.T @ dz2 + reg * W2
    db2 = dz2.sum(axis=0)
    dz1 = dz2 @ W2.T * (a1 > 0)
    dW1 = X.T @ dz1 + reg * W1
    db1 = dz1.sum(axis=0)

    # No tolerance: what rounding may do to each element, proven from the inputs alone.
    E = error_bounds(Problem(X, y, Params(W1, b1, W2, b2), reg)).error
    assert (abs(dW1 - fc1.weight.grad.numpy().T) <= 2 * E.dW1).all()
    assert (abs(db1 - fc1.bias.grad.numpy()) <= 2 * E.db1).all()
    assert (abs(dW2 - fc2.weight.grad.numpy().T) <= 2 * E.dW2).all()
    assert (abs(db2 - fc2.bias.grad.numpy()) <= 2 * E.db2).all()
