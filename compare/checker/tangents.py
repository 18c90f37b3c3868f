"""What right lines make in forward mode: how much each quantity changes with one element of one
parameter, for all the elements.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from compare.checker.cases import Array
from compare.checker.flow import CLOSE


class Tangents(NamedTuple):
    """Each has an element of a parameter first; the rest is the quantity's shape, and for the loss,
    which is a mean, a number for each sample.
    """

    z1: Array
    a1: Array
    z2: Array
    unmasked: Array  # what z2 is if a1 is not masked
    P: Array
    sums: tuple[Array, ...]  # of a softmax and of the logarithm of its sum, shifted or not
    loss: tuple[Array, ...]  # two terms of the difference, and the difference

    @property
    def right(self) -> tuple[Array, ...]:
        return (self.z1, self.a1, self.z2, self.P, *self.sums, *self.loss)

    def has(self, value: Array, stack: Array) -> bool:
        """For one element of a parameter, or for several side by side."""
        shape, size = stack.shape[1:], stack.ndim - 1
        if value.ndim < size or value.shape[value.ndim - size :] != shape or not value.any():
            return False
        several = value.reshape(-1, *shape)
        places = range(len(stack) - len(several) + 1)
        distances = (abs(stack[i : i + len(several)] - several).max() for i in places)
        nearest = min(distances, default=np.inf)
        return bool(nearest <= CLOSE * abs(value).max())


def tangents(names: Mapping[str, Any]) -> Tangents:
    """`names` has X, W2, y, z1, a1, z2 and P."""
    X, W2, a1, P = (np.asarray(names[name], float) for name in ("X", "W2", "a1", "P"))
    units, classes = W2.shape
    z1 = np.concatenate([_each(X, units), _each(np.ones((len(X), 1)), units)])
    masked = z1 * (np.asarray(names["z1"]) > 0)
    own = [_each(a1, classes), _each(np.ones((len(X), 1)), classes)]
    z2 = np.concatenate([masked @ W2, *own])
    mean = (P * z2).sum(axis=2)
    label = z2[:, np.arange(len(X)), names["y"]]
    scores = np.asarray(names["z2"], float)
    shifts = (0.0, scores.max(axis=1, keepdims=True))
    grown = [np.exp(scores - shift) * z2 for shift in shifts]
    sums = (P * z2, *grown, *(each.sum(axis=2) for each in grown))
    slope = P * (z2 - mean[:, :, None])
    return Tangents(z1, masked, z2, z1 @ W2, slope, sums, (mean, label, mean - label, label - mean))


def _each(left: Array, width: int) -> Array:
    """Of left @ W, for each element of W: a column of `left` in one of `width` columns."""
    made = left.T[:, None, :, None] * np.eye(width)[None, :, None, :]
    return np.asarray(made.reshape(-1, len(left), width))


def is_one_of(value: Array, stack: Array) -> bool:
    """One of those in a stack, as good as to the last bit."""
    if stack.shape[1:] != value.shape:
        return False
    distance = abs(stack - value).reshape(len(stack), -1).max(axis=1)
    return bool((distance <= CLOSE * abs(value).max()).any())
