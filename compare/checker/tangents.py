"""What right lines make in forward mode: how much each quantity changes with one element of one
parameter, for all the elements.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from compare.checker.cases import Array


class Tangents(NamedTuple):
    """Each has an element of a parameter first; the rest is the quantity's shape, and for the loss,
    which is a mean, a number for each sample.
    """

    z1: Array
    a1: Array
    z2: Array
    P: Array
    loss: tuple[Array, ...]  # two terms of the difference, and the difference


def tangents(names: Mapping[str, Any]) -> Tangents:
    """`names` has X, W1, b1, W2 and b2, y, z1, a1 and P."""
    X, W2, a1, P = (np.asarray(names[name], float) for name in ("X", "W2", "a1", "P"))
    units, classes = W2.shape
    z1 = np.concatenate([_each(X, units), _each(np.ones((len(X), 1)), units)])
    masked = z1 * (np.asarray(names["z1"]) > 0)
    own = [_each(a1, classes), _each(np.ones((len(X), 1)), classes)]
    z2 = np.concatenate([masked @ W2, *own])
    mean = (P * z2).sum(axis=2)
    label = z2[:, np.arange(len(X)), names["y"]]
    return Tangents(
        z1, masked, z2, P * (z2 - mean[:, :, None]), (mean, label, mean - label, label - mean)
    )


def _each(left: Array, width: int) -> Array:
    """Of left @ W, for each element of W: a column of `left` in one of `width` columns."""
    made = left.T[:, None, :, None] * np.eye(width)[None, :, None, :]
    return np.asarray(made.reshape(-1, len(left), width))


def is_one_of(value: Array, stack: Array) -> bool:
    """One of those in a stack, as good as to the last bit."""
    if stack.shape[1:] != value.shape:
        return False
    distance = abs(stack - value).reshape(len(stack), -1).max(axis=1)
    return bool((distance <= 1e-9 * abs(value).max()).any())
